"""A hóa đơn is numbered once, signed as it leaves, and settled by its answer; people allow all."""

# ruff: noqa: S608 - the statements are ours

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.einvoices import audit, queries, service
from domain.einvoices.check import check
from domain.einvoices.reading import heading
from domain.einvoices.rules import NEXT
from domain.einvoices.signing import verify
from domain.einvoices.tables import EInvoice
from domain.kernel.faults import Fault
from domain.store.audit_laws import CarriedOut
from domain.store.audit_report import Report
from domain.store.chain import Actor, Event
from domain.store.events import SUCCEEDED
from tests.einvoices.examples import SELLER
from tests.einvoices.sending import Sending, moved, sending, wired
from tests.einvoices.signers import signer
from tests.world import NOW, World

pytestmark = pytest.mark.both

DAY, BEFORE, AFTER = date(2026, 11, 21), date(2026, 11, 20), date(2026, 11, 22)


@pytest_asyncio.fixture
async def open_world(world: World) -> AsyncIterator[World]:
    """A world in which the guard listens."""
    async with wired(world):
        yield world


async def prepared(world: World, made: Sending, **changes: Any) -> EInvoice:
    async with world.owning() as tx:
        return await service.prepare(tx, **made.prepared(NOW, **changes))


async def answered(world: World, made: Sending, verb: str, **said: Any) -> EInvoice:
    verbs: dict[str, tuple[Any, dict[str, Any]]] = {
        "submitted": (service.submitted, {"reference": "P-1"}),
        "accepted": (service.accepted, {"reference": "T-1", "reply": b"<ok/>", "at": NOW}),
        "rejected": (service.rejected, {"code": "20001", "reply": b"<no/>", "at": NOW}),
    }
    step, told = verbs[verb]
    async with world.owning() as tx:
        row: EInvoice = await step(tx, made.invoice_id, **{**told, **said})
        if verb == "accepted":
            tx.record(Event(SUCCEEDED, Actor("system", "executor"), action=made.action_id))
        return row


async def refused(work: Any) -> str:
    with pytest.raises(Fault) as caught:
        await work
    return caught.value.code


async def test_what_is_prepared_is_numbered_from_one_sound_signed_and_kept(open_world):
    one, two = await sending(open_world), await sending(open_world)

    first = await prepared(open_world, one)
    second = await prepared(open_world, two)

    assert [first.number, second.number] == [1, 2]
    assert (first.state, first.year, first.issued_on) == ("signed", 2026, DAY)
    assert check(first.xml) == [] and verify(first.xml).is_valid
    assert heading(first.xml).number == 1
    assert first.xml_sha256 == hashlib.sha256(first.xml).hexdigest()
    assert first.message_id.startswith(str(SELLER.tax_code)) and len(first.message_id) <= 46
    assert first.message_id != second.message_id


async def test_another_company_counts_for_itself_and_sees_nothing(open_world):
    one = await sending(open_world)
    await prepared(open_world, one)

    async with open_world.looking(open_world.theirs) as tx:
        assert await queries.of_invoice(tx, one.invoice_id) is None
        assert await queries.last_day(tx, 1, "C26TAA", 2026) is None


async def test_a_number_that_was_not_kept_is_given_again(open_world):
    one = await sending(open_world)
    with suppress(_UndoneError):
        async with open_world.owning() as tx:
            await service.prepare(tx, **one.prepared(NOW))
            raise _UndoneError

    assert (await prepared(open_world, one)).number == 1


async def test_asked_again_by_the_same_action_it_gives_what_it_made(open_world):
    one = await sending(open_world)
    first = await prepared(open_world, one)

    again = await prepared(open_world, one)

    assert (again.id, again.xml, again.version) == (first.id, first.xml, first.version)


async def test_what_was_refused_is_signed_anew_as_the_same_number_and_date(open_world):
    one = await sending(open_world)
    first = await prepared(open_world, one)
    await answered(open_world, one, "rejected")
    await moved(open_world, one, "failed")
    again = await sending(open_world, one.invoice_id)

    anew = await prepared(
        open_world, again, issued_on=AFTER, symbol="C26TBB", reference="INV-2026-11-009"
    )

    assert (anew.id, anew.number, anew.symbol, anew.issued_on) == (first.id, 1, "C26TAA", DAY)
    assert anew.state == "signed" and anew.action_id == again.action_id
    assert anew.message_id != first.message_id and anew.xml != first.xml
    assert (anew.reply, anew.refusal_code, anew.settled_at) == (None, None, None)
    told = heading(anew.xml)
    assert (told.number, told.issued_on, told.reference) == (1, DAY, "INV-2026-11-009")
    assert (await prepared(open_world, await sending(open_world))).number == 2


@pytest.mark.parametrize("state", ["signed", "submitted", "accepted"])
async def test_another_action_sends_nothing_while_one_is_on_its_way_or_accepted(open_world, state):
    one = await sending(open_world)
    await prepared(open_world, one)
    if state != "signed":
        await answered(open_world, one, state)
    again = await sending(open_world, one.invoice_id)

    assert await refused(prepared(open_world, again)) == "EINVOICE_EXISTS"


async def test_an_answer_is_kept_as_it_came_and_said_twice_changes_nothing(open_world):
    one, two = await sending(open_world), await sending(open_world)
    for made in (one, two):
        await prepared(open_world, made)
    await answered(open_world, one, "submitted")
    yes = await answered(open_world, one, "accepted", reference="")
    no = await answered(open_world, two, "rejected", code="nonsense <b>")

    again = await answered(open_world, one, "accepted", reference="other", reply=b"other")
    await answered(open_world, two, "rejected", code="7")

    assert (yes.state, yes.provider_reference, yes.reply) == ("accepted", "P-1", b"<ok/>")
    assert (no.state, no.refusal_code, no.reply) == ("rejected", "REJECTED", b"<no/>")
    assert (again.provider_reference, again.reply) == ("P-1", b"<ok/>")
    async with open_world.looking() as tx:
        states = await queries.states_of(tx, [one.invoice_id, two.invoice_id])
    assert states == {
        one.invoice_id: ("accepted", "1C26TAA 1"),
        two.invoice_id: ("rejected", "1C26TAA 2"),
    }


async def test_no_other_step_is_taken(open_world):
    one = await sending(open_world)
    await prepared(open_world, one)
    await answered(open_world, one, "accepted")

    assert await refused(answered(open_world, one, "rejected")) == "EINVOICE_STATE"
    assert await refused(answered(open_world, one, "submitted")) == "EINVOICE_STATE"
    nothing = Sending("01AAAAAAAAAAAAAAAAAAAAAAAA", "")
    assert await refused(answered(open_world, nothing, "accepted")) == "NOT_FOUND"


async def test_dates_follow_the_numbers(open_world):
    await prepared(open_world, await sending(open_world))
    one = await sending(open_world)

    assert await refused(prepared(open_world, one, issued_on=BEFORE)) == "EINVOICE_DATE_ORDER"
    assert (await prepared(open_world, one, issued_on=AFTER)).number == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"symbol": "C25TAA"}, "SYMBOL_NOT_REGISTERED"),
        ({"total_minor": 1, "vat_minor": 1, "subtotal_minor": 0}, "EINVOICE_MALFORMED"),
        ({"payment_method": ""}, "EINVOICE_MALFORMED"),
    ],
)
async def test_what_would_be_no_valid_one_takes_no_number(open_world, changes, code):
    one = await sending(open_world)

    assert await refused(prepared(open_world, one, **changes)) == code
    assert (await prepared(open_world, one)).number == 1


async def test_a_key_of_another_seller_signs_nothing_and_numbers_end_at_eight_digits(open_world):
    one = await sending(open_world)
    theirs = {**one.prepared(NOW), "signer": signer("0200784873")}

    async def used_up(_tx: Any, _series: str) -> int:
        return 10**8

    async with open_world.owning() as tx:
        assert await refused(service.prepare(tx, **theirs)) == "SIGNING_KEY_OTHER_SELLER"
        work = service.prepare(tx, **one.prepared(NOW), take=used_up)
        assert await refused(work) == "EINVOICE_NUMBERS_USED"


# --- what the database refuses ---


async def attempt(world: World, statement: str) -> str:
    """The message with which the database refuses its owner; "" when it does not."""
    try:
        async with world.owning() as tx:
            await tx.session.execute(text(statement))
            raise _UndoneError
    except IntegrityError as error:
        return str(error.orig)
    except _UndoneError:
        return ""


class _UndoneError(Exception):
    """Takes back what was not refused."""


@pytest.mark.parametrize("state", ["approved", "succeeded", "failed", "pending"])
async def test_only_an_action_under_way_signs_and_settles(open_world, state):
    one = await sending(open_world)
    await moved(open_world, one, state)
    with pytest.raises(IntegrityError, match="added by approved actions only"):
        await prepared(open_world, one)

    await moved(open_world, one, "executing")
    await prepared(open_world, one)
    await moved(open_world, one, state)
    with pytest.raises(IntegrityError, match="changed by approved actions only"):
        await answered(open_world, one, "accepted")
    await moved(open_world, one, "unknown")
    assert (await answered(open_world, one, "accepted")).state == "accepted"


async def test_without_the_wire_or_about_another_invoice_nothing_is_signed(world):
    one, two = await sending(world), await sending(world)
    with pytest.raises(IntegrityError, match="added by approved actions only"):
        await prepared(world, one)

    async with wired(world):
        with pytest.raises(IntegrityError, match="added by approved actions only"):
            await prepared(world, Sending(one.invoice_id, two.action_id))


FIXED = {
    **{
        f"its {column}": f"update einvoice set {column} = {value}"
        for column, value in {
            "number": "2", "year": "2027, symbol = 'C27TAA'", "symbol": "'C26TZZ'", "form": "2",
            "issued_on": "'2026-11-22'", "xml": "'x'", "xml_sha256": "'x'", "message_id": "'x'",
            "total_minor": "total_minor + 1, vat_minor = vat_minor + 1",
        }.items()
    },
    "a row": "delete from einvoice",
}  # fmt: skip


async def test_what_left_is_fixed_whatever_the_action(open_world):
    one = await sending(open_world)
    await prepared(open_world, one)

    heard = {what: await attempt(open_world, statement) for what, statement in FIXED.items()}

    assert all("fixed" in said or "never deleted" in said for said in heard.values()), heard


@pytest.mark.parametrize(
    "change", ["settled_at = created_at", "state = 'accepted'", "total_minor = total_minor - 1"]
)
async def test_a_row_that_contradicts_itself_is_refused(open_world, change):
    await prepared(open_world, await sending(open_world))
    signed_anew = "fixed once it is signed" if "total" in change else "contradicts itself"

    said = await attempt(open_world, f"update einvoice set {change}")

    assert "contradicts itself" in said or signed_anew in said


async def test_the_database_takes_the_steps_of_the_rules_and_no_other(open_world):
    ended = {"accepted", "rejected"}
    for before, allowed in NEXT.items():
        one = await sending(open_world)
        await prepared(open_world, one)
        if before != "signed":
            await answered(open_world, one, before)
        for after in NEXT:
            settled = "'2026-11-21T02:00:00.000000Z'" if after in ended else "null"
            said = await attempt(
                open_world,
                f"update einvoice set state = '{after}', settled_at = {settled}"
                f" where invoice_id = '{one.invoice_id}'",
            )
            fine = after in allowed or (after == before != "accepted")
            assert (said == "") == fine, (before, after, said)


async def test_no_hole_no_second_and_no_earlier_date_gets_past_the_database(open_world):
    row = await prepared(open_world, await sending(open_world))
    two, copied = await sending(open_world), ", ".join(EInvoice.__table__.columns.keys())

    async def copy(number: str, day: str) -> str:
        values = copied.replace(
            "issued_on", f"'{day}'" if open_world.is_sqlite else f"date '{day}'"
        )
        for column, value in {
            "invoice_id": f"'{two.invoice_id}'", "action_id": f"'{two.action_id}'",
            "message_id": "'other'", "number": number,
        }.items():  # fmt: skip
            values = values.replace(f" {column},", f" {value},")
        values = values.replace("tenant_id, id,", "tenant_id, 'OTHER',")
        return await attempt(
            open_world,
            f"insert into einvoice ({copied}) select {values} from einvoice where id = '{row.id}'",
        )

    assert "without a gap" in await copy("3", "2026-11-21")
    assert "without a gap" in await copy("1", "2026-11-21")
    assert "lower number" in await copy("2", "2026-11-20")
    assert await copy("2", "2026-11-21") == ""


# --- laws ---


@dataclass
class Allowed:
    """What people allowed, by the id of the invoice; the sending tool's own test asks for real."""

    actions: dict[str, str] = field(default_factory=dict)

    async def about(self, guard: str, ids: Any) -> dict[str, CarriedOut]:
        assert guard == "invoice.send"
        return {
            id: CarriedOut(self.actions[id], id, "", None, None, {}, ())
            for id in ids
            if id in self.actions
        }


async def findings(world: World, *sent: Sending) -> list[str]:
    allowed = Allowed({one.invoice_id: one.action_id for one in sent})
    report = Report(world.ours.id)
    async with world.looking() as tx:
        for law in (audit.accepted_by_people, audit.numbered_without_hole, audit.as_it_left):
            await law(tx, report, allowed)  # type: ignore[arg-type]
    return [str(one) for one in report.findings]


async def test_what_was_sent_as_it_should_be_breaks_no_law(open_world):
    one, two = await sending(open_world), await sending(open_world)
    for made in (one, two):
        await prepared(open_world, made)
    await answered(open_world, one, "accepted")

    assert await findings(open_world, one) == []


FORGED = {
    "state = 'accepted', settled_at = created_at": "no entry tells",
    "number = 3": "numbers have a hole",
    "issued_on = '2026-11-23'": "dated before the number below it",
    "total_minor = total_minor + 1, vat_minor = vat_minor + 1": "do not say what its row says",
    "currency = 'USD'": "do not say what its row says",
    "xml_sha256 = 'x'": "not those of its digest",
}


@pytest.mark.parametrize("change", FORGED)
async def test_what_was_forged_is_found(open_world, change):
    one, two = await sending(open_world), await sending(open_world)
    for made in (one, two):
        await prepared(open_world, made)
    which = one if change.startswith("issued_on") else two
    change_sql = change if open_world.is_sqlite else change.replace("= '2026", "= date '2026")
    async with open_world.without_triggers("einvoice"), open_world.owning() as tx:
        await tx.session.execute(
            text(f"update einvoice set {change_sql} where invoice_id = '{which.invoice_id}'")
        )

    found = await findings(open_world)

    assert any(FORGED[change] in said for said in found), found


async def test_an_accepted_one_that_nobody_allowed_is_found(open_world):
    one = await sending(open_world)
    await prepared(open_world, one)
    await answered(open_world, one, "accepted")

    (said,) = await findings(open_world, Sending(one.invoice_id, "another"))

    assert "without an approval" in said
