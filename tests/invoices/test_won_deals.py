"""Won deals: is what was won drafted once, as people were shown it, and as private as the deal?"""

import pytest

from domain.approvals import queries as approvals
from domain.deals import queries as deals
from domain.invoices import queries
from domain.payments import queries as payments
from domain.store.visibility import SYSTEM, Viewer
from tests.tools.inv.work import AGENT, set_up
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")
OUTSIDER = "later_outsider"


async def won(world, **more):
    """A deal that was just won: the deal, what people were shown, and what came of it."""
    return await won_as_it_is(world, await world.a_deal(**more))


async def won_as_it_is(world, deal):
    asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    for person in ("am", "cro")[: len(asked["slots"])]:
        await world.decide(asked["action_id"], person)
    report = await world.execute(asked["action_id"])
    assert report.state == "succeeded", report
    async with world.looking() as tx:
        shown = await approvals.action(tx, asked["action_id"])
    return deal, shown, report.result


async def invoice_of(world, deal):
    async with world.looking() as tx:
        reference = (await payments.reference_of(tx, deal["id"])).reference
        found = await queries.by_payment_reference(tx, [reference])
        invoice = found[reference]
        return invoice, list(await queries.lines_of(tx, [invoice.id]))


async def test_a_won_deal_is_one_flat_line_for_the_month_it_was_won(shared):
    deal, shown, result = await won(shared, amount_minor=750_000_000)

    invoice, (line,) = await invoice_of(shared, deal)

    (inv,) = [one for one in result["side_effects"] if one["kind"] == "inv"]
    assert inv == {
        "kind": "inv", "state": "done", "detail": f"invoice={invoice.label} status=draft",
    }  # fmt: skip
    assert (invoice.kind, invoice.status, invoice.period) == ("flat", "draft", "2026-11")
    assert (invoice.deal_id, invoice.engagement_id) == (deal["id"], result["engagement_id"])
    assert (line.amount_minor, line.vat_rate, line.vat_minor) == (750_000_000, "10%", 75_000_000)
    assert (invoice.total_minor, invoice.vat_category) == (825_000_000, None)
    effects = [one for one in shown.effects if one["kind"] == "inv"]
    assert effects == [
        {
            "kind": "inv", "invoice": "flat", "subtotal_minor": "750000000", "currency": "VND",
        }
    ]  # fmt: skip
    assert "hóa đơn nháp" in shown.summary


async def test_the_reference_of_a_deal_is_taken_over(shared):
    deal = await shared.a_deal(amount_minor=2_000_000)
    async with shared.looking() as tx:
        assert await payments.reference_of(tx, deal["id"]) is None

    await won_as_it_is(shared, deal)
    invoice, _ = await invoice_of(shared, deal)

    async with shared.looking() as tx:
        assert (await payments.reference_of(tx, deal["id"])).reference == invoice.payment_reference
        none = await payments.asked_to_pay(tx, deals.ids_of(account_id=None, deal_id=deal["id"]))
    assert none == frozenset(), "a reference alone asks nobody to pay"


async def test_a_deal_of_nothing_has_no_invoice(shared):
    deal, shown, result = await won(shared, amount_minor=0)

    (inv,) = [one for one in result["side_effects"] if one["kind"] == "inv"]

    assert (inv["state"], inv["detail"]) == ("skipped", "nothing_to_bill")
    assert not [one for one in shown.effects if one["kind"] == "inv"]
    async with shared.looking() as tx:
        listed = await queries.listed(tx, SYSTEM, queries.Filter(), before=None, limit=200)
    assert deal["id"] not in {invoice.deal_id for invoice, _ in listed}


async def test_the_invoice_of_a_private_deal_is_as_private(shared):
    deal, _, _ = await won(shared, visibility="private", amount_minor=5_000_000)
    invoice, _ = await invoice_of(shared, deal)
    me = Viewer(shared.ours.people["sales"], (shared.ours.workspace_id,))
    other = Viewer(shared.ours.people["am"], (shared.ours.workspace_id,))

    async with talking(shared, AGENT) as talk:
        mine = await talk.ok("inv_get_invoice", invoice_id=invoice.label)
        listed = await talk.ok("inv_list_invoices", account_id=deal["account_id"])
    async with talking(shared, OUTSIDER) as talk:
        theirs = await talk.code("inv_get_invoice", invoice_id=invoice.label)
        none = await talk.ok("inv_list_invoices", account_id=deal["account_id"])
        hidden = await talk.code(
            "inv_draft_invoice", engagement_id=invoice.engagement_id, period="2026-11"
        )
    async with shared.looking() as tx:
        told = {"account_id": deal["account_id"], "deal_id": None, "before": None, "limit": 9}
        seen = await queries.told(tx, me, **told)
        unseen = await queries.told(tx, other, **told)
        counted = await queries.counts(tx, deal["account_id"], other)

    assert mine["number"] == invoice.label and len(listed["invoices"]) == 1
    assert (theirs, none["invoices"], hidden) == ("NOT_FOUND", [], "NOT_FOUND")
    assert [one.label.text for one in seen] == [invoice.label] and unseen == []
    assert counted == {"invoices": 0, "draft_invoices": 0}


async def test_once_people_choose_its_category_the_draft_is_taxed_by_it(shared):
    deal, _, result = await won(shared, amount_minor=10_000_000)
    invoice, _ = await invoice_of(shared, deal)
    before = await shared.ok(
        "inv_draft_invoice", agent=AGENT, engagement_id=result["engagement_id"], period="2026-11"
    )
    await set_up(shared, engagement_id=result["engagement_id"], vat_category="reduced")

    after = await shared.ok(
        "inv_draft_invoice", agent=AGENT, engagement_id=result["engagement_id"], period="2026-11"
    )

    assert before["invoice_id"] == after["invoice_id"] == invoice.id
    assert (before["changed"], "vat_category" in before["needs"]) == (False, True)
    assert (after["changed"], "vat_category" in after["needs"]) == (True, False)
    assert (after["vat_minor"], after["total_minor"]) == (800_000, 10_800_000)
    assert after["version"] == before["version"] + 1
