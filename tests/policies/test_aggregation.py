"""A limit is not passed in pieces: what a customer is asked for within a day is judged together."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from domain.approvals.facts import Decision
from domain.approvals.refusals import Refusal
from domain.approvals.tables import PendingAction
from domain.kernel.faults import Fault
from policies.approvals import aggregation
from tests.forgery import kept

PIECE = {"amount_minor": 6_000_000, "currency": "USD"}  # 60,000.00; the limit is 100,000.00
ONE, BOTH = ["am"], ["am", "cro"]


async def asked(world, account_id, *, outcome="won", **more):
    """A deal of the customer, and the answer to the request to close it."""
    deal = await world.a_deal(account_id=account_id, **{**PIECE, **more})
    return await world.ok("crm_close_deal", deal_id=deal["id"], outcome=outcome)


async def done(world, action, *people):
    for person in people:
        await world.decide(action["action_id"], person)
    assert (await world.execute(action["action_id"])).state == "succeeded"


def weak(action):
    return f"action {action['action_id']}: asks for less than the policy it was proposed under"


def signers(action):
    return [slot["slot"] for slot in action["slots"]]


async def test_A09_two_deals_of_a_customer_in_a_day_are_as_large_as_both_together(world):
    customer, other = await world.an_account(), await world.an_account("Công ty CP Hòa Phát")

    first = await asked(world, customer)
    second = await asked(world, customer)
    elsewhere = await asked(world, other)
    again = await world.ok("approvals_get", action_id=first["action_id"])

    assert (signers(first), signers(second), signers(elsewhere)) == (ONE, BOTH, ONE)
    assert signers(again) == ONE


@pytest.mark.parametrize(("cents", "slots"), [(4_000_000, ONE), (4_000_001, BOTH)])
async def test_A09_one_cent_over_the_limit_together_asks_a_cro(world, cents, slots):
    customer = await world.an_account()
    await asked(world, customer)

    assert signers(await asked(world, customer, amount_minor=cents)) == slots


async def test_who_was_asked_first_is_not_held_up_by_what_is_asked_for_later(world):
    customer = await world.an_account()
    first, second = await asked(world, customer), await asked(world, customer)

    await done(world, first, "am")
    await done(world, second, "am", "cro")


async def test_what_came_to_nothing_does_not_count_and_what_is_done_counts_for_a_day(world):
    customer = await world.an_account()
    rejected = await asked(world, customer)
    await world.decide(rejected["action_id"], "am", decision=Decision.REJECT)
    taken_back = await asked(world, customer)
    await world.ok("approvals_cancel", action_id=taken_back["action_id"])

    first = await asked(world, customer)
    assert signers(first) == ONE
    world.clock.move(timedelta(hours=23))
    await done(world, first, "am")

    world.clock.move(timedelta(hours=23))
    assert signers(await asked(world, customer)) == BOTH  # 46 hours after the first was asked for
    world.clock.move(timedelta(hours=25))
    assert signers(await asked(world, customer)) == ONE  # that one ran out of time


async def test_a_request_whose_time_is_over_does_not_count_although_nobody_wrote_that_down(world):
    customer = await world.an_account()
    first = await asked(world, customer)
    world.clock.move(timedelta(hours=24))

    later = await asked(world, customer)

    assert await world.state(first["action_id"]) == "pending"
    assert signers(later) == ONE


async def test_what_cannot_be_converted_makes_the_sum_unknown_and_so_too_large(world):
    customer = await world.an_account()
    await asked(world, customer, amount_minor=1, currency="EUR")

    assert signers(await asked(world, customer)) == BOTH


async def test_deals_that_the_asking_person_does_not_see_count_too(world):
    customer = await world.an_account()
    private = await world.a_deal(
        account_id=customer, agent="am_agent", visibility="private", **PIECE
    )
    await world.ok("crm_close_deal", agent="am_agent", deal_id=private["id"], outcome="lost",
                   lost_reason="price")  # fmt: skip

    assert (await world.call("crm_get_deal", id=private["id"])).is_error
    assert signers(await asked(world, customer)) == BOTH


async def test_a_clock_that_is_put_back_brings_nothing_before_what_was_there(world):
    customer = await world.an_account()
    await done(world, await asked(world, customer), "am")
    world.clock.move(timedelta(minutes=-5))

    assert signers(await asked(world, customer)) == BOTH


async def test_a_clock_that_ran_ahead_does_not_make_old_what_was_done_today(world):
    customer = await world.an_account()
    await done(world, await asked(world, customer), "am")
    world.clock.move(timedelta(hours=25))
    tomorrow = await asked(world, customer)
    world.clock.move(timedelta(hours=-25))

    with pytest.raises(Refusal) as refused:
        await world.decide(tomorrow["action_id"], "am")

    assert signers(tomorrow) == ONE
    assert refused.value.code == "POLICY_CHANGED"


async def race(world, monkeypatch, first, second):
    """Two requests for these customers that do not see each other, and what became of each."""
    both_judged, judged = asyncio.Barrier(2), aggregation.judged

    async def at_once(tx, *args, **how):
        facts = await judged(tx, *args, **how)
        await both_judged.wait()
        return facts

    with monkeypatch.context() as patched:
        patched.setattr(aggregation, "judged", at_once)
        requests = await asyncio.gather(asked(world, first), asked(world, second))
    outcomes = []
    for request in requests:
        try:
            await done(world, request, "am")
            outcomes.append("done")
        except Refusal as refused:
            outcomes.append(refused.code)
    return requests, sorted(outcomes)


# Elsewhere one writes at a time, and the second always sees the first.
SERVED = pytest.mark.parametrize("world", ["postgresql"], indirect=True)


@SERVED
async def test_of_two_requests_that_did_not_see_each_other_one_cannot_be_signed(
    world, tmp_path, monkeypatch
):
    customer = await world.an_account()

    requests, outcomes = await race(world, monkeypatch, customer, customer)

    assert [signers(request) for request in requests] == [ONE, ONE]
    assert outcomes == ["POLICY_CHANGED", "done"]
    findings = await kept(world, tmp_path).findings()
    assert [request for request in requests if weak(request) in findings] == []


async def test_accounts_that_look_like_one_customer_are_one(world):
    """A name without marks, or the tax code of a branch: adding an account takes no signature."""
    named, again, other = [
        await world.an_account(name) for name in ("Hòa Phát", "HOA PHAT", "Hòa Phát Hai")
    ]
    head = await world.an_account("Sao Mai", vn_mst="0101243150")
    branch = await world.an_account("Sao Mai Huế", vn_mst="0101243150-001")

    slots = [signers(await asked(world, one)) for one in (named, again, other, head, branch)]

    assert slots == [ONE, BOTH, ONE, ONE, BOTH]


async def test_a_request_about_a_deal_that_has_changed_since_can_only_go_stale_and_does_not_count(
    world,
):
    customer = await world.an_account()
    deal = await world.a_deal(account_id=customer, **PIECE)
    await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    await world.ok("crm_update_deal", deal_id=deal["id"], amount_minor=1_000_000)
    again = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    assert (signers(again), signers(await asked(world, customer))) == (ONE, ONE)


@pytest.mark.parametrize("days", [-400, 400])
async def test_an_instant_that_somebody_wrote_into_an_action_is_noticed_before_it_is_signed(
    world, tmp_path, days
):
    customer = await world.an_account()
    await done(world, await asked(world, customer), "am")
    second = await asked(world, customer)
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, second["action_id"])
        row.created_at += timedelta(days=days)

    with pytest.raises(Fault) as refused:
        await world.decide(second["action_id"], "am")

    assert refused.value.code == "ARGS_TAMPERED"
    findings = await kept(world, tmp_path).findings()
    assert any("tells of another instant" in one for one in findings), findings


async def test_an_instant_before_all_days_is_a_finding_and_not_the_end_of_the_verifier(
    world, tmp_path
):
    action = await asked(world, await world.an_account())
    await done(world, action, "am")
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, action["action_id"])
        row.created_at = datetime(1, 1, 1, tzinfo=UTC)

    findings = await kept(world, tmp_path).findings()
    assert any(action["action_id"] in one or "another instant" in one for one in findings)


async def test_an_end_that_somebody_wrote_into_an_open_action_does_not_make_it_old(world):
    customer = await world.an_account()
    first = await asked(world, customer)
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, first["action_id"])
        row.closed_at = row.created_at - timedelta(days=3)

    assert signers(await asked(world, customer)) == BOTH


async def test_who_hides_an_earlier_request_is_found(world, tmp_path):
    customer = await world.an_account()
    first = await asked(world, customer)
    await done(world, first, "am")
    world.clock.move(timedelta(hours=25))
    second = await asked(world, customer)
    await done(world, second, "am")
    archive = kept(world, tmp_path)
    assert weak(second) not in await archive.findings()

    async with world.looking() as tx:
        row = await tx.first(select(PendingAction).where(PendingAction.id == first["action_id"]))
    async with archive.forging() as forger:
        late = row.closed_at + timedelta(hours=20)
        await forger.change(PendingAction, {"id": first["action_id"]}, closed_at=late)

    findings = await archive.findings()
    assert weak(second) in findings
    assert f"action {first['action_id']}: did not end when the chain says" in findings


async def test_only_what_the_same_tool_was_asked_for_is_added_up(world):
    customer = await world.an_account()
    first = await asked(world, customer)
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, first["action_id"])
        row.tool = "cyberos.crm.test"

    assert signers(await asked(world, customer)) == ONE
