"""Resources: what can be read by address, and by whom?
The answers of the tools, and nothing beside them.
"""

import json
from datetime import timedelta

import pytest
from mcp.shared.exceptions import MCPError

from domain.identity import service as identity
from domain.identity import tokens
from domain.kernel.ids import new_id
from tests.rows import denials, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOT_FOUND = {"legacy": -32002, "2026-07-28": -32602}


@pytest.fixture(params=["legacy", "2026-07-28"])
def era(request, shared):
    """Both protocol eras, one after the other."""
    shared.era = request.param
    yield request.param
    shared.era = "auto"


async def read(client, uri):
    (content,) = (await client.read_resource(uri)).contents
    assert (content.uri, content.mime_type) == (uri, "application/json")
    return json.loads(content.text)


async def refusal(client, uri):
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    return caught.value.code, caught.value.message, caught.value.data


async def test_what_stands_at_an_address_is_what_its_tool_answers(shared, era):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Biển Xanh", account_type="llc")
        await talk.ok("crm_create_contact", account_id=account["id"], display_name="Lan")
        deal = await talk.ok("crm_create_deal", account_id=account["id"], name="Kho")
        action = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        sales = shared.ours.pipeline_ids["sales"]
        same = {
            f"crm://accounts/{account['id']}": ("crm_get_account", {"id": account["id"]}),
            f"crm://accounts/{account['id']}/contacts": (
                "crm_list_contacts", {"account_id": account["id"], "limit": 200},
            ),
            f"crm://accounts/{account['id']}/deals": (
                "crm_list_deals", {"account_id": account["id"], "limit": 200},
            ),
            f"crm://deals/{deal['id']}": ("crm_get_deal", {"id": deal["id"]}),
            f"crm://pipelines/{sales}/board": ("crm_pipeline_board", {"pipeline_id": sales}),
            "crm://pipelines/partner/board": ("crm_pipeline_board", {"pipeline_id": "partner"}),
            "crm://approvals/pending": ("approvals_list", {"state": "open"}),
            f"crm://approvals/{action['action_id']}": (
                "approvals_get", {"action_id": action["action_id"]},
            ),
        }  # fmt: skip
        for uri, (tool, arguments) in same.items():
            assert await read(talk.client, uri) == await talk.ok(tool, **arguments), uri

    assert (await shared.state(action["action_id"])) == "pending"


async def test_boards_and_pending_approvals_are_listed_and_the_thousands_have_templates(
    shared, era
):
    async with shared.client() as client:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        for one in listed.resources:
            await read(client, one.uri)

    boards = {one.uri: one.title for one in listed.resources if one.name == "board"}
    assert boards == {
        f"crm://pipelines/{shared.ours.pipeline_ids[code]}/board": title
        for code, title in zip(
            ("sales", "partner", "inbound", "outbound"),
            ("Bán hàng", "Đối tác", "Khách tự đến", "Chủ động tiếp cận"),
            strict=True,
        )
    }
    assert [one.uri for one in listed.resources if one.uri not in boards] == [
        "crm://approvals/pending",
        "crm://kpis",
    ]
    assert [one.uri_template for one in templates.resource_templates] == [
        "crm://approvals/{action_id}",
        "crm://pipelines/{pipeline_id}/board",
        "crm://accounts/{id}",
        "crm://accounts/{account_id}/contacts",
        "crm://accounts/{account_id}/deals",
        "crm://deals/{id}",
    ]
    assert {one.mime_type for one in templates.resource_templates} == {"application/json"}


async def test_an_agent_without_the_scope_is_shown_none_of_it_and_its_try_is_chained(shared, era):
    before = len(await denials(shared))
    async with shared.client("narrow_agent") as client:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        hidden = await refusal(client, "crm://pipelines/sales/board")
        unknown = await refusal(client, "crm://nothing/here")

    assert listed.resources == [] and templates.resource_templates == []
    assert hidden == (NOT_FOUND[era], "Resource not found", {"uri": "crm://pipelines/sales/board"})
    assert unknown[:2] == hidden[:2]
    assert (await denials(shared))[before:] == [("tool:crm_pipeline_board", "SCOPE_MISSING", 1)]


@pytest.mark.parametrize(
    "uri",
    [
        "crm://deals/{private}",
        "crm://deals/{theirs}",
        "crm://deals/{invented}",
        "crm://deals/x",
        "crm://deals/",
        "crm://deals/../accounts/1",
        "crm://deals/%7Bid%7D",
        "crm://deals/a?b=c",
        "crm://pipelines/{their_pipeline}/board",
        "crm://pipelines/nowhere/board",
        "crm://approvals/{invented}",
        "crm://accounts/{theirs}",
        "crm://kpis/of/somebody",
        "file:///etc/passwd",
        "không có gì",
    ],
)
async def test_hidden_foreign_invented_and_malformed_addresses_look_alike(shared, era, uri):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Kín", account_type="llc")
        private = await talk.ok(
            "crm_create_deal", account_id=account["id"], name="Kín", visibility="private"
        )
    async with talking(shared, company=shared.theirs) as talk:
        foreign = await talk.ok("crm_create_account", name="Theirs", account_type="llc")
        theirs = await talk.ok("crm_create_deal", account_id=foreign["id"], name="Theirs")
    asked = uri.format(
        private=private["id"],
        theirs=foreign["id"] if "accounts" in uri else theirs["id"],
        invented=new_id(),
        their_pipeline=shared.theirs.pipeline_ids["sales"],
    )
    before = await everything(shared)
    async with shared.client("am_agent") as client:
        seen = await refusal(client, asked)

    assert seen == (NOT_FOUND[era], "Resource not found", {"uri": asked})
    assert await everything(shared) == before


async def test_reading_marks_the_reader_as_calling_the_tool_does(shared, era):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty", account_type="llc")
    shared.clock.move(timedelta(days=2))  # whatever was marked before is too long ago
    token, gate = tokens.parse(shared.ours.tokens["cfo_agent"]), shared.gate()
    async with shared.client("cfo_agent") as client:
        before = await gate.principal(token)
        await read(client, f"crm://accounts/{account['id']}")
        after = await gate.principal(token)

    assert (before.tainted, after.tainted) == (False, True)


async def test_an_agent_whose_token_is_gone_reads_lists_and_completes_nothing(shared, era):
    async with shared.owning() as tx:
        agent, clear = await identity.add_agent(
            tx,
            name=f"leaving {era}",
            person_id=shared.ours.people["sales"],
            scopes=["core.read", "crm.read"],
            expires_at=shared.clock.now() + timedelta(days=1),
        )
    shared.ours.tokens["leaving"] = clear
    async with shared.client("leaving") as client:
        assert (await client.list_resources()).resources
        async with shared.owning() as tx:
            await identity.revoke_agent(tx, agent.name)
        refusals = []
        for attempt in (
            client.list_resources,
            client.list_resource_templates,
            client.list_prompts,
            lambda: client.read_resource("crm://approvals/pending"),
            lambda: client.read_resource("crm://nothing"),
            lambda: client.get_prompt("weekly_forecast", {}),
        ):
            with pytest.raises(MCPError) as caught:
                await attempt()
            refusals.append((caught.value.code, caught.value.message[:14]))

    assert refusals == [(-32600, "TOKEN_INVALID:")] * 6
