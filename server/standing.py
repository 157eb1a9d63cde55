"""Standing figures: what will need a person soon? Added up over every company, naming none."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from domain.approvals import queries as approvals
from domain.identity import queries as identity
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault
from domain.store import audit_checkpoints, directory
from domain.store.engine import Database
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from server.settings import Settings

DAY = timedelta(days=1)


@dataclass(slots=True)
class Figures:
    """How many requests wait and how many have an unknown outcome, the age in seconds of the
    oldest audit entry that no checkpoint here covers, and days until the first token expires
    (None: there is no token).
    """

    waiting: int = 0
    unknown: int = 0
    uncovered_seconds: float = 0
    token_days: float | None = None


def standing(
    database: Database, settings: Settings, clock: Clock
) -> Callable[[], Awaitable[Figures | None]]:
    """Who asks for the figures; None while the database is away, so that none of them is shown."""

    async def ask() -> Figures | None:
        found = Figures()
        try:
            for tenant_id, _ in await directory.tenants(database):
                await _add(found, database, tenant_id, settings, clock)
        except Fault:
            return None
        return found

    return ask


async def _add(
    found: Figures, database: Database, tenant_id: str, settings: Settings, clock: Clock
) -> None:
    async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
        waiting, unknown = await approvals.counts(tx)
        found.waiting += waiting
        found.unknown += unknown
        since = await audit_checkpoints.uncovered_since(tx, settings.checkpoint_dir)
        if since is not None:
            age = (tx.at - since).total_seconds()
            found.uncovered_seconds = max(found.uncovered_seconds, age)
        for one in await identity.agents(tx):
            if one.revoked_at is None and one.expires_at > tx.at:
                days = (one.expires_at - tx.at) / DAY
                found.token_days = min(days, found.token_days or days)
