"""Money that came in pays the invoice that its memo names, whole and once, or it waits."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.cash_application import rules, standing
from domain.kernel.clock import VIETNAM
from domain.ledger import service as ledger
from domain.receipts import queries
from domain.receipts.service import Kept
from domain.receipts.tables import Receipt, ReceiptApplication, WebhookEvent
from domain.store.chain import SYSTEM as PROGRAM
from domain.store.chain import Event
from domain.store.dispatcher import Dispatcher
from domain.store.visibility import SYSTEM
from domain.vn.references import new_reference
from tests.invoices.ground import TODAY
from tests.receipts.ground import event, feed, invoice, own_account, send, told, worked

pytestmark = pytest.mark.both


async def outstanding(world, *invoices):
    async with world.looking() as tx:
        applied = await queries.applied(tx, [one.id for one in invoices])
    return [one.total_minor - applied.get(one.id, 0) for one in invoices]


async def reasons(world):
    """What each receipt waits for, by the id of its event at the feed; None once it is applied."""
    async with world.looking() as tx:
        rows = await tx.all(select(Receipt))
    return {int(row.provider_id): row.waits_for for row in rows}


async def balances(world):
    async with world.looking() as tx:
        found = await ledger.trial_balance(tx, TODAY)
    assert found.difference_minor == 0
    return {one.account.role.value: one.balance_minor for one in found.sums}


async def paid(world, endpoint, *events):
    for one in events:
        assert await told(world, endpoint, one) is Kept.STORED
    await worked(world)
    found = await reasons(world)
    return [found[one["id"]] for one in events]


async def test_the_money_whose_memo_names_an_invoice_pays_it_and_is_booked(world):
    endpoint, bill = await feed(world), await invoice(world)

    (reason,) = await paid(
        world, endpoint, event(bill.total_minor, f"MBVCB.327.{bill.payment_reference}.CT tu A")
    )

    assert reason is None
    assert await outstanding(world, bill) == [0]
    assert await balances(world) == {"bank": bill.total_minor, "receivable": -bill.total_minor}
    async with world.looking() as tx:
        found = await standing.of_invoice(tx, SYSTEM, bill.label, TODAY)
    assert (found.state, found.outstanding_minor, len(found.payments)) == ("paid", 0, 1)


@pytest.mark.parametrize("spell", [str.lower, str.title, lambda text: " ".join(text)])
async def test_a_reference_is_read_in_any_case_and_between_spaces(world, spell):
    endpoint, bill = await feed(world), await invoice(world)

    memo = f"tt hd 12 {spell(bill.payment_reference)} cam on"

    assert await paid(world, endpoint, event(bill.total_minor, memo)) == [None]


@pytest.mark.parametrize("words", ["content", "referenceCode"])
async def test_half_a_character_in_the_words_of_a_payer_keeps_no_money_away(world, words):
    endpoint, bill = await feed(world), await invoice(world)
    told_so = event(bill.total_minor, bill.payment_reference)
    told_so[words] = f"{told_so[words]} \ud83d tu A\x00"

    assert await paid(world, endpoint, told_so) == [None]


@pytest.mark.parametrize("day", ["9999-12-31", "2026-11-22", "2025-11-19", "0001-01-01"])
async def test_money_is_booked_on_no_day_that_has_not_come_and_on_none_of_long_ago(world, day):
    endpoint, bill = await feed(world), await invoice(world)
    money = event(bill.total_minor, bill.payment_reference, transactionDate=f"{day} 14:02:37")

    assert await paid(world, endpoint, money) == [None]

    assert (await balances(world))["bank"] == bill.total_minor
    async with world.looking() as tx:
        assert await tx.all(select(Receipt.value_date)) == [TODAY]


async def test_whatever_is_not_clear_waits_with_its_reason(world):
    endpoint = await feed(world)
    bill, draft, dollars = (
        await invoice(world),
        await invoice(world, sent=False),
        await invoice(world, currency="USD"),
    )
    other = await invoice(world)
    decoys = f"thanh toan HD0001234 theo HD so 42/2026, {new_reference()}"

    waits = await paid(
        world,
        endpoint,
        event(bill.total_minor, "chuyen tien"),
        event(bill.total_minor, decoys),
        event(bill.total_minor, f"{bill.payment_reference} {other.payment_reference}"),
        event(draft.total_minor, draft.payment_reference),
        event(dollars.total_minor, dollars.payment_reference),
        event(bill.total_minor - 1_001, bill.payment_reference),
        event(bill.total_minor + 1_001, bill.payment_reference),
        event(bill.total_minor, bill.payment_reference, accountNumber="123456"),
        event(bill.total_minor, bill.payment_reference[:-1]),
    )

    assert waits == [
        "unknown_reference", "unknown_reference", "several_references", "invoice_not_sent",
        "other_currency", "amount_differs", "amount_differs", "account_unknown",
        "unknown_reference",
    ]  # fmt: skip
    assert await balances(world) == {}
    everybody = (bill, draft, dollars, other)
    assert await outstanding(world, *everybody) == [one.total_minor for one in everybody]


async def test_a_second_payment_of_a_paid_invoice_waits(world):
    endpoint, bill = await feed(world), await invoice(world)
    twice = [event(bill.total_minor, bill.payment_reference) for _ in range(2)]

    assert await paid(world, endpoint, *twice) == [None, "already_paid"]
    assert await outstanding(world, bill) == [0]


async def test_of_two_in_one_batch_the_earlier_value_date_pays_whichever_came_first(world):
    endpoint, bill = await feed(world), await invoice(world)
    late = event(bill.total_minor, bill.payment_reference, transactionDate="2026-11-20 09:00:00")
    early = event(bill.total_minor, bill.payment_reference, transactionDate="2026-11-19 09:00:00")

    assert await paid(world, endpoint, late, early) == ["already_paid", None]


@pytest.mark.parametrize("difference", [-1_000, -1, 1, 1_000])
async def test_a_small_difference_either_way_settles_it_and_goes_to_rounding(world, difference):
    endpoint, bill = await feed(world), await invoice(world)
    came = bill.total_minor + difference

    assert await paid(world, endpoint, event(came, bill.payment_reference)) == [None]

    assert await outstanding(world, bill) == [0]
    assert await balances(world) == {
        "bank": came, "receivable": -bill.total_minor, "rounding": -difference,
    }  # fmt: skip


async def test_small_differences_stop_at_the_cap_of_a_customer_and_go_on_next_month(world):
    endpoint = await feed(world)
    bill = await invoice(world)
    async with world.looking() as tx:
        before = rules.Rounded(
            today_minor=0, month_minor=rules.MOST_OF_CUSTOMER_A_MONTH_MINOR - 999
        )
        asked = rules.Asked(
            id=bill.id, account_id=bill.account_id, currency="VND",
            outstanding_minor=bill.total_minor, is_sent=True,
        )  # fmt: skip
        full = rules.Rounded(today_minor=rules.MOST_A_DAY_MINOR, month_minor=0)
        assert await queries.rounded(tx, world.clock.now() - timedelta(days=40)) == {}
    one = bill.total_minor - 1_000

    assert rules.settles(one, "VND", asked, before) == rules.ROUNDING_CAP
    assert rules.settles(one, "VND", asked, full) == rules.ROUNDING_CAP
    assert rules.settles(one + 1, "VND", asked, before) == rules.Settles(bill.total_minor, 999)
    assert rules.settles(bill.total_minor, "VND", asked, full) == rules.Settles(bill.total_minor, 0)
    assert await paid(world, endpoint, event(one, bill.payment_reference)) == [None]
    async with world.looking() as tx:
        month = world.clock.now().astimezone(VIETNAM).replace(day=1)
        assert await queries.rounded(tx, month) == {bill.account_id: 1_000}


async def test_money_that_came_too_early_is_applied_when_its_invoice_is_sent(world):
    endpoint, bill = await feed(world), await invoice(world, sent=False)
    assert await paid(world, endpoint, event(bill.total_minor, bill.payment_reference)) == [
        "invoice_not_sent"
    ]

    await send(world, bill)
    await Dispatcher(world.executor_side, world.clock).dispatch(world.ours.id)

    assert list((await reasons(world)).values()) == [None]
    assert await outstanding(world, bill) == [0]


async def test_money_on_an_account_that_was_added_later_is_found_then(world):
    endpoint, bill = await feed(world), await invoice(world)
    one = event(bill.total_minor, bill.payment_reference, accountNumber="88990011")
    assert await paid(world, endpoint, one) == ["account_unknown"]

    await own_account(world, number="88990011")
    async with world.owning() as tx:
        tx.promise("bank_account.added", {"bank_account_id": "x"})
        tx.record(Event("test.told", PROGRAM))
    await Dispatcher(world.executor_side, world.clock).dispatch(world.ours.id)

    assert await outstanding(world, bill) == [0]


async def test_fifty_are_taken_under_one_seal_and_what_leaves_or_cannot_be_read_is_set_aside(world):
    endpoint = await feed(world)
    events = [event(1_000 + n, f"x {n}") for n in range(48)]
    events += [event(transferType="out"), event(transferAmount="12"), event(5, "y"), event(6, "z")]
    for one in events:
        await told(world, endpoint, one)
    async with world.looking() as tx:
        before = len(await tx.all(select(Receipt.id)))

    done = await worked(world)

    async with world.looking() as tx:
        states = await tx.all(select(WebhookEvent.state))
        made = len(await tx.all(select(Receipt.id))) - before
    assert done == {"receipts": 52}
    assert (made, states.count("ignored"), states.count("unreadable")) == (50, 1, 1)
    assert await worked(world) == {}


async def test_one_that_breaks_holds_up_none_of_the_others_and_is_tried_again(world, monkeypatch):
    endpoint, bill = await feed(world), await invoice(world)
    good = event(bill.total_minor, bill.payment_reference)
    bad = event(7, "bad")
    read = rules.named

    def broken(names):
        if not names:
            raise RuntimeError("Nguyễn Văn A")
        return read(names)

    monkeypatch.setattr(rules, "named", broken)
    for one in (bad, good):
        await told(world, endpoint, one)
    await worked(world)
    assert await reasons(world) == {good["id"]: None}

    assert await worked(world) == {}  # it waits its time
    monkeypatch.undo()
    world.clock.move(timedelta(seconds=5))
    await worked(world)

    assert await reasons(world) == {good["id"]: None, bad["id"]: "unknown_reference"}


async def test_the_database_itself_refuses_more_than_came_in_or_is_asked_for(world):
    endpoint, bill = await feed(world), await invoice(world)
    draft = await invoice(world, sent=False)
    assert await paid(world, endpoint, event(500, bill.payment_reference)) == ["amount_differs"]
    async with world.looking() as tx:
        receipt = await tx.first(select(Receipt))

    async def applied(invoice, amount, rounding=0, account_id=None):
        row = ReceiptApplication(
            receipt_id=receipt.id, invoice_id=invoice.id, amount_minor=amount,
            account_id=account_id or invoice.account_id, rounding_minor=rounding,
            reason="reference", applied_at=world.clock.now(),
        )  # fmt: skip
        async with world.owning() as tx:
            tx.add(row)
            await tx.flush()

    for refused in (
        (bill, 501), (bill, 500, 0, draft.account_id), (draft, 500), (bill, 0),
        (bill, 1_600, 1_001),
        (bill, bill.total_minor + 1, 1_000),
    ):  # fmt: skip
        with pytest.raises((IntegrityError, DBAPIError)):
            await applied(*refused)
    await applied(bill, 500)
    with pytest.raises((IntegrityError, DBAPIError)):
        await applied(bill, 1)


async def test_receipts_of_one_company_are_none_of_the_others(world):
    ours, theirs = await feed(world), await feed(world, world.theirs)
    bill = await invoice(world)
    one = event(bill.total_minor, bill.payment_reference)

    assert await told(world, theirs, one) is Kept.STORED
    await worked(world, world.theirs)
    async with world.looking(world.theirs) as tx:
        (there,) = await tx.all(select(Receipt))

    assert there.waits_for == "unknown_reference"
    assert await outstanding(world, bill) == [bill.total_minor]
    assert await paid(world, ours, one) == [None]


async def test_random_histories_come_out_as_a_clerk_with_a_list_would_work_them(world):
    """The oracle keeps a list of what each reference is still owed, and knows nothing else."""
    endpoint, chance = await feed(world), random.Random(world.url.split(":")[0])
    bills = [await invoice(world, hours_hundredths=100 * n) for n in range(1, 6)]
    owed = {bill.payment_reference: bill.total_minor for bill in bills}
    seen: dict[int, dict] = {}
    expected: dict[int, str | None] = {}
    bank = 0
    for _ in range(8):
        batch = []
        for _ in range(chance.randrange(1, 12)):
            if seen and chance.random() < 0.4:
                one = seen[chance.choice(list(seen))]
                assert await told(world, endpoint, one) is Kept.AGAIN
                continue
            bill = chance.choice(bills)
            amount = bill.total_minor + chance.choice([0, 0, 0, 3_000, -2_000])
            memo = chance.choice([bill.payment_reference, bill.payment_reference.lower(), "?"])
            one = event(
                amount,
                f"ct {memo} x",
                transactionDate=f"2026-11-{chance.randrange(1, 20):02} 10:00:00",
            )
            seen[one["id"]] = one
            assert await told(world, endpoint, one) is Kept.STORED
            batch.append(one)
        await worked(world)
        for one in sorted(batch, key=lambda one: one["transactionDate"]):
            reference = one["content"].split()[1].upper()
            if reference == "?":
                expected[one["id"]] = "unknown_reference"
            elif owed[reference] == 0:
                expected[one["id"]] = "already_paid"
            elif owed[reference] != one["transferAmount"]:
                expected[one["id"]] = "amount_differs"
            else:
                expected[one["id"]], owed[reference] = None, 0
                bank += one["transferAmount"]

    assert await reasons(world) == expected
    assert await outstanding(world, *bills) == list(owed.values())
    assert (await balances(world)).get("bank", 0) == bank
