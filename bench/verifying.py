"""Verifier benchmark: how much longer than reading, parsing and hashing the same?

Ratios to the least that could be done with the same rows in the same process: `sqlite3`, `json` and
`hashlib` alone. Both grow with the rows; the larger company shows whether they grow as they do.
"""

import asyncio
import hashlib
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench import company
from domain.accounts import service as accounts
from domain.accounts.rules import AccountType
from domain.kernel.clock import VIETNAM, SystemClock
from domain.store import audit_rows, audit_verify
from domain.store.audit_report import Report
from domain.store.chain import SYSTEM, Event
from domain.store.engine import Database, Role, connect, sqlite_url
from domain.store.migrations.runner import migrate
from domain.store.tx import Tx, reading, writing
from domain.store.visibility import SYSTEM as SEES_ALL
from server import wiring

LIMITS: Final = {"verify_chain": 3.0, "verify_rows": 2.0, "verify_grows_as": 1.2}
_ENTRIES: Final = 5_000
_TIMES_LARGER: Final = 4
_ROUNDS: Final = 5
_AT_ONCE: Final = 50


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    return asyncio.run(_figures())


async def _figures() -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="cyberos-bench-") as directory:
        file = Path(directory) / "cyberos.db"
        await migrate(sqlite_url(str(file)), wiring.wires())
        database = connect(sqlite_url(str(file)), role=Role.OWNER)
        try:
            tenant_id, _ = await company.provisioned(database, SystemClock())
            await _write(database, tenant_id, _ENTRIES)
            small = await _ratios(database, tenant_id, file)
            await _write(database, tenant_id, _ENTRIES * (_TIMES_LARGER - 1))
            large = await _ratios(database, tenant_id, file)
        finally:
            await database.close()
    return {
        "verify_chain": _figure("verify_chain", large["chain"][0] / large["chain"][1]),
        "verify_rows": _figure("verify_rows", large["rows"][0] / large["rows"][1]),
        "verify_grows_as": _figure("verify_grows_as", _ratio(large) / _ratio(small)),
    }


async def _write(database: Database, tenant_id: str, count: int) -> None:
    """As many entries, each with a private value and a row, as an agent's calls leave them."""
    clock, names = SystemClock(), list(company.names(count))
    for start in range(0, count, _AT_ONCE):
        async with writing(database, tenant_id, clock, viewer=SEES_ALL) as tx:
            for name in names[start : start + _AT_ONCE]:
                card = await accounts.create(
                    tx,
                    name=name,
                    account_type=AccountType.LLC,
                    on=clock.now().astimezone(VIETNAM).date(),
                )
                told = {"arguments": {"name": name, "account_type": "llc"}}
                tx.record(Event("bench.made", SYSTEM, object=card.id, private=told))


async def _ratios(database: Database, tenant_id: str, file: Path) -> dict[str, tuple[float, float]]:
    async def timed(work: Callable[[Tx, Report], Awaitable[None]]) -> float:
        async with reading(database, tenant_id, SystemClock(), viewer=SEES_ALL) as tx:
            report, begun = Report(tenant_id), time.perf_counter()
            await work(tx, report)
            taken = time.perf_counter() - begun
            assert report.sound, report.findings
            return taken

    chain, rows = [], []
    with closing(sqlite3.connect(file)) as plain:
        for _ in range(_ROUNDS):  # in turns, so that a busy machine slows both
            chain.append((await timed(audit_verify.verify_chain), _plain_chain(plain, tenant_id)))
            rows.append((await timed(audit_rows.verify_rows), _plain_rows(plain, tenant_id)))
    return {"chain": _least(chain), "rows": _least(rows)}


def _ratio(measured: dict[str, tuple[float, float]]) -> float:
    """Both passes together, to what is least for the same rows in the same minute."""
    return sum(ours for ours, _ in measured.values()) / sum(it for _, it in measured.values())


def _least(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return min(ours for ours, _ in pairs), min(plain for _, plain in pairs)


def _plain_chain(plain: sqlite3.Connection, tenant_id: str) -> float:
    """Entries read, parsed and hashed one after the other, their values and their rows hashed."""
    begun, last = time.perf_counter(), b""
    for row in plain.execute("select * from audit_entry where tenant_id = ?", [tenant_id]):
        json.loads(row[6])
        last = hashlib.sha256(last + row[6].encode()).digest()
    for row in plain.execute("select * from audit_blob where tenant_id = ?", [tenant_id]):
        hashlib.sha256(row[3] + row[4].encode()).hexdigest()
    for row in plain.execute("select * from audit_row where tenant_id = ?", [tenant_id]):
        hashlib.sha256(f"{row[2]} {row[3]} {row[4]} {row[6].hex()}\n".encode()).hexdigest()
    return time.perf_counter() - begun


def _plain_rows(plain: sqlite3.Connection, tenant_id: str) -> float:
    """The rows of the table that has nearly all of them, read and written as canonical JSON."""
    begun = time.perf_counter()
    told = plain.execute("select * from account where tenant_id = ?", [tenant_id])
    names = [column[0] for column in told.description]
    stored = names.index("custom_fields")
    write = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    for row in map(list, told):
        row[stored] = write(json.loads(row[stored]))
        write(dict(zip(names, row, strict=True))).encode()
    return time.perf_counter() - begun


def _figure(name: str, ratio: float) -> dict[str, Any]:
    return {"ratio": round(ratio, 2), "limit": LIMITS[name], "ok": ratio <= LIMITS[name]}
