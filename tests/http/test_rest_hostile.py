"""Hostile REST requests: does the door without MCP hold against requests nobody should send?
Nothing is done by them.
"""

import json

import pytest

from domain.identity import service as identity
from server.http.limits import Limits
from tests.http.serving import PLENTY, QUICK, problem, site
from tests.http.test_hostile import in_chunks
from tests.http.test_tokens import seen, wrong_tokens

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
NAME = "Công ty Không Được Tạo"
NEW = {"name": NAME, "account_type": "llc"}
CREATE = "crm_create_account"
PATHS = ("/v1/tools/whoami", "/v1/tools", "/v1/openapi.json")
DEEP = b'{"name":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001


async def nobody_was_created(there) -> None:
    """Whatever was sent did nothing, and the next call is served."""
    found = await there.post("crm_search_accounts", {"query": NAME})
    assert (found.status, found.json["accounts"]) == (200, [])


@EMBEDDED
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "JSON_INVALID"),
        (b"x", "JSON_INVALID"),
        (b'{"name":', "JSON_INVALID"),
        (b'{"name":"\xff"}', "JSON_INVALID"),
        (b'{"name":"\\ud83d"}', "JSON_INVALID"),
        (b'{"limit":NaN}', "JSON_INVALID"),
        (b'{"limit":' + b"9" * 5_000 + b"}", "JSON_INVALID"),
        (DEEP, "JSON_INVALID"),
        (json.dumps(NEW)[:-1].encode() + b',"name":"x"}', "JSON_INVALID"),
        (json.dumps(NEW)[:-1].encode() + b',"n\\u0061me":"x"}', "JSON_INVALID"),
        (json.dumps(NEW)[:-1].encode() + b',"custom_fields":{"a":1,"a":2}}', "JSON_INVALID"),
        (b"[]", "MESSAGE_INVALID"),
        (b"null", "MESSAGE_INVALID"),
        (json.dumps([NEW]).encode(), "MESSAGE_INVALID"),
        (b'"x"', "MESSAGE_INVALID"),
    ],
    ids=range(15),
)
async def test_what_is_no_strict_json_object_is_refused(world, body, code):
    async with site(world) as there:
        refused = await there.post(CREATE, body)
        await nobody_was_created(there)

    assert (refused.status, problem(refused)) == (400, code)


@EMBEDDED
async def test_a_body_too_large_is_refused_however_its_length_is_told(world):
    large = json.dumps({**NEW, "industry": "x" * 2**20}).encode()
    chunked = {"content-length": None, "transfer-encoding": "chunked"}
    async with site(world) as there:
        whole = await there.post(CREATE, large)
        request = there.request(large, None, path=f"/v1/tools/{CREATE}", headers=chunked)
        pieces = await there.raw(in_chunks(request))
        twice = there.request(
            b"{}", None, path=f"/v1/tools/{CREATE}", headers={"transfer-encoding": "chunked"}
        )
        both = await there.raw(in_chunks(twice))
        await nobody_was_created(there)

    assert pieces is not None and both is not None
    assert {(one.status, problem(one)) for one in (whole, pieces)} == {(413, "BODY_TOO_LARGE")}
    assert (both.status, problem(both)) == (400, "LENGTH_TWICE")


@EMBEDDED
async def test_a_slow_body_is_not_waited_for(world):
    async with site(world, limits=QUICK) as there:
        slow = await there.raw(there.request(b"{}", None, path="/v1/tools/whoami")[:-1])

    assert slow is not None and (slow.status, problem(slow)) == (408, "BODY_SLOW")


@EMBEDDED
@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json;charset=x"]
)
async def test_only_json_is_read(world, kind):
    async with site(world) as there:
        refused = await there.post(CREATE, NEW, content_type=kind)
        packed = await there.post(CREATE, NEW, content_encoding="gzip")
        await nobody_was_created(there)

    assert {(one.status, problem(one)) for one in (refused, packed)} == {(415, "CONTENT_TYPE")}


@EMBEDDED
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_a_tool_is_called_by_post_alone_and_the_rest_is_asked_by_get(world, method):
    async with site(world) as there:
        tool = await there.raw(there.request(b"", None, method, "/v1/tools/whoami"))
        asked = [
            await there.raw(there.request(b"", None, "POST" if method == "GET" else method, path))
            for path in PATHS[1:]
        ]

    assert tool is not None and (tool.status, tool.headers["allow"]) == (405, "POST")
    for one in asked:
        assert one is not None and (one.status, one.headers["allow"]) == (405, "GET")


@EMBEDDED
@pytest.mark.parametrize(
    "path",
    ["/v1", "/v1/", "/v1/tools/", "/v1/tools/../tools/whoami", "/v1/tools/..", "/v1/tools/.",
     "/v1/tools/%2e%2e%2fwhoami", "/v1/tools/who%61mi", "/v1/tools/whoami/", "/v1/tools//whoami",
     "/v1/tools/whoami%00", "/v1/tools/whoami;x", "/v1/tools/crm_%C4%91%C3%B3ng", "/V1/tools",
     "/v1/tools/cyberos..whoami", "/v1/tools/cyberos.crm.get_deal.x", "/v1/tools/" + "x" * 65,
     "/v1/openapi.json/", "/v1/openapi.yaml", "/v1/tools/whoami%0d%0aset-cookie:x=1"],
)  # fmt: skip
async def test_only_the_exact_address_leads_to_a_tool(world, path):
    async with site(world) as there:
        refused = await there.ask(b"{}", path=path)

    assert refused.status == 404 and b"PATH_UNKNOWN" in refused.body


@EMBEDDED
async def test_a_name_that_is_no_ascii_is_no_http(world):
    async with site(world) as there:
        refused = await there.ask(b"{}", path="/v1/tools/đóng")

    assert refused.status == 400


@EMBEDDED
async def test_the_door_s_guards_are_those_of_mcp(world):
    async with site(world, allow_origins=("https://crm.vn",)) as there:
        for path in PATHS:
            method = "POST" if path.endswith("whoami") else "GET"
            ask = {"method": method, "path": path}
            host = await there.ask(b"{}", **ask, host="evil.example")
            origin = await there.ask(b"{}", **ask, origin="https://evil.example")
            query = await there.ask(b"{}", **{**ask, "path": f"{path}?token=x"})
            page = await there.ask(b"{}", **ask, origin="https://crm.vn")
            asked = await there.ask(
                b"", method="OPTIONS", path=path, origin="https://crm.vn",
                access_control_request_method=method,
            )  # fmt: skip

            assert (host.status, problem(host)) == (421, "HOST_UNKNOWN")
            assert (origin.status, problem(origin)) == (403, "ORIGIN_REFUSED")
            assert (query.status, problem(query)) == (400, "ADDRESS_REFUSED")
            assert page.headers["access-control-allow-origin"] == "https://crm.vn"
            assert page.status == 200 and page.headers["cache-control"] == "no-store"
            assert asked.headers["access-control-allow-methods"] == method
            assert "Idempotency-Key" in asked.headers["access-control-allow-headers"]


async def test_no_wrong_token_tells_what_is_wrong_with_it_and_a_cookie_is_none(world):
    wrong = await wrong_tokens(world)
    right = world.ours.tokens["cro_agent"]
    async with site(world, limits=Limits(bad_tokens_at_once=1_000)) as there:
        for path in PATHS:
            method = "POST" if path.endswith("whoami") else "GET"
            ask = {"method": method, "path": path}
            answers = {seen(await there.ask(b"{}", token=one, **ask)) for one in wrong.values()}
            answers |= {
                seen(await there.ask(b"{}", **ask, authorization=None, cookie=cookie))
                for cookie in (f"token={right}", f"authorization=Bearer {right}")
            }

            assert len(answers) == 1
            status, challenge, body = answers.pop()
            assert (status, challenge) == (401, "Bearer") and b"TOKEN_INVALID" in body


@EMBEDDED
@pytest.mark.parametrize("path", PATHS)
async def test_a_token_that_is_revoked_opens_nothing_from_then_on(world, path):
    method = "POST" if path.endswith("whoami") else "GET"
    async with site(world) as there:
        before = await there.ask(b"{}", method=method, path=path)
        async with world.owning() as tx:
            await identity.revoke_agent(tx, "cro_agent")
        after = await there.ask(b"{}", method=method, path=path)

    assert before.status == 200
    assert (after.status, problem(after)) == (401, "TOKEN_INVALID")
    assert after.headers["www-authenticate"] == "Bearer"


@EMBEDDED
async def test_who_asks_too_often_is_told_when_to_come_again(world):
    few = Limits(calls_per_second=0.1, calls_at_once=2)
    async with site(world, limits=few) as there:
        answers = [await there.post("whoami", {}) for _ in range(3)]
        other = await there.post("whoami", {}, token=world.ours.tokens["am_agent"])

    assert [one.status for one in (*answers, other)] == [200, 200, 429, 200]
    assert problem(answers[2]) == "RATE_LIMITED" and int(answers[2].headers["retry-after"]) >= 1


@EMBEDDED
async def test_a_mistake_of_ours_is_told_without_its_words(world):
    class Broken:
        """Tools that are not there when they are needed."""

        def names(self):
            return ["whoami"]

        def get(self, tool_id):
            raise RuntimeError(NAME)

    world.registry = Broken()
    async with site(world, limits=PLENTY) as there:
        refused = await there.post("whoami", {"x": NAME})

    assert (refused.status, problem(refused)) == (500, "INTERNAL_ERROR")
    assert NAME not in refused.body.decode()


@EMBEDDED
async def test_it_is_counted_and_logged_by_names_of_ours_alone(world, caplog):
    caplog.set_level("INFO", "cyberos.requests")
    async with site(world) as there:
        answers = [
            await there.post(CREATE, NEW),
            await there.post("crm_get_deal", {"id": NAME}),
            await there.post("crm_make_coffee", {NAME: NAME}),
            await there.get("/v1/tools"),
        ]
        text = there.metrics.text().decode()

    for line in (
        f'calls_total{{method="POST /v1/tools",outcome="ok",tool="{CREATE}"}} 1.0',
        'calls_total{method="POST /v1/tools",outcome="INVALID_ARGS",tool="crm_get_deal"} 1.0',
        'calls_total{method="POST /v1/tools",outcome="UNKNOWN_TOOL",tool="unknown"} 1.0',
        'calls_total{method="GET /v1/tools",outcome="ok",tool=""} 1.0',
    ):
        assert f"cyberos_{line}\n" in text, text
    assert "refused_total{" not in text
    told = [record.request for record in caplog.records if record.name == "cyberos.requests"]
    assert [(one["tool"], one["outcome"], one["status"]) for one in told] == [
        (CREATE, "ok", 200), ("crm_get_deal", "INVALID_ARGS", 400),
        ("unknown", "UNKNOWN_TOOL", 404), ("", "ok", 200),
    ]  # fmt: skip
    assert [one["request"] for one in told] == [one.headers["x-request-id"] for one in answers]
    assert NAME not in str(told) and "coffee" not in str(told)
