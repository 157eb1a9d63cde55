"""Next link: can somebody who may append stop a company, or say what others alone may say? (H6)

Each attempt is a statement of the login that a server for agents uses; on the embedded database,
which has no logins, of whoever holds the file.
"""

import hashlib
import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.kernel.clock import stamp
from domain.store import audit_queries
from domain.store.audit_report import Report
from domain.store.audit_verify import verify_chain
from domain.store.engine import Role, connect

pytestmark = pytest.mark.both
# SQLite computes no hash, which the verifier does, and has no logins.
SERVED = pytest.mark.parametrize("world", ["postgresql"], indirect=True)

_INSERT = text(
    "INSERT INTO audit_entry (tenant_id, seq, at, event, object, action_id, body, hash)"
    " VALUES (:tenant_id, :seq, :at, :event, :object, NULL, :body, :hash)"
)
_MOVE = "UPDATE audit_head SET {0} WHERE tenant_id = :tenant"


class Writer:
    """Whoever writes by hand what the program would write itself."""

    def __init__(self, world, role=Role.AGENT):
        self.world = world
        self.database = connect(world.url, role=role, pool_size=1)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self.database.close()

    async def run(self, statement, **values):
        """Carry it out for our company, and say what it was refused with; nothing if it was not."""
        tenant = {"tenant": self.world.ours.id}
        try:
            async with self.database.writer.begin() as connection:
                if not self.world.is_sqlite:
                    named = text("SELECT set_config('app.tenant_id', :tenant, true)")
                    await connection.execute(named, tenant)
                statement = text(statement) if isinstance(statement, str) else statement
                await connection.execute(statement, values or tenant)
        except DBAPIError as error:
            return str(error.orig)
        return ""

    async def link(self, *, ahead=1, event="cyberos.crm.create_account", kind="agent", **columns):
        """An entry by hand, as the next link unless said otherwise."""
        async with self.world.looking() as tx:
            head = await audit_queries.head(tx)
        at = self.world.clock.now()
        actor = {"t": kind, "id": "01M8QS4KTN9MEAAAAAAAAAAAAA", "obo": ""}
        told = {"v": 1, "tenant": self.world.ours.id, "seq": head.seq + ahead, "at": stamp(at)}
        told |= {
            "actor": actor,
            "event": event,
            "object": "",
            "outcome": "ok",
            "code": "",
            "pii": [],
        }
        told |= {"action": "", "policy": "", "request": "", "data": {}, "rows": ""}
        told |= columns.pop("told", {})
        body = json.dumps(told, sort_keys=True, separators=(",", ":"))
        linked = b"\x00cyberos.audit.v1\n" + bytes.fromhex(head.hash) + body.encode()
        row = {"tenant_id": self.world.ours.id, "seq": head.seq + ahead, "event": event}
        row |= {"at": stamp(at) if self.world.is_sqlite else at, "object": "", "body": body}
        row |= {"hash": hashlib.sha256(linked).hexdigest(), **columns}
        return await self.run(_INSERT, **row)


async def chain_is_whole(world):
    """Whether the chain verifies, and a call still goes through."""
    await world.an_account()
    async with world.looking() as tx:
        report = Report(tx.tenant_id)
        await verify_chain(tx, report)
    return report.findings == []


async def test_H6_only_the_next_number_is_an_entry(world):
    async with Writer(world) as writer:
        answers = [await writer.link(ahead=ahead) for ahead in (0, -1, 2, 2**40)]

    assert all("follows the last entry" in one for one in answers), answers
    assert await chain_is_whole(world)


@pytest.mark.parametrize(
    "told",
    [
        {"tenant": "01M8QS4KTN9MEAAAAAAAAAAAAA"},
        {"seq": 3},
        {"at": "2024-01-01T00:00:00.000000Z"},
        {"event": "person.left"},
        {"object": "person:x"},
        {"action": "01M8QS4KTN9MEAAAAAAAAAAAAA"},
    ],
)
async def test_H6_an_entry_says_in_its_columns_what_its_bytes_say(world, told):
    async with Writer(world) as writer:
        refused = await writer.link(told=told)

    assert "says what its bytes say" in refused
    assert await chain_is_whole(world)


@SERVED
async def test_H6_an_entry_that_is_not_linked_is_refused_by_a_served_database(world):
    async with Writer(world) as writer:
        refused = await writer.link(hash="ab" * 32)

    assert "carries their hash" in refused
    assert await chain_is_whole(world)


@SERVED
async def test_H6_an_agents_login_tells_of_agents_and_of_what_they_may_cause_alone(world):
    async with Writer(world) as writer:
        answers = [
            await writer.link(event="person.left"),
            await writer.link(event="fx.recorded"),
            await writer.link(event="action.approved"),
            await writer.link(kind="human"),
            await writer.link(kind="system"),
        ]
        own = await writer.link()

    assert all("only what an agent may cause" in one for one in answers), answers
    assert own == "", "what an agent may say of itself is the next link"
    assert await chain_is_whole(world)


async def test_H6_an_entry_moves_the_head_so_that_no_entry_beside_it_stops_the_company(world):
    async with Writer(world) as writer:
        assert await writer.link() == ""
        assert await writer.link() == ""

    assert await chain_is_whole(world)


@pytest.mark.parametrize(
    "change",
    [
        "seq = 4611686018427387904",
        "seq = seq + 1",
        "seq = seq - 1",
        "hash = 'ab'",
        "messages = 9223372036854775807",
        "messages = messages + 1",
        "messages = 0, seq = 0",
        "messages = messages - 1",
    ],
)
async def test_H6_the_head_stands_where_the_last_entry_and_the_last_message_are(world, change):
    await world.an_account()
    async with Writer(world) as writer:
        refused = await writer.run(_MOVE.format(change))

    assert "stands at the last entry" in refused
    assert await chain_is_whole(world)


async def test_H6_only_the_next_number_is_a_message(world):
    insert = (
        "INSERT INTO outbox (tenant_id, seq, id, topic, payload, created_at) SELECT h.tenant_id,"
        " h.messages + {0}, '01M8QS4KTN9MEAAAAAAAAAAAAA', 'deal.won', '{{}}', e.at FROM audit_head"
        " h JOIN audit_entry e ON e.tenant_id = h.tenant_id AND e.seq = 1"
        " WHERE h.tenant_id = :tenant"
    )
    async with Writer(world) as writer:
        answers = [await writer.run(insert.format(ahead)) for ahead in (0, 2, 2**40)]
        next_one = await writer.run(insert.format(1))

    assert all("counts without a gap" in one for one in answers), answers
    assert next_one == ""
    assert await chain_is_whole(world)
