"""Wire client that costs nothing: JSON-RPC lines over a pipe, so that only servers are measured."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
_HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


class Peer:
    """One server process and the pipe to it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        # Byte code is written as it would be at home: a first start compiles, later ones do not.
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env={**inherited, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._id = 0
        self.request("initialize", _HELLO)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def request(self, method: str, params: Mapping[str, Any] | None = None) -> bytes:
        """Ask and wait for the answer line."""
        self._id += 1
        message = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}
        self._send(message)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server hung up"
        return line

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """One tool call that must succeed."""
        answer = json.loads(self.request("tools/call", {"name": tool, "arguments": arguments}))
        result: dict[str, Any] = answer["result"]
        assert not result.get("isError"), result["content"]
        return result

    def seconds(self, tool: str, arguments: Mapping[str, Any]) -> float:
        """How long a call takes, seen from the client."""
        begun = time.perf_counter()
        self.request("tools/call", {"name": tool, "arguments": arguments})
        return time.perf_counter() - begun

    def memory_mib(self) -> int | None:
        """Resident memory, where the system tells."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return None
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) // 1024

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=20)
