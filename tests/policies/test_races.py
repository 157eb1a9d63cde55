"""Many at once: however approvers, executors and agents meet, every effect happens once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from domain.deals.tables import Deal, StageMove
from domain.engagements.tables import Engagement
from domain.identity import keys, service
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.engine import Database, Role, connect
from policies.approvals.executor import Executor
from tests.policies.letters import ROW, PostOffice, WithLetters, catalogue
from tests.rows import difference, everything
from tests.world import World, fault_code

pytestmark = pytest.mark.both

ROUNDS = 60
APPROVERS = [f"am{number}" for number in range(1, 6)]
EXECUTORS = 4
ONE_SIGNATURE = ROW.model_copy(update={"slots": ROW.slots[:1]})
NOT_NOW = {"ALREADY_DECIDED", "SLOT_FILLED", "ACTION_NOT_PENDING", "ACTION_CONFLICT"}


@dataclass
class Crowd:
    """A world for each person and each worker, with connections of its own."""

    world: World
    approvers: dict[str, World]
    executors: list[Executor]

    async def meet(self, action_id: str) -> list[str]:
        """Everybody at once; the codes with which approvers were refused."""
        refused: list[str] = []
        decided = asyncio.Event()

        async def approve(person: str, own: World) -> None:
            try:
                recorded = await own.decide(action_id, person)
            except Fault as fault:
                refused.append(fault.code)
            else:
                refused.extend([recorded.refusal.code] if recorded.refusal else [])
            decided.set()

        async def execute(executor: Executor) -> None:
            under_way = {"pending", "approved", "executing"}
            while (await executor.run(self.world.ours.id, action_id)).state in under_way:
                await decided.wait()  # too early: once more when somebody has signed

        await asyncio.gather(
            *(approve(person, own) for person, own in self.approvers.items()),
            *(execute(executor) for executor in self.executors),
        )
        return refused


@asynccontextmanager
async def crowd(world: World) -> AsyncIterator[Crowd]:
    """Five account managers and four executors of our company."""
    await five_account_managers(world)
    async with AsyncExitStack() as stack:

        def own(role: Role) -> Database:
            database = connect(
                world.url, role=role, pool_size=2, trust=world.approval_context.trust
            )
            stack.push_async_callback(database.close)
            return database

        yield Crowd(
            world,
            {person: replace(world, inbox_side=own(Role.INBOX)) for person in APPROVERS},
            [
                Executor(
                    own(Role.EXECUTOR),
                    world.clock,
                    world.approval_context,
                    owner=f"worker {number}",
                )
                for number in range(EXECUTORS)
            ],
        )


async def five_account_managers(world: World) -> None:
    ours = world.ours
    async with world.owning() as tx:
        for name in APPROVERS:
            person, _ = await service.add_person(
                tx,
                email=f"{name}@{ours.workspace_id.lower()}.vn",
                display_name=name,
                roles=["am"],
                workspaces=[ours.workspace_id],
            )
            key = keys.generate()
            await service.enrol_key(
                tx,
                person.id,
                key_id=key.key_id,
                public_key=key.public_key,
                label="test",
                endorsed_by=world.root.key_id,
                endorsement=keys.endorse(
                    world.root,
                    deploy=world.deploy,
                    tenant=ours.id,
                    person=person.id,
                    public_key=key.public_key,
                ),
            )
            ours.people[name], ours.keys[name] = person.id, key


async def test_B18_sixty_letters_five_approvers_and_four_executors_make_sixty_letters(world):
    office = PostOffice()
    world.registry, world.catalogue = WithLetters(office), catalogue(ONE_SIGNATURE)
    refused: list[str] = []

    async with crowd(world) as everybody, world.client() as client:
        for _ in range(ROUNDS):
            answer = await client.call_tool("test_send_letter", {"letter_id": new_id()})
            refused += await everybody.meet(answer.structured_content["action_id"])

    assert set(office.delivered.values()) == set(office.recorded.values()) == {1}
    assert len(office.delivered) == len(office.recorded) == len(office.calls) == ROUNDS
    assert len(refused) == ROUNDS * (len(APPROVERS) - 1)
    assert set(refused) <= NOT_NOW


async def test_B18_deals_that_many_close_at_once_are_closed_once(world):
    account, rounds = await world.an_account(), 8
    async with crowd(world) as everybody, world.client() as client:
        for number in range(rounds):
            deal = await client.call_tool(
                "crm_create_deal",
                {"account_id": account, "name": f"D{number}", "amount_minor": 5, "currency": "USD"},
            )
            answer = await client.call_tool(
                "crm_close_deal", {"deal_id": deal.structured_content["id"], "outcome": "won"}
            )
            await everybody.meet(answer.structured_content["action_id"])

    async with world.looking() as tx:
        assert await tx.first(select(func.count()).where(Deal.status == "won")) == rounds
        assert await tx.first(select(func.count(Engagement.id))) == rounds
        assert await tx.first(select(func.count(StageMove.n))) == 2 * rounds


async def test_B26_ten_agents_that_propose_the_same_at_once_make_one_action(world):
    deal = await world.a_deal()
    before = await everything(world)

    answers = await asyncio.gather(
        *(world.ok("crm_close_deal", deal_id=deal["id"], outcome="won") for _ in range(10))
    )

    assert len({answer["action_id"] for answer in answers}) == 1
    assert difference(before, await everything(world)) == {"pending_action": (0, 1)}


@pytest.mark.parametrize("guard", ["expected_version", "expected_stage"])
async def test_of_ten_moves_that_expect_the_same_one_happens(world, guard):
    deal = await world.a_deal()
    expected = {"expected_version": deal["version"], "expected_stage": deal["stage"]}[guard]
    before = await everything(world)

    answers = await asyncio.gather(
        *(
            world.call(
                "crm_move_stage", deal_id=deal["id"], to_stage="discovery", **{guard: expected}
            )
            for _ in range(10)
        )
    )

    codes = [fault_code(answer) for answer in answers if answer.is_error]
    assert codes == [{"expected_version": "VERSION_CONFLICT"}.get(guard, "STAGE_CHANGED")] * 9
    changes = difference(before, await everything(world))
    assert changes == {"deal": (1, 1), "stage_move": (0, 1), "outbox": (0, 1)}


async def test_ten_reports_of_one_event_at_once_log_it_once(world):
    account = await world.an_account()
    event = {
        "kind": "email",
        "subject": "Báo giá",
        "account_id": account,
        "source": "mail",
        "source_event_id": "<1@mail>",
    }

    answers = await asyncio.gather(*(world.ok("crm_log_activity", **event) for _ in range(10)))

    assert len({answer["id"] for answer in answers}) == 1
    assert [answer["already_logged"] for answer in answers].count(False) == 1


async def test_ten_accounts_with_one_tax_code_at_once_become_one(world):
    company = {"name": "Công ty", "account_type": "llc", "vn_mst": "0316794479"}

    answers = await asyncio.gather(
        *(world.call("crm_create_account", **company) for _ in range(10))
    )

    codes = [fault_code(answer) for answer in answers if answer.is_error]
    assert codes == ["ACCOUNT_EXISTS"] * 9


async def test_ten_first_contacts_at_once_leave_one_primary(world):
    account = await world.an_account()

    answers = await asyncio.gather(
        *(
            world.ok("crm_create_contact", account_id=account, display_name=f"Mai {n}")
            for n in range(10)
        )
    )

    assert [answer["is_primary"] for answer in answers].count(True) == 1
