"""Nightly jobs: scores and suggestions, once a night, for each company by itself."""

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from domain.deals.tables import Deal
from domain.insight import lead_scores, next_actions
from domain.insight.next_actions_rules import NextStep
from domain.insight.tables import DismissedAction, LeadScore, NightlyRun, SuggestedAction
from domain.kernel.clock import VIETNAM
from domain.store.audit_queries import entries
from domain.store.visibility import Viewer
from server.nightly import Job, NightlyJobs, jobs
from tests.rows import difference, everything
from tests.traffic import traffic
from tests.world import NOW, fault_code
from tools.crm.next_action_words import CREATE_TASK, TOOLS

TODAY = date(2026, 11, 21)


async def worked(world, company=None):
    """A fresh worker looks at a company, with the login of a worker."""
    return await NightlyJobs(world.executor_side, world.clock).work((company or world.ours).id)


async def rows_of(world, entity, company=None):
    async with world.looking(company) as tx:
        return list(await tx.all(select(entity)))


async def test_a_night_is_worked_once_and_is_in_the_chain(world):
    deal = await world.a_deal()
    world.clock.move(timedelta(days=8))

    first = await worked(world)
    before = await everything(world)
    second = await worked(world)
    unchanged = difference(before, await everything(world))
    world.clock.move(timedelta(days=1))
    next_night = await worked(world)

    assert first == {
        "lead_scores": 1,
        "next_actions": 1,
        "forecasts": 0,
        "outbox": 0,
        "cash_application": 0,
    }
    assert second == {} and unchanged == {}
    assert next_night == {
        "lead_scores": 0,
        "next_actions": 0,
        "forecasts": 0,
        "outbox": 0,
        "cash_application": 0,
    }, "nothing new, nothing written"
    runs = await rows_of(world, NightlyRun)
    assert sorted((one.job, one.day.day, one.written) for one in runs) == [
        ("cash_application", 29, 0), ("cash_application", 30, 0),
        ("forecasts", 29, 0), ("forecasts", 30, 0),
        ("lead_scores", 29, 1), ("lead_scores", 30, 0),
        ("next_actions", 29, 1), ("next_actions", 30, 0),
        ("outbox", 29, 0), ("outbox", 30, 0),
    ]  # fmt: skip
    async with world.looking() as tx:
        told = [one.event for one in await entries(tx, after=0, limit=1_000)]
    assert told.count("nightly.lead_scores") == 2
    assert [one.deal_id for one in await rows_of(world, LeadScore)] == [deal["id"]]
    assert await rows_of(world, LeadScore, world.theirs) == []


async def test_a_worker_that_knows_the_night_is_done_asks_nothing_until_midnight_in_hanoi(world):
    watch = NightlyJobs(world.owner_side, world.clock)
    await watch.work(world.ours.id)

    with traffic(world.owner_side) as seen:
        assert await watch.work(world.ours.id) == {}
        world.clock.move(timedelta(hours=14, minutes=59))  # it was nine in the morning
        assert await watch.work(world.ours.id) == {}
    world.clock.move(timedelta(minutes=1))
    after_midnight = await watch.work(world.ours.id)

    assert seen == []
    assert after_midnight == {
        "lead_scores": 0,
        "next_actions": 0,
        "forecasts": 0,
        "outbox": 0,
        "cash_application": 0,
    }


async def test_of_two_workers_in_the_same_night_one_has_done_nothing(world):
    await world.a_deal()
    first, second = (NightlyJobs(world.executor_side, world.clock) for _ in range(2))
    watched = []

    async def while_the_other_is_done(tx, day, zone):
        """The row of the job was not there when this worker looked."""
        watched.append(await lead_scores.score_open(tx, day, zone))
        tx.add(NightlyRun(job=lead_scores.JOB, day=day, done_at=tx.at, written=1))
        return 1

    done = await first.work(world.ours.id)
    before = await everything(world)
    with pytest.raises(IntegrityError):
        await second._do(
            world.ours.id, Job(lead_scores.JOB, while_the_other_is_done), TODAY, VIETNAM
        )

    assert done["lead_scores"] == 1 and watched == [0]
    assert difference(before, await everything(world)) == {}


async def test_a_job_that_breaks_hinders_no_other_and_is_tried_again_in_an_hour(world, caplog):
    broken = []

    async def breaks(tx, day, zone):
        broken.append(day)
        raise RuntimeError("no")

    watch = NightlyJobs(world.executor_side, world.clock, (Job("broken", breaks), *jobs()))

    first = await watch.work(world.ours.id)
    at_once = await watch.work(world.ours.id)
    world.clock.move(timedelta(hours=1))
    again = await watch.work(world.ours.id)

    assert (
        first
        == {"lead_scores": 0, "next_actions": 0, "forecasts": 0, "outbox": 0, "cash_application": 0}
        and at_once == again == {}
    )
    assert broken == [TODAY, TODAY]
    assert "nightly work broken broke" in caplog.text


@pytest.mark.parametrize("entity", [LeadScore, NightlyRun, SuggestedAction, DismissedAction])
async def test_what_was_written_down_is_never_rewritten(world, entity):
    await world.a_deal()
    world.clock.move(timedelta(days=8))
    [shown] = (await world.ok("crm_next_best_action"))["actions"]
    await worked(world)
    await world.ok("crm_dismiss_action", proposal_id=shown["id"], reason="Không")
    assert await rows_of(world, entity)
    changes = update(entity).values(tenant_id=world.ours.id), delete(entity)

    for change in changes:
        with pytest.raises(IntegrityError, match="is append-only"):
            async with world.owning() as tx:
                await tx.change(change)


# --- scores ---


async def history(world, *, won, lost, industry="Logistics", visibility="workspace"):
    """Deals that ended yesterday: closed by hand, because people are not what is tested here."""
    account = await world.an_account(industry=industry)
    ids = []
    for _ in range(won + lost):
        deal = await world.a_deal(account, visibility=visibility)
        ids.append(deal["id"])
    yesterday = (world.clock.now() - timedelta(days=1)).date()
    async with world.without_triggers("deal"), world.owning() as tx:
        for n, id in enumerate(ids):
            status = "won" if n < won else "lost"
            await tx.change(
                update(Deal).where(Deal.id == id).values(status=status, closed_date=yesterday)
            )
    return account


async def test_a_score_is_shown_with_reasons_that_add_up_and_an_honest_word_on_history(world):
    deal = await world.a_deal()
    await world.ok("crm_log_activity", kind="call", subject="Gọi", deal_id=deal["id"])

    unscored = (await world.ok("crm_lead_score", deal_id=deal["id"]))["scores"]
    await worked(world)
    [shown] = (await world.ok("crm_lead_score"))["scores"]
    of_the_deal = await world.ok("crm_get_deal", id=deal["id"])

    assert unscored == [
        {"deal_id": deal["id"], "name": "Nền tảng quý 4",
         "note": "Chưa chấm điểm; điểm có sau mỗi đêm."}
    ]  # fmt: skip
    assert shown["base"] + sum(one["points"] for one in shown["reasons"]) == shown["score"] == 62
    assert of_the_deal["lead_score"] == 62
    assert shown["band"] == "warm" and shown["scored_on"] == "2026-11-21"
    assert shown["reasons"][0]["contact_on"] == "2026-11-21"
    assert shown["note"].startswith("Lịch sử chưa đủ 20 cơ hội")


async def test_history_counts_from_twenty_ended_deals_on_and_private_ones_never(world):
    await history(world, won=6, lost=2)
    await history(world, won=1, lost=12, industry="Bán lẻ")
    await history(world, won=30, lost=0, industry="Bán lẻ", visibility="private")
    good = await world.a_deal(await world.an_account("Công ty A", industry="LOGISTICS"))
    bad = await world.a_deal(await world.an_account("Công ty B", industry="bán lẻ"))
    await worked(world)

    shown = {one["deal_id"]: one for one in (await world.ok("crm_lead_score"))["scores"]}

    def vertical(deal):
        [found] = [
            one for one in shown[deal["id"]]["reasons"] if one["feature"] == "account_vertical"
        ]
        return found["points"], found["won"], found["ended"]

    assert vertical(good) == (7, 6, 8)
    assert vertical(bad) == (-6, 1, 13), "thirty private wins would have made it gain"
    assert "note" not in shown[good["id"]]


async def test_only_what_had_ended_before_the_day_of_the_score_is_known(world):
    await history(world, won=12, lost=12)
    deal = await world.a_deal(await world.an_account("Công ty A", industry="Logistics"))
    for day in (TODAY - timedelta(days=1), TODAY):
        async with world.owning() as tx:
            await lead_scores.score_open(tx, day, VIETNAM)

    scores = [one for one in await rows_of(world, LeadScore) if one.deal_id == deal["id"]]

    assert [one.history for one in sorted(scores, key=lambda one: one.scored_on)] == [
        "too_few", "enough",
    ]  # fmt: skip


async def test_a_private_deal_is_scored_for_those_who_see_it_and_for_nobody_else(world):
    account = await world.an_account()
    hidden = await world.a_deal(account, visibility="private")
    await worked(world)

    mine = await world.ok("crm_lead_score")
    of_a_colleague = await world.ok("crm_lead_score", agent="am_agent")
    asked = await world.call("crm_lead_score", agent="am_agent", deal_id=hidden["id"])

    assert [one["deal_id"] for one in mine["scores"]] == [hidden["id"]]
    assert "score" in mine["scores"][0]
    assert of_a_colleague["scores"] == []
    assert fault_code(asked) == "NOT_FOUND"


async def test_whoever_is_not_in_the_workspace_sees_a_shared_deal_without_a_score(world):
    """A score tells how deals of the workspace ended, and those are not theirs to see."""
    deal = await world.a_deal(visibility="private", shared_with=[world.ours.people["cfo"]])
    await worked(world)

    async with world.looking() as tx:
        outside = await lead_scores.shown(tx, Viewer(world.ours.people["cfo"], ()))
        inside = await lead_scores.shown(
            tx, Viewer(world.ours.people["cfo"], (world.ours.workspace_id,))
        )

    assert [(one.deal.id, one.score is None) for one in outside.deals] == [(deal["id"], True)]
    assert [(one.deal.id, one.score is None) for one in inside.deals] == [(deal["id"], False)]


async def test_a_night_costs_no_more_statements_for_many_deals_than_for_one(world):
    account = await world.an_account()
    asked = []
    for more in (1, 12):
        for _ in range(more):
            await world.a_deal(account)
        world.clock.move(timedelta(days=8))
        day = world.clock.now().date()
        async with world.owning() as tx:
            with traffic(world.owner_side) as seen:
                await lead_scores.score_open(tx, day, VIETNAM)
                await next_actions.record_standing(tx, day)
        asked.append((len(seen.reads), len(seen.writes)))

    assert asked == [(14, 2), (14, 2)]


# --- suggestions that are remembered ---


async def test_of_every_deal_the_best_suggestion_is_remembered_with_its_tool(world):
    deal = await world.a_deal()
    world.clock.move(timedelta(days=8))
    shown = (await world.ok("crm_next_best_action"))["actions"]
    await worked(world)

    [kept] = await rows_of(world, SuggestedAction)

    assert (kept.id, kept.deal_id, kept.rule) == (shown[0]["id"], deal["id"], "stagnation")
    assert TOOLS[NextStep(kept.step)] == CREATE_TASK
    assert kept.expires_at - kept.suggested_at == timedelta(days=7)


async def test_accepted_is_what_was_provably_done_in_time(world):
    in_time, too_late, _never, dismissed = [await world.a_deal() for _ in range(4)]
    who = Viewer(world.ours.people["sales"], (world.ours.workspace_id,))
    world.clock.move(timedelta(days=8))
    proposals = {one["deal_id"]: one for one in (await world.ok("crm_next_best_action"))["actions"]}
    await worked(world)

    async def follow(deal):
        return await world.call("crm_create_task", **proposals[deal["id"]]["arguments"])

    await world.ok(
        "crm_dismiss_action", proposal_id=proposals[dismissed["id"]]["id"], reason="Không cần"
    )
    assert not (await follow(in_time)).is_error
    world.clock.move(timedelta(days=7, seconds=1))
    assert fault_code(await follow(too_late)) == "NOT_FOUND", "a week later it is another one"
    async with world.looking() as tx:
        found = await next_actions.acceptance(tx, who, since=NOW, events=TOOLS)
        nothing = await next_actions.acceptance(tx, who, since=world.clock.now(), events=TOOLS)

    assert set(found.suggested) == {one["id"] for one in proposals.values()}
    assert found.accepted == (proposals[in_time["id"]]["id"],)
    assert found.dismissed == (proposals[dismissed["id"]]["id"],)
    assert nothing.suggested == ()


async def test_a_call_of_the_proposed_tool_about_the_deal_is_acceptance_too(world):
    """As it will be when a rule proposes a tool that changes the deal itself."""
    deal = await world.a_deal()
    world.clock.move(timedelta(days=8))
    async with world.owning() as tx:
        await next_actions.record_standing(tx, TODAY + timedelta(days=8))
    events = dict.fromkeys(NextStep, "cyberos.crm.move_stage")
    who = Viewer(world.ours.people["sales"], (world.ours.workspace_id,))
    other = await world.a_deal()
    await world.ok("crm_move_stage", deal_id=other["id"], to_stage="discovery")
    async with world.looking() as tx:
        before = await next_actions.acceptance(tx, who, since=NOW, events=events)
    await world.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
    async with world.looking() as tx:
        after = await next_actions.acceptance(tx, who, since=NOW, events=events)
        for_an_outsider = await next_actions.acceptance(
            tx, Viewer("01X", ()), since=NOW, events=events
        )

    assert (len(before.suggested), before.accepted) == (1, ())
    assert after.accepted == after.suggested
    assert for_an_outsider.suggested == ()
