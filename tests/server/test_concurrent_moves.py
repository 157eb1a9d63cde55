"""Concurrent moves: is a move ever lost?
Many at once from several servers, then all records held together.

CYBEROS_TEST_MOVES=10000 makes as many moves as the promise speaks of; the suite makes some.
"""

import asyncio
import json
import os
import random
from collections import Counter
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import select

from domain.deals import queries as deals
from domain.deals.tables import Deal
from domain.pipelines import queries as pipelines
from domain.store import audit_queries
from domain.store.tables import OutboxMessage
from tests.server.process import a_token, environment, served
from tests.tools.talk import talking

pytestmark = pytest.mark.both

MOVES = int(os.environ.get("CYBEROS_TEST_MOVES", "120"))
SERVERS, DEALS = 3, 4
STAGES = ("qualifying", "discovery", "proposal", "negotiation")


async def open_deals(world) -> list[str]:
    made = []
    async with talking(world) as talk:
        account = await talk.ok("crm_create_account", name="Công ty", account_type="llc")
        person = await talk.ok("crm_create_contact", account_id=account["id"], display_name="Lan")
        for number in range(DEALS):
            deal = await talk.ok(
                "crm_create_deal",
                account_id=account["id"],
                name=f"Kho {number}",
                amount_minor=1_000,
                expected_close_date="2027-01-15",
                primary_contact_id=person["id"],
            )
            made.append(deal["id"])
    return made


class Mover:
    """An agent with a server process of its own: it moves deals on from where it last saw them."""

    def __init__(self, peer, ids, chance):
        self.peer, self.ids, self.chance = peer, ids, chance
        self.seen = dict.fromkeys(ids, ("qualifying", 1))
        self.accepted, self.refused = [], Counter()

    async def call(self, tool, **arguments):
        answer = await self.peer.request("tools/call", {"name": tool, "arguments": arguments})
        return answer["result"]

    async def one_move(self):
        """Try until it is accepted; each try says what it believes, and looks when it was wrong."""
        id = self.chance.choice(self.ids)
        while True:
            stage, version = self.seen[id]
            to = self.chance.choice([one for one in STAGES if one != stage])
            believed = {"expected_stage": stage, "expected_version": version}
            if self.chance.random() < 0.5:
                del believed["expected_version"]
            result = await self.call(
                "crm_move_stage", deal_id=id, to_stage=to, reason="Theo lịch", **believed
            )
            if result["isError"]:
                self.refused[result["_meta"]["vn.cyberos/error"]["code"]] += 1
                now = (await self.call("crm_get_deal", id=id))["structuredContent"]
                self.seen[id] = (now["stage"], now["version"])
                continue
            done = result["structuredContent"]
            self.seen[id] = (done["stage"], done["version"])
            assert done["from_stage"] == stage, "it was moved from where nobody believed it"
            self.accepted.append((id, done["version"], stage, to))
            return


async def test_CRM210_every_accepted_move_is_in_every_record_and_a_refused_one_in_none(world):
    ids = await open_deals(world)
    told = environment(world, CYBEROS_AGENT_TOKEN=await a_token(world))
    left = iter(range(MOVES))

    async def keep_moving(mover):
        for _ in left:
            await mover.one_move()

    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(served(told)) for _ in range(SERVERS)]
        await asyncio.gather(*(peer.hello() for peer in peers))
        movers = [Mover(peer, ids, random.Random(place)) for place, peer in enumerate(peers)]
        await asyncio.gather(*map(keep_moving, movers))

    accepted = [move for mover in movers for move in mover.accepted]
    refused = sum((mover.refused for mover in movers), Counter())
    assert len(accepted) == MOVES
    assert refused.keys() <= {"STAGE_CHANGED", "VERSION_CONFLICT"}, refused
    assert refused, "nobody ever met anybody: this run has shown nothing"
    await reconcile(world, ids, accepted)


async def reconcile(world, ids, accepted):
    """Answers, rows, history, chain and outbox tell one story, move by move."""
    told = {id: {} for id in ids}
    for id, version, stage, to in accepted:
        assert version not in told[id], "two moves were told that they made the same version"
        told[id][version] = (stage, to)
    async with world.looking() as tx:
        rows = {one.id: one for one in await tx.all(select(Deal).where(Deal.id.in_(ids)))}
        history = {id: await deals.moves(tx, id) for id in ids}
        entries = await audit_queries.entries(tx, after=0, limit=100_000)
        messages = await tx.all(
            select(OutboxMessage).where(OutboxMessage.topic == "deal.stage_moved")
        )
        stages = {
            one.id: one.code for one in await pipelines.stages(tx, [rows[ids[0]].pipeline_id])
        }
    chained = Counter(
        json.loads(entry.body)["object"]
        for entry in entries
        if entry.event == "cyberos.crm.move_stage"
    )
    sent = sorted((one.payload["deal_id"], one.payload["version"]) for one in messages)

    for id in ids:
        first, *steps = history[id]
        versions = range(2, len(told[id]) + 2)
        assert sorted(told[id]) == list(versions), "a version is missing or was made twice"
        assert [one.n for one in steps] == list(versions) and first.n == 1
        assert [(stages[one.from_stage_id], stages[one.to_stage_id]) for one in steps] == [
            told[id][version] for version in versions
        ]
        assert all(
            before.to_stage_id == after.from_stage_id
            for before, after in zip(history[id], steps, strict=False)
        )
        assert (rows[id].version, rows[id].stage_id) == (versions[-1], steps[-1].to_stage_id)
        assert chained[id] == len(steps)
    assert sum(chained.values()) == len(accepted)
    assert sent == sorted((id, version) for id, version, _, _ in accepted)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
