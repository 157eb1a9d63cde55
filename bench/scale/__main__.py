"""Scale benchmark: how much slower does a company of a million accounts make it? Prints JSON.

Companies of several sizes on SQLite and PostgreSQL; every operation beside the raw statements, in
turns, and the exponent by which it grows. `--markdown` and `--picture` write a table and curves.

    make bench-scale
    make bench-scale ARGS="--sizes 1000 1000000 --backends sqlite"
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench import company, forecast
from bench.scale import bulk, picture, table, turns
from bench.scale.cases import JUDGED_BY_P99, Case, cases, open_deals, site
from bench.scale.raw import Floor, Postgres, Sqlite
from domain.kernel.clock import SystemClock
from domain.store.engine import Role, connect, sqlite_url
from domain.store.migrations.runner import migrate
from server import wiring
from tests import postgres

SIZES = [1_000, 10_000, 100_000]
BACKENDS = ["sqlite", "postgresql"]
_CHECKED = 3  # accounts held against the service, of each company


def main() -> int:
    """Measure and print; exit 1 only when asked to judge (`--judge`)."""
    options = _options()
    os.environ[postgres.DURABLE] = "1"
    with postgres.offered():
        report = asyncio.run(
            measured(options.sizes, options.backends, turns.Effort(options.rounds))
        )
    _keep(options.json, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if options.markdown is not None:
        options.markdown.write_text(table.markdown(report), encoding="utf-8")
    if options.picture is not None:
        options.picture.write_text(picture.drawn(report), encoding="utf-8")
    missed = [figure for figure in report["figures"] if figure.get("ok") is False]
    return 1 if missed and options.judge else 0


async def measured(sizes: list[int], backends: list[str], effort: turns.Effort) -> dict[str, Any]:
    """The whole report."""
    figures: list[dict[str, Any]] = []
    versions: dict[str, str] = {"sqlite": sqlite3.sqlite_version}
    for backend in backends:
        for size in sizes:
            figures += await _of_company(backend, size, effort, versions)
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "versions": versions,
        "pure_python_loop_ms": turns.loop_ms(),
        "fdatasync_ms": _fdatasync_ms(),
        "sizes": sizes,
        "figures": figures,
        "growth": list(_growth(figures)),
        "forecast": forecast.figures(),
    }


async def _of_company(
    backend: str, size: int, effort: turns.Effort, versions: dict[str, str]
) -> list[dict[str, Any]]:
    clock, begun = SystemClock(), time.monotonic()
    async with _database(backend, size) as url:
        await migrate(url, wiring.wires())
        owner = connect(url, role=Role.OWNER)
        tenant_id, token = await company.provisioned(owner, clock)
        known = await bulk.fill(
            owner, tenant_id, clock, size, lambda done: _say(f"{backend}: {done:,} of {size:,}")
        )
        await bulk.check(owner, tenant_id, clock, known[:: max(1, len(known) // _CHECKED)])
        await owner.close()
        versions |= await _settled(url)
        _say(f"{backend}: {size:,} accounts after {time.monotonic() - begun:.0f} s")
        driver = await _driver(url)
        agent_side = connect(url, role=Role.AGENT, trust=company.trust(tenant_id))
        here = site(agent_side, clock, token, known, Floor(driver, tenant_id))
        try:
            await here.floor.prepare()
            deals = await open_deals(here)
            await _settled(url)
            return [
                {"backend": backend, "accounts": size, **await _figure(case, backend, effort)}
                for case in cases(here, deals)
            ]
        finally:
            gc.unfreeze()
            await agent_side.close()
            await driver.close()


async def _figure(case: Case, backend: str, effort: turns.Effort) -> dict[str, Any]:
    # As `cyberos serve` does it: what is loaded is not looked through again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    figure = {"operation": case.name, **await turns.in_turns(case.ours, case.floor, effort)}
    _say(f"{backend}: {case.name}: {figure['p50_ms']} / {figure['p95_ms']} ms")
    limit = case.limit(backend)
    if limit is None:
        return figure
    bounds = figure["p95_interval_ms"]
    if case.name in JUDGED_BY_P99:
        bounds = figure["p99_interval_ms"]
    return {**figure, "limit_ms": limit, "ok": turns.verdict(bounds, limit)}


def _growth(figures: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for backend in dict.fromkeys(figure["backend"] for figure in figures):
        ours = [figure for figure in figures if figure["backend"] == backend]
        for name in dict.fromkeys(figure["operation"] for figure in ours):
            points = [figure for figure in ours if figure["operation"] == name]
            sizes = [point["accounts"] for point in points]
            yield {
                "backend": backend,
                "operation": name,
                "exponent": turns.exponent(sizes, [point["p50_ms"] for point in points]),
                "floor_exponent": turns.exponent(sizes, [one["floor_p50_ms"] for one in points]),
            }


@asynccontextmanager
async def _database(backend: str, size: int) -> AsyncIterator[str]:
    if backend == "sqlite":
        with tempfile.TemporaryDirectory(prefix="cyberos-scale-") as directory:
            yield sqlite_url(str(Path(directory, "cyberos.db")))
        return
    name = f"{postgres.PREFIX}scale_{size}"
    try:
        yield await postgres.create_database(name)
    finally:
        await postgres.drop_database(name)


async def _settled(url: str) -> dict[str, str]:
    """Do now what PostgreSQL's own service does within a minute, and say its version."""
    if url.startswith("sqlite"):
        return {}
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM (ANALYZE)"))
            return {"postgresql": str(await connection.scalar(text("SHOW server_version")))}
    finally:
        await engine.dispose()


async def _driver(url: str) -> Sqlite | Postgres:
    if url.startswith("sqlite"):
        return Sqlite(Path(url.partition(":///")[2]))
    return await Postgres.connected(url)


def _fdatasync_ms() -> float:
    """What the disk takes to promise 4 KiB, where the system has the call."""
    sync = getattr(os, "fdatasync", os.fsync)
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(200):
            file.write(bytes(4_096))
            file.flush()
            begun = time.perf_counter()
            sync(file.fileno())
            times.append((time.perf_counter() - begun) * 1_000)
    return round(statistics.median(times), 3)


def _say(progress: str) -> None:
    sys.stderr.write(f"{progress}\n")


def _keep(path: Path | None, report: str) -> None:
    if path is None:
        sys.stdout.write(report)
    else:
        path.write_text(report, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="accounts")
    parser.add_argument("--backends", nargs="+", choices=BACKENDS, default=BACKENDS)
    parser.add_argument("--rounds", type=int, default=30, help="of ten calls each of ours")
    parser.add_argument("--json", type=Path, help="a file, instead of standard output")
    parser.add_argument("--markdown", type=Path, help="write a table there")
    parser.add_argument("--picture", type=Path, help="draw the curves there (SVG)")
    parser.add_argument("--judge", action="store_true", help="exit 1 when a limit is missed")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
