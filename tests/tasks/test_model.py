"""Tasks, real and naive: whatever is written down, put off, done, dropped and shared in any order,
is everybody shown what somebody would say who keeps one list?
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from domain.kernel.clock import VIETNAM
from domain.store.audit_report import Report
from domain.tasks import audit
from domain.tasks.tables import TaskStep
from tests.tasks.model import Book, Naive
from tests.tools.talk import talking
from tests.world import World, opened

pytestmark = pytest.mark.both

# Two of us who see different deals, each with their agent.
AGENTS = {"sales": "cro_agent", "am": "am_agent"}
PEOPLE = st.sampled_from(sorted(AGENTS))
DAYS, HOURS = st.integers(0, 4), st.none() | st.integers(0, 23)
PLACES = st.integers(0, 9)
OUTCOMES = st.sampled_from(["done", "dropped", "put_off"])

NOBODY_IS_ASKED: Any = None  # tasks need no approval, so their law looks for none


@dataclass
class Scene:
    """A world for all examples, and a loop to reach it by."""

    runner: asyncio.Runner
    world: World


@pytest.fixture
def scene(base: str) -> Iterator[Scene]:
    """Of a database of each kind."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(stack.enter_async_context(opened(base)))
        try:
            yield Scene(runner, world)
        finally:
            runner.run(stack.aclose())


class Tasking(RuleBasedStateMachine):
    """Tasks about an open deal and a private one, real and naive."""

    scene: Scene

    @initialize()
    def begin(self) -> None:
        self.world = self.scene.world
        account = self.run(self.world.an_account())
        public = self.run(self.world.a_deal(account))["id"]
        private = self.run(self.world.a_deal(account, visibility="private"))["id"]
        self.account, self.deals = account, [public, private]
        self.book = Book({public: {"sales", "am"}, private: {"sales"}})

    def run(self, doing: Any) -> Any:
        return self.scene.runner.run(doing)

    # --- what people do ---

    @rule(
        person=PEOPLE,
        owner=PEOPLE,
        deal=st.sampled_from([0, 1]),
        day=DAYS,
        hour=HOURS,
    )
    def a_task_is_created(
        self, person: str, owner: str, deal: int, day: int, hour: int | None
    ) -> None:
        typed, due = self._due(day, hour)
        about = self.deals[deal]
        made = self.run(
            self._asked(
                person, "crm_create_task",
                title="Việc", due=typed, owner=self.world.ours.people[owner], deal_id=about,
            )
        )  # fmt: skip
        if due <= self.world.clock.now():
            assert made == "DUE_INVALID"
        elif person not in self.book.seen_by[about]:
            assert made == "NOT_FOUND"
        elif owner not in self.book.seen_by[about]:
            assert made == "OWNER_OUTSIDE"
        else:
            self.book.tasks[made["id"]] = Naive(made["id"], owner, about, due)

    @precondition(lambda self: self.book.tasks)
    @rule(person=PEOPLE, place=PLACES, outcome=OUTCOMES, day=DAYS, hour=HOURS)
    def something_becomes_of_one(
        self, person: str, place: int, outcome: str, day: int, hour: int | None
    ) -> None:
        task = list(self.book.tasks.values())[place % len(self.book.tasks)]
        typed, due = self._due(day, hour)
        until = {"until": typed} if outcome == "put_off" else {}
        said = self.run(
            self._asked(person, "crm_complete_task", task_id=task.id, outcome=outcome, **until)
        )
        if task.deal is not None and person not in self.book.seen_by[task.deal]:
            assert said == "NOT_FOUND"
            return
        is_over = until and due <= self.world.clock.now() and due != task.due
        if task.status == "open" and is_over:
            assert said == "DUE_INVALID"
            return
        expected = self.book.settled(task.id, outcome, due if until else None)
        assert expected == (said if isinstance(said, str) else said["changed"])

    @rule(add=st.booleans())
    def the_private_deal_is_shared(self, add: bool) -> None:
        private, am = self.deals[1], self.world.ours.people["am"]
        self.run(
            self._asked(
                "sales", "crm_share_deal", deal_id=private, **{"add" if add else "remove": [am]}
            )
        )
        (self.book.seen_by[private].add if add else self.book.seen_by[private].discard)("am")

    @rule(hours=st.sampled_from([1, 5, 24]))
    def time_goes_by(self, hours: int) -> None:
        self.world.clock.move(timedelta(hours=hours))

    # --- what is asked ---

    @rule(person=PEOPLE, owner=st.none() | PEOPLE, day=st.none() | DAYS, overdue=st.booleans())
    def everybody_is_shown_what_is_theirs_to_see(
        self, person: str, owner: str | None, day: int | None, overdue: bool
    ) -> None:
        asked: dict[str, Any] = {"account_id": self.account, "limit": 200}
        limits = [self.world.clock.now()] if overdue else []
        if owner is not None:
            asked["owner"] = "me" if owner == person else self.world.ours.people[owner]
        if day is not None:
            asked["until"], end = self._due(day, None)
            limits.append(end)
        shown = self.run(self._asked(person, "crm_list_tasks", **asked, overdue=overdue))
        wanted = self.book.listed(person, owner=owner, due_by=min(limits, default=None))
        assert [one["id"] for one in shown["tasks"]] == wanted

    @rule(person=PEOPLE, status=st.sampled_from(["done", "dropped"]), deal=st.sampled_from([0, 1]))
    def what_has_ended_is_found_by_its_deal(self, person: str, status: str, deal: int) -> None:
        about = self.deals[deal]
        asked = self._asked(person, "crm_list_tasks", deal_id=about, status=status, limit=200)
        shown = self.run(asked)
        if person not in self.book.seen_by[about]:
            assert shown == "NOT_FOUND"
            return
        wanted = self.book.listed(person, deal=about, status=status)
        assert [one["id"] for one in shown["tasks"]] == wanted

    @rule(person=PEOPLE)
    def an_account_counts_what_is_open(self, person: str) -> None:
        account = self.run(self._asked(person, "crm_get_account", id=self.account))
        assert account["open_tasks"] == len(self.book.listed(person))

    @invariant()
    def nothing_is_seen_next_door_and_the_verifier_agrees(self) -> None:
        if not hasattr(self, "book"):
            return
        self.run(self._verified())

    async def _verified(self) -> None:
        world, report = self.world, Report(self.world.ours.id)
        async with talking(world, company=world.theirs) as talk:
            assert (await talk.ok("crm_list_tasks"))["tasks"] == []
        async with world.looking() as tx:
            await audit.as_its_steps_say(tx, report, NOBODY_IS_ASKED)
            steps = await tx.rows(
                select(TaskStep.task_id, TaskStep.kind).order_by(TaskStep.task_id, TaskStep.n)
            )
        assert report.findings == []
        for task in self.book.tasks.values():
            assert [kind for id, kind in steps if id == task.id] == task.steps

    def _due(self, day: int, hour: int | None) -> tuple[str, datetime]:
        """What is typed for a day from today on, and the instant from which on it is overdue."""
        today = self.world.clock.now().astimezone(VIETNAM).date() + timedelta(days=day)
        if hour is None:
            end = datetime(today.year, today.month, today.day, tzinfo=VIETNAM) + timedelta(days=1)
            return today.isoformat(), end
        at = datetime(today.year, today.month, today.day, hour, tzinfo=VIETNAM)
        return f"{today.isoformat()}T{hour:02}:00", at

    async def _asked(self, person: str, tool: str, /, **arguments: Any) -> Any:
        """The structure of an answer, or the code of a refusal."""
        result = await self.world.call(tool, agent=AGENTS[person], **arguments)
        return result.structured_content or result.content[0].text.partition(":")[0]


def test_everybody_is_shown_what_one_list_would_say(scene: Scene) -> None:
    machine = type("OnThisScene", (Tasking,), {"scene": scene})

    run_state_machine_as_test(
        machine, settings=settings(max_examples=4, stateful_step_count=25, deadline=None)
    )
