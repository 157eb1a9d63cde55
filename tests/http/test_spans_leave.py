"""Exported spans: do spans reach a collector as operating.md says, and does nobody notice when
there is none?
"""

import asyncio
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from mcp import Client
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.http.collector import Collector, collecting, told
from tests.http.process import Running, started
from tests.http.serving import client_of
from tests.server.process import ROOT, TIMEOUT_SECONDS, a_token
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMBEDDED = pytest.mark.parametrize("shared", ["sqlite"], indirect=True)
INSTRUMENT = str(Path(sys.executable).with_name("opentelemetry-instrument"))
ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
OFTEN = {"OTEL_BSP_SCHEDULE_DELAY": "100", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
CANARY, PHONE = "Chim Hoàng Yến", "0912345678"
CALLS = 20


def as_documented() -> dict[str, str]:
    """The variables that operators are told to set."""
    page = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return dict(re.findall(r"(?<=[ `])(OTEL_[A-Z_]+)=(\S+?)(?=[ \n])", page))


@asynccontextmanager
async def instrumented(world: World, endpoint: str) -> AsyncIterator[tuple[Running, Client]]:
    """The command that operators are told to use, and a client of it."""
    token = await a_token(world)
    variables = {**as_documented(), **OFTEN, ENDPOINT: endpoint}
    async with (
        started(world, before=[INSTRUMENT], **variables) as server,
        client_of(server.url, token) as client,
    ):
        yield server, client


async def arrived(collector: Collector, tool: str) -> list[Span]:
    """Every span, as soon as one of this tool is there."""

    def is_there() -> bool:
        return any(span.name.endswith(tool) for span in collector.spans)

    assert await asyncio.to_thread(collector.wait, is_there, TIMEOUT_SECONDS)
    return collector.spans


@EMBEDDED
async def test_every_call_arrives_as_one_span_that_tells_the_tool_and_how_it_ended(shared):
    with collecting() as collector:
        async with instrumented(shared, collector.url) as (server, client):
            await client.call_tool("crm_search_accounts", {"query": f"{CANARY} {PHONE}"})
            await client.call_tool("crm_get_account", {"id": CANARY, "phone": PHONE})
            await client.call_tool("whoami", {})
            spans = await arrived(collector, "whoami")
            code = await server.end()

    calls = [span for span in spans if span.name.startswith("tools/call")]
    assert [(span.name, told(span.attributes)) for span in calls] == [
        (f"tools/call {tool}", {
            "mcp.method.name": "tools/call", "gen_ai.tool.name": tool, "cyberos.outcome": outcome,
        })
        for tool, outcome in (
            ("crm_search_accounts", "ok"), ("crm_get_account", "INVALID_ARGS"), ("whoami", "ok"),
        )
    ]  # fmt: skip
    failed = Status.StatusCode.STATUS_CODE_ERROR
    assert [span.status.code == failed for span in calls] == [False, True, False]
    assert {span.kind for span in spans} == {Span.SpanKind.SPAN_KIND_SERVER}
    assert all(0 < span.start_time_unix_nano < span.end_time_unix_nano for span in spans)
    assert (code, collector.paths) == (0, {"/v1/traces"}), "no log and no metric leaves"


@EMBEDDED
async def test_what_arrives_names_nobody_and_quotes_nothing(shared):
    with collecting() as collector:
        async with instrumented(shared, collector.url) as (server, client):
            await client.call_tool("crm_search_accounts", {"query": f"{CANARY} {PHONE}"})
            who = await client.call_tool("whoami", {})
            await arrived(collector, "whoami")
            await server.end()

    sent = b"".join(collector.bodies)
    person = str(who.structured_content["acts_for"])
    token = list(shared.ours.tokens.values())[-1]
    secrets = (CANARY, PHONE, shared.ours.id, shared.ours.people["sales"], person, token, "agent ")
    assert not [one for one in secrets if one.encode() in sent]
    about = [told(one.resource.attributes) for r in collector.requests for one in r.resource_spans]
    assert about and all(one["service.name"] == "cyberos" for one in about)
    assert all(name.startswith(("service.", "telemetry.")) for one in about for name in one)


@contextmanager
def deaf() -> Iterator[str]:
    """A collector that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def gone() -> Iterator[str]:
    """A collector where nobody is."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@EMBEDDED
@pytest.mark.parametrize("away", [deaf, gone])
async def test_a_collector_that_is_away_slows_no_call_and_is_one_line_in_the_log(shared, away):
    with away() as endpoint:
        async with instrumented(shared, endpoint) as (server, client):
            taken = []
            for _ in range(CALLS):
                begun = time.monotonic()
                said = await client.call_tool("whoami", {})
                taken.append(time.monotonic() - begun)
                assert not said.is_error
            await asyncio.sleep(1.5)  # until the first batches have failed
            code = await server.end()

    lines = [str(line["logger"]) for line in server.lines]
    assert code == 0 and lines.count("cyberos.requests") > CALLS
    assert sorted(taken)[CALLS // 2] < float(OFTEN["OTEL_EXPORTER_OTLP_TIMEOUT"]) / 2
    unsent = [name for name in lines if name.startswith("opentelemetry.")]
    assert unsent and len(unsent) == len(set(unsent))
