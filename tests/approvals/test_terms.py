"""Terms of an approval request:
can somebody with the database change who must sign, who asked, or what people see, unseen?

H4 of the hostile trial. Every column that never changes is told in the chain from the moment the
action is proposed; the terms (slots, rule, assurance, taint, amounts, effects, the agent's words)
are one digest of it, and signed as one.
"""

import pytest

from domain.approvals.facts import Decision
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import sha256_hex
from tests.approvals.edited import BOUND, EDITS, TERMS, code_of, forge, forge_entry
from tests.forgery import kept


def test_every_column_that_never_changes_is_bound_when_it_is_proposed():
    columns = set(PendingAction.__table__.columns.keys())
    by_its_chain = {"tenant_id", "id"}
    with_its_digest = {"args_json", "args_sha256", "summary", "summary_sha256"}
    who_asked = {"requester", "requester_person"}
    moves = {
        "state", "state_seq", "lease_owner", "lease_until", "attempt", "provider_ref", "result",
        "error_code", "closed_by", "closed_at",
    }  # fmt: skip

    assert set(EDITS) == columns - by_its_chain - with_its_digest - who_asked - moves


@pytest.mark.parametrize("column", EDITS)
async def test_terms_that_were_changed_before_anybody_signed_are_not_signed(
    world, tmp_path, column
):
    archive, action_id = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    await forge(world, action_id, column)

    yes = await code_of(world.decide(action_id, "am"))
    no = await code_of(world.decide(action_id, "am", decision=Decision.REJECT))

    assert (yes, no) == ("ARGS_TAMPERED", "ARGS_TAMPERED")
    assert await world.state(action_id) == "pending"
    (found,) = [one for one in await archive.findings() if "tells of another" in one]
    assert found.startswith(f"action {action_id}: entry ")
    of_terms = "taint, terms" if column == "taint" else "terms"
    assert found.endswith(f" tells of another {BOUND.get(column, (of_terms,))[0]}")


@pytest.mark.parametrize("column", [*TERMS, "expires_at", "dedupe_key"])
async def test_terms_that_were_changed_after_the_signatures_are_not_carried_out(world, column):
    action_id = (await world.proposed_close())["action_id"]
    await world.decide(action_id, "am")
    await world.decide(action_id, "cro")
    await forge(world, action_id, column)

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("failed", "ARGS_TAMPERED")


async def test_two_signatures_do_not_become_one_even_with_another_entry(world, tmp_path):
    """One of two has signed; slots and entry are changed so that this one would be enough."""
    archive, action_id = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    await world.decide(action_id, "am")
    await forge(world, action_id, "slots", slots_needed=1, state="approved", state_seq=2)
    await forge_entry(world, action_id)

    report = await world.execute(action_id)

    assert report.state != "succeeded"
    assert report.fault.code in {"QUORUM_NOT_MET", "POLICY_CHANGED"}
    vote = f"approval of action {action_id} by person {world.ours.people['am']}"
    assert f"{vote}: signature does not fit the action" in await archive.findings()


@pytest.mark.parametrize("column", ["amount_minor", "currency", "effects", "amount_usd_minor"])
async def test_what_is_shown_is_what_would_be_proposed_now_even_with_another_entry(world, column):
    action_id = (await world.proposed_close())["action_id"]
    await forge(world, action_id, column)
    await forge_entry(world, action_id)

    assert await code_of(world.decide(action_id, "am")) == "ENTITY_CHANGED"


@pytest.mark.parametrize(
    ("with_its_entry", "code"), [(False, "ARGS_TAMPERED"), (True, "ENTITY_CHANGED")]
)
async def test_another_summary_with_its_digest_is_not_signed(world, with_its_entry, code):
    action_id = (await world.proposed_close())["action_id"]
    digest = sha256_hex(b"Close nothing")
    await forge(world, action_id, summary="Close nothing", summary_sha256=digest)
    if with_its_entry:
        await forge_entry(world, action_id)

    assert await code_of(world.decide(action_id, "am")) == code
