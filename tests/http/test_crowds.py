"""Crowds of callers: can one agent, or one address, keep everybody else out? Is that seen?"""

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from tests.http.serving import MODERN, PLENTY, TIMEOUT_SECONDS, answer_from, message, site

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("shared", ["sqlite"], indirect=True),
]

BOARD = "crm://pipelines/sales/board"
ERA = "io.modelcontextprotocol/"
LISTEN = message(
    "subscriptions/listen",
    notifications={"resourceSubscriptions": [BOARD]},
    _meta={
        f"{ERA}protocolVersion": MODERN,
        f"{ERA}clientCapabilities": {},
        f"{ERA}clientInfo": {"name": "test", "version": "1"},
    },
)
STREAM = {"mcp_protocol_version": MODERN, "mcp_method": "subscriptions/listen"}


@asynccontextmanager
async def connected(there, address="127.0.0.1"):
    """A connection, on which nothing is said yet."""
    reader, writer = await asyncio.open_connection("127.0.0.1", there.port, local_addr=(address, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


@asynccontextmanager
async def a_stream(there):
    """A stream that stays open for the length of the block; the head of its answer."""
    async with connected(there) as (reader, writer):
        writer.write(there.request(LISTEN, None, headers=STREAM))
        yield await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT_SECONDS)


async def watched(there):
    """What monitoring is told at each of its places."""
    bare = {"authorization": None, "content_type": None, "content_length": None}
    places = ("/healthz", "/readyz", "/metrics")
    return [(await there.ask(b"", method="GET", path=one, **bare)).status for one in places]


async def in_flight(there, number):
    """Until so many requests are being answered."""
    line = f"cyberos_requests_in_flight {float(number)}".encode()
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while line not in there.metrics.text():  # noqa: ASYNC110 - it is asked as monitoring asks
            await asyncio.sleep(0.02)


async def test_an_agent_with_many_open_streams_gets_no_more_and_others_are_answered(shared):
    other = shared.ours.tokens["am_agent"]

    async with site(shared, limits=replace(PLENTY, in_flight=2)) as there:
        async with a_stream(there) as first, a_stream(there) as second:
            third = await there.ask(LISTEN, **STREAM)
            called = await there.call("whoami")
            others = await there.call("whoami", token=other)
            theirs = await there.call("whoami", token=shared.theirs.tokens["cro_agent"])
        await in_flight(there, 0)
        again = await there.call("whoami")

    assert first.startswith(b"HTTP/1.1 200") and second.startswith(b"HTTP/1.1 200")
    assert third.status == called.status == 429
    assert third.code == called.code == "TOO_MANY_AT_ONCE"
    assert called.headers["retry-after"] == "1"
    assert others.status == theirs.status == again.status == 200


async def test_a_request_that_is_refused_is_over_as_well(shared):
    async with site(shared, limits=replace(PLENTY, in_flight=1)) as there:
        refused = [await there.ask(b"no JSON") for _ in range(3)]
        last = await there.call("whoami")

    assert {one.code for one in refused} == {"JSON_INVALID"}
    assert last.status == 200


async def test_who_watches_is_answered_when_all_connections_are_used_up(shared):
    async with site(shared, limits=replace(PLENTY, connections=3)) as there:
        before = await there.call("whoami")
        async with AsyncExitStack() as silent:
            for _ in range(3):
                await silent.enter_async_context(connected(there))
            full = await there.raw(there.request(message("ping"), None))
            states = await watched(there)
            seen = there.metrics.text()

    assert before.status == 200
    assert full is not None and full.status == 503
    assert states == [200, 200, 200]
    assert b'reason="CONNECTIONS_FULL"} 1.0' in seen


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a machine has one such address")
async def test_an_address_that_says_nothing_gets_only_so_many_connections(shared):
    """Others get theirs, and it another one as soon as one of its own has ended."""
    few = replace(PLENTY, connections_of_address=2)

    async with site(shared, limits=few) as there:
        async with connected(there, "127.0.0.2"), connected(there, "127.0.0.2"):
            third = await said(there, "127.0.0.2")
            another = await said(there, "127.0.0.3")
            at_home = [await said(there, "127.0.0.1") for _ in range(3)]
        await nobody_connected(there)
        again = await said(there, "127.0.0.2")
    async with (
        site(shared, limits=few, proxies=("127.0.0.2",)) as there,
        connected(there, "127.0.0.2"),
        connected(there, "127.0.0.2"),
    ):
        behind = await said(there, "127.0.0.2")

    assert third is None
    assert [another, *at_home, again, behind] == [200] * 6


async def nobody_connected(there):
    """Until the server has noticed that everybody has gone."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while there.server.server_state.connections:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)


async def said(there, address):
    """The status of an answer to this address; None if it is hung up on."""
    async with connected(there, address) as (reader, writer):
        try:
            writer.write(there.request(message("ping"), None))
            return (await asyncio.wait_for(answer_from(reader), TIMEOUT_SECONDS)).status
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
