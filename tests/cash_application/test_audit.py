"""Audit of cash application: is money found that pays another invoice, or came on another day?"""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from domain.receipts.tables import Receipt, ReceiptApplication
from tests.forgery import kept
from tests.receipts.ground import event, feed, invoice, told, worked
from tests.world import World

pytestmark = pytest.mark.both


async def _paid(world: World) -> Any:
    """An invoice that was paid, and another one that asks for as much; the other one."""
    endpoint, bill, other = await feed(world), await invoice(world), await invoice(world)
    await told(world, endpoint, event(bill.total_minor, bill.payment_reference))
    await worked(world)
    return other


@pytest.mark.parametrize(
    ("column", "value"), [("value_date", date(2026, 1, 1)), ("bank_reference", "B2")]
)
async def test_a_receipt_that_says_more_than_its_feed_is_found_though_an_entry_tells_of_it(
    world, tmp_path, column, value
):
    await _paid(world)
    archive = kept(world, tmp_path)
    before = await archive.findings()

    async with world.without_triggers("receipt"), world.owning() as tx:
        row = await tx.first(select(Receipt))
        setattr(row, column, value)

    new = [one for one in await archive.findings() if one not in before]
    assert [one.endswith("does not say what its event says") for one in new] == [True]


async def test_a_receipt_with_a_reference_that_its_memo_does_not_name_is_found(world, tmp_path):
    other = await _paid(world)
    archive = kept(world, tmp_path)
    before = await archive.findings()

    async with archive.forging() as forger:
        await forger.change(Receipt, {}, reference=other.payment_reference)

    new = [one for one in await archive.findings() if one not in before]
    assert [one for one in new if one.endswith("has a reference that its memo does not name")]


FORGED = {
    "another invoice": "settles another invoice than its receipt names",
    "another reason": "was made for no reason there is",
}


@pytest.mark.parametrize("what", FORGED)
async def test_money_that_was_turned_to_an_invoice_it_does_not_name_is_found(world, tmp_path, what):
    other = await _paid(world)
    archive = kept(world, tmp_path)
    before = await archive.findings()
    turned = {
        "another invoice": {"invoice_id": other.id, "account_id": other.account_id},
        "another reason": {"reason": "manual"},
    }

    async with archive.forging() as forger:
        await forger.change(ReceiptApplication, {}, **turned[what])

    new = [one for one in await archive.findings() if one not in before]
    assert [one for one in new if one.endswith(FORGED[what])]
