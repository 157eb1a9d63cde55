"""Peer benchmark: how quick is another CRM? Prints one JSON object, or a table (`--markdown`).

Tryton (GPL-3, installed and called, nothing of it copied) holds the same companies in SQLite and is
asked through its own models, in its own process; we through the whole gate. Both time themselves,
in turns. With a move Tryton keeps a history as we do, and neither a chain nor an outbox; it looks
for the typed fragment as it stands, we for each word, with or without its accents.

    make bench-peer                  # installs Tryton into an environment of its own
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import company
from bench.scale import bulk
from bench.scale.cases import DEALS, Case, Site, cases, open_deals, site
from bench.scale.raw import Floor, Sqlite
from bench.scale.turns import percentile
from domain.accounts.queries import SEARCHED
from domain.kernel.clock import SystemClock
from domain.store import search
from domain.store.engine import Role, connect, sqlite_url
from domain.store.migrations.runner import migrate
from domain.store.tx import reading
from server import wiring

HERE = Path(__file__).parent
QUERIES = ("Đại Dương", "dai duong", "duong dai", "Hòa Phát", "hoa phat", "công ty tnhh", "777")
# What is measured: by our name, and by Tryton's.
PAIRS = {
    "search": "search by what the client calls",
    "search by name alone": "search by name alone",
    "list of 200": "pipeline list",
    "stage move": "stage move",
}
_BLOCK = 7


def main() -> int:
    """Measure and print."""
    options = _options()
    python = HERE / ".venv" / "bin" / "python"
    if not python.exists():
        sys.exit("Tryton is not installed: run `make bench-peer`.")
    with tempfile.TemporaryDirectory(prefix="cyberos-peer-") as directory:
        command = [str(python), str(HERE / "theirs.py"), directory]
        theirs = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=directory
        )
        with theirs:
            report = asyncio.run(_report(theirs, Path(directory), options))
            assert theirs.stdin is not None
            theirs.stdin.close()
    sys.stdout.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if options.markdown is not None:
        options.markdown.write_text(markdown(report), encoding="utf-8")
    return 0


def markdown(report: Mapping[str, Any]) -> str:
    """The operations, and below them what was found."""
    lines = [
        f"| {report['accounts']:,} accounts | CyberOS p50 / p95 ms | Tryton p50 / p95 ms | times |",
        "|---|---|---|---|",
    ]
    for name, figure in report["figures"].items():
        ours, theirs = figure["ours_ms"], figure["tryton_ms"]
        lines.append(
            f"| {name} | {ours[0]} / {ours[1]} | {theirs[0]} / {theirs[1]} | {figure['ratio']} |"
        )
    lines += ["", "| typed | CyberOS finds | Tryton finds |", "|---|---|---|"]
    lines += [
        f"| {typed} | {ours} | {theirs} |" for typed, (ours, theirs) in report["hits"].items()
    ]
    return "\n".join(lines) + "\n"


async def _report(theirs: Any, directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    url, clock = sqlite_url(str(directory / "ours.db")), SystemClock()
    names = list(company.names(options.accounts))
    _send(theirs, {"names": names, "deals": DEALS})
    await migrate(url, wiring.wires())
    owner = connect(url, role=Role.OWNER)
    tenant_id, token = await company.provisioned(owner, clock)
    known = await bulk.fill(owner, tenant_id, clock, options.accounts)
    await owner.close()
    driver = Sqlite(directory / "ours.db")
    agent_side = connect(url, role=Role.AGENT, trust=company.trust(tenant_id))
    here = site(agent_side, clock, token, known, Floor(driver, tenant_id))
    by_name = {case.name: case for case in cases(here, await open_deals(here))}
    ready = _receive(theirs)
    try:
        return {
            "accounts": options.accounts,
            "tryton": ready["version"],
            "figures": {
                name: await _figure(here, by_name, theirs, name, ready["deals"], options.rounds)
                for name in PAIRS
            },
            "hits": await _hits(here, theirs),
        }
    finally:
        await here.database.close()
        await driver.close()


async def _figure(
    here: Site,
    by_name: Mapping[str, Case],
    theirs: Any,
    name: str,
    deals: Sequence[int],
    rounds: int,
) -> dict[str, Any]:
    ours_ms: list[float] = []
    theirs_ms: list[float] = []
    ratios = []
    for turn in range(-1, rounds):
        numbers = range((turn + 1) * _BLOCK, (turn + 2) * _BLOCK)
        given: list[Any] = [QUERIES[number % len(QUERIES)] for number in numbers]
        ours = await _ours(here, by_name.get(name), given)
        if name == "list of 200":
            given = [DEALS] * _BLOCK
        elif name == "stage move":
            given = [deals[number % len(deals)] for number in numbers]
        _send(theirs, {"do": PAIRS[name], "given": given})
        other = _receive(theirs)["ms"]
        if turn >= 0:  # the first round only warms up
            ours_ms, theirs_ms = ours_ms + ours, theirs_ms + other
            ratios.append(statistics.median(other) / statistics.median(ours))
    sys.stderr.write(f"{name}: {percentile(ours_ms, 50):.2f} : {percentile(theirs_ms, 50):.2f}\n")
    return {
        "ours_ms": [round(percentile(ours_ms, percent), 2) for percent in (50, 95)],
        "tryton_ms": [round(percentile(theirs_ms, percent), 2) for percent in (50, 95)],
        "ratio": round(statistics.median(ratios), 1),
        "calls": len(ours_ms),
    }


async def _ours(here: Site, case: Case | None, typed: Sequence[str]) -> list[float]:
    times = []
    for number, query in enumerate(typed):
        begun = time.perf_counter()
        if case is None:
            await here.call("crm_search_accounts", query=query, limit=20)
        else:
            await case.ours(number)
        times.append((time.perf_counter() - begun) * 1_000)
    return times


async def _hits(here: Site, theirs: Any) -> dict[str, list[int]]:
    _send(theirs, {"do": "hits", "given": QUERIES})
    found = _receive(theirs)["found"]
    hits = {}
    for typed, of_theirs in zip(QUERIES, found, strict=True):
        async with reading(here.database, here.token.tenant_id, here.clock) as tx:
            ours = await search.candidates(tx, SEARCHED, [typed], limit=1_000_000)
        hits[typed] = [len(ours), of_theirs]
    return hits


def _send(theirs: Any, said: Mapping[str, Any]) -> None:
    theirs.stdin.write(json.dumps(said) + "\n")
    theirs.stdin.flush()


def _receive(theirs: Any) -> dict[str, Any]:
    line = theirs.stdout.readline()
    assert line, "Tryton hung up"
    answer: dict[str, Any] = json.loads(line)
    return answer


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--markdown", type=Path, help="write a table there")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
