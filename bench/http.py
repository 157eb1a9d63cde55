"""HTTP benchmark: how many calls a second, beside a server that does nothing?

Both are asked by as many clients at once, in turns, in the same run. What a call costs in time of
the processor says more on a busy machine than how many were answered.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from bench.company import Measured
from bench.wire import ROOT

CLIENTS = 8
CALLS = 400  # of all clients together, in one round
ROUNDS = 5
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
# Ratios to the server that does nothing.
LIMITS = {"whoami": 12.0, "crm_search_accounts": 18.0}
REST_LIMIT = 1.2  # the same call without MCP, beside it over MCP
_ARGUMENTS: dict[str, Mapping[str, Any]] = {
    "whoami": {},
    "crm_search_accounts": {"query": "dai duong", "limit": 20},
}


class Server:
    """A server process, the requests it is sent, and what they cost."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self._process = process
        self.port = port
        self.calls_per_second: list[float] = []
        self.cpu_ms: list[float] = []

    def measure(self, body: bytes, headers: Mapping[str, str], path: str = "/mcp") -> None:
        """One round of calls, all of which must succeed."""
        begun, before = time.perf_counter(), self._cpu_seconds()
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(lambda _: self._calls(body, headers, path), range(CLIENTS)))
        self.calls_per_second.append(CALLS / (time.perf_counter() - begun))
        self.cpu_ms.append((self._cpu_seconds() - before) / CALLS * 1_000)

    def _calls(self, body: bytes, headers: Mapping[str, str], path: str) -> None:
        connection = HTTPConnection("127.0.0.1", self.port)
        for _ in range(CALLS // CLIENTS):
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200 and b'"isError":true' not in said, said
        connection.close()

    def _cpu_seconds(self) -> float:
        try:
            told = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        except OSError:
            return 0
        user, system = told.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def figures(made: Measured) -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    with ExitStack() as running:
        floor = ["-m", "bench.noop_http"]
        ours = ["cyberos.py", "http", "--port", "0", "--rate", "1000000", "--burst", "1000000"]
        nothing = running.enter_context(started(floor, {}))
        something = running.enter_context(started(ours, made.environment))
        over_mcp = {
            f"http_{tool}_{era}": _figure(nothing, something, made.token, tool, version)
            for tool in _ARGUMENTS
            for era, version in (("2026", MODERN), ("2025", LEGACY))
        }
        rest = {f"http_{tool}_rest": _rest(something, made.token, tool) for tool in _ARGUMENTS}
        return {**over_mcp, **rest}


@contextmanager
def started(command: list[str], environment: Mapping[str, str]) -> Iterator[Server]:
    """A server whose first line of standard error names its address."""
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    url = json.loads(process.stderr.readline())["url"]
    # Somebody has to read the log, or the server would wait for room in the pipe.
    with ThreadPoolExecutor(1) as viewer:
        viewer.submit(process.stderr.read)
        yield Server(process, int(url.split(":")[2].partition("/")[0]))
        process.terminate()
        process.wait(timeout=60)
    process.stderr.close()


def _figure(floor: Server, ours: Server, token: str, tool: str, version: str) -> dict[str, Any]:
    body, headers = _request(token, tool, version)
    for server in (floor, ours):
        server.measure(body, headers)  # warm
        server.calls_per_second, server.cpu_ms = [], []
    for _ in range(ROUNDS):
        floor.measure(body, headers)
        ours.measure(body, headers)
    ratio = max(floor.calls_per_second) / max(ours.calls_per_second)
    return {
        "ratio": round(ratio, 2),
        "ours_per_second": round(max(ours.calls_per_second)),
        "floor_per_second": round(max(floor.calls_per_second)),
        "ours_cpu_ms": round(min(ours.cpu_ms), 2),
        "floor_cpu_ms": round(min(floor.cpu_ms), 2),
        "of": f"best of {ROUNDS} rounds, {CLIENTS} clients",
        "limit": LIMITS[tool],
        "ok": ratio <= LIMITS[tool],
    }


def _rest(ours: Server, token: str, tool: str) -> dict[str, Any]:
    """The same call at /v1/tools and over MCP, in turns."""
    requests = {
        "mcp": (*_request(token, tool, LEGACY), "/mcp"),
        "rest": (json.dumps(_ARGUMENTS[tool]).encode(), _bearer(token), f"/v1/tools/{tool}"),
    }
    best = dict.fromkeys(requests, 0.0)
    for _ in range(ROUNDS + 1):  # the first one is warmer than it was, and never the best
        for name, request in requests.items():
            ours.measure(*request)
            best[name] = max(best[name], ours.calls_per_second[-1])
    ratio = best["mcp"] / best["rest"]
    return {
        "ratio": round(ratio, 2),
        "rest_per_second": round(best["rest"]),
        "mcp_per_second": round(best["mcp"]),
        "of": f"best of {ROUNDS} rounds, {CLIENTS} clients",
        "limit": REST_LIMIT,
        "ok": ratio <= REST_LIMIT,
    }


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _request(token: str, tool: str, version: str) -> tuple[bytes, dict[str, str]]:
    params: dict[str, Any] = {"name": tool, "arguments": _ARGUMENTS[tool]}
    headers = {
        **_bearer(token),
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": version,
    }
    if version == MODERN:
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        headers |= {"Mcp-Method": "tools/call", "Mcp-Name": tool}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    return json.dumps(message).encode(), headers
