"""An agent follows what it proposed, takes it back, and learns nothing of what others did."""

import asyncio
import time

import pytest

from domain.approvals.facts import Decision
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from tests.rows import difference, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL = {"amount_minor": 5_000, "currency": "USD"}


async def proposed(talk, **more) -> str:
    """An action that waits for an account manager."""
    account = await talk.ok("crm_create_account", name="Công ty An Khang", account_type="llc")
    deal = await talk.ok(
        "crm_create_deal", account_id=account["id"], name="Bảo trì", **{**SMALL, **more}
    )
    answer = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    return str(answer["action_id"])


async def test_an_action_is_shown_at_every_step_with_who_decided_and_what_is_next(shared):
    async with talking(shared) as talk:
        action = await proposed(talk)
        pending = await talk.ok("approvals_get", action_id=action)
        await shared.decide(action, "am", reason="Đã xem hợp đồng")
        approved = await talk.ok("approvals_get", action_id=action)
        await shared.execute(action)
        done = await talk.ok("approvals_get", action_id=action)
        said = await talk.text("approvals_get", action_id=action)

    assert (pending["state"], approved["state"], done["state"]) == (
        "pending", "approved", "succeeded",
    )  # fmt: skip
    assert pending["tool"] == "crm_close_deal" and pending["decisions"] == []
    assert [slot["filled"] for one in (pending, approved) for slot in one["slots"]] == [False, True]
    assert [(one["slot"], one["decision"], one["by"]) for one in approved["decisions"]] == [
        ("am", "approve", "AM Nguyễn")
    ]
    assert pending.get("result") is None and done["result"]["deal"]["status"] == "won"
    assert pending["next"].startswith("wait") and done["next"].startswith("done")
    assert said.startswith(f"{action} succeeded: ")


async def test_the_list_shows_ones_own_newest_first_the_open_ones_unless_asked(shared):
    async with talking(shared, "am_agent") as talk:
        first, second, third = [await proposed(talk) for _ in range(3)]
        await talk.ok("approvals_cancel", action_id=second)
        waiting = await talk.ok("approvals_list")
        whole = await talk.ok("approvals_list", state="all", limit=2)
        rest = await talk.ok("approvals_list", state="all", cursor=whole["next_cursor"])
    async with talking(shared, "reader_agent") as talk:
        foreign = await talk.ok("approvals_list", state="all")

    assert [one["action_id"] for one in waiting["items"]] == [third, first]
    assert [one["action_id"] for one in (*whole["items"], *rest["items"])] == [third, second, first]
    assert (whole["truncated"], rest["truncated"]) == (True, False)
    assert foreign["items"] == []


async def test_B02_an_id_that_is_not_ones_own_is_one_that_does_not_exist(shared):
    """An invented one, a colleague's, another agent's of the same person, another tenant's."""
    async with talking(shared) as talk:
        colleagues = await proposed(talk)
    async with talking(shared, company=shared.theirs) as talk:
        theirs = await proposed(talk)
    before = await everything(shared)

    answers = []
    for agent in ("am_agent", "reader_agent"):  # the reader acts for the same person
        async with talking(shared, agent) as talk:
            answers += [
                await talk.refused(tool, action_id=action)
                for action in (new_id(), colleagues, theirs)
                for tool in ("approvals_get", "approvals_cancel")
            ]

    assert all(one == answers[0] for one in answers)
    assert answers[0]["code"] == "ACTION_NOT_FOUND"
    assert difference(before, await everything(shared)) == {}
    assert await shared.state(colleagues) == "pending"


async def test_B03_knowing_the_id_or_a_digest_of_the_arguments_opens_nothing(shared):
    async with talking(shared) as talk:
        action = await proposed(talk)
        shown = await talk.ok("approvals_get", action_id=action)
        deal = await talk.ok("crm_list_deals", status="open", limit=1)
        before = await everything(shared)
        codes = {
            await talk.code(
                "crm_close_deal", deal_id=deal["deals"][0]["id"], outcome="won", **{name: value}
            )
            for name, value in (
                ("action_id", action),
                ("confirm_token", action),
                ("confirmation_hash", "e3b0c44298fc1c149afbf4c8996fb924"),
                ("approved", True),
            )
        }

    assert codes == {"INVALID_ARGS"}
    assert "signature" not in str(shown) and "nonce" not in str(shown)
    assert difference(before, await everything(shared)) == {}


async def test_B23_what_was_taken_back_cannot_be_approved_or_carried_out(shared):
    async with talking(shared) as talk:
        action = await proposed(talk)
        cancelled = await talk.ok("approvals_cancel", action_id=action)
        with pytest.raises(Fault) as refused:
            await shared.decide(action, "am")
        report = await shared.execute(action)
        again = await talk.code("approvals_cancel", action_id=action)

    assert cancelled["state"] == "cancelled"
    assert refused.value.code == "ACTION_NOT_PENDING"
    assert report.fault.code == "ACTION_CANCELLED"
    assert again == "ACTION_NOT_PENDING"


async def test_B23_nor_what_was_rejected_or_has_changed(shared):
    async with talking(shared) as talk:
        rejected, stale = await proposed(talk), await proposed(talk)
        await shared.decide(rejected, "am", decision=Decision.REJECT)
        deal = (await talk.ok("crm_list_deals", status="open", limit=1))["deals"][0]
        await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
        with pytest.raises(Fault) as changed:
            await shared.decide(stale, "am")
        with pytest.raises(Fault) as over:
            await shared.decide(rejected, "both", slot="am")
        not_taken_back = await talk.code("approvals_cancel", action_id=rejected)

    assert changed.value.code == "ENTITY_CHANGED"
    assert over.value.code == "ACTION_NOT_PENDING"
    assert not_taken_back == "ACTION_NOT_PENDING"


async def test_an_approved_action_can_still_be_taken_back_before_it_runs(shared):
    async with talking(shared) as talk:
        action = await proposed(talk)
        await shared.decide(action, "am")
        cancelled = await talk.ok("approvals_cancel", action_id=action)
        report = await shared.execute(action)

    assert cancelled["state"] == "cancelled"
    assert report.fault.code == "ACTION_CANCELLED"


@pytest.mark.parametrize("decision", list(Decision))
async def test_waiting_ends_as_soon_as_people_have_decided(shared, decision):
    async with talking(shared) as talk, talking(shared) as other:
        action = await proposed(talk)
        waiting = asyncio.create_task(talk.ok("approvals_get", action_id=action, wait_seconds=25))
        meanwhile = await other.ok("approvals_get", action_id=action)
        await asyncio.sleep(0.1)
        still_waiting = not waiting.done()
        await shared.decide(action, "am", decision=decision)
        if decision is Decision.APPROVE:
            await shared.execute(action)
        async with asyncio.timeout(20):
            answer = await waiting

    assert meanwhile["state"] == "pending" and still_waiting
    assert answer["state"] == {"approve": "succeeded", "reject": "rejected"}[decision.value]


async def test_waiting_for_what_is_settled_or_for_nobody_ends_by_itself(shared):
    async with talking(shared) as talk:
        action = await proposed(talk)
        begun = time.monotonic()
        waited = await talk.ok("approvals_get", action_id=action, wait_seconds=1)
        a_second_later = time.monotonic()
        await talk.ok("approvals_cancel", action_id=action)
        async with asyncio.timeout(20):
            settled = await talk.ok("approvals_get", action_id=action, wait_seconds=25)

    assert (waited["state"], settled["state"]) == ("pending", "cancelled")
    assert a_second_later - begun >= 1
