"""Encodings on standard input: is a line that is no UTF-8 refused, and nothing of it kept?"""

import json

import pytest

from tests.rows import TRACES, difference, everything
from tests.server.process import Peer, a_token, environment, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "Công ty TNHH Vàng Ánh"
WINDOWS = "Công ty TNHH Va\u0300ng A\u0301nh"  # as code page 1258 has it
# What stands in the place of the name, as bytes on the line.
NAMES = {
    "cp1258": WINDOWS.encode("cp1258"),
    "cp1252": NAME.encode("cp1252"),
    "latin-1": NAME.encode("latin-1"),
    "mac_roman": NAME.encode("mac_roman"),
    "cut off": NAME.encode()[:2],
    "overlong": b"C\xc0\xafng",
    "surrogates as three bytes each": b"C\xed\xa0\xbd\xed\xb8\x80",
}
# A tool that writes and one that looks, with a hole where the name is.
CALLS = (
    b'{"name":"crm_create_account","arguments":{"name":"%s","account_type":"llc"}}',
    b'{"name":"crm_search_accounts","arguments":{"query":"%s"}}',
)
LINE = b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":%s}'


async def told(peer: Peer, line: bytes) -> dict[str, object]:
    peer.say(line)
    return await peer.hear()


async def test_bytes_that_are_no_utf8_are_an_error_and_change_nothing(shared):
    environ = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))
    before = await everything(shared, shared.ours, but=TRACES)

    async with served(environ) as peer:
        await peer.hello()
        heard = {
            (name, call): await told(peer, LINE % (call % typed))
            for name, typed in NAMES.items()
            for call in CALLS
        }
        alive = await peer.request("tools/call", {"name": "whoami"})

    assert {(one["id"], one["error"]["code"]) for one in heard.values()} == {(7, -32700)}
    assert {one["error"]["message"] for one in heard.values()} == {
        "The line is not UTF-8, and nothing of it was carried out."
    }
    assert difference(before, await everything(shared, shared.ours, but=TRACES)) == {}
    assert alive["result"]["isError"] is False


async def test_letters_that_were_lost_before_are_refused_as_an_argument(shared):
    environ = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(environ) as peer:
        await peer.hello()
        lost = "C\ufffdng ty".encode()
        heard = [await told(peer, LINE % (call % lost)) for call in CALLS]

    assert [one["result"]["_meta"]["vn.cyberos/error"]["code"] for one in heard] == [
        "INVALID_ARGS"
    ] * len(CALLS)


async def test_a_byte_order_mark_before_the_first_line_is_none_of_it(shared):
    environ = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))
    ping = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()

    async with served(environ) as peer:
        answer = await told(peer, b"\xef\xbb\xbf" + ping)

    assert (answer["id"], "error" in answer) == (1, False)
