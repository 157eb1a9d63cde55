"""Sending an invoice: one hóa đơn, one posting, one letter, and none of them without people."""

from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from domain.documents.tables import Document
from domain.einvoices.tables import EInvoice
from domain.fx import service as fx
from domain.fx.columns import RateColumn
from domain.invoices.tables import Invoice
from domain.kernel.money import Rate
from domain.ledger import service as ledger
from domain.payments.tables import PaymentRequest
from domain.taxpayers import service as taxpayers
from domain.taxpayers.registry import RegistryAnswer, Taxpayer
from tests.issuing.ground import BUYER, EMAIL, OFFICE, SELLER, TODAY, Office, sendable
from tests.receipts.ground import own_account
from tests.tools.samples import Arguments, Sample, Things
from tests.world import fault_code


async def _arguments(things: Things) -> Arguments:
    return {"invoice_id": (await Office(things.world).draft())["number"]}


SAMPLES = {"inv_send_invoice": Sample(_arguments, statements=(26, 4))}


@pytest.fixture
def office(world):
    """A world in which invoices are sent."""
    return Office(world)


async def _rows(world, table):
    async with world.looking() as tx:
        return await tx.all(select(table))


async def _code(world, tool, /, **arguments):
    """The code of a call that must be refused."""
    return fault_code(await world.call(tool, **arguments))


async def _receivable(world):
    async with world.looking() as tx:
        balance = await ledger.trial_balance(tx, TODAY)
    assert balance.difference_minor == 0
    sums = [one for one in balance.sums if one.account.role.value == "receivable"]
    return sum(one.balance_minor for one in sums)


# --- it leaves, once ---


async def test_it_is_numbered_signed_accepted_booked_archived_and_mailed_once(office):
    world, draft = office.world, await office.draft()

    await office.sent(draft)

    sent = await office.invoice(draft)
    assert (sent["status"], sent["issued_on"], sent["due_at"]) == (
        "sent", "2026-11-21", "2026-12-21",
    )  # fmt: skip
    assert sent["einvoice"] == {"state": "accepted", "number": "1C26TAA 1"}
    assert office.provider.numbers() == [1]
    assert await _receivable(world) == 1200 * 26120
    assert office.post.letters == [("hoadon@saobien.example", (EMAIL,))]
    kept = {one.kind: one.path for one in await _rows(world, Document)}
    assert kept == {
        "invoice_pdf": "inv/2026/04/INV-2026-04-001.pdf",
        "einvoice_xml": "inv/2026/04/INV-2026-04-001.xml",
    }
    assert set(office.store.blobs) == {(world.ours.id, path) for path in kept.values()}


async def test_the_next_one_has_the_next_number_and_nothing_is_done_again(office):
    first, second = await office.draft(), await office.draft()
    await office.sent(first)
    await office.sent(second)

    await office.world.executor().run_due(office.world.ours.id)
    await office.follow()

    assert office.provider.numbers() == [1, 2]
    assert len(office.post.letters) == 2


async def test_a_sent_one_is_not_sent_and_not_changed_again(office):
    world, draft = office.world, await office.draft()
    await office.sent(draft)

    for tool in ("inv_send_invoice", "inv_update_draft"):
        more = {} if tool == "inv_send_invoice" else {"due_at": "2027-01-01"}
        code = await _code(world, tool, agent=OFFICE, invoice_id=draft["invoice_id"], **more)
        assert code == "INVOICE_LOCKED"


# --- whose signatures ---


async def test_above_ten_thousand_dollars_for_one_customer_in_a_day_the_cfo_signs_too(office):
    made = await sendable(office.world)
    least = await office.draft(made, 1_000, rate_minor=100_000)  # 10,000.00 dollars
    asked = await office.world.ok("inv_send_invoice", agent=OFFICE, invoice_id=least["invoice_id"])
    assert [one["slot"] for one in asked["slots"]] == ["am"]
    await office.world.decide(asked["action_id"], "am")
    await office.world.execute(asked["action_id"])

    more = await office.draft(made, 1)
    asked = await office.world.ok("inv_send_invoice", agent=OFFICE, invoice_id=more["invoice_id"])

    assert [one["slot"] for one in asked["slots"]] == ["am", "cfo"]


async def test_without_a_signature_neither_service_nor_database_lets_it_go(office):
    world, draft = office.world, await office.draft()
    action_id = await office.proposed(draft)

    assert (await world.execute(action_id)).state == "pending"
    statement = text("update invoice set status = 'sent', locked_at = :at where id = :id")
    with pytest.raises(IntegrityError, match=r"approved actions only|CHECK|violates"):
        async with world.owning() as tx:
            await tx.session.execute(
                statement, {"at": world.clock.now(), "id": draft["invoice_id"]}
            )
    assert office.provider.received == {}


@pytest.mark.parametrize("change", ["recipient", "hours", "rate"])
async def test_what_changes_after_the_signature_makes_it_stale(office, change):
    world = office.world
    made = await sendable(world)
    draft = await office.draft(made)
    action_id = await office.signed(draft)

    if change == "recipient":
        await world.ok(
            "inv_set_billing", agent=OFFICE, account_id=made.account_id, kind="foreign",
            country="US", address="1 Main Street", email="other@evil.example", currency="USD",
            terms_days=30,
        )  # fmt: skip
    elif change == "hours":
        await office.draft(made, 100)
    else:
        world.clock.move(timedelta(hours=20))
        async with world.owning() as tx:
            rate = Rate("USD", "VND", Decimal(26500), "bank", TODAY + timedelta(days=1))
            await fx.record(tx, rate, column=RateColumn.TRANSFER_BUY)

    assert (await world.execute(action_id)).state == "stale"
    assert office.provider.received == {}


async def test_two_that_would_each_confirm_the_account_are_both_sent_as_they_were_signed(office):
    first, second = await office.draft(), await office.draft()
    signed = [await office.signed(one) for one in (first, second)]

    states = [(await office.world.execute(action_id)).state for action_id in signed]

    assert states == ["succeeded", "succeeded"]
    assert office.provider.numbers() == [1, 2]


# --- what the other side does ---


async def test_a_refused_one_is_a_draft_again_and_keeps_its_number(office):
    draft, other = await office.draft(), await office.draft()
    office.provider.behaviour = "rejects"
    action_id = await office.signed(draft)
    report = await office.world.execute(action_id)
    assert (report.state, await office.world.state(action_id)) == ("failed", "failed")
    assert (await office.invoice(draft))["status"] == "draft"
    assert (await office.invoice(draft))["einvoice"]["state"] == "rejected"
    assert await _receivable(office.world) == 0

    office.provider.behaviour = "accepts"
    await office.sent(other)
    office.world.clock.move(timedelta(hours=20))
    await office.sent(draft)

    assert office.provider.numbers() == [1, 2, 1]
    again = await office.invoice(draft)
    assert (again["issued_on"], again["einvoice"]["number"]) == ("2026-11-21", "1C26TAA 1")


async def test_one_that_never_left_is_a_draft_again(office):
    draft = await office.draft()
    office.provider.behaviour = "unreachable"

    report = await office.world.execute(await office.signed(draft))

    assert report.state == "failed"
    assert (await office.invoice(draft))["status"] == "draft"


async def test_a_silent_provider_is_asked_and_never_handed_it_twice(office):
    world, draft = office.world, await office.draft()
    office.provider.behaviour = "silent"
    action_id = await office.signed(draft)
    assert (await world.execute(action_id)).state == "unknown"
    assert (await office.invoice(draft))["locked"]

    office.provider.behaviour = "accepts"
    world.clock.move(timedelta(minutes=1))
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"
    assert office.provider.asked and office.provider.numbers() == [1]


async def test_a_late_provider_has_it_and_the_answer_is_awaited(office):
    world, draft = office.world, await office.draft()
    office.provider.behaviour = "late"
    action_id = await office.signed(draft)
    await world.execute(action_id)
    assert (await office.invoice(draft))["einvoice"]["state"] == "submitted"

    office.provider.behaviour = "accepts"
    world.clock.move(timedelta(minutes=1))
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"


@pytest.mark.parametrize(("behaviour", "state"), [("silent", "unknown"), ("refuses", "failed")])
async def test_a_letter_is_tried_once(office, behaviour, state):
    draft = await office.draft()
    office.post.behaviour = behaviour
    action_id = await office.sent(draft)
    office.world.clock.move(timedelta(hours=1))
    await office.follow()

    shown = await office.world.ok("approvals_get", agent=OFFICE, action_id=action_id)

    assert len(office.post.letters) == (behaviour == "silent")
    states = {one["kind"]: one["state"] for one in shown["dispatches"]}
    assert states == {"invoice.archive": "done", "invoice.mail": state}


async def test_with_a_full_disk_it_is_sent_and_the_letter_waits_for_the_archive(office):
    draft = await office.draft()
    office.store.full = True
    await office.sent(draft)
    assert office.post.letters == []

    office.store.full = False
    office.world.clock.move(timedelta(minutes=5))
    await office.follow()

    assert len(office.post.letters) == 1


# --- what is not there ---


async def test_a_buyer_whose_code_is_not_valid_gets_no_invoice(office):
    world = office.world
    draft = await office.draft(buyer=BUYER)
    async with world.owning() as tx:
        ceased = RegistryAnswer(BUYER, "test", Taxpayer("Cty", "Hà Nội", "01"))
        await taxpayers.keep(tx, ceased)

    code = await _code(world, "inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"])

    assert code == "BUYER_MST_INVALID"


UNFIT = {
    "the seller itself": (
        {"kind": "vn_business", "country": "VN", "tax_id": SELLER}, "EINVOICE_MALFORMED",
    ),
    "a currency without words": ({"currency": "KWD"}, "CURRENCY_WITHOUT_WORDS"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNFIT)
async def test_nobody_is_asked_to_sign_what_no_hoadon_can_say(office, what):
    buyer, expected = UNFIT[what]
    world = office.world
    made = await sendable(world, currency=buyer.get("currency", "USD"))
    await _rate_of(world, "KWD", "85000")
    draft = await office.draft(made)
    await _billed(world, made, **buyer)

    code = await _code(world, "inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"])

    assert code == expected


@pytest.mark.parametrize(
    "given", [{"address": "1 Main Street, " * 30}, {"email": f"{'a' * 40}@acme.example"}]
)
async def test_a_buyer_is_not_kept_whom_no_hoadon_has_room_for(office, given):
    made = await sendable(office.world, currency="USD")
    buyer = {
        "kind": "foreign", "country": "US", "address": "1 Main Street", "email": EMAIL,
        "currency": "USD", "terms_days": 30, "account_id": made.account_id, **given,
    }  # fmt: skip

    code = await _code(office.world, "inv_set_billing", agent=OFFICE, **buyer)

    assert code in ("BUYER_INVALID", "INVALID_ARGS")


async def test_an_invoice_is_not_due_before_the_day_it_is_sent(office):
    world, draft = office.world, await office.draft()
    asked = {"agent": OFFICE, "invoice_id": draft["invoice_id"]}
    await world.ok("inv_update_draft", due_at="2026-11-21", **asked)
    action_id = await office.signed(draft)
    world.clock.move(timedelta(hours=16))

    assert (await world.execute(action_id)).state == "stale"
    assert await _code(world, "inv_send_invoice", **asked) == "DUE_DATE_INVALID"


async def test_a_person_with_a_tax_code_of_ten_digits_is_sent_a_hoadon_that_has_it(office):
    world = office.world
    made = await sendable(world)
    draft = await office.draft(made)
    await _billed(world, made, kind="individual", country="VN", tax_id="0307654321")

    await office.sent(draft)

    (xml,) = office.provider.received.values()
    assert b"<MST>0307654321</MST>" in xml and b"CCCDan" not in xml


@pytest.mark.parametrize(
    ("country", "subject"), [("US", "Invoice INV-2026-04-001"), ("VN", "Hóa đơn INV-2026-04-001")]
)
@pytest.mark.parametrize("currency", ["USD", "VND"])
async def test_the_letter_is_in_the_language_of_the_buyers_country(
    office, country, subject, currency
):
    world = office.world
    await own_account(world, in_use=True)
    made = await sendable(world, currency=currency)
    draft = await office.draft(made)
    await _billed(world, made, kind="individual", country=country)

    await office.sent(draft)

    (letter,) = office.post.bytes
    assert str(message_from_bytes(letter, policy=default)["Subject"]).startswith(subject)


async def test_hoadon_code_and_books_have_the_same_dong_for_a_foreign_currency(office):
    world = office.world
    await own_account(world, in_use=True)
    await _rate_of(world, "JPY", "168.1273")
    draft = await office.draft(await sendable(world, currency="JPY"))

    await office.sent(draft)

    (xml,) = office.provider.received.values()
    booked = await _receivable(world)
    assert booked == 20_175_600  # 120,000 yen at 168.13, the rate that the hóa đơn shows
    assert f"<DLieu>{booked}</DLieu>".encode() in xml
    assert [one.amount_minor for one in await _rows(world, PaymentRequest)] == [booked]


async def _billed(world, made, **buyer):
    given = {
        "kind": "foreign", "country": "US", "address": "1 Main Street", "email": EMAIL,
        "currency": made.currency, "terms_days": 30, **buyer,
    }  # fmt: skip
    await world.ok("inv_set_billing", agent=OFFICE, account_id=made.account_id, **given)


async def _rate_of(world, currency, value):
    async with world.owning() as tx:
        for column in (RateColumn.TRANSFER_BUY, RateColumn.CENTRAL):
            rate = Rate(currency, "VND", Decimal(value), "bank", TODAY)
            await fx.record(tx, rate, column=column)


async def test_work_without_a_category_is_not_sent(office):
    draft = await office.draft(vat_category=None)

    code = await _code(
        office.world, "inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"]
    )

    assert (draft["needs"], code) == (["vat_category"], "VAT_CATEGORY_MISSING")


async def test_a_symbol_of_last_year_is_none_of_this_year(office):
    world, draft = office.world, await office.draft()
    world.clock.move(timedelta(days=60))

    code = await _code(world, "inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"])

    assert code == "SYMBOL_NOT_REGISTERED"


async def test_without_a_rate_of_the_bank_nothing_is_numbered(office):
    world, draft = office.world, await office.draft()
    world.clock.move(timedelta(days=6))

    code = await _code(world, "inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"])

    assert code == "RATE_MISSING"
    assert await _rows(world, EInvoice) == []


async def test_another_company_sees_neither_the_invoice_nor_its_number(office):
    world, draft = office.world, await office.draft()
    for reference in (draft["invoice_id"], draft["number"]):
        code = await _code(
            world, "inv_send_invoice", agent=OFFICE, company=world.theirs, invoice_id=reference
        )
        assert code == "NOT_FOUND"
    assert len(await _rows(world, Invoice)) == 1
