"""HTTP client of services: how is one asked, or handed something? Every way it can go wrong.

A service is at one address that an operator chose. We never follow it elsewhere, never wait longer
than we said, never read more than we said, and leave it alone for a while when it fails. What is
handed over is sent once: whoever hands it over learns whether a byte of it can have left.
"""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import anyio

from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind, NotSent
from domain.store.tx import in_transaction
from server.gateways.addresses import check_address, may_talk_to

log = logging.getLogger(__name__)

FAILURES_UNTIL_OPEN = 3
OPEN_SECONDS = 30
LONGEST_OPEN_SECONDS = 3_600  # whatever Retry-After says
_LEADS_HOME = "has a name that leads into a private network"
_RETRY_COSTS, _RETRY_SAVINGS = 10, 30  # ten calls that went well pay for one retry


class Circuit:
    """Whether a service may be asked now: after failures in a row it is not asked for a while."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failures = 0
        self._closed_from = 0.0
        self._savings = _RETRY_SAVINGS

    def open_for(self) -> int:
        """Whole seconds until it may be asked again; 0 when it may be asked now."""
        return max(0, math.ceil(self._closed_from - self._now()))

    def succeeded(self) -> None:
        """It answered: all is forgotten."""
        self._failures = 0
        self._savings = min(self._savings + 1, _RETRY_SAVINGS)

    def failed(self, *, rest_seconds: int = 0) -> None:
        """It did not. `rest_seconds` is what the service asked for itself.

        The first question after a pause is a trial: when that fails too, the pause begins anew.
        """
        self._failures += 1
        if rest_seconds or self._failures >= FAILURES_UNTIL_OPEN:
            rest = min(max(rest_seconds, OPEN_SECONDS), LONGEST_OPEN_SECONDS)
            self._closed_from = self._now() + rest

    def may_retry(self) -> bool:
        """Whether a failed question may be asked a second time, which takes from the budget."""
        if self._failures or self._savings < _RETRY_COSTS:
            return False
        self._savings -= _RETRY_COSTS
        return True


@dataclass(slots=True)
class _Exchange:
    """One request; `left` becomes true just before its first byte is written."""

    method: str
    path: str
    most_bytes: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    left: bool = False


class HttpClient:
    """One service. `code` begins the codes of its faults, `who` stands in their sentences."""

    def __init__(
        self,
        base_url: str,
        *,
        code: str,
        who: str,
        timeout: float,
        most_bytes: int = 65_536,
        circuit: Circuit | None = None,
    ) -> None:
        check_address(base_url)
        self._base = base_url.rstrip("/")
        self._host = urlsplit(base_url).hostname or ""
        self._code = code
        self._who = who
        self._timeout = timeout
        self._most_bytes = most_bytes
        self._circuit = circuit or Circuit()

    async def get(self, path: str, *, most_bytes: int | None = None) -> bytes:
        """The body of a 200 answer to one GET; `path` holds nothing that needs quoting.

        Raises Fault `<code>_PAUSED`, `_TIMEOUT`, `_UNREACHABLE`, `_BUSY`, `_FAILED` and
        `_BAD_ANSWER`, all of Kind UNAVAILABLE. An answer may have `most_bytes`, or as many as the
        client was made for.
        """
        assert not in_transaction(), "nobody waits for the network with a transaction open"
        if seconds := self._circuit.open_for():
            raise self.fault("PAUSED", "failed repeatedly and is not asked for a while.", seconds)
        with anyio.move_on_after(self._timeout):
            try:
                return await self._asked(path, most_bytes or self._most_bytes)
            except _Private:
                self._circuit.failed()
                raise self.fault("FAILED", f"{_LEADS_HOME}.") from None
            except _Lost:
                self._circuit.failed()
                raise self.fault("UNREACHABLE", "cannot be reached.") from None
        self._circuit.failed()
        raise self.fault("TIMEOUT", "did not answer in time.")

    async def post(
        self, path: str, body: bytes, *, headers: Mapping[str, str], most_bytes: int | None = None
    ) -> bytes:
        """The body of a 200 answer to one POST, which is never sent a second time.

        Raises a NotSent `<code>_NOT_SENT` while not one byte of the request can have left: a pause,
        no name, no connection, an address that is not allowed, no TLS. After that
        `<code>_NO_ANSWER`, `_BUSY`, `_FAILED` and `_BAD_ANSWER`, and nobody knows what the service
        did. All are of Kind UNAVAILABLE.
        """
        assert not in_transaction(), "nobody waits for the network with a transaction open"
        if seconds := self._circuit.open_for():
            raise self._not_sent("failed repeatedly and is not asked for a while", seconds)
        sending = _Exchange("POST", path, most_bytes or self._most_bytes, body, headers)
        lost = "did not answer in time"
        with anyio.move_on_after(self._timeout):
            try:
                return await self._exchange(sending)
            except _Lost:
                lost = "cannot be reached"
            except _Private:
                lost = _LEADS_HOME
        self._circuit.failed()
        if not sending.left:
            raise self._not_sent(lost)
        raise self.fault("NO_ANSWER", "was sent something and did not answer.")

    def fault(self, suffix: str, what: str, seconds: int = 0) -> Fault:
        """A fault of this service; after `seconds` it may be asked again."""
        return self._refusal(Fault, suffix, what, seconds)

    def _not_sent(self, why: str, seconds: int = 0) -> Fault:
        return self._refusal(NotSent, "NOT_SENT", f"{why}, so nothing was sent.", seconds)

    def _refusal(self, sort: type[Fault], suffix: str, what: str, seconds: int) -> Fault:
        again = f"in {counted(seconds, 'second')}" if seconds else "in a minute"
        return sort(
            f"{self._code}_{suffix}",
            Kind.UNAVAILABLE,
            f"{self._who} {what}",
            f"ask again {again}; if it stays so, tell an operator.",
            {"retry_after_seconds": seconds} if seconds else {},
        )

    async def _asked(self, path: str, most_bytes: int) -> bytes:
        """One question, and once more if nothing came back and the budget has a retry left."""
        try:
            return await self._exchange(_Exchange("GET", path, most_bytes))
        except _Lost:
            if not self._circuit.may_retry():
                raise
        return await self._exchange(_Exchange("GET", path, most_bytes))

    async def _exchange(self, one: _Exchange) -> bytes:
        # Not at the top: it takes a third of a second that start-up does not have.
        import httpx2

        _keep_addresses_out_of_the_log()
        client = httpx2.AsyncClient(
            verify=_tls(),
            trust_env=False,  # no proxy and no certificate that only the environment knows
            follow_redirects=False,
            timeout=None,  # one for the whole exchange stands in `get` and `post`
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )

        connected: Any = None

        async def watch(step: str, info: Any) -> None:
            nonlocal connected
            if step == "connection.connect_tcp.complete":
                connected = info["return_value"]
                self._look_at_peer(connected)
            elif step.endswith(".send_request_headers.started"):
                one.left = True

        try:
            async with (
                client,
                client.stream(
                    one.method,
                    f"{self._base}/{one.path}",
                    content=one.body,
                    headers=one.headers,
                    extensions={"trace": watch},
                ) as response,
            ):
                return await self._body(response, one.most_bytes)
        except (httpx2.TransportError, OSError) as error:
            log.info("%s: %s", self._code, type(error).__name__)
            raise _Lost from None
        finally:
            if connected is not None:  # the library leaves it open when time ends amid TLS
                with anyio.CancelScope(shield=True):
                    await connected.aclose()

    async def _body(self, response: Any, most_bytes: int) -> bytes:
        status = response.status_code
        if status == 429:
            rest = _seconds(response.headers.get("retry-after", ""))
            self._circuit.failed(rest_seconds=max(rest, OPEN_SECONDS))
            raise self.fault("BUSY", "gets too many questions.", self._circuit.open_for())
        if status != 200:  # a redirect too: we were sent here by an operator, not by this answer
            self._circuit.failed()
            raise self.fault("FAILED", f"answered with HTTP status {status}.")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise self._spoiled("is compressed although we asked for plain text")
        body = b""
        async for part in response.aiter_raw():
            body += part
            if len(body) > most_bytes:
                raise self._spoiled(f"is longer than {most_bytes} bytes")
        self._circuit.succeeded()
        return body

    def _spoiled(self, why: str) -> Fault:
        self._circuit.failed()
        return self.fault("BAD_ANSWER", f"gave an answer that {why}.")

    def _look_at_peer(self, stream: Any) -> None:
        """Before a byte is sent: is the machine that the name led to one we may talk to?"""
        if not may_talk_to(self._host, stream.get_extra_info("server_addr")[0]):
            raise _Private


class _Lost(Exception):
    """The connection failed before there was an answer."""


class _Private(Exception):
    """The name leads to a machine that it may not lead to; the connection is closed again."""


def _seconds(header: str) -> int:
    return int(header) if header.isascii() and header.isdigit() and len(header) < 8 else 0


@lru_cache(maxsize=1)
def _tls() -> Any:
    import httpx2  # not at the top, as above

    return httpx2.create_ssl_context()


def _keep_addresses_out_of_the_log() -> None:
    """Addresses carry tax codes; those are a person's identity."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
