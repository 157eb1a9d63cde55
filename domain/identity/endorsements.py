"""Endorsements: which exact bytes does somebody sign who vouches for another's key?"""

from typing import Final

from domain.kernel import signed_fields as fields
from domain.kernel.canonical import canonical

ENDORSEMENT: Final = b"cyberos.endorsement.v1\x00"


def endorsement(
    *, deploy: str, tenant: str, person: str, key: str, public_key: bytes, endorsed_by: str
) -> bytes:
    """The bytes that vouch for a public key: this key belongs to this person of this tenant.

    Roles are not in it: they come and go, while the key stays. `endorsed_by` is the id of the key
    that signs, the offline root or an approver's. Raises `APPROVAL_MISMATCH` for what has not the
    shape of a signed field.
    """
    return ENDORSEMENT + canonical(
        {
            "v": 1,
            "typ": "endorsement",
            "deploy": fields.line(deploy, "deploy"),
            "tenant": fields.line(tenant, "tenant"),
            "person": fields.line(person, "person"),
            "key": fields.line(key, "key"),
            "public_key": public_key.hex(),
            "endorsed_by": fields.line(endorsed_by, "endorsed_by"),
        }
    )
