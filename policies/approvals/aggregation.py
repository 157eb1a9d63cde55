"""Aggregation limit: does a request stay below a limit only because it was split (structuring)?

What one tool does for one customer within a day is judged together (docs/decisions/0020): the
worth of a request is its own and that of all that were asked for before it, unless they came to
nothing or were done more than a day earlier.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from domain.approvals import queries
from domain.approvals.tables import PendingAction
from domain.store.declarations import CustomerRows
from domain.store.descriptor import modules
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from policies.gate.catalogue import CUSTOMER_SUM, ToolPolicy
from policies.gate.contract import Proposal
from policies.gate.decide import Facts

WINDOW: Final = timedelta(hours=24)


async def judged(
    tx: Tx, policy: ToolPolicy, proposal: Proposal, *, asked: tuple[datetime, int] | None = None
) -> Facts:
    """What policy is weighed with: the facts of the proposal and, where it asks, the sum.

    `asked` is the instant of a request that waits already and its entry in the chain; a new one
    comes after everything that is there.
    """
    if not policy.asks_about(CUSTOMER_SUM):
        return proposal.facts
    at, seq = asked or (tx.at, None)
    entity = proposal.entity_type, proposal.entity_id
    worth = await _sum(tx, policy.id, entity, proposal.amount_usd_minor, min(at, tx.at), seq)
    return {**proposal.facts, CUSTOMER_SUM: worth}


async def of_action(tx: Tx, row: PendingAction, seq: int, *, now: datetime) -> int | None:
    """US cents an action is judged by; `seq` is the entry of its proposal.

    With those before it that have not come to nothing since. An action that says it was asked for
    later than `now` is judged as of now.
    """
    entity = row.entity_type, row.entity_id
    at = min(row.created_at, now)
    return await _sum(tx, row.tool, entity, row.amount_usd_minor, at, seq)


async def _sum(
    tx: Tx,
    tool: str,
    entity: tuple[str, str],
    usd_minor: int | None,
    at: datetime,
    seq: int | None,
) -> int | None:
    """US cents of this request and of those before it; None when one of them cannot be converted.

    Before and after are those of the chain and not of a clock: what comes after a request
    cannot change who has to sign it, and of two that did not see each other the later is found out
    when it is signed.
    """
    kind, entity_id = entity
    if usd_minor is None or (rows := _others().get(kind)) is None:
        return None
    try:
        since = at - WINDOW
    except OverflowError:  # no instant that this program writes
        return None
    with tx.looking_as(SYSTEM):  # what is hidden counts too
        others = await queries.worth_of_others(
            tx, tool, rows(entity_id), since=since, at=at, before=seq
        )
    return None if others is None else others + usd_minor


@cache
def _others() -> Mapping[str, CustomerRows]:
    """Which other rows belong to the customer of one, by the kind of row an action is about.

    Asked for at the first such action: a server reads no descriptor while it starts.
    """
    return {kind: rows for module in modules() for kind, rows in module.customer_rows.items()}
