"""State of the database, seen from outside: an action and its effects, counts, the chain."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, String, bindparam, func, literal, select, union_all

from domain.approvals import queries as approvals
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement
from domain.store.chain import GENESIS, link
from domain.store.schema import Base
from domain.store.tables import AuditEntry, AuditHead, OutboxMessage
from tests.world import World

Look = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Standing:
    """One action: its state, its entries in the chain, its attempts, and every effect it has."""

    state: str
    chained: tuple[str, ...]
    attempts: tuple[str | None, ...] = ()
    deal: str | None = "open"
    engagements: int = 0
    messages: tuple[str, ...] = ("deal.created",)

    def then(self, state: str, *chained: str, **more: Any) -> "Standing":
        """The same action further on its way."""
        return replace(self, state=state, chained=self.chained + chained, **more)


async def standing(world: World, action_id: str) -> Standing:
    """Where the action stands, and what exists because of it."""
    async with world.looking() as tx:
        row = await approvals.action(tx, action_id)
        assert row is not None
        deal = await tx.get(Deal, row.entity_id)
        chained = select(AuditEntry.event).where(AuditEntry.action_id == action_id)
        work = select(Engagement.id).where(Engagement.deal_id == row.entity_id)
        messages = await tx.all(select(OutboxMessage))
        return Standing(
            state=row.state,
            chained=tuple(await tx.all(chained.order_by(AuditEntry.seq))),
            attempts=tuple(one.outcome for one in await approvals.attempts(tx, action_id)),
            deal=deal.status if deal else None,
            engagements=len(await tx.all(work)),
            messages=tuple(
                sorted(m.topic for m in messages if m.payload.get("deal_id") == row.entity_id)
            ),
        )


async def counts(world: World) -> dict[str, int]:
    """How many rows our company has in every table; and `versions`, which grow with each change."""
    async with world.looking() as tx:
        connection = await tx.session.connection()
        found = await connection.execute(_counting(), {"tenant": tx.tenant_id})
        return {name: number for name, number in found if number}


@cache
def _counting() -> CompoundSelect[Any]:
    ours = bindparam("tenant", type_=String)
    tables = [one for one in Base.metadata.tables.values() if "tenant_id" in one.c]
    parts = [
        select(literal(table.name), func.count()).where(table.c.tenant_id == ours)
        for table in tables
    ]
    versions = select(literal("versions"), func.sum(Deal.version)).where(Deal.tenant_id == ours)
    return union_all(*parts, versions)


async def chain_holds(world: World) -> int:
    """Link by link from the beginning to the head; the number of links."""
    async with world.looking() as tx:
        entries = await tx.rows(
            select(AuditEntry.seq, AuditEntry.body, AuditEntry.hash).order_by(AuditEntry.seq)
        )
        head = (await tx.rows(select(AuditHead.seq, AuditHead.hash)))[0]
    last = GENESIS
    for place, entry in enumerate(entries, start=1):
        last = link(last, entry.body.encode())
        assert (entry.seq, entry.hash) == (place, last.hex())
    assert tuple(head) == (len(entries), last.hex())
    return len(entries)
