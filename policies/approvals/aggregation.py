"""Aggregation limits: does a request stay below a limit only because it was split (structuring)?

What one tool does within a day is judged together, for one customer and in the name of one person
(docs/decisions/0020, 0046): the worth of a request is its own and that of all that were asked for
before it, unless they came to nothing or were done more than a day earlier.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from domain.approvals import queries
from domain.approvals.queries import Asked, Worth
from domain.approvals.tables import PendingAction
from domain.kernel.confusables import skeleton
from domain.store.declarations import CustomerRows
from domain.store.descriptor import modules
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from policies.gate.catalogue import CUSTOMER_SUM, PERSON_SUM, SUMS, ToolPolicy
from policies.gate.contract import Proposal
from policies.gate.decide import Facts

WINDOW: Final = timedelta(hours=24)
UNKNOWN: Final = Worth(None, None)


@dataclass(frozen=True, slots=True)
class SimilarCustomer:
    """Another customer of the day whose name reads alike; US cents, None if not known."""

    id: str
    name: str
    usd_minor: int | None


async def judged(
    tx: Tx,
    policy: ToolPolicy,
    proposal: Proposal,
    *,
    person_id: str,
    asked: tuple[datetime, int] | None = None,
) -> Facts:
    """What policy is weighed with: the facts of the proposal and, where it asks, the sums.

    `person_id` is whoever asks or whose agent does. `asked` is the instant of a request that waits
    already and its entry in the chain; a new one comes after everything that is there.
    """
    if policy.asked.isdisjoint(SUMS):
        return proposal.facts
    at, seq = asked or (tx.at, None)
    entity = proposal.entity_type, proposal.entity_id
    day = _day(policy.id, min(at, tx.at), seq)
    worth = await _worth(tx, day, entity, person_id, proposal.amount_usd_minor)
    return {**proposal.facts, **facts(worth)}


def facts(worth: Worth) -> Mapping[str, int | None]:
    """The sums under the names by which policy asks about them."""
    return {CUSTOMER_SUM: worth.customer, PERSON_SUM: worth.person}


async def of_action(tx: Tx, row: PendingAction, seq: int, *, now: datetime) -> Worth:
    """US cents an action is judged by; `seq` is the entry of its proposal.

    With those before it that have not come to nothing since. An action that says it was asked for
    later than `now` is judged as of now.
    """
    entity = row.entity_type, row.entity_id
    day = _day(row.tool, min(row.created_at, now), seq)
    return await _worth(tx, day, entity, row.requester_person, row.amount_usd_minor)


async def similar_customers(tx: Tx, row: PendingAction) -> Sequence[SimilarCustomer]:
    """Other customers of the day whose names look like that of the action's own, largest first.

    They are no reason to ask more people: two companies may be called alike. Whoever signs is told,
    also of what was asked for later than this action.
    """
    rows, day = _rows().get(row.entity_type), _day(row.tool, tx.at, None)
    if rows is None or day is None:
        return ()
    with tx.looking_as(SYSTEM):  # what is hidden counts too
        customer_id = await tx.first(rows.customer(row.entity_id))
        worth = await queries.worth_by_customer(
            tx, day, of_customer=rows.of_customer(row.entity_id), others=rows.others(row.entity_id)
        )
        names = await rows.names(tx, [*worth, *([customer_id] if customer_id else [])])
    own = _looks(names.get(customer_id or "", ""))
    alike = [
        SimilarCustomer(id, names[id], worth[id])
        for id in worth
        if id != customer_id and not own.isdisjoint(_looks(names[id]))
    ]
    return sorted(alike, key=lambda one: (-(one.usd_minor or 0), one.id))


def _looks(name: str) -> frozenset[str]:
    """What a name looks like, as it stands and whatever kind of company it says to be."""
    from domain.vn.legal_forms import core_name  # whoever only lists tools needs no country

    return frozenset((skeleton(name), skeleton(core_name(name))))


def _day(tool: str, at: datetime, seq: int | None) -> Asked | None:
    """The day that ends at an instant; None for an instant that this program does not write."""
    try:
        return Asked(tool, at - WINDOW, at, seq)
    except OverflowError:
        return None


async def _worth(
    tx: Tx, day: Asked | None, entity: tuple[str, str], person_id: str, usd_minor: int | None
) -> Worth:
    """US cents of this request and of those before it; None when one of them cannot be converted.

    Before and after are those of the chain and not of a clock: what comes after a request
    cannot change who has to sign it, and of two that did not see each other the later is found out
    when it is signed.
    """
    kind, entity_id = entity
    rows = _rows().get(kind)
    if usd_minor is None or rows is None or day is None:
        return UNKNOWN
    with tx.looking_as(SYSTEM):  # what is hidden counts too
        others = await queries.worth_of_others(
            tx,
            day,
            of_customer=rows.of_customer(entity_id),
            others=rows.others(entity_id),
            person_id=person_id,
        )
    return Worth(*(None if one is None else one + usd_minor for one in others))


@cache
def _rows() -> Mapping[str, CustomerRows]:
    """Which rows belong to customers, by the kind of row an action is about.

    Asked for at the first such action: a server reads no descriptor while it starts.
    """
    return {kind: rows for module in modules() for kind, rows in module.customer_rows.items()}
