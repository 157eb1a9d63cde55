"""HTTP command: how does `cyberos http` begin and end? Options, sockets, databases, one loop."""

import gc
import logging
import socket
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import methods

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database, Role
from domain.store.revision import check_revision
from policies.gate import activation
from policies.gate.catalogue import Catalogue
from policies.gate.turns import FairTurns, Turns
from server import settings as environment
from server import wiring
from server.http import guards, logs
from server.http.app import CALLER_KEY, Door
from server.http.applying import Applying
from server.http.callers import Callers, Gates
from server.http.connections import Serving, serve_together, serving
from server.http.guards import Names
from server.http.health import WhyNotReady
from server.http.limits import Limits
from server.http.listening import listen
from server.http.metrics import Metrics
from server.http.options import MCP, PUBLIC, of_public_door, read_options
from server.http.public_door import PublicDoor
from server.http.rest import Rest
from server.http.watching import RequestWatch
from server.http.webhooks import Webhooks
from server.listing import Toolsets
from server.mcp_server import (
    AgentServer,
    Answering,
    Contracts,
    chosen_toolsets,
    contract,
    protocol,
)
from server.settings import Settings
from server.standing import standing

log = logging.getLogger("cyberos.http")

_READY_SECONDS = 5
_AT_ONCE = 4  # turns on PostgreSQL: one connection of the pool stays free for what takes none


def main(argv: Sequence[str]) -> int:
    """`cyberos http`: answer agents, or bank feeds, until SIGTERM or SIGINT."""
    options = read_options(argv)
    try:
        settings = environment.read()
        _check_doors(options.doors, settings)
        listening = {
            door: listen(of_public_door(options) if door == PUBLIC else options)
            for door in options.doors
        }
        logs.to_stderr(settings.log_level)
        anyio.run(_serve, settings, options, listening)
    except Fault as fault:
        sys.stderr.write(f"cyberos http: {fault}\n")
        return 2
    return 0


def _check_doors(doors: Sequence[str], settings: Settings) -> None:
    """DOORS_APART for two doors on a real database: each has a login that may do its part alone."""
    if len(doors) > 1 and not settings.is_embedded:
        raise Fault(
            "DOORS_APART",
            Kind.INVALID,
            "On PostgreSQL a process opens one door.",
            "start one with --doors mcp and one with --doors public, each with a login of its own.",
        )


async def _serve(
    settings: Settings, options: Namespace, listening: Mapping[str, socket.socket]
) -> None:
    make = {MCP: _agents_door, PUBLIC: _public_door}
    async with AsyncExitStack() as stack:
        servers = [
            (await make[door](stack, settings, options, socket), socket)
            for door, socket in listening.items()
        ]
        gc.freeze()  # as in `cyberos serve`
        gc.set_threshold(20_000, 20, 20)
        await serve_together(servers)


async def _agents_door(
    stack: AsyncExitStack, settings: Settings, options: Namespace, listening: socket.socket
) -> Serving:
    catalogue, fault = wiring.policy(settings)
    if fault is not None:
        log.error("%s", fault)
    toolsets = chosen_toolsets(options.toolsets, catalogue, fault)
    opened = await wiring.database(settings, Role.AGENT)
    stack.push_async_callback(opened.close)
    limits = replace(Limits(), calls_per_second=options.rate, calls_at_once=options.burst)
    # One thread works on an embedded database; a server of its own answers several at once.
    turns = FairTurns(1 if settings.is_embedded else _AT_ONCE)
    metrics = Metrics(standing(opened, settings, wiring.clock()))
    gates = _gates(settings, options, opened, catalogue, fault, turns)
    stack.push_async_callback(gates.flush)
    manager = protocol_over(toolsets, catalogue, metrics)
    door = Door(
        _names(options, listening), Callers(gates, limits, turns), manager,
        Rest(catalogue, toolsets, metrics, contract), metrics,
        readiness(opened, fault), limits,
    )  # fmt: skip
    await stack.enter_async_context(manager.run())
    _tell(listening, "/mcp")
    return serving(door, limits, metrics, tuple(options.trust_proxy))


async def _public_door(
    stack: AsyncExitStack, settings: Settings, options: Namespace, listening: socket.socket
) -> Serving:
    opened = await wiring.database(settings, Role.PUBLIC)
    stack.push_async_callback(opened.close)
    limits, metrics, clock = Limits(), Metrics(), wiring.clock()
    applying: Applying | None = None
    if settings.is_embedded:
        worker_side = await wiring.database(settings, Role.EXECUTOR)
        stack.push_async_callback(worker_side.close)
        applying = Applying(worker_side, clock)
        tasks = await stack.enter_async_context(anyio.create_task_group())
        tasks.start_soon(applying.run)
        stack.callback(tasks.cancel_scope.cancel)
    stored = applying.stored if applying else _nobody
    door = PublicDoor(
        _names(options, listening), Webhooks(opened, clock, limits, stored), metrics,
        readiness(opened, None), limits,
    )  # fmt: skip
    _tell(listening, "/webhook")
    return serving(door, limits, metrics, tuple(options.trust_proxy))


def _nobody(_tenant_id: str) -> None:
    """A worker looks for itself."""


def _tell(listening: socket.socket, path: str) -> None:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logs.request(event="listening", url=f"http://{shown}:{port}{path}")


def protocol_over(
    toolsets: Toolsets,
    catalogue: Catalogue,
    metrics: Metrics,
    contracts: Contracts = contract,
    answering: Answering = AgentServer,
) -> StreamableHTTPSessionManager:
    """The SDK's side of it: stateless, one JSON answer for one message, both protocol eras."""

    def asked(ctx: Any) -> AgentServer:
        caller = ctx.request.scope[CALLER_KEY]
        return answering(caller.gate, caller.token, toolsets, contracts)

    server = protocol(asked, stays_connected=False)
    # No argument of ours travels in a header; asking for the list of tools before each call, in
    # case one does, would double the cost of a call.
    server.get_tool_input_schema = lambda _name: None
    tools = catalogue.by_name.keys() | catalogue.by_id.keys()
    server.middleware[:] = [RequestWatch(metrics, tools, methods.SPEC_CLIENT_METHODS)]
    return StreamableHTTPSessionManager(server, json_response=True, stateless=True)


def _gates(
    settings: Settings,
    options: Namespace,
    opened: Database,
    catalogue: Catalogue,
    fault: Fault | None,
    turns: Turns,
) -> Gates:
    async def is_active(tenant_id: str) -> bool:
        return await activation.is_active(opened, tenant_id, wiring.clock(), catalogue)

    make = partial(wiring.gate, settings, opened, catalogue, turns=turns)
    whole = make(fault, read_only=options.read_only)
    return Gates(whole, make(fault or wiring.not_activated()), is_active)


def readiness(opened: Database, fault: Fault | None) -> WhyNotReady:
    """Why this process should get no requests: the code of a fault, or nothing."""

    async def why_not() -> str:
        if fault is not None:
            return fault.code
        try:
            with anyio.fail_after(_READY_SECONDS):
                await check_revision(opened)
        except Fault as error:
            return error.code
        except TimeoutError:
            return "DATABASE_BUSY"
        return ""

    return why_not


def _names(options: Namespace, listening: socket.socket) -> Names:
    return guards.names(
        listening.getsockname()[1],
        hosts=options.allow_host,
        origins=options.allow_origin,
        watchers=options.metrics_host,
    )
