"""Checks of receipts: what did a bank feed tell us that people should look at?"""

from collections.abc import Iterator
from datetime import timedelta

from domain.kernel.counting import counted
from domain.receipts import queries
from domain.store.declarations import Mark
from domain.store.tx import Tx

UNREAD_TOO_LONG = timedelta(minutes=15)


async def feeds(tx: Tx) -> list[tuple[Mark, str]]:
    """Events that contradict others, cannot be read, or that nobody reads; money that waits."""
    found: list[tuple[Mark, str]] = []
    for one in await queries.conflicts(tx):
        what = f"event {one.event_id} of endpoint {one.endpoint_id} came again with other content"
        found.append((Mark.WARN, f"{what}; compare the bank's statement with it."))
    if unreadable := await queries.unreadable(tx):
        what = f"{counted(unreadable, 'event')} of a bank feed cannot be read"
        found.append((Mark.WARN, f"{what}; compare the bank's statement."))
    if failing := await queries.failing(tx):
        what = f"taking down {counted(failing, 'event')} of a bank feed fails again and again"
        found.append((Mark.FAIL, f"{what}; the log of the worker says why."))
    oldest = await queries.oldest_unread(tx)
    if oldest is not None and tx.at - oldest > UNREAD_TOO_LONG:
        what = f"an event of a bank feed has waited since {oldest:%Y-%m-%d %H:%M} UTC"
        found.append((Mark.WARN, f"{what}; run `cyberos work`."))
    found += _waiting(await queries.waiting(tx))
    return found


def _waiting(by_reason: dict[str, int]) -> Iterator[tuple[Mark, str]]:
    for reason, count in sorted(by_reason.items()):
        yield Mark.WARN, f"{counted(count, 'receipt')} not applied to an invoice ({reason})."
