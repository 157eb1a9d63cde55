"""Checks of dispatches for `cyberos doctor`: what follows an action and did not get through?"""

from collections.abc import Iterator, Sequence

from domain.dispatches import queries
from domain.dispatches.tables import Dispatch
from domain.kernel.counting import counted
from domain.store.declarations import Mark
from domain.store.tx import Tx


async def stuck(tx: Tx) -> list[tuple[Mark, str]]:
    """What failed for good and what nobody knows of, each with the next step."""
    return list(sentences(await queries.in_state(tx, "failed", "unknown")))


def sentences(rows: Sequence[Dispatch]) -> Iterator[tuple[Mark, str]]:
    """A sentence for each."""
    for row in rows:
        what = f"{row.kind} of action {row.action_id}"
        if row.state == "unknown":
            how = f"`cyberos resolve {row.action_id} --dispatch {row.kind}`"
            yield Mark.WARN, f"Nobody knows what became of {what}; find out, and say it with {how}."
        else:
            why = f"after {counted(row.attempts, 'attempt')} ({row.error_code})"
            again = "mend the cause, then run `cyberos work --once --retry-dead`"
            yield Mark.WARN, f"{what} failed {why}; {again}."
