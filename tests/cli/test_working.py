"""A worker gives every company its turns, however long one of them takes."""

import anyio

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from server.cli.context import opened, perform
from server.cli.work import Worker
from tests.cli.console import environ


class Slow(Worker):
    """The first company that has a turn waits for a provider who does not answer."""

    def __init__(self, context):
        super().__init__(context)
        self.turns = []
        self.answered = anyio.Event()

    async def _one_tenant(self, tenant_id, code, done):
        self.turns.append(code)
        if code == self.turns[0]:
            await self.answered.wait()


async def heard(_fault):
    raise AssertionError("nothing was away")


def test_a_company_that_waits_for_a_provider_keeps_no_other_waiting(embedded):
    async def three_rounds() -> list[str]:
        async with opened(Role.EXECUTOR) as context, anyio.create_task_group() as group:
            worker = Slow(context)
            for _ in range(3):
                await worker.begin(group, None, heard)
                await anyio.wait_all_tasks_blocked()
            worker.answered.set()
        return worker.turns

    with environ(embedded.env):
        slow, *others = perform(three_rounds)

    assert len(others) == 3 and slow not in others, "one turn at a time, and three of the other"


def test_who_waits_for_a_turn_when_the_worker_is_told_to_stop_gets_none(embedded, monkeypatch):
    monkeypatch.setattr("server.cli.work.TENANTS_AT_ONCE", 1)

    async def stopped_meanwhile() -> list[str]:
        async with opened(Role.EXECUTOR) as context, anyio.create_task_group() as group:
            worker = Slow(context)
            await worker.begin(group, None, heard)
            await anyio.wait_all_tasks_blocked()
            worker.stops = True
            worker.answered.set()
        return worker.turns

    with environ(embedded.env):
        assert len(perform(stopped_meanwhile)) == 1


def test_a_database_that_is_away_for_one_company_is_said_after_all_had_their_turn(embedded):
    class Away(Worker):
        turns = 0

        async def _one_tenant(self, tenant_id, code, done):
            self.turns += 1
            raise Fault("DATABASE_AWAY", Kind.UNAVAILABLE, "Not now.")

    async def a_round() -> tuple[int, str]:
        async with opened(Role.EXECUTOR) as context:
            worker = Away(context)
            try:
                await worker.round()
            except Fault as fault:
                return worker.turns, fault.code
        return worker.turns, ""

    with environ(embedded.env):
        assert perform(a_round) == (2, "DATABASE_AWAY")
