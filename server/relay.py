"""Relay: how does a client that speaks only stdio reach a server that runs elsewhere?

`cyberos relay URL` passes each line of standard input on as one HTTP request, and each answer and
notification back as one line. It holds the token of one agent and nothing else: no database, no
data directory, no tool. So it loads nothing but the standard library, and starts at once.
"""

import argparse
import base64
import json
import os
import re
import ssl
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from domain.kernel.faults import Fault, Kind
from server.cli.connect_http import check_url
from server.token_files import read_token

ANSWER_SECONDS = 120  # a call may wait for people for as long as the server lets it
IDLE_SECONDS = 10  # the server ends a connection that was idle for 15
AT_ONCE = 12  # the server answers 16 of an agent at once, open streams among them
LARGEST = 2**24  # bytes of an answer
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)  # before each try to reach a server that is away
STREAM_PAUSE = 1.0  # before a stream that broke is asked for again
_VERSION = "io.modelcontextprotocol/protocolVersion"
_SAFE = re.compile(r"[\x20-\x7e]*")
_BROKEN = (OSError, HTTPException)
# What may be asked a second time although nobody knows what became of the first.
_ONLY_READS = re.compile(
    r"(initialize|ping|server/.*|[a-z]+/(list|read|get|templates/list)|completion/.*)"
)


def main(argv: Sequence[str]) -> int:
    """Relay until standard input ends. Raises URL_INVALID and TOKEN_INVALID."""
    parser = argparse.ArgumentParser(
        "cyberos relay",
        description="Speak MCP over stdio for a `cyberos http` that runs elsewhere.",
    )
    parser.add_argument("url", help="such as https://crm.example.vn/mcp")
    parser.add_argument("--token-file", type=Path, help="or CYBEROS_AGENT_TOKEN_FILE")
    options = parser.parse_args(argv)
    check_url(options.url)
    relay = Relay(options.url, read_token(_token_file(options.token_file)))
    relay.run(iter(sys.stdin.buffer.readline, b""))
    return 0


def _token_file(given: Path | None) -> Path:
    named = os.environ.get("CYBEROS_AGENT_TOKEN_FILE", "")
    if given is None and not named:
        raise Fault(
            "TOKEN_INVALID",
            Kind.FORBIDDEN,
            "No file with the agent's token is named.",
            "give --token-file, or set CYBEROS_AGENT_TOKEN_FILE.",
        )
    return given or Path(named)


class Relay:
    """One client and one server. Connections are kept for the next request."""

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        self._version = ""
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._under_way: dict[str, HTTPConnection] = {}
        self._cancelled: set[str] = set()
        self._streams: set[str] = set()
        self._lock, self._writes = threading.Lock(), threading.Lock()
        self._trusted = ssl.create_default_context() if self._address.scheme == "https" else None

    # --- public ---

    def run(self, lines: Iterable[bytes]) -> None:
        """Pass on line after line; at their end, what is under way is answered first."""
        with ThreadPoolExecutor(AT_ONCE, "relay") as workers:
            for line in lines:
                if line.strip():
                    message = _parsed(line)
                    self._hang_up_if_cancelled(message)
                    workers.submit(self._guarded, line.strip(), message)
            self._end_streams()  # nobody hears them any more

    def _guarded(self, line: bytes, message: Mapping[str, Any]) -> None:
        try:
            self._pass_on(line, message)
        except _Away as away:
            if "id" in message and "method" in message:
                self._answer(message["id"], away.code, str(away), away.hint)
        except Exception as error:  # nothing of it is shown: it may hold what somebody sent
            name = type(error).__name__
            if "id" in message:
                self._answer(message["id"], "RELAY_BROKEN", f"The relay broke ({name}).", "")

    # --- requests ---

    def _pass_on(self, line: bytes, message: Mapping[str, Any]) -> None:
        key = json.dumps(message.get("id"))
        while True:
            response = self._ask(line, message, key)
            if not response.getheader("Content-Type", "").startswith("text/event-stream"):
                self._say(self._whole(response, message, key), message)
                return
            if self._stream(response, message, key) or key in self._cancelled:
                return
            time.sleep(STREAM_PAUSE)  # it broke: ask for it again

    def _ask(self, line: bytes, message: Mapping[str, Any], key: str) -> HTTPResponse:
        headers = {**self._headers, **self._described(message)}
        may_repeat = _ONLY_READS.fullmatch(str(message.get("method", ""))) or _of(
            message, "params", "arguments", "idempotency_key"
        )
        for pause in PAUSES:
            time.sleep(pause)
            connection, is_new = self._connection()
            try:
                if is_new:
                    connection.connect()
            except _BROKEN:
                continue  # nothing has left
            with self._lock:
                self._under_way[key] = connection
            try:
                connection.request("POST", self._address.path, line, headers)
                return connection.getresponse()
            except _BROKEN:
                connection.close()
                if key in self._cancelled:
                    raise _cancelled() from None
                if not may_repeat:
                    raise _unknown() from None
        raise _away(self._address.netloc)

    def _connection(self) -> tuple[HTTPConnection, bool]:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < IDLE_SECONDS:
                    return connection, False
                connection.close()
        host, port = self._address.hostname or "", self._address.port
        if self._trusted is not None:
            return HTTPSConnection(host, port, timeout=ANSWER_SECONDS, context=self._trusted), True
        return HTTPConnection(host, port, timeout=ANSWER_SECONDS), True

    def _described(self, message: Mapping[str, Any]) -> dict[str, str]:
        """What the protocol wants to be read without the body: version, method, name."""
        params = message.get("params")
        given = params if isinstance(params, dict) else {}
        told = {
            "MCP-Protocol-Version": _of(given, "_meta", _VERSION) or self._version,
            "Mcp-Method": message.get("method"),
            "Mcp-Name": given.get("name") or given.get("uri"),
        }
        return {
            name: _header(value) for name, value in told.items() if isinstance(value, str) and value
        }

    # --- answers ---

    def _whole(self, response: HTTPResponse, message: Mapping[str, Any], key: str) -> bytes:
        try:
            body = response.read(LARGEST + 1)
        except _BROKEN:
            raise _unknown() from None
        with self._lock:
            connection = self._under_way.pop(key, None)
            if connection is not None and response.isclosed() and not response.will_close:
                self._idle.append((time.monotonic(), connection))
        if len(body) > LARGEST:
            raise _Away(
                "ANSWER_TOO_LARGE", "The answer is larger than a relay takes.", "ask for less."
            )
        return body

    def _stream(self, response: HTTPResponse, message: Mapping[str, Any], key: str) -> bool:
        """Pass on what comes; whether the request was answered with it."""
        self._streams.add(key)
        try:
            for data in _events(response):
                self._say(data, message)
                said = _parsed(data)
                if "method" not in said and json.dumps(said.get("id")) == key:
                    return True
        except _BROKEN:
            pass
        finally:
            self._streams.discard(key)
            with self._lock:
                connection = self._under_way.pop(key, None)
            if connection is not None:
                connection.close()
        return False

    def _say(self, body: bytes, message: Mapping[str, Any]) -> None:
        said = _parsed(body)
        if not said:
            if "id" in message and "method" in message:
                raise _Away(
                    "ANSWER_UNREADABLE", "What answered is no MCP server.", "check the URL."
                )
            return
        if message.get("method") == "initialize":
            self._version = str(_of(said, "result", "protocolVersion") or "")
        if "method" not in said and "id" in message and said.get("id") is None:
            said = {**said, "id": message["id"]}  # refused before anybody read which request it was
        self._write(said)

    def _answer(self, id: Any, code: str, sentence: str, hint: str) -> None:
        text = f"{code}: {sentence}" + (f" Hint: {hint}" if hint else "")
        self._write({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": text}})

    def _write(self, said: Mapping[str, Any]) -> None:
        line = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        with self._writes:
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()

    # --- ends ---

    def _hang_up_if_cancelled(self, message: Mapping[str, Any]) -> None:
        if message.get("method") == "notifications/cancelled":
            self._cancel(json.dumps(_of(message, "params", "requestId")))

    def _cancel(self, key: str) -> None:
        """Hang up: the server sees that nobody waits any more."""
        with self._lock:
            self._cancelled.add(key)
            connection = self._under_way.pop(key, None)
        if connection is not None and connection.sock is not None:
            connection.sock.shutdown(2)

    def _end_streams(self) -> None:
        for key in list(self._streams):
            self._cancel(key)


class _Away(Exception):
    """The request was not answered; why, and what to do next."""

    def __init__(self, code: str, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.code, self.hint = code, hint


def _away(place: str) -> _Away:
    return _Away(
        "SERVER_AWAY",
        f"Nobody answers at {place}, so nothing has happened.",
        "start `cyberos http` there, or check the URL; then call again.",
    )


def _unknown() -> _Away:
    return _Away(
        "CONNECTION_BROKE",
        "The connection broke before an answer came, so nobody knows here what has happened.",
        "look whether it has happened before calling again, or call with an idempotency_key.",
    )


def _cancelled() -> _Away:
    return _Away("CANCELLED", "The request was cancelled.", "")


def _events(response: HTTPResponse) -> Iterator[bytes]:
    """The data of each event of a stream (WHATWG HTML, server-sent events)."""
    data: list[bytes] = []
    size = 0
    while line := response.readline(LARGEST):
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        size += len(line)
        if size > LARGEST:
            raise HTTPException("an event is too large")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif not field and not value:
            if data:
                yield b"\n".join(data)
            data, size = [], 0


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _of(message: Mapping[str, Any], *path: str) -> Any:
    found: Any = message
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _header(value: str) -> str:
    """A value as a header may hold it: the protocol wraps what is no plain text in base64."""
    if _SAFE.fullmatch(value) and value == value.strip():
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="
