"""The code of an invoice: what is outstanding in dong, under its reference, of a sent one alone."""

import pytest
from sqlalchemy import select

from domain.approvals.refusals import Refusal
from domain.invoices.tables import Invoice
from domain.payments import queries
from domain.receipts.service import Kept
from domain.vn import vietqr
from tests.issuing.ground import BUYER, Office, sendable
from tests.receipts.ground import ACCOUNT, event, feed, own_account, told, worked
from tests.tools.admin.samples import account_on_the_list
from tests.world import fault, fault_code

RATE = 26_120


@pytest.fixture
async def office(world):
    """A world in which invoices are sent, with an account that the first one confirms."""
    await account_on_the_list(world, ACCOUNT)
    return Office(world)


async def sent_in_dong(office, **more):
    """An invoice of 5,600,000 dong and VAT that was sent."""
    made = await sendable(
        office.world, buyer=BUYER, currency="VND", vat_category="standard", **more
    )
    draft = await office.draft(made, rate_minor=700_000)
    await office.sent(draft)
    return await office.invoice(draft)


async def code_of(world, **arguments):
    """The code, which waits for nobody."""
    made = await world.ok("inv_generate_vietqr", **arguments)
    assert made["status"] == "ready", made
    return made, vietqr.decode(made["payload"])


@pytest.mark.parametrize("named", ["invoice_id", "number"])
async def test_the_code_asks_for_what_is_outstanding_under_the_reference(office, named):
    bill = await sent_in_dong(office)

    made, code = await code_of(office.world, invoice_id=bill[named], account=ACCOUNT)

    assert (code.account, code.amount) == (ACCOUNT, bill["total_minor"])
    assert code.add_info == made["reference"] == bill["payment_reference"]
    assert made["invoice_id"] == bill["invoice_id"]
    async with office.world.looking() as tx:
        kept = await queries.latest_request(tx, bill["payment_reference"])
    assert kept.payload == made["payload"]


async def test_what_came_in_is_not_asked_for_again_and_a_paid_one_not_at_all(office):
    world, bill = office.world, await sent_in_dong(office)
    endpoint = await feed(world)
    came_in = event(bill["total_minor"], bill["payment_reference"])
    assert await told(world, endpoint, came_in) is Kept.STORED
    await worked(world)

    answer = await world.call("inv_generate_vietqr", invoice_id=bill["number"])

    assert fault_code(answer) == "INVOICE_PAID"


async def test_a_part_may_be_asked_for_and_more_than_is_outstanding_may_not(office):
    bill = await sent_in_dong(office)
    asked = {"invoice_id": bill["number"], "account": ACCOUNT}

    _, code = await code_of(office.world, **asked, amount=1_000_000)
    above = await office.world.call("inv_generate_vietqr", **asked, amount=bill["total_minor"] + 1)

    assert code.amount == 1_000_000
    assert fault(above)["code"] == "AMOUNT_TOO_LARGE"
    assert fault(above)["facts"] == {"outstanding_minor": bill["total_minor"]}


async def test_dollars_are_asked_for_in_dong_at_the_rate_they_were_booked_by(office):
    draft = await office.draft()
    await office.sent(draft)

    _, code = await code_of(office.world, invoice_id=draft["number"])

    assert code.amount == draft["total_minor"] * RATE // 100


async def test_an_invoice_that_was_not_sent_has_no_code(office):
    draft = await office.draft()

    answer = await office.world.call("inv_generate_vietqr", invoice_id=draft["number"])

    assert fault_code(answer) == "INVOICE_NOT_SENT"
    assert "inv_send_invoice" in str(fault(answer))


async def test_without_an_invoice_the_amount_has_to_be_said(office):
    answer = await office.world.call("inv_generate_vietqr")

    assert fault_code(answer) == "INVALID_ARGS"
    assert "amount" in str(fault(answer))


async def test_another_account_waits_for_people_and_is_confirmed_with_the_invoice(office):
    world, bill = office.world, await sent_in_dong(office)
    await own_account(world, number="2222333344")
    asked = {"invoice_id": bill["number"], "account": "2222333344"}

    waiting = await world.ok("inv_generate_vietqr", **asked)
    await world.decide(waiting["action_id"], "cfo")
    report = await world.execute(waiting["action_id"])
    _, code = await code_of(world, **asked)

    assert bill["number"] in waiting["summary"] and "2222333344" in waiting["summary"]
    assert report.result["payload"] == (await code_of(world, **asked))[0]["payload"]
    assert report.result["confirmed_account_id"]
    assert code.account == "2222333344"


async def test_what_was_approved_is_stale_once_money_has_come(office):
    world, bill = office.world, await sent_in_dong(office)
    endpoint = await feed(world)
    await own_account(world, number="2222333344")
    waiting = await world.ok("inv_generate_vietqr", invoice_id=bill["number"], account="2222333344")
    await told(world, endpoint, event(bill["total_minor"], bill["payment_reference"]))
    await worked(world)

    with pytest.raises(Refusal) as refused:
        await world.decide(waiting["action_id"], "cfo")

    assert refused.value.code == "ENTITY_CHANGED"


async def test_the_invoice_of_a_private_deal_or_another_company_is_not_there(office):
    world = office.world
    bill = await sent_in_dong(office)
    deal = await world.a_deal(agent="am_agent", visibility="private", amount_minor=1_000)
    async with world.without_triggers("invoice"), world.owning() as tx:
        row = await tx.first(select(Invoice).where(Invoice.id == bill["invoice_id"]))
        row.deal_id = deal["id"]
    theirs = await world.call(
        "inv_generate_vietqr", company=world.theirs, invoice_id=bill["number"]
    )

    others = await world.call("inv_generate_vietqr", invoice_id=bill["number"])

    assert [fault_code(one) for one in (others, theirs)] == ["NOT_FOUND", "NOT_FOUND"]
