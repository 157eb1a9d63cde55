"""Every message reaches every subscriber once, in order, whoever works and whatever breaks."""

import asyncio
import re
from contextvars import Context
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from domain.kernel.backoff import pause
from domain.store import outbox, subscribers
from domain.store.subscribers import KEPT, MOST_FAILURES
from domain.store.tables import OutboxCursor, OutboxMessage
from domain.store.tx import writing
from server.nightly import NightlyJobs
from tests.forgery import kept as archive_of
from tests.store.outbox_samples import (
    TOPIC,
    beside,
    dispatcher,
    take,
    taken,
    tell,
    toy,
)

pytestmark = pytest.mark.both


async def dead(world):
    async with world.looking() as tx:
        return [
            (one.subscriber, one.topic, one.code, one.failures)
            for one in await subscribers.dead_letters(tx)
        ]


async def kept(world):
    async with world.looking() as tx:
        mine = select(OutboxMessage).where(OutboxMessage.topic == TOPIC)
        return [one.payload["what"] for one in await tx.all(mine.order_by(OutboxMessage.seq))]


async def test_what_nobody_takes_is_kept_for_whoever_subscribes_later(world):
    await tell(world, "a", "b")
    await tell(world, "c")
    nobody = await dispatcher(world, toy("other", since="now")).dispatch(world.ours.id)

    first = await dispatcher(world).dispatch(world.ours.id)
    again = await dispatcher(world).dispatch(world.ours.id)

    assert (nobody, first, again) == (0, 3, 0)
    assert await taken(world) == ["a", "b", "c"]
    assert await kept(world) == ["a", "b", "c"]


async def test_who_begins_now_takes_what_comes_from_now_on(world):
    late = dispatcher(world, toy(since="now"))
    await tell(world, "before")
    await late.dispatch(world.ours.id)
    await tell(world, "after")

    assert await late.dispatch(world.ours.id) == 1
    assert await taken(world) == ["after"]


async def test_one_company_is_told_nothing_of_another(world):
    await tell(world, "ours")

    assert await dispatcher(world).dispatch(world.theirs.id) == 0
    assert await dispatcher(world).dispatch(world.ours.id) == 1


async def test_two_topics_of_one_subscriber_come_in_one_order(world):
    both = subscribers.Subscription("toy", {TOPIC: take, "toy.other": take}, True)
    await tell(world, "a")
    async with world.owning() as tx:
        outbox.emit(tx, "toy.other", what="b")
    await tell(world, "c")

    await dispatcher(world, both).dispatch(world.ours.id)

    assert await taken(world) == ["a", "b", "c"]


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
async def test_a_message_whose_transaction_commits_late_is_not_passed_over(world):
    worker = dispatcher(world)
    async with world.owning() as early:
        outbox.emit(early, TOPIC, what="begun first")  # and so it has the smaller id
        await beside(world, "committed first")
        between = await asyncio.get_running_loop().create_task(
            worker.dispatch(world.ours.id), context=Context()
        )
    afterwards = await worker.dispatch(world.ours.id)

    async with world.looking() as tx:
        ids = await tx.all(
            select(OutboxMessage.id).where(OutboxMessage.topic == TOPIC).order_by(OutboxMessage.seq)
        )
    assert ids == sorted(ids, reverse=True), "the test did not do what it says"
    assert (between, afterwards) == (1, 1)
    assert await taken(world) == ["committed first", "begun first"]


async def test_many_writers_and_many_workers_lose_nothing_and_do_nothing_twice(world):
    writers, each = 4, 6

    async def write(n):
        for i in range(each):
            await beside(world, f"{n}.{i}")
            await asyncio.sleep(0)

    async def work(worker):
        done = 0
        while len(await taken(world)) < writers * each:
            done += await worker.dispatch(world.ours.id)
            await asyncio.sleep(0.01)
        return done

    workers = [dispatcher(world) for _ in range(3)]
    async with asyncio.timeout(60):
        *_, one, two, three = await asyncio.gather(
            *(write(n) for n in range(writers)), *(work(each) for each in workers)
        )

    seen = await taken(world)
    assert one + two + three == writers * each == len(set(seen)) == len(seen)
    assert seen == await kept(world), "the order of the numbers is the order of the work"
    for n in range(writers):
        assert [one for one in seen if one.startswith(f"{n}.")] == [f"{n}.{i}" for i in range(each)]
    async with world.looking() as tx:
        numbers = list(await tx.all(select(OutboxMessage.seq).order_by(OutboxMessage.seq)))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_message_that_cannot_be_taken_is_a_dead_letter_after_eight_tries(world):
    await tell(world, "good")
    await tell(world, "bad", bad=True)
    await tell(world, "next")
    worker = dispatcher(world, toy(), toy("unhindered"))

    tries = [await worker.dispatch(world.ours.id)]
    at_once = await worker.dispatch(world.ours.id)
    stuck = await taken(world)
    for failures in range(1, MOST_FAILURES):
        world.clock.move(pause(failures) - timedelta(seconds=1))
        assert await worker.dispatch(world.ours.id) == 0, "it is not its time yet"
        world.clock.move(timedelta(seconds=1))
        assert await dead(world) == []
        tries.append(await worker.dispatch(world.ours.id))
    gone_on = await worker.dispatch(world.ours.id)

    assert (tries, at_once) == ([2, 0, 0, 0, 0, 0, 0, 0], 0)
    assert stuck == ["good", "good"]
    assert sorted(await dead(world)) == [
        ("toy", TOPIC, "TOY_BROKEN", 8), ("unhindered", TOPIC, "TOY_BROKEN", 8),
    ]  # fmt: skip
    assert gone_on == 2
    assert (await taken(world))[2:] == ["next", "next"]


async def test_a_subscriber_that_fails_costs_the_others_nothing(world):
    async def breaks(_tx, _message):
        raise RuntimeError("no")

    await tell(world, "a")
    broken = subscribers.Subscription("broken", {TOPIC: breaks}, True)

    assert await dispatcher(world, broken, toy()).dispatch(world.ours.id) == 1
    async with world.looking() as tx:
        there = await subscribers.cursors(tx)
    assert (there["broken"].seq, there["broken"].failures) == (0, 1)


async def buried(world):
    """A dead letter, and what came after it."""
    await tell(world, "bad", bad=True)
    await tell(world, "next")
    worker = dispatcher(world)
    for failures in range(1, MOST_FAILURES + 1):
        await worker.dispatch(world.ours.id)
        world.clock.move(pause(failures))
    await worker.dispatch(world.ours.id)
    assert (await taken(world))[-1] == "next" and len(await dead(world)) == 1


async def test_a_dead_letter_is_settled_by_a_retry_once_its_cause_is_mended(world):
    await buried(world)
    worker = dispatcher(world, toy(mended=True))

    in_vain = await dispatcher(world).retry_dead(world.ours.id)
    still = await dead(world)
    settled = [await worker.retry_dead(world.ours.id) for _ in range(2)]

    assert (in_vain, still) == (0, [("toy", TOPIC, "TOY_BROKEN", 9)])
    assert settled == [1, 0]
    assert await dead(world) == [] and await taken(world) == ["next", "bad"]


async def test_the_log_names_code_and_message_and_no_content(world, caplog):
    await buried(world)

    assert "TOY_BROKEN" in caplog.text and "is a dead letter of toy" in caplog.text
    assert "Nguyễn" not in caplog.text


async def test_messages_are_kept_for_400_days_and_dead_or_waiting_ones_for_longer(
    world, monkeypatch
):
    everybody = (toy(), subscribers.Subscription("slow", {"toy.slow": take}, True))
    monkeypatch.setattr(subscribers, "subscriptions", lambda: everybody)
    async with world.owning() as tx:
        await subscribers.begin(tx, everybody)
    await tell(world, "taken")
    await buried(world)
    async with world.owning() as tx:
        outbox.emit(tx, "toy.slow", what="waits")
    world.clock.move(KEPT - timedelta(hours=1))
    await NightlyJobs(world.executor_side, world.clock).work(world.ours.id)
    young = await kept(world)
    world.clock.move(timedelta(days=1))
    await tell(world, "new")
    pruned = (await NightlyJobs(world.executor_side, world.clock).work(world.ours.id))["outbox"]

    assert young == ["taken", "bad", "next"]
    assert await kept(world) == ["bad", "new"]
    async with world.looking() as tx:
        left = await tx.all(select(OutboxMessage.payload).order_by(OutboxMessage.seq))
    assert [one.get("what") for one in left] == ["bad", "waits", "new"]
    assert pruned >= 4, "what was taken and the echoes of toys"


async def test_a_company_is_provisioned_with_a_cursor_for_every_subscriber(world, monkeypatch):
    monkeypatch.setattr(subscribers, "subscriptions", lambda: (toy(since="now"),))
    from tests.world import provision

    new = await provision(world.owner_side, world.clock, world.deploy, world.root, locale="vi")

    async with world.looking(new) as tx:
        assert [(one.subscriber, one.seq) for one in await tx.all(select(OutboxCursor))] == [
            ("toy", 0)
        ]


async def test_a_message_that_no_entry_tells_of_is_a_mistake(world):
    with pytest.raises(AssertionError, match="outbox was written and no event tells"):
        async with writing(world.executor_side, world.ours.id, world.clock) as tx:
            outbox.emit(tx, TOPIC, what="a")

    assert await kept(world) == []


async def test_what_was_let_go_in_time_is_no_finding_and_any_other_message_is(world, tmp_path):
    archive = archive_of(world, tmp_path)
    await tell(world, "old")
    world.clock.move(KEPT + timedelta(days=1))
    await NightlyJobs(world.executor_side, world.clock).work(world.ours.id)
    await tell(world, "a", "b", "c")
    assert (await kept(world), await archive.findings()) == (["a", "b", "c"], [])

    async with world.owning() as tx:  # by one who appends what fits, as if it had been old
        gone = await tx.first(select(OutboxMessage.seq).where(OutboxMessage.topic == TOPIC))
        await tx.change(delete(OutboxMessage).where(OutboxMessage.seq == gone))
    async with archive.forging() as forger:
        other, missing = [one.seq for one in await forger.rows(OutboxMessage, topic=TOPIC)]
        await forger.change(OutboxMessage, {"seq": other}, payload={"what": "another"})
        await forger.delete(OutboxMessage, seq=missing)

    found = [re.sub(r"(,| as| by)?( and)? entry .*", "", one) for one in await archive.findings()]
    assert found == [
        f"outbox {other}: is not",
        f"outbox {missing}: is gone",
        f"outbox {gone}: was let go before its time,",
    ]
