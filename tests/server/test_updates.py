"""Resource updates: does a change reach whoever listens, whoever made it, and nobody whom it does
not concern?
"""

import asyncio
from contextlib import asynccontextmanager

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import ResourceUpdatedNotification

from domain.identity import service as identity
from domain.identity import tokens
from domain.kernel.faults import Fault, Kind
from server import updates
from server.mcp_server import mcp_server
from tests.tools.talk import talking

pytestmark = pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")

TIMEOUT_SECONDS = 20
SALES = "crm://pipelines/sales/board"
PARTNER = "crm://pipelines/partner/board"


class Listener:
    """A client that has subscribed, and the hand on the clock of its server."""

    def __init__(self, client, heard, hand):
        self.client, self.heard, self.hand, self.look = client, heard, hand, hand.look


class Hand:
    """A pause that lasts until the test says so, and lets it wait until the look is over."""

    def __init__(self):
        self.resting = asyncio.Semaphore(0)
        self.go = asyncio.Semaphore(0)

    async def pause(self):
        self.resting.release()
        await self.go.acquire()

    @property
    def nobody_waits(self):
        return self.resting.locked()

    async def look(self):
        """One look at the chain, from its beginning to its end."""
        await asyncio.wait_for(self.resting.acquire(), TIMEOUT_SECONDS)
        self.go.release()
        await asyncio.wait_for(self.resting.acquire(), TIMEOUT_SECONDS)
        self.resting.release()


@pytest.fixture(params=["legacy", "2026-07-28"])
def era(request):
    """Both protocol eras, one after the other."""
    return request.param


@asynccontextmanager
async def connected(world, era, agent="cro_agent", gate=None):
    """As a client of its own server process: another gate, another pool of memory."""
    hand, heard = Hand(), []

    async def hear(message):
        if isinstance(message, ResourceUpdatedNotification):
            heard.append(message.params.uri)

    server = mcp_server(
        gate or world.gate(),
        tokens.parse(world.ours.tokens[agent]),
        frozenset({"default"}),
        world.contract,
        pause=hand.pause,
    )
    async with Client(server, mode=era, message_handler=hear) as client:
        yield Listener(client, heard, hand)


@asynccontextmanager
async def listening(world, era, *uris, agent="cro_agent", gate=None):
    """The same, after it has subscribed to these addresses."""
    async with connected(world, era, agent, gate) as listener:
        if era == "legacy":
            for uri in uris:
                await listener.client.subscribe_resource(uri)
            yield listener
        else:
            async with listener.client.listen(resource_subscriptions=uris) as stream:
                assert list(stream.honored.resource_subscriptions or []) == list(uris)
                collecting = asyncio.create_task(collect(stream, listener.heard))
                yield listener
                collecting.cancel()


async def collect(stream, heard):
    async for event in stream:
        if event.uri not in heard[-1:]:
            heard.append(event.uri)


async def settled(listener):
    """What was heard once every message of the last look has arrived."""
    await listener.client.list_prompts()  # an answer that comes after what was sent before it
    for _ in range(20):
        await asyncio.sleep(0)
    return list(listener.heard)


async def a_deal(world, **more):
    async with talking(world) as talk:
        account = await talk.ok("crm_create_account", name="Công ty", account_type="llc")
        return await talk.ok("crm_create_deal", account_id=account["id"], name="Kho", **more)


async def move(world, deal, stage="discovery"):
    async with talking(world) as talk:
        await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage=stage)


async def test_CRM103_a_stage_move_of_another_process_reaches_whoever_follows_the_board(world, era):
    deal = await a_deal(world)
    async with (
        listening(world, era, SALES, PARTNER) as first,
        listening(world, era, SALES, agent="am_agent") as second,
    ):
        for one in (first, second):
            await one.look()
        quiet = await settled(first) + await settled(second)
        await move(world, deal)
        for one in (first, second):
            await one.look()
        heard = await settled(first), await settled(second)

    assert quiet == []
    assert heard == ([SALES], [SALES])


async def test_what_people_decide_and_a_worker_carries_out_is_heard_too(world, era):
    action = await world.proposed_close(currency="USD", amount_minor=100)
    deal = f"crm://approvals/{action['action_id']}"
    async with listening(world, era, deal, "crm://approvals/pending", SALES) as listener:
        await world.decide(action["action_id"])
        await listener.look()
        signed = await settled(listener)
        listener.heard.clear()
        await world.execute(action["action_id"])
        await listener.look()
        executed = await settled(listener)

    assert signed == [deal, "crm://approvals/pending"]
    assert sorted(executed) == sorted([deal, "crm://approvals/pending", SALES])


async def test_E09_a_hidden_deal_moves_unheard(world, era):
    hidden = await a_deal(world, visibility="private")
    async with (
        listening(world, era, SALES, agent="am_agent") as outsider,
        listening(world, era, SALES) as owner,
    ):
        await move(world, hidden)
        for one in (outsider, owner):
            await one.look()
        heard = await settled(outsider), await settled(owner)

    assert heard == ([], [SALES])


async def test_what_happens_in_another_company_is_not_even_looked_at(world, era):
    async with listening(world, era, SALES) as listener:
        await listener.look()
        async with talking(world, company=world.theirs) as talk:
            account = await talk.ok("crm_create_account", name="Theirs", account_type="llc")
            await talk.ok("crm_create_deal", account_id=account["id"], name="Theirs")
        await listener.look()
        heard = await settled(listener)

    assert heard == []


async def test_whoever_has_unsubscribed_hears_nothing_more(world):
    deal = await a_deal(world)
    async with listening(world, "legacy", SALES, PARTNER) as listener:
        await listener.client.unsubscribe_resource(SALES)
        await move(world, deal)
        await listener.look()
        heard = await settled(listener)
        await listener.client.subscribe_resource(SALES)
        await move(world, deal, "qualifying")
        await listener.look()
        again = await settled(listener)

    assert heard == [] and again == [SALES]


async def test_nothing_can_be_followed_that_is_not_there(world, era):
    async with connected(world, era) as listener:
        if era == "legacy":
            with pytest.raises(MCPError) as caught:
                await listener.client.subscribe_resource("crm://pipelines/nowhere/board")
            assert (caught.value.code, caught.value.message) == (-32002, "Resource not found")
        else:
            wanted = ["crm://pipelines/nowhere/board", SALES, "crm://x"]
            async with listener.client.listen(
                resource_subscriptions=wanted, tools_list_changed=True
            ) as stream:
                honored = stream.honored
            assert list(honored.resource_subscriptions or []) == [SALES]
            assert not honored.tools_list_changed


async def test_the_number_of_addresses_is_bounded(world, era, monkeypatch):
    monkeypatch.setattr(updates, "MOST_SUBSCRIPTIONS", 1)
    async with connected(world, era) as listener:
        if era == "legacy":
            await listener.client.subscribe_resource(SALES)
            await listener.client.subscribe_resource(SALES)
            with pytest.raises(MCPError, match="Too many"):
                await listener.client.subscribe_resource(PARTNER)
        else:
            twice = [SALES, SALES]
            async with listener.client.listen(resource_subscriptions=twice) as stream:
                assert list(stream.honored.resource_subscriptions or []) == [SALES]


async def test_too_many_addresses_are_refused_before_any_is_read(world, monkeypatch):
    gate, read = world.gate(), []
    call = gate.call

    async def noted(token, name, raw, **more):
        read.append(name)
        return await call(token, name, raw, **more)

    monkeypatch.setattr(gate, "call", noted)
    absent = [f"crm://pipelines/nowhere-{number}/board" for number in range(1_500)]
    async with connected(world, "2026-07-28", gate=gate) as listener:
        with pytest.raises(MCPError, match="Too many subscriptions") as caught:
            async with listener.client.listen(resource_subscriptions=absent):
                pass

    assert caught.value.code == -32600
    assert read == []


async def test_a_database_that_is_away_for_a_moment_costs_no_update(world, era, monkeypatch):
    deal, gate, away = await a_deal(world), world.gate(), [True]
    asked = gate.end_of_chain

    async def sometimes(token):
        if away.pop():
            away.append(False)
            raise Fault("DATABASE_UNAVAILABLE", Kind.UNAVAILABLE, "Away.")
        away.append(False)
        return await asked(token)

    monkeypatch.setattr(gate, "end_of_chain", sometimes)
    async with listening(world, era, SALES, gate=gate) as listener:
        await move(world, deal)
        await listener.look()
        during = await settled(listener)
        await listener.look()
        heard = await settled(listener)

    assert during == [] and heard == [SALES]


async def test_a_revoked_agent_hears_nothing_more(world, era, monkeypatch):
    deal, gate, refused = await a_deal(world), world.gate(), asyncio.Event()
    asked = gate.end_of_chain

    async def noted(token):
        try:
            return await asked(token)
        finally:
            refused.set()

    monkeypatch.setattr(gate, "end_of_chain", noted)
    async with listening(world, era, SALES, gate=gate) as listener:
        async with world.owning() as tx:
            await identity.revoke_agent(tx, "cro_agent")
        async with talking(world, "am_agent") as talk:
            await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
        await asyncio.wait_for(listener.hand.resting.acquire(), TIMEOUT_SECONDS)
        listener.hand.go.release()
        await asyncio.wait_for(refused.wait(), TIMEOUT_SECONDS)
        with pytest.raises(MCPError):
            await settled(listener)

    assert listener.heard == [] and listener.hand.nobody_waits


async def test_without_subscribers_nobody_looks(world, era):
    async with connected(world, era) as listener:
        await listener.client.list_resources()
        idle = listener.hand.nobody_waits

    assert idle
