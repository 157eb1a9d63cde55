"""HTTP command: how does `cyberos http` begin and end? Options, sockets, one database, one loop."""

import gc
import logging
import socket
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import methods

from domain.kernel.faults import Fault
from domain.store.engine import Database, Role
from domain.store.revision import check_revision
from policies.gate import activation
from policies.gate.catalogue import Catalogue
from server import settings as environment
from server import wiring
from server.http import guards, logs
from server.http.app import CALLER_KEY, Door, WhyNotReady
from server.http.callers import Callers, Gates
from server.http.connections import serving
from server.http.guards import Names
from server.http.limits import Limits
from server.http.listening import listen
from server.http.metrics import Metrics
from server.http.options import read_options
from server.http.rest import Rest
from server.http.watching import RequestWatch
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

log = logging.getLogger("cyberos.http")

_READY_SECONDS = 5


def main(argv: Sequence[str]) -> int:
    """`cyberos http`: answer agents until SIGTERM or SIGINT."""
    options = read_options(argv)
    try:
        settings = environment.read()
        listening = listen(options)
        logs.to_stderr(settings.log_level)
        anyio.run(_serve, settings, options, listening)
    except Fault as fault:
        sys.stderr.write(f"cyberos http: {fault}\n")
        return 2
    return 0


async def _serve(settings: Settings, options: Namespace, listening: socket.socket) -> None:
    catalogue, fault = wiring.policy(settings)
    if fault is not None:
        log.error("%s", fault)
    toolsets = chosen_toolsets(options.toolsets, catalogue, fault)
    opened = await wiring.database(settings, Role.AGENT)
    try:
        host, port = listening.getsockname()[:2]
        limits = replace(Limits(), calls_per_second=options.rate, calls_at_once=options.burst)
        metrics, gates = Metrics(), _gates(settings, options, opened, catalogue, fault)
        manager = protocol_over(toolsets, catalogue, metrics)
        door = Door(
            _names(options, port), Callers(gates, limits), manager,
            Rest(catalogue, toolsets, metrics, contract), metrics,
            readiness(opened, fault), limits,
        )  # fmt: skip
        gc.freeze()  # as in `cyberos serve`
        gc.set_threshold(20_000, 20, 20)
        async with manager.run():
            shown = f"[{host}]" if ":" in host else host
            logs.request(event="listening", url=f"http://{shown}:{port}/mcp")
            server = serving(door, limits, metrics, tuple(options.trust_proxy))
            await server.serve(sockets=[listening])
        await gates.flush()
    finally:
        await opened.close()


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
) -> Gates:
    async def is_active(tenant_id: str) -> bool:
        return await activation.is_active(opened, tenant_id, wiring.clock(), catalogue)

    make = wiring.gate
    whole = make(settings, opened, catalogue, fault, read_only=options.read_only)
    return Gates(
        whole, make(settings, opened, catalogue, fault or wiring.not_activated()), is_active
    )


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


def _names(options: Namespace, port: int) -> Names:
    return guards.names(
        port,
        hosts=options.allow_host,
        origins=options.allow_origin,
        watchers=options.metrics_host,
    )
