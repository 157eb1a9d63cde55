"""Forecast scores: were forecasts right?
Scored with what came in, void without, and told length by length.
"""

from datetime import date, timedelta

import pytest

from domain.deals import service
from domain.deals.service import NewDeal
from domain.insight import forecasts
from domain.insight.forecast_rules import ScoredForecast, by_length
from domain.insight.forecasts import ForecastRecord
from domain.insight.tables import StoredForecast
from domain.store.visibility import Viewer
from server.nightly import NightlyJobs
from tests.insight.pipelines import SOON, TODAY, close, deal, several, stored
from tests.world import fault_code
from tools.crm.forecast_words import verdict


async def test_a_forecast_is_scored_with_what_came_in_its_time(world):
    won, late, lost, _still_open = await several(world, 4, amount_minor=100_000_000)
    await world.ok("crm_forecast", range="30d")
    await close(world, won["id"], "won", on=date(2026, 12, 21))
    await close(world, late["id"], "won", on=date(2026, 12, 22))
    await close(world, lost["id"], "lost", on=date(2026, 12, 1))

    async with world.owning() as tx:
        assert await forecasts.score_due(tx, on=date(2026, 12, 21)) == 0
        assert await forecasts.score_due(tx, on=date(2026, 12, 22)) == 1
        assert await forecasts.score_due(tx, on=date(2026, 12, 22)) == 0

    (row,) = await stored(world)
    assert (row.state, row.actual_minor) == ("scored", 100_000_000)


async def test_a_month_is_scored_with_what_came_in_that_month_alone(world):
    early, inside = await several(world, 2, amount_minor=100_000_000)
    await world.ok("crm_forecast", month="2026-12")
    await close(world, early["id"], "won", on=date(2026, 11, 30))
    await close(world, inside["id"], "won", on=date(2026, 12, 1))

    async with world.owning() as tx:
        await forecasts.score_due(tx, on=date(2027, 1, 1))

    (row,) = await stored(world)
    assert (row.state, row.actual_minor) == ("scored", 100_000_000)


async def test_the_worker_scores_what_is_due_with_the_rights_it_has(world):
    await several(world, 2)
    await world.ok("crm_forecast", range="30d")
    worker = NightlyJobs(world.executor_side, world.clock)

    early = await worker.work(world.ours.id)
    world.clock.move(timedelta(days=31))
    done = [await worker.work(world.ours.id) for _ in range(2)]

    assert (early["forecasts"], done[0]["forecasts"], done[1]) == (0, 1, {})
    assert [(one.state, one.actual_minor) for one in await stored(world)] == [("scored", 0)]


async def test_accuracy_scores_by_itself_and_says_when_history_is_too_short(world):
    await several(world, 3)
    await world.ok("crm_forecast", range="30d")
    world.clock.move(timedelta(days=31))

    said = await world.ok("crm_forecast_accuracy")

    (length,) = said["lengths"]
    assert (said["enough"], length["periods"], said["waiting"]) == (False, 1, 0)
    assert (length["from_days"], length["to_days"], length["enough"]) == (22, 45, False)
    assert "chưa đủ dữ liệu" in said["summary"] and "1 trong 20 kỳ" in said["summary"]
    assert length["bands"] == [] and "pinball_minor" not in length
    assert [one.state for one in await stored(world)] == ["scored"]


async def a_history(world, periods, days, *, off):
    """Forecasts of the seller, end to end until today, each as far off as said."""
    async with world.owning() as tx:
        for n in range(periods):
            begin = TODAY - timedelta(days=days * (n + 1))
            row = StoredForecast(
                person_id=world.ours.people["sales"], question=f"{days:032}{n:032}",
                filters={"pipelines": None}, as_of=begin, until=begin + timedelta(days=days),
                asked_at=tx.at, deal_ids=[], rates={}, currency="VND",
                expected_minor=1_000, common_minor=400, own_minor=10, shock_permille=300,
                quantiles=[600, 650, 700, 800, 850, 1_000, 1_150, 1_300, 1_400],
                state="scored", actual_minor=1_000 + (off if n % 2 else -off), scored_at=tx.at,
            )  # fmt: skip
            tx.add(row)


async def test_lengths_are_told_apart_and_one_may_be_asked_for(world):
    await a_history(world, 40, 7, off=0)
    await a_history(world, 20, 30, off=200)
    await a_history(world, 3, 90, off=500)

    said = await world.ok("crm_forecast_accuracy")
    quarter = await world.ok("crm_forecast_accuracy", range="90d")
    month = await world.ok("crm_forecast_accuracy", range="30d")
    year = await world.ok("crm_forecast_accuracy", range="366")

    told = [(x["from_days"], x["to_days"], x["periods"], x["enough"]) for x in said["lengths"]]
    assert told == [(1, 10, 40, True), (22, 45, 20, True), (46, 135, 3, False)]
    week, near, far = said["lengths"]
    assert said["enough"] and week["pinball_minor"] < near["pinball_minor"]
    assert [[one["covered_pct"] for one in x["bands"]] for x in (week, near, far)] == [
        [100, 100, 100], [0, 100, 100], []
    ]  # fmt: skip
    assert "3 trong 20 kỳ" in said["summary"]
    assert "Dự báo trước 1–10 ngày, qua 40 kỳ" in said["summary"]
    assert not quarter["enough"] and [x["periods"] for x in quarter["lengths"]] == [3]
    assert [(x["from_days"], x["to_days"], x["periods"]) for x in month["lengths"]] == [
        (15, 60, 20)
    ]
    assert [(x["from_days"], x["periods"]) for x in year["lengths"]] == [(183, 0)]


@pytest.mark.parametrize("days", ["0d", "367"])
async def test_a_range_nobody_can_forecast_has_no_accuracy(world, days):
    refused = await world.call("crm_forecast_accuracy", range=days)

    assert fault_code(refused) == "RANGE_INVALID"


def test_how_good_forecasts_were_is_said_in_both_languages():
    weeks = [TODAY + timedelta(days=7 * n) for n in range(20)]
    past = [(begin, begin + timedelta(days=7)) for begin in weeks]
    past.append((TODAY, TODAY + timedelta(days=90)))
    scored = [ScoredForecast(begin, end, 10, 1, 1, (10,) * 9, 10) for begin, end in past]
    record = ForecastRecord(by_length(scored), 4, ())

    assert verdict(record, "en") == (
        "Forecasts 1 to 10 days ahead, over 20 periods that do not overlap: the 50 % band held"
        " 20/20 (100 %), the 80 % band held 20/20 (100 %), the 95 % band held 20/20 (100 %)."
        " Forecasts 46 to 135 days ahead: not enough history, periods with an outcome 1 of 20;"
        " nobody can say yet how good they are. Forecasts still waiting for their outcome: 4."
    )
    assert verdict(record, "vi") == (
        "Dự báo trước 1–10 ngày, qua 20 kỳ không trùng nhau: dải 50 % đúng 20/20 (100 %), dải 80 %"
        " đúng 20/20 (100 %), dải 95 % đúng 20/20 (100 %). Dự báo trước 46–135 ngày: chưa đủ dữ"
        " liệu quá khứ, mới có 1 trong 20 kỳ cần thiết đã có kết quả, chưa thể nói dự báo tốt hay"
        " không. Số dự báo còn chờ kết quả: 4."
    )
    assert verdict(ForecastRecord((), 0, ()), "en").startswith("Not enough history: ")
    assert verdict(ForecastRecord((), 0, ()), "vi").startswith("Chưa đủ dữ liệu quá khứ: ")


async def test_with_twenty_periods_there_are_figures_and_the_shock_is_learnt(world):
    await deal(world, expected_close_date="2027-12-01")
    await a_history(world, 20, 30, off=200)

    said = await world.ok("crm_forecast_accuracy")
    others = await world.ok("crm_forecast_accuracy", agent="am_agent")

    (length,) = said["lengths"]
    assert said["enough"] and length["periods"] == 20
    assert [one["covered_pct"] for one in length["bands"]] == [0, 100, 100]
    assert length["pinball_minor"] < length["weighted_pipeline_pinball_minor"]
    assert others["lengths"] == [], "nobody else's accuracy is made of these forecasts"
    await deal(world, expected_close_date=SOON)
    learnt = await world.ok("crm_forecast", range="60d")
    assert not learnt["shock_is_assumed"] and learnt["shock"] == "0.50"
    another_length = await world.ok("crm_forecast", range="61d")
    assert another_length["shock_is_assumed"] and another_length["shock"] == "0.30"
    assert any("kỳ dài tương đương" in note for note in another_length["notes"])


async def test_a_forecast_with_a_deal_they_no_longer_see_is_void(world):
    account_id = await world.an_account()
    async with world.owning() as tx:
        viewer = Viewer(world.ours.people["am"], (world.ours.workspace_id,))
        fields = {"account_id": account_id, "name": "Gói", "amount_minor": 5_000_000}
        new = NewDeal(**fields, expected_close_date=date.fromisoformat(SOON))
        made = await service.create(tx, viewer, new, created_by="human:x")
    await world.ok("crm_forecast", range="30d")
    async with world.owning() as tx:
        (await service.load(tx, made.id, viewer)).visibility = "private"

    async with world.owning() as tx:
        await forecasts.score_due(tx, on=date(2027, 1, 1))

    assert [one.state for one in await stored(world)] == ["void"]
    world.clock.move(timedelta(days=60))
    assert (await world.ok("crm_forecast_accuracy"))["lengths"] == []
