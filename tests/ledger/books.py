"""Books to post into: invoices and receipts with plain values, and who may post them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any

from domain.kernel.ids import new_id
from domain.ledger.entries import Source
from domain.ledger.rules import AcceptedInvoice, AppliedReceipt, Sold
from domain.store.tx import Tx, writing
from tests.world import Company, World

DAY = date(2026, 11, 20)


def invoice(*net_and_vat: tuple[int, int], currency: str = "VND", **more: Any) -> AcceptedInvoice:
    """An invoice of these lines, all of them performed."""
    lines = tuple(Sold(net_minor=net, vat_minor=vat) for net, vat in net_and_vat)
    given: dict[str, Any] = {
        "document_id": new_id(), "party_id": new_id(), "on": DAY, "currency": currency,
        "lines": lines,
    }  # fmt: skip
    if currency != "VND":
        given["rate"] = Decimal(26120)
    return AcceptedInvoice(**{**given, **more})


def receipt(received: int, settled: int, **more: Any) -> AppliedReceipt:
    """A receipt in dong for some invoice."""
    given: dict[str, Any] = {
        "receipt_id": new_id(), "document_id": new_id(), "party_id": new_id(), "currency": "VND",
        "received_minor": received, "settled_minor": settled,
    }  # fmt: skip
    return AppliedReceipt(**{**given, **more})


def source(world: World, company: Company | None = None) -> Source:
    """A row of the company that there is, and that nothing was posted for yet: one of its people.

    What is posted in earnest are invoices and receipts; the books ask only that the row is there.
    """
    people = (company or world.ours).people
    return Source("person", people["am"])


@asynccontextmanager
async def posting(world: World, company: Company | None = None) -> AsyncIterator[Tx]:
    """A transaction of the worker, who may post."""
    async with writing(world.executor_side, (company or world.ours).id, world.clock) as tx:
        yield tx
