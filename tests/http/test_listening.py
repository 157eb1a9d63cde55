"""Subscriptions over HTTP: does a change reach whoever listens over HTTP, on a stream that stays
open between answers?
"""

import asyncio
import json
import socket

from server.http.listening import listen
from server.http.options import read_options
from tests.http.serving import MODERN, TIMEOUT_SECONDS, site

SALES = "crm://pipelines/sales/board"


async def test_a_move_reaches_whoever_follows_the_board_over_http(world):
    deal = await world.a_deal()
    async with (
        site(world) as there,
        there.client(era=MODERN) as client,
        client.listen(resource_subscriptions=[SALES]) as stream,
    ):
        honored = list(stream.honored.resource_subscriptions or [])
        await client.call_tool("crm_move_stage", {"deal_id": deal["id"], "to_stage": "discovery"})
        async with asyncio.timeout(TIMEOUT_SECONDS):
            event = await anext(aiter(stream))

    assert honored == [SALES]
    assert event.uri == SALES


async def test_a_board_that_is_read_over_http_is_the_one_of_the_tool(world):
    await world.a_deal()
    async with site(world) as there, there.client(era=MODERN) as client:
        read = await client.read_resource(SALES)
        shown = await client.call_tool("crm_pipeline_board", {"pipeline_id": "sales"})

    assert json.loads(read.contents[0].text) == shown.structured_content


async def test_an_answer_leaves_at_once_and_waits_for_no_acknowledgement():
    """Nagle's delay cost every answer 40 ms: asyncio turns it off for named protocols only."""
    delays: list[int] = []

    def note(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted = writer.get_extra_info("socket")
        delays.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listening = listen(read_options(["--port", "0"]))
    async with await asyncio.start_server(note, sock=listening):
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        await reader.read()
        writer.close()

    assert delays == [1]
