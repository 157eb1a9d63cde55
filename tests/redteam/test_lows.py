"""Small ways in (redteam L1 to L12): framing, ids, cursors, addresses, quotas, words in logs."""

import asyncio
import json
import traceback
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.identity.tables import Workspace
from domain.store.direct import Direct
from domain.store.prepared import new_row
from domain.store.tenancy import name_tenant
from policies.approvals import proposing
from server.gateways.addresses import may_talk_to
from tests.http.serving import message, site
from tests.server.process import a_token, environment, served
from tests.world import fault_code
from tools.shapes import cursor_to

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


async def everything(there, sent):
    """All that a connection says until it ends, or says no more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", there.port)
    writer.write(sent)
    heard = b""
    try:
        async with asyncio.timeout(10):
            while more := await reader.read(65_536):
                heard += more
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return heard


# --- L1: what a refusal left unread is no second request ---

SECOND = "GET /healthz HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"


@EMBEDDED
@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/mcp", {"transfer_encoding": "chunked"}),
        ("/mcp", {"origin": "https://elsewhere.example"}),
        ("/mcp", {"content_type": "text/plain"}),
        ("/mcp", {"authorization": "Bearer wrong"}),
        ("/mcp", {"content_length": "99999999"}),
        ("/v1/tools/whoami", {"transfer_encoding": "chunked"}),
        ("/healthz", {"transfer_encoding": "chunked"}),
        ("/nowhere", {}),
    ],
)
async def test_L1_nothing_is_answered_behind_a_request_that_was_refused_unread(
    world, path, changed
):
    async with site(world) as there:
        refused = there.request(b"0\r\n\r\n", None, path=path, headers=changed)
        heard = await everything(there, refused + SECOND.format(host=there.host).encode())

    assert heard.count(b"HTTP/1.1 ") == 1, heard
    assert b"connection: close" in heard.lower() and heard.startswith(b"HTTP/1.1 4")


@EMBEDDED
async def test_L1_a_refusal_of_what_was_read_leaves_the_connection_open(world):
    async with site(world) as there:
        read = there.request(b"no JSON", None)
        heard = await everything(there, read + SECOND.format(host=there.host).encode())

    assert heard.count(b"HTTP/1.1 ") == 2, heard


# --- L3: an id that cannot be answered is told so ---

ODD_IDS = [1.0, True, False, {}, None, [1], [], 1.5]


@EMBEDDED
@pytest.mark.parametrize("odd", ODD_IDS, ids=str)
async def test_L3_an_odd_id_is_no_message_over_http(world, odd):
    body = {"jsonrpc": "2.0", "id": odd, "method": "tools/list", "params": {}}

    async with site(world) as there:
        answer = await there.ask(json.dumps(body).encode())
        called = await there.ask(json.dumps({**body, "method": "notifications/x"}).encode())

    assert (answer.status, answer.code) == (called.status, called.code) == (400, "MESSAGE_INVALID")


@EMBEDDED
async def test_L3_an_odd_id_is_answered_over_stdio(world):
    heard = []

    async with served(environment(world, CYBEROS_AGENT_TOKEN=await a_token(world))) as peer:
        await peer.hello()
        for odd in ODD_IDS:
            said = {"jsonrpc": "2.0", "id": odd, "method": "tools/list"}
            peer.say(json.dumps(said).encode())
            heard.append(await peer.hear())
        await peer.end()

    assert [one["error"]["code"] for one in heard] == [-32600] * len(ODD_IDS)


# --- L11: one header is one line ---


@EMBEDDED
@pytest.mark.parametrize("fold", ["\r\n folded", "\r\n\tfolded", "\n folded", "\r\n \r\n folded"])
@pytest.mark.parametrize("after", ["x-a: 1", "authorization: Bearer", "content-length: 0"])
async def test_L11_a_folded_header_is_refused_also_in_a_later_request(world, fold, after):
    async with site(world) as there:
        body = message("ping")
        good = there.request(body, None)
        bad = good.replace(b"\r\n\r\n", f"\r\n{after}{fold}\r\n\r\n".encode(), 1)
        alone = await everything(there, bad)
        later = await everything(there, good + bad)

    assert alone.startswith(b"HTTP/1.1 400") and alone.count(b"HTTP/1.1 ") == 1
    assert later.startswith(b"HTTP/1.1 200") and later.count(b"HTTP/1.1 400") == 1


# --- L2: a cursor that somebody made ---

NOWHERE = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
FORGED = [
    [], [0], [""], ["\0"], [NOWHERE + "\0"], [NOWHERE, NOWHERE], [NOWHERE] * 9, [2**53 - 1], [-1],
    ["2026-13-45", NOWHERE], ["2026-11-21", "\0"], ["\0", NOWHERE], [1, 2, "a", "\0"],
    [2**40, 0, "a", NOWHERE], ["a", 0, "b", NOWHERE], ["x" * 900, 7],
    ["2026-11-21T02:00:00.000000Z", 1, NOWHERE, "\0"],
    ["2026-11-21T02:00:00.000000Z", 1, NOWHERE, "word"],
    ["2026-11-21T02:00:00.000000Z", 99, NOWHERE, 0],
    ["2026-99-21T02:00:00.000000Z", 1, NOWHERE, 0],
    ["yesterday", "1", NOWHERE, 0], [1, 1, 1, 1],
]  # fmt: skip


@pytest.mark.both
async def test_L2_no_forged_position_is_an_error_of_ours(world):
    account_id = await world.an_account()
    deal = await world.a_deal(account_id)
    lists = [
        ("crm_search_accounts", "accounts", {"query": None, "account_type": None}, {}),
        ("crm_search_accounts", "accounts", {"query": "dai", "account_type": None},
         {"query": "dai"}),
        ("crm_timeline", "timeline", {"account_id": account_id}, {"account_id": account_id}),
        ("crm_timeline", "timeline", {"deal_id": deal["id"]}, {"deal_id": deal["id"]}),
        ("crm_list_contacts", "contacts", {"account_id": account_id}, {"account_id": account_id}),
    ]  # fmt: skip
    later = [
        ("inv_list_invoices", "invoices", {}, {}),
        ("inv_list_engagements", "engagements", {}, {}),
        ("inv_list_time_entries", "time_entries", {}, {}),
    ]
    said = []

    for agent, asked in (("cro_agent", lists), ("later_agent", later)):
        async with world.client(agent) as client:
            for tool, kind, question, given in asked:
                genuine = await client.call_tool(tool, given)
                assert not genuine.is_error, (tool, genuine.content)
                for place in FORGED:
                    cursor = cursor_to(kind, question, place)
                    answer = await client.call_tool(tool, {**given, "cursor": cursor})
                    said.append((tool, place, fault_code(answer) if answer.is_error else "page"))

    assert not [one for one in said if one[2] not in ("INVALID_CURSOR", "page")]


# --- L7: an IPv4 address in the clothes of IPv6 ---


@pytest.mark.parametrize(
    "clothes",
    ["::ffff:{}", "::ffff:0:{}", "64:ff9b::{}", "64:ff9b:1::{}", "2002:{hex}::", "2002:{hex}::1"],
)
@pytest.mark.parametrize("inner", ["10.0.0.1", "169.254.169.254", "127.0.0.1", "192.168.1.1"])
def test_L7_a_private_address_is_known_in_every_dress(clothes, inner):
    octets = [int(part) for part in inner.split(".")]
    hexed = "{:02x}{:02x}:{:02x}{:02x}".format(*octets)

    assert may_talk_to("api.example.vn", clothes.format(inner, hex=hexed)) is False


@pytest.mark.parametrize("address", ["fec0::1", "feff::1", "ff0e::1", "::10.0.0.1", "100::1"])
def test_L7_a_name_leads_to_no_address_of_a_site_or_of_many(address):
    assert may_talk_to("api.example.vn", address) is False


@pytest.mark.parametrize("address", ["64:ff9b::103.9.76.10", "2001:4860:4860::8888"])
def test_L7_a_public_address_is_reached_through_a_translator_too(address):
    assert may_talk_to("api.example.vn", address) is True


# --- L8: to ask people costs something, also when it is taken back ---


@pytest.mark.both
async def test_L8_proposals_of_a_day_are_counted_also_those_taken_back(world, monkeypatch):
    monkeypatch.setattr(proposing, "MOST_A_DAY", 3)
    deal = await world.a_deal()
    for _ in range(3):
        asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        await world.ok("approvals_cancel", action_id=asked["action_id"])

    refused = await world.call("crm_close_deal", deal_id=deal["id"], outcome="won")
    other = await world.ok("crm_close_deal", agent="am_agent", deal_id=deal["id"], outcome="won")
    world.clock.move(timedelta(days=1, seconds=1))
    tomorrow = await world.call("crm_close_deal", deal_id=deal["id"], outcome="won")

    assert fault_code(refused) == "PROPOSALS_USED_UP"
    assert other["status"] == "pending_approval"
    assert not tomorrow.is_error or fault_code(tomorrow) == "ALREADY_PROPOSED"


# --- L12: no value in what an exception says ---


@pytest.mark.both
async def test_L12_what_the_database_refuses_is_told_without_the_values(world):
    wrong = text("insert into tenant (id, code) values (:id, :code)")

    with pytest.raises(DBAPIError) as caught:
        async with world.owner_side.writer.begin() as connection:
            await connection.execute(wrong, {"id": "secret-one", "code": "secret-two"})

    assert "secret" not in str(caught.value)


@pytest.mark.both
@pytest.mark.parametrize("straight", [False, True])
async def test_L12_the_row_that_the_database_quotes_is_in_no_trace(world, straight):
    tenant = world.ours.id
    nameless = {"tenant_id": tenant, "id": "01SECRETONE", "code": "secret-two", "name": None}

    async with world.owner_side.writer.connect() as connection:
        await connection.begin()
        await name_tenant(connection, tenant)
        add = Direct(connection).run if straight else connection.execute
        statement = new_row(Workspace)
        with pytest.raises(DBAPIError) as caught:
            await add(statement if straight else statement.statement, nameless)

    told = "".join(traceback.format_exception(caught.value))
    assert "null" in told.lower() and "secret" not in told.lower()
