"""REST calls: does `POST /v1/tools/NAME` say what MCP says, of
every tool, and with the statuses of HTTP?
"""

import asyncio

import pytest

from policies.gate.catalogue import Confirm, ToolPolicy
from tests.http.serving import message, problem, site
from tests.tools.samples import agent_for, valid_calls
from tests.world import World

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
CLOSE = "crm_close_deal"
CANCEL = "cyberos.approvals.cancel"
NEW = {"name": "Công ty Ánh Dương", "account_type": "llc"}


def with_key(world: World, name: str, arguments: dict) -> dict:
    """The same call, which may be repeated."""
    takes_key = "idempotency_key" in world.contract(name).input_schema["properties"]
    return {**arguments, "idempotency_key": f"once-{name}"} if takes_key else arguments


def cannot_be_repeated(row: ToolPolicy, arguments: dict) -> bool:
    """Whether the same call again may do something else, or be refused."""
    asks = row.confirm is not Confirm.NEVER
    return not (row.is_read or asks or "idempotency_key" in arguments)


async def test_every_tool_answers_what_it_answers_over_mcp(world):
    """Writes are the same call again, which is answered from memory or asks for the same."""
    calls = await valid_calls(world)
    last = sorted(world.catalogue.tool, key=lambda row: row.id == CANCEL)
    differ = []
    async with site(world) as there:
        for row in last:
            token = world.ours.tokens[agent_for(row)]
            arguments = with_key(world, row.name, calls[row.name])
            mcp = (await there.call(row.name, token=token, **arguments)).json["result"]
            rest = await there.post(row.name, arguments, token=token)
            again = await there.post(row.id, arguments, token=token)

            assert mcp["isError"] is False, mcp
            told = mcp["structuredContent"]
            asked = told.get("status") == "pending_approval"
            kind = rest.headers["content-type"]
            right = (202 if asked else 200, "application/json", told, told)
            if cannot_be_repeated(row, arguments):
                mcp = (await there.call(row.name, token=token, **arguments)).json["result"]
                if mcp["isError"]:
                    assert problem(rest) == mcp["_meta"]["vn.cyberos/error"]["code"], row.name
                else:
                    assert (rest.status, rest.json.keys()) == (200, told.keys()), row.name
            elif (rest.status, kind, rest.json, again.json) != right:
                differ.append((row.name, rest.status, told, rest.json, again.json))

    assert differ == []


async def test_every_tool_refuses_what_it_refuses_over_mcp(world):
    calls = await valid_calls(world)
    async with site(world) as there:
        for row in world.catalogue.tool:
            token = world.ours.tokens[agent_for(row)]
            arguments = {**calls[row.name], "no_such_argument": 1}
            mcp = (await there.call(row.name, token=token, **arguments)).json["result"]
            rest = await there.post(row.name, arguments, token=token)

            told = mcp["_meta"]["vn.cyberos/error"]
            assert (rest.status, problem(rest)) == (400, "INVALID_ARGS")
            assert {**told, "detail": told["message"]}.items() >= {
                name: rest.json[name] for name in ("code", "kind", "hint", "facts", "detail")
            }.items()


async def test_unknown_and_hidden_tools_are_not_there_alike(world):
    """Also to a program that compares bytes, with arguments that are right, wrong or two keys."""
    token = world.ours.tokens["narrow_agent"]
    calls = await valid_calls(world)
    scope = world.catalogue.by_name["inv_validate_mst"].scope  # the one that this agent has
    hidden = [name for name in calls if world.catalogue.by_name[name].scope != scope]
    async with site(world) as there:
        answers = {
            (said.status, said.body)
            for name in [*hidden, "crm_make_coffee", "cyberos.crm.get_deal", "x-y"]
            for arguments, key in (
                (calls.get(name, {}), None), ({"x": 1}, "k"), ({"idempotency_key": 1}, "k"),
            )
            if (said := await there.post(name, arguments, token=token, idempotency_key=key))
        }  # fmt: skip

    assert {status for status, _ in answers} == {404, 409} and len(answers) == 2
    assert all(b"UNKNOWN_TOOL" in body or b"IDEMPOTENCY_KEY_DIFFERS" in body for _, body in answers)


@EMBEDDED
@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        ({"deal_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "to_stage": "proposal"}, 404, "NOT_FOUND"),
        ({"to_stage": "discovery", "expected_version": 99}, 409, "VERSION_CONFLICT"),
        ({"to_stage": 7}, 400, "INVALID_ARGS"),
    ],
)
async def test_a_refusal_has_the_status_of_its_kind(world, arguments, status, code):
    deal = await world.a_deal()
    async with site(world) as there:
        refused = await there.post("crm_move_stage", {"deal_id": deal["id"], **arguments})

    assert (refused.status, problem(refused)) == (status, code)
    assert refused.json["hint"] and "retry-after" not in refused.headers


@EMBEDDED
async def test_a_server_that_only_reads_forbids_writing(world):
    async with site(world, read_only=True) as there:
        refused = await there.post("crm_create_account", NEW)
        found = await there.post("crm_search_accounts", {"query": "a"})

    assert (refused.status, problem(refused), found.status) == (403, "READ_ONLY_MODE", 200)


async def test_what_needs_people_is_accepted_and_nothing_happens_before_they_sign(world):
    deal = await world.a_deal()
    asked = {"deal_id": deal["id"], "outcome": "won"}
    async with site(world) as there:
        first = await there.post(CLOSE, asked)
        await world.decide(first.json["action_id"], "am")
        await world.decide(first.json["action_id"], "cro")
        signed = await there.post(CLOSE, asked)
        shown = await there.post("crm_get_deal", {"id": deal["id"]})
        followed = await there.post("approvals_get", {"action_id": first.json["action_id"]})

    assert (first.status, first.json["status"]) == (202, "pending_approval")
    assert (signed.status, signed.json["status"]) == (202, "approved")
    assert signed.json["action_id"] == first.json["action_id"]
    assert (shown.json["status"], followed.status) == ("open", 200)


async def test_a_key_in_the_header_makes_the_same_call_happen_once(world):
    async with site(world) as there:
        first = await there.post("crm_create_account", NEW, idempotency_key="k-1")
        again = await there.post("crm_create_account", NEW, idempotency_key='"k-1"')
        over_mcp = await there.call("crm_create_account", **NEW, idempotency_key="k-1")
        both = await there.post(
            "crm_create_account", {**NEW, "idempotency_key": "k-1"}, idempotency_key="k-1"
        )
        other = await there.post(
            "crm_create_account", {**NEW, "name": "Khác"}, idempotency_key="k-1"
        )
        found = await there.post("crm_search_accounts", {"query": "anh duong"})

    assert first.status == 200
    assert first.json == again.json == both.json == over_mcp.json["result"]["structuredContent"]
    assert (other.status, problem(other)) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert [one["id"] for one in found.json["accounts"]] == [first.json["id"]]


@EMBEDDED
async def test_a_key_that_cannot_be_kept_to_is_refused_and_reading_needs_none(world):
    deal = await world.a_deal()
    async with site(world) as there:
        differ = await there.post(
            "crm_create_account", {**NEW, "idempotency_key": "a"}, idempotency_key="b"
        )
        kept_nowhere = await there.post(
            CLOSE, {"deal_id": deal["id"], "outcome": "won"}, idempotency_key="a"
        )
        read = await there.post("whoami", {}, idempotency_key="a")
        invalid = [
            await there.post("crm_create_account", NEW, idempotency_key=key)
            for key in ('""', "a b", "é", "x" * 129, "a\r\nidempotency-key: a")
        ]

    assert (differ.status, problem(differ)) == (409, "IDEMPOTENCY_KEY_DIFFERS")
    assert (kept_nowhere.status, problem(kept_nowhere)) == (400, "INVALID_ARGS")
    assert kept_nowhere.json["facts"]["fields"][0]["field"] == "idempotency_key"
    assert read.status == 200
    assert {(one.status, problem(one)) for one in invalid} == {(400, "IDEMPOTENCY_KEY_INVALID")}


async def test_the_same_call_many_times_at_once_makes_one_account(world):
    async with site(world) as there:
        made = await asyncio.gather(
            *(there.post("crm_create_account", NEW, idempotency_key="k") for _ in range(12))
        )

    assert {one.status for one in made} == {200} and len({one.json["id"] for one in made}) == 1


async def test_the_list_is_the_list_of_mcp(world):
    async with site(world) as there:
        for agent in ("cro_agent", "reader_agent", "narrow_agent"):
            token = world.ours.tokens[agent]
            mcp = await there.ask(message("tools/list"), token=token)
            rest = await there.get("/v1/tools", token=token)

            assert rest.status == 200
            assert rest.json["tools"] == mcp.json["result"]["tools"]
