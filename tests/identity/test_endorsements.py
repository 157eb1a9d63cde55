"""Key endorsements: does an endorsement vouch for exactly one key of one person in one place?"""

import pytest

from domain.approvals.signed import APPROVAL
from domain.identity.endorsements import endorsement
from domain.kernel.faults import Fault


def test_an_approval_and_an_endorsement_never_share_bytes():
    vouched = endorsement(
        deploy="d", tenant="t", person="p", key="k", public_key=b"\x01" * 32, endorsed_by="r"
    )

    assert vouched.startswith(b"cyberos.endorsement.v1\x00{")
    assert not vouched.startswith(APPROVAL)


@pytest.mark.parametrize("field", ["deploy", "tenant", "person", "key", "endorsed_by"])
def test_an_endorsement_binds_each_of_its_parts(field):
    parts = {"deploy": "d", "tenant": "t", "person": "p", "key": "k", "endorsed_by": "r"}
    vouched = endorsement(public_key=b"\x01" * 32, **parts)

    assert endorsement(public_key=b"\x01" * 32, **(parts | {field: "x"})) != vouched
    assert endorsement(public_key=b"\x02" * 32, **parts) != vouched
    with pytest.raises(Fault, match="APPROVAL_MISMATCH"):
        endorsement(public_key=b"", **(parts | {field: ""}))
