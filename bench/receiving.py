"""Benchmark of receiving: how much longer does a bank's event take than to be read and written?

A ratio to what nobody can do without, straight on the driver: both secrets digested and compared,
the body parsed and digested, one row inserted and made durable; in turns, event by event.
"""

import asyncio
import hashlib
import hmac
import json
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from bench import company
from domain.identity import service as identity
from domain.kernel.clock import SystemClock
from domain.kernel.ids import new_id
from domain.payments.tables import BankAccount
from domain.provisioning.service import OPERATOR
from domain.receipts import service
from domain.receipts.endpoints import Secrets
from domain.store import genesis
from domain.store.chain import SYSTEM
from domain.store.engine import Database, Role, connect, sqlite_pragmas, sqlite_url
from domain.store.migrations.runner import migrate
from domain.store.tx import writing
from domain.store.visibility import SYSTEM as SEES_ALL
from policies.gate import activation, floor
from server import wiring
from server.http.limits import Limits
from server.http.webhooks import Webhooks

LIMIT: Final = 3.0
_EVENTS: Final = 200
_WARM_UP: Final = 20
_ACCOUNT: Final = "0071000123456"
_TABLE: Final = (
    "create table event (id text primary key, endpoint_id text, provider_id text, sha256 text,"
    " body blob, received_at text, unique (endpoint_id, provider_id, sha256))"
)


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    return asyncio.run(_figures())


async def _figures() -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="cyberos-bench-") as directory:
        url = sqlite_url(str(Path(directory) / "cyberos.db"))
        await migrate(url, wiring.wires())
        owner, public = connect(url, role=Role.OWNER), connect(url, role=Role.PUBLIC)
        try:
            secrets = await _endpoint(owner)
            hooks = Webhooks(public, SystemClock(), Limits(webhooks_per_second=1e6))
            with closing(_driver(Path(directory) / "floor.db")) as driver:
                turns = [await _turn(hooks, driver, secrets) for _ in range(_WARM_UP + _EVENTS)]
        finally:
            await public.close()
            await owner.close()
    ours, alone = (statistics.median(one) for one in zip(*turns[_WARM_UP:], strict=True))
    ratio = round(ours / alone, 2)
    return {
        "webhook_stored": {
            "ratio": ratio,
            "ours_ms": round(ours * 1_000, 2),
            "floor_ms": round(alone * 1_000, 2),
            "of": f"medians of {_EVENTS} events in turns",
            "limit": LIMIT,
            "ok": ratio <= LIMIT,
        }
    }


async def _turn(
    hooks: Webhooks, driver: sqlite3.Connection, secrets: Secrets
) -> tuple[float, float]:
    """Seconds that an event took, and one like it on the driver alone."""
    body, other = _body(), _body()
    rail, endpoint_key = secrets.path.split("/")[-2:]

    async def read() -> bytes:
        return body

    begun = time.perf_counter()
    told = await hooks.authenticated(rail, endpoint_key, secrets.key, "127.0.0.1")
    await hooks.answering(told, read)
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    _stored(driver, other, endpoint_key, secrets.key)
    return ours, time.perf_counter() - begun


def _stored(driver: sqlite3.Connection, body: bytes, endpoint_key: str, shown: str) -> None:
    for secret in (endpoint_key, shown):
        digest = hashlib.sha256(secret.encode()).hexdigest()
        assert hmac.compare_digest(digest, digest)
    told = json.loads(body)
    sha256 = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    values = (new_id(), endpoint_key, str(told["id"]), sha256, body, "2026-11-20T02:00:00Z")
    driver.execute("begin immediate")
    driver.execute("insert into event values (?, ?, ?, ?, ?, ?)", values)
    driver.commit()


def _body() -> bytes:
    told = {
        "id": new_id(),
        "gateway": "Vietcombank",
        "transactionDate": "2026-11-20 14:02:37",
        "accountNumber": _ACCOUNT,
        "content": "chuyen tien mua iphone",
        "transferType": "in",
        "transferAmount": 2_277_000,
        "referenceCode": "MBVCB.3278907687",
    }
    return json.dumps(told).encode()


def _driver(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    sqlite_pragmas(query_only=False)(connection, None)
    connection.execute(_TABLE)
    return connection


async def _endpoint(owner: Database) -> Secrets:
    """A company with an account, and the address at which its bank tells of it."""
    tenant_id = new_id()
    async with writing(owner, tenant_id, SystemClock(), viewer=SEES_ALL) as tx:
        await genesis.begin_chain(tx)
        await identity.add_tenant(tx, code=tenant_id.lower(), name="Bench")
        await activation.activate(tx, floor.load_checked(), SYSTEM)
        tx.add(
            BankAccount(
                id=new_id(), bank_bin="970436", account_number=_ACCOUNT, account_name="BENCH",
                currency="VND", added_by="human:bench", added_at=tx.at,
            )
        )  # fmt: skip
    signer = company.ROOT
    async with writing(owner, tenant_id, SystemClock(), viewer=SEES_ALL, signer=signer) as tx:
        _, secrets = await service.add_endpoint(tx, rail="sepay", account=_ACCOUNT, actor=OPERATOR)
    return secrets
