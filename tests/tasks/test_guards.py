"""Guards of tasks: the database refuses what no program of ours would do to one."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.tools.talk import talking

_COPY = (
    "insert into task (tenant_id, id, title, owner_id, due_at, whole_day, status, source,"
    " source_event_id, created_by, created_at, version) select tenant_id, '{id}', title, owner_id,"
    " due_at, whole_day, '{status}', source, {event}, created_by, created_at, 1 from task"
    " where id = :done"
)
_STEP = (
    "insert into task_step (tenant_id, task_id, n, kind, due_at, whole_day, taken_by, at)"
    " select tenant_id, task_id, {n}, kind, due_at, whole_day, taken_by, at from task_step"
    " where task_id = :open and n = 1"
)
_NEW = "01HZK7AAAAAAAAAAAAAAAAAAA"  # and one more letter
REFUSED = {
    "what is done is opened again": "update task set status = 'open' where id = :done",
    "what is done is due later": "update task set due_at = created_at where id = :done",
    "a title is rewritten": "update task set title = 'x' where id = :open",
    "it changes hands": "update task set owner_id = :am where id = :open",
    "it is about another deal": "update task set deal_id = :deal where id = :open",
    "it is gone": "delete from task where id = :open",
    "it begins done": _COPY.format(id=f"{_NEW}A", status="done", event="null"),
    "a step is rewritten": "update task_step set note = 'x' where task_id = :open",
    "a step is gone": "delete from task_step where task_id = :open",
    "a step is left out": _STEP.format(n=3),
}
TWICE = [_COPY.format(id=f"{_NEW}{letter}", status="open", event="'one'") for letter in "BC"]


async def _there(world):
    deal = await world.a_deal()
    async with talking(world) as talk:
        ids = [
            (await talk.ok("crm_create_task", title="Gọi", due="2026-12-03"))["id"]
            for _ in range(2)
        ]
        await talk.ok("crm_complete_task", task_id=ids[1], outcome="done")
    return {"open": ids[0], "done": ids[1], "deal": deal["id"], "am": world.ours.people["am"]}


async def _attempt(world, values, *statements):
    """How the database refuses, or nothing."""
    try:
        async with world.owning() as tx:
            for one in statements:
                bound = {name: value for name, value in values.items() if f":{name}" in one}
                await tx.session.execute(text(one), bound)
    except IntegrityError as error:
        return str(error.orig)
    return ""


@pytest.mark.both
async def test_a_task_is_fixed_but_for_its_due_and_ends_once(world):
    values = await _there(world)

    answers = {what: await _attempt(world, values, one) for what, one in REFUSED.items()}

    ours = ("is fixed", "has ended", "never deleted", "append-only", "begins as", "without a gap")
    assert {what: m for what, m in answers.items() if not any(word in m for word in ours)} == {}
    assert await _attempt(world, values, _STEP.format(n=2)) == ""


@pytest.mark.both
async def test_what_asked_for_a_task_has_one_that_is_open(world):
    values = await _there(world)

    assert await _attempt(world, values, TWICE[0]) == ""
    refused = await _attempt(world, values, TWICE[1])
    assert "UNIQUE" in refused or "duplicate" in refused
