"""Closing a deal, from the proposal of an agent to what came of it; and everything in its way."""

from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import select

from domain.approvals.facts import Decision
from domain.deals.tables import Deal, StageMove
from domain.engagements.tables import Engagement
from domain.fx import service as fx
from domain.invoices.tables import Invoice
from domain.kernel.faults import Fault
from domain.kernel.money import Rate
from domain.store.tables import OutboxMessage
from tests.rows import TRACES, difference, everything
from tests.tools.talk import talking
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

USUAL = {"amount_minor": 1_000_000, "currency": "USD"}  # all of this file are below 300,000.00
SMALL = {"amount_minor": 10_000_000, "currency": "USD"}  # 100,000.00: not over it
LARGE = {"amount_minor": 10_000_001, "currency": "USD"}


WHAT_WAS_READ = TRACES | {"agent"}  # an agent is marked when it reads what others wrote
_NUMBERS = count(1)


async def a_deal(talk, **more):
    """A deal with a new customer: what one is asked for within a day adds up."""
    name = f"Công ty Phú Quý {next(_NUMBERS)}"
    account = await talk.ok("crm_create_account", name=name, account_type="llc")
    fields = {"account_id": account["id"], "name": "Nền tảng quý 4", **USUAL}
    return await talk.ok("crm_create_deal", **{**fields, **more})


async def messages(world: World, topic: str, deal_id: str) -> list[dict]:
    async with world.looking() as tx:
        rows = await tx.all(select(OutboxMessage).where(OutboxMessage.topic == topic))
        return [row.payload for row in rows if row.payload.get("deal_id") == deal_id]


async def test_a_won_deal_goes_from_a_proposal_to_an_engagement(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        before = await everything(shared)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="WON",
                                 note_to_approver="Khách đã ký")  # fmt: skip
        only_proposed = difference(before, await everything(shared))
        asked_again = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        waiting = await talk.ok("crm_get_deal", id=deal["id"])

        recorded = await shared.decide(proposed["action_id"], "am")
        report = await shared.execute(proposed["action_id"])
        once_done = await everything(shared, but=WHAT_WAS_READ)
        again = await shared.execute(proposed["action_id"])

        followed = await talk.ok("approvals_get", action_id=proposed["action_id"], wait_seconds=5)
        closed = await talk.ok("crm_get_deal", id=deal["id"])
        too_late = await talk.code("crm_close_deal", deal_id=deal["id"], outcome="won")
        moved = await talk.code("crm_move_stage", deal_id=deal["id"], to_stage="discovery")

    assert proposed["status"] == asked_again["status"] == "pending_approval"
    assert asked_again["action_id"] == proposed["action_id"]
    assert [(slot["slot"], slot["filled"]) for slot in proposed["slots"]] == [("am", False)]
    assert "10.000,00" in proposed["summary"] and "THẮNG" in proposed["summary"]
    assert "Khách đã ký" not in proposed["summary"]
    assert only_proposed == {"pending_action": (0, 1)}
    assert (waiting["status"], waiting["stage"]) == ("open", "qualifying")

    assert (recorded.state, report.state) == ("approved", "succeeded")
    assert again.fault is not None and again.state == "succeeded"
    assert difference(once_done, await everything(shared, but=WHAT_WAS_READ)) == {}
    assert (closed["status"], closed["stage"], closed["probability_pct"]) == (
        "won", "closed_won", 100,
    )  # fmt: skip
    assert closed["closed_date"] == "2026-11-21"
    assert (too_late, moved) == ("DEAL_CLOSED", "DEAL_CLOSED")
    assert followed["state"] == "succeeded" and followed["result"] == report.result
    assert len(await messages(shared, "deal.won", deal["id"])) == 1
    async with shared.looking() as tx:
        work = await tx.all(select(Engagement).where(Engagement.deal_id == deal["id"]))
        steps = await tx.all(select(StageMove).where(StageMove.deal_id == deal["id"]))
    assert [(one.amount_minor, one.currency, one.billing_mode) for one in work] == [
        (1_000_000, "USD", "fixed_fee")
    ]
    assert followed["result"]["engagement_id"] == work[0].id
    assert len(steps) == 2


async def test_the_result_says_of_each_consequence_whether_it_happened(shared):
    async with talking(shared) as talk:
        won = await _closed(shared, talk, await a_deal(talk), outcome="won")
        lost = await _closed(
            shared, talk, await a_deal(talk), outcome="lost", lost_reason="Giá cao"
        )
        off = await _closed(shared, talk, await a_deal(talk), outcome="cancelled")
        hidden = await _closed(
            shared, talk, await a_deal(talk, visibility="private"), outcome="won"
        )

    def told(result) -> dict[str, str]:
        return {one["kind"]: f"{one['state']}: {one['detail']}" for one in result["side_effects"]}

    async with shared.looking() as tx:
        invoice = await tx.first(select(Invoice).where(Invoice.deal_id == won["deal"]["id"]))
    label = invoice.label
    assert told(won) == {
        "close": "done: status=won closed_date=2026-11-21",
        "vietqr": "skipped: not_an_amount_in_vnd",
        "hoadon": "skipped: issued_when_the_invoice_is_sent",
        "inv": f"done: invoice={label} status=draft",
        "proj": f"done: engagement={won['engagement_id']}",
        "brain": "pending: event=deal.won",
        "audit": "done: chained_with_this_change",
    }
    assert [one["kind"] for one in won["side_effects"]] == [
        "close", "vietqr", "hoadon", "inv", "proj", "brain", "audit",
    ]  # fmt: skip
    assert (lost["deal"]["status"], lost["deal"]["lost_reason"]) == ("lost", "price")
    assert "engagement_id" not in lost and told(lost)["proj"] == "skipped: not_won"
    assert told(lost)["brain"] == "pending: event=deal.lost"
    assert (off["deal"]["status"], off["deal"]["stage"]) == ("cancelled", "cancelled")
    assert told(off)["brain"] == "skipped: cancelled_deal"
    assert told(hidden)["brain"] == "skipped: private_deal"
    assert len(await messages(shared, "deal.lost", lost["deal"]["id"])) == 1


async def test_a_proposal_that_cannot_be_carried_out_is_refused_before_anybody_is_asked(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        one = {"deal_id": deal["id"]}
        before = await everything(shared)
        codes = [
            await talk.code("crm_close_deal", **one, outcome="lost"),
            await talk.code("crm_close_deal", **one, outcome="lost", lost_reason="mưa to"),
            await talk.code("crm_close_deal", **one, outcome="won", lost_reason="price"),
            await talk.code("crm_close_deal", **one, outcome="won", expected_version=2),
            await talk.code("crm_close_deal", **one, outcome="won", expected_stage="proposal"),
            await talk.code("crm_close_deal", **one, outcome="open"),
        ]
        reasons = await talk.refused("crm_close_deal", **one, outcome="lost")

    assert codes == [
        "LOST_REASON_REQUIRED", "LOST_REASON_UNKNOWN", "LOST_REASON_UNEXPECTED",
        "VERSION_CONFLICT", "STAGE_CHANGED", "INVALID_ARGS",
    ]  # fmt: skip
    assert "competitor" in reasons["facts"]["allowed"] and "competitor" in reasons["hint"]
    assert difference(before, await everything(shared)) == {}


async def test_A08_over_100_000_dollars_a_cro_signs_too_and_so_for_what_cannot_be_converted(own):
    """One minor unit decides; a currency without a rate is treated as the largest amount.

    What was asked is taken back at once: it would add up in the name of its person.
    """
    slots: dict[str, list[str]] = {}

    async def asked(talk, label, **worth) -> None:
        deal = await a_deal(talk, **worth)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        slots[label] = [slot["slot"] for slot in proposed["slots"]]
        await talk.ok("approvals_cancel", action_id=proposed["action_id"])

    async with talking(own) as talk:
        await asked(talk, "at the limit", **SMALL)
        await asked(talk, "a cent over", **LARGE)
        await asked(talk, "dong, no rate", amount_minor=1, currency="VND")
        await asked(talk, "not known yet, no rate", amount_minor=0, currency="VND")
        await asked(talk, "no rate at all", amount_minor=1, currency="EUR")
        async with own.owning() as tx:
            day = date(2026, 11, 20)
            await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "test", day))
            await fx.record(tx, Rate("EUR", "VND", Decimal(27_500), "test", day))
        await asked(talk, "dong at the limit", amount_minor=2_500_000_000, currency="VND")
        await asked(talk, "half a cent over", amount_minor=2_500_000_125, currency="VND")
        await asked(talk, "a cent over in dong", amount_minor=2_500_000_250, currency="VND")
        await asked(talk, "euro at the limit", amount_minor=9_090_909, currency="EUR")
        await asked(talk, "a euro cent over", amount_minor=9_090_910, currency="EUR")
        await asked(talk, "endless", amount_minor=2**53 - 1, currency="EUR", confirm_unusual=True)

    one, two = ["am"], ["am", "cro"]
    assert slots == {
        "at the limit": one, "a cent over": two, "dong, no rate": two,
        "not known yet, no rate": two, "no rate at all": two, "dong at the limit": one,
        "half a cent over": one, "a cent over in dong": two, "euro at the limit": one,
        "a euro cent over": two, "endless": two,
    }  # fmt: skip


async def test_B04_a_large_deal_waits_for_both_signatures_of_two_people(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, **LARGE)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    action = proposed["action_id"]

    states = [(await shared.decide(action, "am")).state]
    too_early = await shared.execute(action)
    with pytest.raises(Fault) as twice:
        await shared.decide(action, "am", slot="cro")
    states.append((await shared.decide(action, "cro")).state)
    done = await shared.execute(action)

    assert states == ["pending", "approved"]
    assert too_early.fault.code == "NOT_APPROVED"
    assert twice.value.code == "ALREADY_DECIDED"
    assert done.state == "succeeded"


async def test_B06_whose_agent_asked_may_sign_where_the_policy_says_so(shared):
    async with talking(shared, "am_agent") as talk:
        deal = await a_deal(talk)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    with pytest.raises(Fault) as not_theirs:
        await shared.decide(proposed["action_id"], "sales")
    recorded = await shared.decide(proposed["action_id"], "am")

    assert not_theirs.value.code == "ROLE_NOT_ELIGIBLE"
    assert recorded.state == "approved"


async def test_B14_a_deal_that_changed_after_the_signature_is_not_closed(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        await shared.decide(proposed["action_id"], "am")
        await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
        report = await shared.execute(proposed["action_id"])
        still = await talk.ok("crm_get_deal", id=deal["id"])
        anew = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    assert (report.state, report.fault.code) == ("stale", "ENTITY_CHANGED")
    assert still["status"] == "open"
    assert anew["action_id"] != proposed["action_id"]


async def test_a_no_leaves_the_deal_open_and_the_reason_is_read_as_somebodys_words(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        await shared.decide(proposed["action_id"], "am", decision=Decision.REJECT, reason="Chưa ký")
        report = await shared.execute(proposed["action_id"])
        followed = await talk.ok("approvals_get", action_id=proposed["action_id"])

    assert report.fault.code == "ACTION_REJECTED"
    assert followed["state"] == "rejected" and followed["decisions"][0]["reason"] == "Chưa ký"
    assert "/decisions/0/reason" in followed["untrusted_fields"]
    async with shared.looking() as tx:
        assert (await tx.get(Deal, deal["id"])).status == "open"


async def _closed(world: World, talk, deal, **arguments):
    """The result of closing a deal, signed and carried out."""
    proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], **arguments)
    await world.decide(proposed["action_id"], "am")
    report = await world.execute(proposed["action_id"])
    assert report.state == "succeeded", report
    return report.result
