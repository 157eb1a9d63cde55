"""Batch approvals: can a person approve several actions at once, where the policy allows it and
nowhere else?
"""

import pytest

from policies.approvals import batching, evidence
from tests.cli.console import AM, CRO, SALES
from tests.sqlite import by_hand


@pytest.fixture
def batched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that lets deals be closed in a batch; the shipped one does not."""
    for module in (batching, evidence):
        monkeypatch.setattr(module, "may_be_batched", lambda *_: True)


def test_deals_are_approved_one_by_one_under_the_shipped_policy(copied):
    ids = [copied.proposed(), copied.proposed()]

    refused = copied.fault("approve", *ids, *copied.signing(AM))

    assert refused["code"] == "BATCH_NOT_ALLOWED"
    assert {copied.ok("show", id)["action"]["state"] for id in ids} == {"pending"}


def test_one_signature_approves_and_carries_out_all_of_them(copied, batched):
    ids = [copied.proposed(), copied.proposed(note_to_approver="Gấp"), copied.proposed()]

    answer = copied.ok("approve", *ids, *copied.signing(AM))

    assert [(one["action_id"], one["state"]) for one in answer["actions"]] == [
        (id, "succeeded") for id in ids
    ]
    with by_hand(copied.data_dir / "cyberos.db") as database:
        signatures = database.execute(
            "select distinct signature from approval where action_id in (?, ?, ?)", ids
        ).fetchall()
    assert len(signatures) == 1


def test_the_table_shows_each_action_with_its_digest_and_the_totals(copied, batched):
    ids = [
        copied.proposed(amount_minor=100_000_000),
        copied.proposed(amount_minor=250_000_000, note_to_approver="Khách rất gấp"),
        copied.proposed(amount_minor=5_000_00, currency="USD"),
    ]
    shown = [copied.ok("show", id)["action"] for id in ids]

    said = copied.run("approve", *ids, *copied.signing(AM), "--lang", "en").out

    for one in shown:
        assert one["action_id"] in said
        assert one["args_sha256"][:16] in said
    assert "> Khách rất gấp" in said
    assert "350,000,000" in said.replace("\N{NO-BREAK SPACE}", " ")
    assert "5,000.00" in said
    assert "Total: 3" in said


def test_if_one_may_not_be_approved_none_is(copied, batched):
    ids = [copied.proposed(), copied.proposed()]
    copied.ok("reject", ids[1], *copied.signing(AM), "--reason", "Chưa xong")

    refused = copied.fault("approve", *ids, *copied.signing(AM))

    assert refused["code"] == "ALREADY_DECIDED"
    assert copied.ok("show", ids[0])["action"]["state"] == "pending"


@pytest.mark.parametrize("who", [SALES, CRO])
def test_whoever_may_not_sign_one_may_not_sign_a_batch_and_it_is_chained(copied, batched, who):
    ids = [copied.proposed(), copied.proposed()]

    refused = copied.fault("approve", *ids, *copied.signing(who))

    assert refused["code"] == "ROLE_NOT_ELIGIBLE"
    tail = copied.ok("audit", "tail", "--tenant", copied.demo["tenant"]["code"])
    assert tail["entries"][-1]["event"] == "action.decision_refused"
