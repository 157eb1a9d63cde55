"""Killed between any two writes of receiving, money is kept, applied and booked once."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from domain.ledger.tables import JournalEntry
from domain.receipts.tables import Receipt, ReceiptApplication, WebhookEvent
from tests.faults.dying import Mortals, template
from tests.faults.test_crashes import everywhere
from tests.receipts.ground import Feed, event, feed, invoice, told, worked
from tests.world import World

pytestmark = pytest.mark.both


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """Processes that die where they are told to."""
    with template() as ready:
        yield ready


async def there(world: World) -> tuple[int, ...]:
    """How many events, receipts, applications and entries of the books there are."""
    async with world.looking() as tx:
        return tuple(
            [
                len(await tx.all(select(kind.id)))
                for kind in (WebhookEvent, Receipt, ReceiptApplication, JournalEntry)
            ]
        )


def heard(endpoint: Feed, one: dict[str, Any]) -> dict[str, Any]:
    """The task of a door that hears of a transfer."""
    return {"task": "hear", "endpoint": endpoint.id, "path": endpoint.path, "event": one}


async def test_killed_while_it_hears_an_event_is_kept_whole_and_once(world, mortals):
    endpoint = await feed(world)
    mortals.practise(world, **heard(endpoint, event()))
    one = event()

    seen = await everywhere(
        world,
        mortals,
        lambda: there(world),
        [(1, 0, 0, 0), (2, 0, 0, 0)],
        fewest=1,
        **heard(endpoint, one),
    )

    assert seen == [(1, 0, 0, 0), (2, 0, 0, 0)]


async def test_killed_while_it_takes_money_down_it_is_applied_and_booked_once(world, mortals):
    endpoint, before, bill = await feed(world), await invoice(world), await invoice(world)
    await told(world, endpoint, event(before.total_minor, before.payment_reference))
    mortals.practise(world, "take down")
    await told(world, endpoint, event(bill.total_minor + 3, bill.payment_reference))

    seen = await everywhere(
        world,
        mortals,
        lambda: there(world),
        [(2, 1, 1, 1), (2, 2, 2, 2)],
        task="take down",
    )

    assert seen == [(2, 1, 1, 1), (2, 2, 2, 2)]
    assert await worked(world) == {}
