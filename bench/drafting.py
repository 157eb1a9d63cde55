"""Benchmark of drafting: how much longer does the draft of a month take than its statements alone?

A ratio to the same statements with the same values, straight to `sqlite3` on a copy of the database
as it was before, with the same constraints, triggers and durability: in turns, month by month.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from unittest import mock

from bench import company
from domain.accounts import service as accounts
from domain.accounts.rules import AccountType
from domain.engagements import setting, time_entries
from domain.engagements.rules import Rate
from domain.engagements.setting import Terms
from domain.engagements.time_entries import Worked
from domain.identity import service as identity
from domain.identity import tokens
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.ids import new_id
from domain.store import genesis
from domain.store.chain import SYSTEM
from domain.store.engine import Database, Role, connect, sqlite_pragmas, sqlite_url
from domain.store.inline import InlineConnection, InlineCursor
from domain.store.migrations.runner import migrate
from domain.store.tx import writing
from domain.store.visibility import SYSTEM as SEES_ALL
from policies.gate import activation, floor
from policies.gate.gate import Gate
from server import wiring

LIMITS: Final = {"draft_of_47_entries": 10.0}
_ENTRIES: Final = 47
_ROUNDS: Final = 12
_WARM_UP: Final = 3
_CODE: Final = "bench-2025"

_Statement = tuple[str, list[Any], bool]  # its values, and whether they are those of several


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    return asyncio.run(_figures())


async def _figures() -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="cyberos-bench-") as directory:
        file = Path(directory) / "cyberos.db"
        await migrate(sqlite_url(str(file)), wiring.wires())
        owner = connect(sqlite_url(str(file)), role=Role.OWNER)
        tenant_id = new_id()
        agent = connect(sqlite_url(str(file)), role=Role.AGENT, trust=company.trust(tenant_id))
        try:
            token = await _company(owner, tenant_id, SystemClock())
            gate = Gate(agent, SystemClock(), wiring.registry(), floor.load_checked())
            turns = [
                await _turn(gate, token, period, file) for period in _periods(_WARM_UP + _ROUNDS)
            ]
        finally:
            await agent.close()
            await owner.close()
    ours, alone = (statistics.median(one) for one in zip(*turns[_WARM_UP:], strict=True))
    ratio, limit = round(ours / alone, 2), LIMITS["draft_of_47_entries"]
    return {
        "draft_of_47_entries": {
            "ratio": ratio,
            "ours_ms": round(ours * 1_000, 2),
            "floor_ms": round(alone * 1_000, 2),
            "of": f"medians of {_ROUNDS} months of {_ENTRIES} entries",
            "limit": limit,
            "ok": ratio <= limit,
        }
    }


async def _turn(gate: Gate, token: str, period: str, file: Path) -> tuple[float, float]:
    """Seconds that the draft of a month took, and its statements alone on a copy from before."""
    copy = file.with_name("before.db")
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    with _overheard() as said:
        begun = time.perf_counter()
        await gate.call(
            tokens.parse(token), "inv_draft_invoice", {"engagement_id": _CODE, "period": period}
        )
        ours = time.perf_counter() - begun
    return ours, _again(copy, said)


def _again(copy: Path, said: Sequence[_Statement]) -> float:
    """Seconds that the same statements take, with every row of their answers."""
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        sqlite_pragmas(query_only=False)(connection, None)
        begun = time.perf_counter()
        for statement, values, is_many in said:
            if is_many:
                connection.executemany(statement, values)
            else:
                connection.execute(statement, values).fetchall()
        connection.commit()
        taken = time.perf_counter() - begun
        assert connection.total_changes, "the draft was written once more"
    return taken


@contextmanager
def _overheard() -> Iterator[list[_Statement]]:
    """Every statement that is sent meanwhile, by either of the ways to the driver."""
    said: list[_Statement] = []

    def listening(kind: type, name: str, *, is_many: bool) -> Any:
        send = getattr(kind, name)

        def heard(self: Any, statement: str, values: Sequence[Any] = ()) -> Any:
            said.append((statement, list(values), is_many))
            return send(self, statement, values)

        return mock.patch.object(kind, name, heard)

    with (
        listening(InlineCursor, "execute", is_many=False),
        listening(InlineCursor, "executemany", is_many=True),
        listening(InlineConnection, "fetched", is_many=False),
        listening(InlineConnection, "run", is_many=True),
    ):
        yield said


def _periods(count: int) -> list[str]:
    return [f"{2025 + n // 12}-{n % 12 + 1:02}" for n in range(count)]


async def _company(owner: Database, tenant_id: str, clock: Clock) -> str:
    """A company with work for an account in every month; the token of its agent."""
    async with writing(owner, tenant_id, clock, viewer=SEES_ALL, signer=company.ROOT) as tx:
        await genesis.begin_chain(tx)
        await identity.add_tenant(tx, code=tenant_id.lower(), name="Bench")
        workspace = await identity.add_workspace(tx, code="main", name="Main")
        person, _ = await identity.add_person(
            tx, email="am@bench.vn", display_name="Bench", roles=["am"], workspaces=[workspace.id]
        )
        await activation.activate(tx, floor.load_checked(), SYSTEM)
        account = await accounts.create(
            tx, name="Acme", account_type=AccountType.LLC, on=tx.at.date()
        )
        terms = Terms(
            code=_CODE, account_id=account.id, currency="USD", rates=[Rate("engineer", 15_000)]
        )
        await setting.begin(tx, terms, set_by="human:bench", said_by=SYSTEM)
        for period in _periods(_WARM_UP + _ROUNDS):
            await time_entries.log(tx, _month(period), recorded_by="human:bench")
        _, token = await identity.add_agent(
            tx,
            name="bench",
            person_id=person.id,
            scopes=["core.read", "inv.draft"],
            expires_at=tx.at + timedelta(days=7),
        )
    return token


def _month(period: str) -> list[Worked]:
    year, month = (int(part) for part in period.split("-"))
    return [
        Worked(
            engagement=_CODE,
            member=f"member-{n}",
            worked_on=date(year, month, 1 + n % 28),
            hours_hundredths=350 + n,
            role="engineer",
        )
        for n in range(_ENTRIES)
    ]
