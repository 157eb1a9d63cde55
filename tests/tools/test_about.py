"""Objects of calls: what was a call about?
Every answer that changed something names the row, for the audit chain.
"""

import re

import pytest
from sqlalchemy import select

from domain.store.tables import AuditEntry
from tests.tools.samples import agent_for, valid_calls

pytestmark = pytest.mark.asyncio(loop_scope="module")
ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
# A person approved, the executor carried out: the entry names kind, id and version of the row.
BOUND = re.compile(rf"[a-z_]+:{ID.pattern}@[0-9]+")


async def test_the_entry_of_every_call_that_changes_something_names_what_it_was_about(shared):
    calls, complaints = await valid_calls(shared), []
    rows = [row for row in shared.catalogue.tool if not row.is_read]
    for row in sorted(rows, key=lambda row: row.id == "cyberos.approvals.cancel"):
        answered = await shared.ok(row.name, agent=agent_for(row), **calls[row.name])
        entry = await last_entry(shared)
        waits = answered.get("status") == "pending_approval"
        if not (BOUND if waits else ID).fullmatch(entry.object):
            complaints.append(f"{row.name}: its entry is about {entry.object!r}")
        if not waits:
            assert entry.event == row.id
            if entry.object not in str({**answered, **calls[row.name]}):
                complaints.append(f"{row.name}: nobody was told of {entry.object}")

    assert complaints == []


@pytest.mark.parametrize("name", ["crm_generate_vietqr", "inv_generate_vietqr"])
async def test_a_code_that_needs_nobody_names_the_deal_or_else_the_account(shared, name):
    calls = await valid_calls(shared)
    asked = await shared.ok(name, **calls[name])
    await shared.decide(asked["action_id"], "am")
    await shared.execute(asked["action_id"])

    answered = await shared.ok(name, **calls[name])

    entry = await last_entry(shared)
    assert (answered["status"], entry.event) == ("ready", shared.catalogue.by_name[name].id)
    account = re.match(rf"bank_account:({ID.pattern})@0", await proposed_about(shared, asked))
    assert account is not None
    assert entry.object == answered.get("deal_id", account[1])


async def last_entry(world):
    async with world.looking() as tx:
        return (await tx.all(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)))[0]


async def proposed_about(world, asked):
    """The object of the entry that a proposal left."""
    found = select(AuditEntry).where(
        AuditEntry.action_id == asked["action_id"], AuditEntry.event == "action.proposed"
    )
    async with world.looking() as tx:
        return (await tx.all(found))[0].object
