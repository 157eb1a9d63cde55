"""Bank accounts people are misled about (redteam M3): the wrong bank, letters, and no way back."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from domain.approvals import queries as approvals
from domain.payments import queries
from domain.payments.tables import BankAccount, PaymentRequest
from domain.store.chain import Actor, Event
from policies.gate.display import Display
from tests.forgery import kept
from tests.issuing.ground import BUYER, Office, sendable
from tests.tools.admin.samples import ACCOUNT_OF_OURS, account_on_the_list
from tests.tools.admin.test_retire_bank_account import FIRST, code_of, retired
from tests.world import fault

pytestmark = pytest.mark.both

OURS = "0011001234567"


async def displayed(world, asked):
    """What people are shown of an action: labels and our words in English, and the notes."""
    async with world.looking() as tx:
        row = await approvals.action(tx, asked["action_id"])
    display = Display.of_json(row.display)
    fields = (display.counterparty, *display.fields)
    said = {one.label["en"]: one.text("en") for one in fields}
    return said, [note["en"] for note in display.notes]


async def test_M3_both_banks_are_named_where_our_number_is_asked_for_at_another_one(world):
    await account_on_the_list(world, OURS)

    asked = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        **{**ACCOUNT_OF_OURS, "bank_bin": "970463", "account_number": OURS, "make_default": True},
    )
    said, _ = await displayed(world, asked)

    assert said["Bank"] == "KookminHCM (970463)", "970436 with two digits changed over"
    assert said["Account"] == OURS
    assert said["Replaces default"] == f"Vietcombank (970436) {OURS}"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ({"bank_bin": "999999"}, "BANK_UNKNOWN"),
        ({"bank_bin": "970346"}, "BANK_UNKNOWN"),  # 970436 with two digits changed over
        ({"account_number": "OO11OO1234567"}, "ACCOUNT_NUMBER_UNFIT"),
        ({"account_number": "0011oo1234567"}, "ACCOUNT_NUMBER_UNFIT"),
        ({"account_number": "00l1001234567"}, "ACCOUNT_NUMBER_UNFIT"),
        ({"account_number": "I23456789"}, "ACCOUNT_NUMBER_UNFIT"),
        ({"account_number": "００１１００１２３４５６７"}, "INVALID_ARGS"),
        ({"account_number": "0011ОО1234567"}, "INVALID_ARGS"),  # Cyrillic
    ],
)
async def test_M3_no_bank_that_is_none_and_no_letters_that_pass_for_digits(world, typed, code):
    asked = {**ACCOUNT_OF_OURS, "account_number": OURS, **typed}

    answer = await world.call("admin_add_bank_account", agent="cfo_agent", **asked)

    assert fault(answer)["code"] == code


async def test_M3_a_virtual_account_has_letters_and_people_are_warned_of_them(world):
    asked = {**ACCOUNT_OF_OURS, "account_number": "VQRQ00O11234"}

    _, notes = await displayed(
        world, await world.ok("admin_add_bank_account", agent="cfo_agent", **asked)
    )

    assert any("the account number has letters" in note for note in notes)


@pytest.mark.parametrize("column", ["retired_at", "is_default"])
async def test_M3_the_database_retires_nothing_without_people_and_takes_nothing_back(world, column):
    await account_on_the_list(world, FIRST)
    if column == "is_default":
        await retired(world)
    value = world.clock.now() if column == "retired_at" else True

    with pytest.raises(DBAPIError, match=r"approved actions only|has ended"):
        async with world.owning() as tx:
            await tx.change(update(BankAccount).values({column: value}))


async def test_M3_the_database_keeps_no_code_into_a_retired_account(world):
    await account_on_the_list(world, FIRST)
    await code_of(world)
    deal = await world.a_deal(amount_minor=5_000, currency="VND")
    made = await world.ok("crm_generate_vietqr", agent="cro_agent", deal_id=deal["id"])
    await retired(world)

    with pytest.raises(DBAPIError, match="retired"):
        async with world.owning() as tx:
            tx.add(await _like(tx, made["reference"]))


async def _like(tx, reference):
    last = await queries.latest_request(tx, reference)
    names = [column.key for column in PaymentRequest.__table__.columns if column.key != "id"]
    return PaymentRequest(**{name: getattr(last, name) for name in names})


async def test_M3_a_forged_retirement_and_a_forged_return_are_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_on_the_list(world, FIRST)
    await account_on_the_list(world, "0071000222222")
    await retired(world, FIRST, next_account_number="0071000222222")
    assert await archive.findings() == []

    async with archive.forging() as forger:
        (gone,) = await forger.rows(BankAccount, account_number=FIRST)
        (other,) = await forger.rows(BankAccount, account_number="0071000222222")
        await forger.change(BankAccount, {"id": gone.id}, retired_at=None)
        await forger.change(
            BankAccount, {"id": other.id}, is_default=False, retired_at=world.clock.now()
        )

    found = await archive.findings()
    assert f"bank account {gone.id}: was retired once" in found
    assert f"bank account {other.id}: is retired and nobody allowed that" in found


async def test_M3_a_code_that_was_made_after_the_retirement_is_found(world, tmp_path):
    """By its place in the chain: whoever writes past the triggers may date it as they like."""
    archive = kept(world, tmp_path)
    await account_on_the_list(world, FIRST)
    await code_of(world)
    deal = await world.a_deal(amount_minor=5_000, currency="VND")
    made = await world.ok("crm_generate_vietqr", agent="cro_agent", deal_id=deal["id"])
    await retired(world)

    async with world.without_triggers("payment_request"), world.owning() as tx:
        tx.add(await _like(tx, made["reference"]))
        tx.record(Event("crm.forged", Actor("system", "operator")))

    ending = "asks to pay into an account that was retired before"
    assert len([one for one in await archive.findings() if one.endswith(ending)]) == 1


async def test_M3_an_invoice_the_authority_has_is_booked_and_asks_for_nothing_there(world):
    """It left before its account was retired: the books must say so, and no code is kept."""
    await account_on_the_list(world, FIRST)
    office = Office(world)
    office.provider.behaviour = "late"
    made = await sendable(world, buyer=BUYER, currency="VND", vat_category="standard")
    draft = await office.draft(made, rate_minor=700_000)
    action = await office.signed(draft)
    await world.execute(action)
    await retired(world)
    office.provider.behaviour = "accepts"

    world.clock.move(timedelta(minutes=1))
    await world.executor().run_due(world.ours.id)

    assert await world.state(action) == "succeeded"
    assert (await office.invoice(draft))["status"] == "sent"
    async with world.looking() as tx:
        assert await queries.latest_request(tx, draft["payment_reference"]) is None
