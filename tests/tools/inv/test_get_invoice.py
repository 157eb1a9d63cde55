"""An invoice is shown whole: its lines, what is outstanding, and payments to those who may see."""

import pytest

from domain.invoices import service
from tests.invoices.ground import TODAY, being_sent, log, work
from tests.tools.inv import invoicing
from tests.tools.inv.invoicing import AGENT, OUTSIDER, draft, drafted
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking
from tools.inv import invoice_views
from tools.inv.invoice_views import Around, EInvoiceView, PaymentView

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    made = await things.of(draft)
    return {"invoice_id": made["number"]}


SAMPLES = {"inv_get_invoice": Sample(_arguments, statements=(8, 0))}


async def test_an_invoice_is_found_by_its_id_and_by_its_number(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        by_number = await talk.ok("inv_get_invoice", invoice_id=made["number"])
        by_id = await talk.ok("inv_get_invoice", invoice_id=made["invoice_id"])
        missing = [
            await talk.code("inv_get_invoice", invoice_id=wrong)
            for wrong in ("INV-2026-04-999", "INV-2026-13-001", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
        ]

    assert by_number == by_id
    assert {"is_new", "changed", "needs", "next"}.isdisjoint(by_id)
    assert by_id.items() <= made.items()
    assert missing == ["NOT_FOUND"] * 3


async def test_what_others_wrote_is_marked_in_lines_and_name(shared):
    acme = await work(shared)
    await log(shared, acme, phase="build")

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)

    assert set(made["untrusted_fields"]) == {
        "/account_name",
        *(f"/lines/*/{name}" for name in ("description", "role", "phase")),
    }


async def test_payments_are_shown_to_those_alone_who_may_see_them(own, monkeypatch):
    acme = await work(own)
    await log(own, acme, 100)
    async with talking(own, AGENT) as talk:
        made = await drafted(talk, acme)
    id = made["invoice_id"]
    await _sent(own, id)
    paid = PaymentView(amount_minor=15_000, received_on=TODAY)
    known = Around({id: 15_000}, {id: [paid]}, {id: EInvoiceView(state="accepted", number="7")})

    async def around(_call, _ids):
        return known

    async with talking(own, AGENT) as talk:
        open_ = await talk.ok("inv_get_invoice", invoice_id=id)
        monkeypatch.setattr(invoice_views, "around", around)
        seen = await talk.ok("inv_get_invoice", invoice_id=id)
    async with talking(own, await invoicing.cashier(own)) as talk:
        whole = await talk.ok("inv_get_invoice", invoice_id=id)

    assert (open_["status"], open_["outstanding_minor"]) == ("sent", 15_000)
    assert (seen["status"], seen["outstanding_minor"]) == ("paid", 0)
    assert "payments" not in seen and "einvoice" not in open_
    assert [one["amount_minor"] for one in whole["payments"]] == [15_000]
    assert whole["einvoice"] == {"state": "accepted", "number": "7"}


async def test_the_invoice_of_a_private_deal_does_not_exist_for_others(shared):
    deal = await shared.a_deal(visibility="private")
    secret = await work(shared, account_id=deal["account_id"], deal_id=deal["id"])
    await log(shared, secret)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, secret)
    async with talking(shared, OUTSIDER) as outsider:
        hidden = await outsider.refused("inv_get_invoice", invoice_id=made["invoice_id"])
        named = await outsider.refused("inv_get_invoice", invoice_id=made["number"])
        missing = await outsider.refused("inv_get_invoice", invoice_id="INV-2026-04-999")

    assert hidden == named == missing and missing["code"] == "NOT_FOUND"


async def _sent(world, invoice_id):
    async with world.owning() as tx:
        await service.lock(tx, invoice_id, issued_on=TODAY, terms_days=30)
    async with being_sent(world, invoice_id), world.owning() as tx:
        await service.mark_sent(tx, invoice_id, at=tx.at)
