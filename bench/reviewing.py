"""Review benchmark: what do next actions and key figures cost beside reading the same rows raw?"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bench.company import Measured
from domain.identity import tokens
from domain.insight import kpis, next_actions
from domain.kernel.clock import VIETNAM, HandClock, SystemClock
from domain.store.engine import Role, connect, sqlite_url
from domain.store.tx import Tx, reading
from policies.gate import principals
from policies.gate.contract import Principal
from tools.crm.next_action_words import TOOLS

LIMIT = 5.0
_ROUNDS = 5
_LATER = timedelta(days=5)  # so that every deal waits for something
_RAW = (
    "select deal.*, account.* from deal join account on account.tenant_id = deal.tenant_id and "
    "account.id = deal.account_id where deal.tenant_id = ? order by deal.id"
)
Asked = Callable[[Tx, Principal], Awaitable[object]]


def figures(made: Measured) -> dict[str, dict[str, Any]]:
    """Both, over all deals of a company."""
    return asyncio.run(_figures(made))


async def _figures(made: Measured) -> dict[str, dict[str, Any]]:
    file, token = made.directory / "cyberos.db", tokens.parse(made.token)
    clock = HandClock(SystemClock().now() + _LATER)
    day = clock.now().astimezone(VIETNAM).date()

    async def actions(tx: Tx, who: Principal) -> object:
        return await next_actions.propose(tx, who.viewer, on=day)

    async def figures_of_sales(tx: Tx, who: Principal) -> object:
        return await kpis.measured(tx, who.viewer, on=day, zone=VIETNAM, days=90, events=TOOLS)

    asked: dict[str, Asked] = {"next_best_action": actions, "kpis": figures_of_sales}
    best = dict.fromkeys((*asked, "raw"), math.inf)
    database, raw = connect(sqlite_url(str(file)), role=Role.AGENT), sqlite3.connect(file)
    try:
        for _ in range(_ROUNDS):
            begun = time.thread_time()
            count = len(raw.execute(_RAW, (token.tenant_id,)).fetchall())
            best["raw"] = min(best["raw"], time.thread_time() - begun)
            for name, ask in asked.items():
                async with reading(database, token.tenant_id, clock) as tx:
                    who = await principals.agent(tx, token)
                    begun = time.thread_time()
                    await ask(tx, who)
                    best[name] = min(best[name], time.thread_time() - begun)
    finally:
        raw.close()
        await database.close()
    return {
        f"{name}_{count}_deals": {
            "ratio": round(best[name] / best["raw"], 2),
            "ours_ms": round(best[name] * 1_000, 1),
            "raw_ms": round(best["raw"] * 1_000, 1),
            "of": f"best of {_ROUNDS} rounds",
            "limit": LIMIT,
            "ok": best[name] / best["raw"] <= LIMIT,
        }
        for name in asked
    }
