"""Hostile requests: does the door hold against requests nobody should send?
It answers, refuses, and lives on.
"""

import asyncio
import json

import pytest

from tests.http.serving import LEGACY, MODERN, QUICK, Site, message, site
from tests.server.test_stdio import NO_MESSAGES

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("shared", ["sqlite"], indirect=True),
]

LIST = message("tools/list")
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
ERAS = pytest.mark.parametrize("version", [LEGACY, MODERN])


async def still_answers(there: Site) -> None:
    """Whatever was sent, the next one is served."""
    assert (await there.call("whoami")).json["result"]["isError"] is False


async def dripping(writer: asyncio.StreamWriter) -> None:
    """Go on sending, a byte at a time."""
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def shown(there: Site, line: bytes) -> None:
    """Until the metrics show it."""
    async with asyncio.timeout(20):
        while line not in there.metrics.text():  # noqa: ASYNC110 - it is asked as monitoring asks
            await asyncio.sleep(0.02)


def in_chunks(request: bytes) -> bytes:
    """The same request with a body of unknown length."""
    head, _, body = request.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.:%d", "127.0.0.1:%d.evil", "[::]:%d"],
)
async def test_L01_another_name_is_refused(shared, host):
    async with site(shared) as there:
        named = host % there.port if "%d" in host else host
        refused = await there.ask(LIST, host=named)
        known = await there.ask(LIST, host=f"LOCALHOST:{there.port}")

    assert (refused.status, refused.code) == (421, "HOST_UNKNOWN")
    assert known.status == 200


async def test_L01_no_host_and_two_hosts_are_no_http(shared):
    async with site(shared) as there:
        none = await there.ask(LIST, host=None)
        two = await there.ask(LIST, x=f"1\r\nhost: {there.host}")

    assert none.status == two.status == 400


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://crm.vn.evil.example", "https://crm.vn:1"]
)
async def test_L01_pages_of_other_origins_are_refused(shared, origin):
    async with site(shared, allow_origins=("https://crm.vn",)) as there:
        refused = await there.ask(LIST, origin=origin)
        asked = await there.ask(
            b"", method="OPTIONS", origin=origin, access_control_request_method="POST"
        )
        twice = await there.ask(LIST, origin="https://crm.vn\r\norigin: https://crm.vn")

    assert [one.code for one in (refused, asked, twice)] == ["ORIGIN_REFUSED"] * 3
    assert refused.status == 403 and "access-control-allow-origin" not in refused.headers


async def test_a_page_of_an_allowed_origin_may_call_and_read_the_answer(shared):
    async with site(shared, allow_origins=("https://crm.vn",)) as there:
        asked = await there.ask(
            b"", method="OPTIONS", origin="https://crm.vn", access_control_request_method="POST"
        )
        listed = await there.ask(LIST, origin="https://crm.vn")
        refused = await there.ask(LIST, origin="https://crm.vn", token="wrong")

    assert asked.status == 204 and "Authorization" in asked.headers["access-control-allow-headers"]
    assert {one.headers["access-control-allow-origin"] for one in (asked, listed, refused)} == {
        "https://crm.vn"
    }
    assert (listed.status, refused.status) == (200, 401)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "PATCH", "OPTIONS", "BREW"])
async def test_only_post_is_answered_because_there_are_no_sessions(shared, method):
    async with site(shared) as there:
        refused = await there.raw(there.request(b"", None, method))

    assert refused is not None and refused.status == 405
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    ["/", "/mcp/", "//mcp", "/MCP", "/mcp/../mcp", "/%6dcp", "/mcp%2f", "/healthz/../mcp",
     "/mcp;x", "/mcp%00", "/..%2f..%2fetc/passwd", "*", "/metrics/", "/.well-known/x"],
)  # fmt: skip
async def test_only_the_exact_path_leads_somewhere(shared, path):
    async with site(shared) as there:
        refused = await there.ask(LIST, path=path)

    assert (refused.status, refused.code) == (404, "PATH_UNKNOWN")


async def test_a_token_in_the_address_is_refused_although_it_is_valid(shared):
    token = shared.ours.tokens["cro_agent"]

    async with site(shared) as there:
        for query in (f"token={token}", f"access_token={token}", "x"):
            refused = await there.ask(LIST, path=f"/mcp?{query}", authorization=None)
            assert (refused.status, refused.code) == (400, "ADDRESS_REFUSED")
            assert token not in refused.body.decode()


@pytest.mark.parametrize(
    "kind",
    [None, "text/plain", "application/jsonp", "application/json;charset=utf-16", "text/json",
     "application/x-www-form-urlencoded", "application/json\r\ncontent-type: text/plain"],
)  # fmt: skip
async def test_only_json_is_read(shared, kind):
    async with site(shared) as there:
        refused = await there.ask(LIST, content_type=kind)
        packed = await there.ask(LIST, content_encoding="gzip")
        usual = await there.ask(LIST, content_type='application/json; charset="UTF-8"')

    assert (refused.status, refused.code) == (packed.status, packed.code) == (415, "CONTENT_TYPE")
    assert usual.status == 200


async def test_a_body_too_large_is_refused_however_its_length_is_told(shared):
    most = 1024 * 1024
    fits = message("tools/call", name="crm_search_accounts", arguments={"query": ""})
    fits = fits.replace(b'""', b'"' + b"x" * (most - len(fits)) + b'"')

    async with site(shared) as there:
        whole = await there.ask(fits)
        chunked = await there.raw(
            in_chunks(there.request(fits, None, headers={"content-length": None,
                                                        "transfer-encoding": "chunked"}))
        )  # fmt: skip
        declared = await there.ask(b"", content_length=str(most + 1))
        absurd = await there.ask(b"", content_length="9" * 5_000)
        larger = await there.raw(
            in_chunks(there.request(fits + b" ", None, headers={"content-length": None,
                                                               "transfer-encoding": "chunked"}))
        )  # fmt: skip
        await still_answers(there)

    assert len(fits) == most and chunked is not None and larger is not None
    assert whole.status == chunked.status == 200
    assert whole.json["result"]["_meta"]["vn.cyberos/error"]["code"] == "INVALID_ARGS"
    assert absurd.status in (400, 413)
    assert [one.code for one in (declared, larger)] == ["BODY_TOO_LARGE"] * 2


async def test_a_body_with_two_lengths_is_refused(shared):
    """The beginning of smuggling: a proxy and we would see different ends of it."""
    async with site(shared) as there:
        request = there.request(LIST, None, headers={"transfer-encoding": "chunked"})
        refused = await there.raw(in_chunks(request))

    assert refused is not None and (refused.status, refused.code) == (400, "LENGTH_TWICE")


@ERAS
@pytest.mark.parametrize("said", NO_MESSAGES.values(), ids=NO_MESSAGES.keys())
async def test_L06_what_is_no_message_is_told_so(shared, said, version):
    body, code = said
    async with site(shared) as there:
        refused = await there.ask(body, mcp_protocol_version=version)
        await still_answers(there)

    assert refused.status == 400
    assert refused.json["error"]["code"] == code
    assert refused.code == ("JSON_INVALID" if code == -32700 else "MESSAGE_INVALID")


@ERAS
async def test_L02_a_batch_is_neither_done_nor_repeated(shared, version):
    secret = "Công ty Bí Mật"
    new = {"name": secret, "account_type": "llc"}
    one = json.loads(message("tools/call", name="crm_create_account", arguments=new))

    async with site(shared) as there:
        refused = await there.ask(json.dumps([one]).encode(), mcp_protocol_version=version)
        found = await there.call("crm_search_accounts", query=secret)

    assert refused.json["error"]["code"] == -32600 and b"ecret" not in refused.body
    assert found.json["result"]["structuredContent"]["accounts"] == []


async def test_L05_headers_that_contradict_the_message_are_refused(shared):
    body = message("tools/call", name="whoami", arguments={}, _meta=META)
    right = {
        "mcp_protocol_version": MODERN, "mcp_method": "tools/call", "mcp_name": "whoami",
    }  # fmt: skip

    async with site(shared) as there:
        answers = [
            await there.ask(body, **{**right, name: value})
            for name, value in [
                ("x", "y"),
                ("mcp_name", "crm_close_deal"),
                ("mcp_method", "tools/list"),
                ("mcp_protocol_version", "2999-01-01"),
            ]
        ]
        await still_answers(there)

    assert [one.status for one in answers] == [200, 400, 400, 400]
    assert [one.json["error"]["code"] for one in answers[1:]] == [-32020] * 3


async def test_a_header_with_a_line_break_or_without_end_is_no_http(shared):
    async with site(shared) as there:
        folded = await there.raw(there.request(LIST, "x\r\n y: z", headers={"x\ny": "z"}))
        binary = await there.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9)
        endless = await there.raw(
            f"POST /mcp HTTP/1.1\r\nhost: {there.host}\r\nx: ".encode() + b"x" * 100_000
        )
        await still_answers(there)

    assert folded is not None and folded.status == 400
    assert binary is not None and binary.status == 400
    assert endless is None or endless.status == 400


async def test_an_earlier_http_is_refused(shared):
    async with site(shared) as there:
        earlier = await there.raw(there.request(LIST, None).replace(b"HTTP/1.1", b"HTTP/1.0"))

    assert earlier is not None and (earlier.status, earlier.code) == (505, "HTTP_VERSION")


async def test_an_upgrade_is_not_followed(shared):
    async with site(shared) as there:
        answer = await there.ask(LIST, connection="upgrade", upgrade="websocket")

    assert answer.status == 200


async def test_slow_headers_end_the_connection(shared):
    async with site(shared, limits=QUICK) as there:
        silent = await there.raw(b"")
        begun = await there.raw(b"POST /mcp HTTP/1.1\r\nhost: x\r\n")
        await still_answers(there)
        seen = there.metrics.text().decode()

    assert silent is begun is None
    assert 'cyberos_refused_total{reason="HEADERS_SLOW"} 2.0' in seen


async def test_slow_headers_end_a_connection_that_was_used_before(shared):
    async with site(shared, limits=QUICK) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(there.request(LIST, None))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"POST /mcp HT")
        async with asyncio.timeout(10):
            await reader.read()
        writer.close()


async def test_a_slow_body_is_answered_and_then_nobody_listens(shared):
    async with site(shared, limits=QUICK) as there:
        request = there.request(LIST, None)
        slow = await there.raw(request[:-1])
        await still_answers(there)

    assert slow is not None and (slow.status, slow.code) == (408, "BODY_SLOW")


async def test_a_refused_client_cannot_go_on_sending_for_ever(shared):
    """The rest of a refused body is thrown away, but not for longer than headers may take."""
    async with site(shared, limits=QUICK) as there:
        reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
        writer.write(there.request(b"", "wrong", headers={"content-length": "1000000"}))
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(dripping(writer), 10)
        writer.close()


async def test_L09_who_does_not_read_the_answers_is_let_go_and_holds_nothing(shared):
    async with site(shared, limits=QUICK) as there:
        _, writer = await asyncio.open_connection("127.0.0.1", there.port, limit=1024)
        writer.write(there.request(LIST, None) * 400)
        await shared.an_account("Công ty Người Khác")
        await shown(there, b'reason="CLIENT_DEAF"')
        await still_answers(there)
        writer.close()


async def test_who_hangs_up_in_the_middle_leaves_nothing_behind(shared):
    new = {"name": "Nửa chừng", "account_type": "llc"}
    body = message("tools/call", name="crm_create_account", arguments=new)

    async with site(shared) as there:
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", there.port)
            writer.write(there.request(body, None)[:-5])
            await writer.drain()
            writer.transport.abort()
        found = await there.call("crm_search_accounts", query="Nửa chừng")
        await shown(there, b"cyberos_requests_in_flight 0.0")

    assert found.json["result"]["structuredContent"]["accounts"] == []


async def test_L06_hundreds_of_requests_at_once_are_all_answered(shared):
    async with site(shared) as there:
        answers = await asyncio.gather(
            *(there.ask(message("ping", id=number)) for number in range(300)),
            *(there.call("whoami") for _ in range(50)),
        )
        await still_answers(there)

    assert all(one.status in (200, 503) for one in answers)
    assert sum(one.status == 200 for one in answers) > 300
