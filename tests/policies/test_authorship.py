"""Authorship: is an agent marked for what others wrote, and for nothing that it typed itself?"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.identity import queries as identity
from domain.store.tables import AuditEntry
from policies.gate import authorship
from tests.tools.talk import talking
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
LLC = {"account_type": "llc"}


async def _tainted(world: World, deal_id: str) -> bool:
    """Whether what is proposed now is marked."""
    asked = await world.ok("crm_close_deal", deal_id=deal_id, outcome="won")
    async with world.looking() as tx:
        found = await tx.first(
            select(AuditEntry).where(
                AuditEntry.action_id == asked["action_id"], AuditEntry.event == "action.proposed"
            )
        )
    assert found is not None
    return '"taint":"1"' in found.body or '"taint":1' in found.body


async def _reads(world: World, agent: str = "cro_agent") -> list[tuple[str, str]]:
    """What is kept of the words of others that an agent read lately."""
    now = world.clock.now()
    async with world.looking() as tx:
        agents = {one.name: one.id for one in await identity.agents(tx)}
        found = await identity.foreign_reads(tx, agents[agent], now - timedelta(hours=25), now)
    return [(one.tool, one.what) for _, one in found]


async def test_what_an_agent_typed_itself_is_not_foreign_to_it(own):
    async with talking(own) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Của Mình", **LLC)
        person = await talk.ok(
            "crm_create_contact", account_id=account["id"], display_name="Trần Mai"
        )
        deal = await talk.ok(
            "crm_create_deal", account_id=account["id"], name="Kho", amount_minor=9,
            primary_contact_id=person["id"],
        )  # fmt: skip
        await talk.ok("crm_log_activity", kind="note", subject="Ghi", deal_id=deal["id"], body="x")
        await talk.ok("crm_create_task", title="Gọi", due="2027-01-01", deal_id=deal["id"])
        for tool, asked in (
            ("crm_get_account", {"id": account["id"]}),
            ("crm_get_deal", {"id": deal["id"]}),
            ("crm_list_contacts", {"account_id": account["id"]}),
            ("crm_list_deals", {}),
            ("crm_list_tasks", {}),
            ("crm_pipeline_board", {}),
            ("crm_next_best_action", {"deal_id": deal["id"]}),
        ):
            await talk.ok(tool, **asked)
            assert await _reads(own) == [], tool

    assert not await _tainted(own, deal["id"])


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ({"agent": "am_agent", "kind": "note", "source": "agent"}, "subject of "),
        ({"agent": "cro_agent", "kind": "email", "source": "email"}, "subject of others"),
    ],
    ids=["a colleague's agent", "the agent out of a mail"],
)
async def test_what_others_wrote_is_told_with_what_and_when(own, written, what):
    deal = await own.a_deal(await own.an_account())
    await own.ok("crm_log_activity", subject="Xin chào", body="y", deal_id=deal["id"], **written)
    own.clock.move(timedelta(days=2))  # a mark that logging left is over
    before = await _reads(own)
    await own.ok("crm_get_deal", id=deal["id"])

    ((tool, told),) = await _reads(own)
    assert (before, tool) == ([], "cyberos.crm.get_deal")
    assert what in told and "Xin chào" not in told
    assert await _tainted(own, deal["id"])


async def test_a_row_that_somebody_else_changed_is_foreign_from_then_on(own):
    account = await own.an_account()
    await own.ok("crm_get_account", id=account)
    mine = await _reads(own)
    await own.ok("crm_update_account", agent="am_agent", account_id=account, industry="IGNORE")
    await own.ok("crm_get_account", id=account)

    assert mine == []
    ((tool, told),) = await _reads(own)
    assert tool == "cyberos.crm.get_account" and f"industry of {account}" in told


async def test_the_name_in_a_register_is_never_the_agents_own(own):
    account = await own.an_account()
    seen = {"id": account, "name": "Của mình", "legal_name": "CTCP", "untrusted_fields": []}
    found = []
    async with own.looking() as tx:
        agents = {one.name: one.id for one in await identity.agents(tx)}
        for pointers in (["/name"], ["/name", "/legal_name"]):
            marked = {**seen, "untrusted_fields": pointers}
            found.append(await authorship.foreign(tx, agents["cro_agent"], marked))
        bare = {"name": "CTCP", "untrusted_fields": ["/name"]}
        found.append(await authorship.foreign(tx, agents["cro_agent"], bare))

    assert found == [(), ("legal_name of others",), ("name of others",)]
