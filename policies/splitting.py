"""Does a wish stay below a limit only because it was cut in pieces?

What one tool does for one customer within a day is judged together (docs/decisions/0020): the
worth of a wish is that of the wish and of all that were asked for before it, unless they came to
nothing or were done with more than a day earlier.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select

from domain.approvals import queries
from domain.approvals.tables import PendingAction
from domain.deals import queries as deals
from domain.store.tx import Tx
from policies.catalogue import CUSTOMER_SUM, ToolPolicy
from policies.contract import Proposal
from policies.decide import Facts

WINDOW: Final = timedelta(hours=24)
# Which other rows belong to the customer of one, by the kind of row an action is about.
_OTHERS: Mapping[str, Callable[[str], "Select[str]"]] = {"deal": deals.others_of_account}


async def judged(
    tx: Tx, policy: ToolPolicy, proposal: Proposal, *, asked: tuple[datetime, str] | None = None
) -> Facts:
    """What policy is weighed with: the facts of the proposal and, where it asks, the sum.

    `asked` is the instant and the action of a wish that waits already; else it is made now.
    """
    if not policy.asks_about(CUSTOMER_SUM):
        return proposal.facts
    at, action_id = asked or (tx.at, None)
    worth = await _sum(
        tx,
        tool=policy.id,
        entity=(proposal.entity_type, proposal.entity_id),
        usd_minor=proposal.amount_usd_minor,
        at=at,
        action_id=action_id,
    )
    return {**proposal.facts, CUSTOMER_SUM: worth}


async def of_action(tx: Tx, row: PendingAction) -> int | None:
    """US cents an action is judged by: with those before it that have not come to nothing since."""
    return await _sum(
        tx,
        tool=row.tool,
        entity=(row.entity_type, row.entity_id),
        usd_minor=row.amount_usd_minor,
        at=row.created_at,
        action_id=row.id,
    )


async def _sum(
    tx: Tx,
    *,
    tool: str,
    entity: tuple[str, str],
    usd_minor: int | None,
    at: datetime,
    action_id: str | None,
) -> int | None:
    """US cents of this wish and of those before it; None when one of them cannot be converted.

    Counted are only wishes from before `at` (and before `action_id`, of the same instant): what
    comes after one cannot change who has to sign it, and of two that did not see each other the
    later is found out when it is signed.
    """
    kind, entity_id = entity
    if usd_minor is None or kind not in _OTHERS:
        return None
    before = await queries.worth_before(
        tx, tool, _OTHERS[kind](entity_id), since=at - WINDOW, at=at, action_id=action_id
    )
    return None if before is None else before + usd_minor
