"""The door to a world on a real socket: uvicorn in this process, with the clock of the test."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.types import ASGIApp

from policies.gate import activation
from server.http import guards
from server.http.app import Door
from server.http.callers import Callers, Gates
from server.http.command import protocol_over, readiness
from server.http.connections import Serving, serving
from server.http.health import WhyNotReady
from server.http.limits import Limits
from server.http.metrics import Metrics
from server.http.rest import Rest
from server.mcp_server import AgentServer, Answering
from server.wiring import not_activated
from tests.world import Company, World

TIMEOUT_SECONDS = 60
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
QUICK = Limits(head_seconds=1, body_seconds=1, write_seconds=1)
PLENTY = Limits(calls_per_second=10_000, calls_at_once=10_000, in_flight=10_000)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def code(self) -> str:
        """The code of the refusal, which is also what its message begins with."""
        error = self.json["error"]
        code = str(error["data"]["vn.cyberos/error"]["code"])
        assert error["message"].startswith(f"{code}: ")
        return code


def problem(answer: Answer) -> str:
    """The code of a refusal without MCP, in the form of RFC 9457."""
    said = answer.json
    assert answer.headers["content-type"] == "application/problem+json", answer
    assert set(said) == {
        "type", "title", "status", "detail", "code", "kind", "hint", "facts",
    }, said  # fmt: skip
    assert (said["type"], said["status"]) == ("about:blank", answer.status)
    return str(said["code"])


@dataclass
class Site:
    """A server, seen from outside."""

    port: int
    world: World
    metrics: Metrics
    server: Serving

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def raw(self, sent: bytes, *more: bytes) -> Answer | None:
        """Exactly these bytes on a new connection; None if it hangs up without an answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                for part in (sent, *more):
                    writer.write(part)
                    await writer.drain()
                return await answer_from(reader, has_body=not sent.startswith(b"HEAD "))
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            writer.close()

    async def ask(
        self,
        body: bytes,
        *,
        token: str | None = None,
        method: str = "POST",
        path: str = "/mcp",
        **headers: str | None,
    ) -> Answer:
        """One request with the usual headers, changed or left out (None) as asked."""
        answer = await self.raw(self.request(body, token, method, path, headers))
        assert answer is not None, "the server hung up"
        return answer

    def request(
        self,
        body: bytes,
        token: str | None,
        method: str = "POST",
        path: str = "/mcp",
        headers: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """The bytes of a request."""
        token = self.world.ours.tokens["cro_agent"] if token is None else token
        usual: dict[str, str | None] = {
            "host": self.host,
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {token}",
            "content-length": str(len(body)),
        }
        told = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        lines = [f"{name}: {value}" for name, value in {**usual, **told}.items() if value]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + body

    async def call(self, tool: str, /, *, token: str | None = None, **arguments: Any) -> Answer:
        """One call of a tool, in the era with the handshake."""
        return await self.ask(message("tools/call", name=tool, arguments=arguments), token=token)

    async def post(
        self,
        tool: str,
        arguments: Mapping[str, Any] | bytes,
        *,
        token: str | None = None,
        **headers: str | None,
    ) -> Answer:
        """One call of a tool without MCP."""
        body = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
        return await self.ask(body, token=token, path=f"/v1/tools/{tool}", **headers)

    async def get(self, path: str, *, token: str | None = None, **headers: str | None) -> Answer:
        """A question without a body."""
        bare = {"content_type": None, "content_length": None}
        return await self.ask(b"", token=token, method="GET", path=path, **{**bare, **headers})

    @asynccontextmanager
    async def client(
        self, agent: str = "cro_agent", company: Company | None = None, era: str = "auto"
    ) -> AsyncIterator[Client]:
        """A client of the SDK."""
        token = (company or self.world.ours).tokens[agent]
        async with client_of(f"http://{self.host}/mcp", token, era) as client:
            yield client


@asynccontextmanager
async def client_of(url: str, token: str, era: str = "auto") -> AsyncIterator[Client]:
    """A client of the SDK that shows this token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers) as sending,
        Client(streamable_http_client(url, http_client=sending), mode=era) as client,
    ):
        yield client


@asynccontextmanager
async def site(
    world: World,
    *,
    limits: Limits = PLENTY,
    allow_hosts: tuple[str, ...] = (),
    allow_origins: tuple[str, ...] = (),
    metrics_hosts: tuple[str, ...] = (),
    proxies: tuple[str, ...] = (),
    why_not_ready: WhyNotReady | None = None,
    now: Callable[[], float] = time.monotonic,
    answering: Answering = AgentServer,
    middleware: Sequence[Any] = (),
    front: Callable[[ASGIApp], ASGIApp] = lambda door: door,
    allow_itself: bool = False,
    of_the_agents: bool = False,
    **gate: Any,
) -> AsyncIterator[Site]:
    """A server on a free port for the length of a block."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    async def is_active(tenant_id: str) -> bool:
        return await activation.is_active(world.agent_side, tenant_id, world.clock, world.catalogue)

    gates = Gates(world.gate(**gate), world.gate(policy_fault=not_activated()), is_active, now=now)
    metrics = Metrics()
    toolsets = None if of_the_agents else world.toolsets
    manager = protocol_over(toolsets, world.catalogue, metrics, world.contract, answering)
    manager.app.middleware.extend(middleware)
    if allow_itself:
        allow_origins = (*allow_origins, f"http://127.0.0.1:{port}")
    names = guards.names(port, hosts=allow_hosts, origins=allow_origins, watchers=metrics_hosts)
    door = Door(
        names, Callers(gates, limits), manager,
        Rest(world.catalogue, toolsets, metrics, world.contract), metrics,
        why_not_ready or readiness(world.agent_side, None), limits,
    )  # fmt: skip
    server = serving(front(door), limits, metrics, proxies)
    async with manager.run():
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0)
        try:
            yield Site(port, world, metrics, server)
        finally:
            server.stop()
            server.stop()
            await asyncio.wait_for(running, TIMEOUT_SECONDS)


async def answer_from(reader: asyncio.StreamReader, *, has_body: bool = True) -> Answer:
    """One answer with a length; an answer to HEAD has one without what it is the length of."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if not has_body:
        body = b""
    elif headers.get("connection") == "close" and "content-length" not in headers:
        body = await reader.read()
    else:
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)


def message(method: str, /, id: int | str = 1, **params: Any) -> bytes:
    """A request of JSON-RPC."""
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode()
