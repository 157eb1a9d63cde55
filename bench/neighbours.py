"""Neighbour benchmark: what does one agent at its worst cost an agent of another company?

The neighbour calls one tool again and again, alone and then beside an agent that sends, on many
connections at once, whatever costs most within its limits. The ratio is that of the medians.
"""

import json
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any

from bench.company import Measured
from bench.http import Server, started

LIMIT = 3.0
CONNECTIONS = 8
SECONDS = 4.0
# What one agent may send that costs much: each was an outage, or the dearest read there is.
WORST: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "next_actions": ("crm_next_best_action", {"limit": 50}),
    "kpis": ("crm_kpis", {"days": 1_095}),
    "unknown_arguments": ("whoami", {f"x{number}": number for number in range(50_000)}),
    "custom_fields": (
        "crm_create_account",
        {"name": "A", "account_type": "llc", "custom_fields": {"a": [[]] * 100_000}},
    ),
}


def figures(made: Measured, neighbour: str) -> dict[str, dict[str, Any]]:
    """One agent against a neighbour, whose token it is."""
    ours = ["cyberos.py", "http", "--port", "0"]
    beside: dict[str, float] = {}
    with started([*ours, "--rate", "1000", "--burst", "1000"], made.environment) as server:
        _median(server, neighbour)  # warm
        alone = _median(server, neighbour)
        for name, (tool, arguments) in WORST.items():
            with _attacked(server, made.token, tool, arguments):
                beside[name] = _median(server, neighbour)
    worst = max(beside.values()) / alone
    return {
        "one_agent_against_a_neighbour": {
            "ratio": round(worst, 2),
            "alone_p50_ms": round(alone * 1_000, 2),
            **{f"beside_{name}_p50_ms": round(took * 1_000, 2) for name, took in beside.items()},
            "of": f"medians of {SECONDS:.0f} s, {CONNECTIONS} connections of the other agent",
            "limit": LIMIT,
            "ok": worst <= LIMIT,
        }
    }


def _median(server: Server, token: str) -> float:
    connection, took = HTTPConnection("127.0.0.1", server.port), []
    end = time.perf_counter() + SECONDS
    while (begun := time.perf_counter()) < end:
        assert _post(connection, token, "whoami", b"{}") == 200
        took.append(time.perf_counter() - begun)
    connection.close()
    return statistics.median(took)


@contextmanager
def _attacked(
    server: Server, token: str, tool: str, arguments: Mapping[str, Any]
) -> Iterator[None]:
    body, over = json.dumps(arguments).encode(), threading.Event()

    def attack() -> None:
        while not over.is_set():
            connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
            try:
                while not over.is_set():
                    _post(connection, token, tool, body)
            except (HTTPException, OSError):
                connection.close()  # a refusal before the body was read ends the connection

    attackers = [threading.Thread(target=attack) for _ in range(CONNECTIONS)]
    for one in attackers:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in attackers:
            one.join()


def _post(connection: HTTPConnection, token: str, tool: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", f"/v1/tools/{tool}", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status
