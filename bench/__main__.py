"""Benchmark: how much slower than doing nothing is it? Prints one JSON object.

Every figure is a ratio to the SDK's smallest server, measured in the same run, call by call in
turns, so that a busy machine slows both. The milliseconds are for orientation only.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench import (
    company,
    drafting,
    einvoice,
    forecast,
    http,
    migration,
    neighbours,
    pages,
    receiving,
    reviewing,
    verifying,
    vietnam,
)
from bench.wire import Peer

NOOP = ["-m", "bench.noop"]
OURS = ["cyberos.py", "serve"]
STARTS = 15
CALLS = 300
WARM_UP = 30
DEALS = 200
CROWD = 5_000

# What the measurements are held to (ratios to the floor of the same run; memory in MiB).
LIMITS = {
    "start_to_tools_list": 1.7,
    "crm_search_accounts": 5.0,
    "crm_move_stage": 10.0,
    "crm_list_deals_200": 5.0,
    "idle_memory_mib": 120,
    "tools_list_bytes": 96_000,
}


def main() -> int:
    """Measure and print; exit 1 only when asked to judge (`--judge`)."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="cyberos-bench-") as directory:
        made = asyncio.run(company.populated(Path(directory), account_count=options.accounts))
        figures = {"start_to_tools_list": _starts(made, options.starts), **_calls(made, options)}
        over_http = http.figures(made)
    with tempfile.TemporaryDirectory(prefix="cyberos-bench-") as directory:
        crowded, neighbour = asyncio.run(company.crowded(Path(directory), deal_count=CROWD))
        beside = {**reviewing.figures(crowded), **neighbours.figures(crowded, neighbour)}
    figures = {name: _judged(name, figure) for name, figure in figures.items()}
    report = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "accounts": options.accounts,
        "pure_python_loop_ms": _loop_ms(),
        "figures": {
            **figures,
            **over_http,
            **beside,
            **vietnam.figures(),
            **drafting.figures(),
            **einvoice.figures(),
            **forecast.figures(),
            **migration.figures(),
            **verifying.figures(),
            **pages.figures(),
            **receiving.figures(),
        },
    }
    sys.stdout.write(json.dumps(report, indent=2) + "\n")
    missed = [name for name, figure in report["figures"].items() if not figure["ok"]]
    return 1 if missed and options.judge else 0


def _starts(made: company.Measured, starts: int) -> dict[str, Any]:
    floor, ours = [], []
    for _ in range(starts):
        floor.append(_start(NOOP, {}))
        ours.append(_start(OURS, made.environment))
    return {
        "ratio": round(min(ours) / min(floor), 2),
        "ours_ms": round(min(ours) * 1000),
        "floor_ms": round(min(floor) * 1000),
        "of": f"minimum of {starts} starts",
    }


def _start(command: list[str], environment: Mapping[str, str]) -> float:
    with Peer(command, environment) as peer:
        peer.request("tools/list")
        return time.perf_counter() - peer.started


def _calls(made: company.Measured, options: argparse.Namespace) -> dict[str, Any]:
    with Peer(NOOP, {}) as floor, Peer(OURS, made.environment) as ours:
        listed = ours.request("tools/list")
        memory = ours.memory_mib()
        deals = [_deal(ours, made, number) for number in range(DEALS)]
        moves = _moves(deals)
        figures = {
            "crm_search_accounts": _pair(floor, ours, "crm_search_accounts", _searches(), options),
            "crm_list_deals_200": _pair(
                floor, ours, "crm_list_deals", lambda _: {"limit": DEALS}, options
            ),
            "crm_move_stage": _pair(floor, ours, "crm_move_stage", moves, options),
            "tools_list_bytes": {"value": len(listed)},
        }
        if memory is not None:
            figures["idle_memory_mib"] = {"value": memory}
        return figures


def _pair(
    floor: Peer,
    ours: Peer,
    tool: str,
    arguments: Callable[[int], Mapping[str, Any]],
    options: argparse.Namespace,
) -> dict[str, Any]:
    for number in range(WARM_UP):
        floor.seconds("noop", {})
        ours.call(tool, arguments(number))
    nothing, something = [], []
    for number in range(WARM_UP, WARM_UP + options.calls):
        nothing.append(floor.seconds("noop", {}))
        something.append(ours.seconds(tool, arguments(number)))
    return {
        "ratio": round(_p95(something) / _p95(nothing), 2),
        "ratio_of_medians": round(statistics.median(something) / statistics.median(nothing), 2),
        "ours_p50_ms": round(statistics.median(something) * 1000, 2),
        "ours_p95_ms": round(_p95(something) * 1000, 2),
        "floor_p95_ms": round(_p95(nothing) * 1000, 2),
        "of": f"p95 of {options.calls} calls in turns",
    }


def _searches() -> Callable[[int], Mapping[str, Any]]:
    queries = ("đại dương", "dai duong", "cong ty", "xay dung hoa phat", "thuong mai 77", "sao m")
    return lambda number: {"query": queries[number % len(queries)], "limit": 20}


def _deal(ours: Peer, made: company.Measured, number: int) -> str:
    result = ours.call(
        "crm_create_deal",
        {
            "account_id": made.account_ids[number],
            "name": f"Dự án {number}",
            "amount_minor": 10_000_000 + number,
            "currency": "VND",
        },
    )["structuredContent"]
    return str(result.get("deal", result)["id"])


def _moves(deals: list[str]) -> Callable[[int], Mapping[str, Any]]:
    """Each deal goes one stage on and back again, so that every move is allowed."""

    def arguments(number: int) -> Mapping[str, Any]:
        stage = "discovery" if number // len(deals) % 2 == 0 else "qualifying"
        return {"deal_id": deals[number % len(deals)], "to_stage": stage}

    return arguments


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[18]


def _loop_ms() -> float:
    begun = time.perf_counter()
    sum(range(1_000_000))
    return round((time.perf_counter() - begun) * 1000, 1)


def _judged(name: str, figure: dict[str, Any]) -> dict[str, Any]:
    value = figure.get("ratio", figure.get("value"))
    return {**figure, "limit": LIMITS[name], "ok": value <= LIMITS[name]}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--judge", action="store_true", help="exit 1 when a limit is missed")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
