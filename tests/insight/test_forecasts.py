"""Forecasts through the front door: what they count, for whom, what they say, how they are kept."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from domain.fx import service as fx
from domain.insight.tables import StoredForecast
from domain.kernel.money import MAX_JSON_MINOR, Rate
from tests.insight.pipelines import SOON, TODAY, deal, several, stored
from tests.traffic import traffic
from tests.world import fault_code
from tools.crm.forecast_words import spoken


async def test_it_counts_what_is_open_and_expected_and_says_what_it_leaves_out(world):
    account_id = await world.an_account()
    for when in (SOON, SOON, "2026-11-01", "2027-11-01", None):
        more = {"expected_close_date": when} if when else {}
        await world.a_deal(account_id, amount_minor=100_000_000, probability_pct=50, **more)

    said = await world.ok("crm_forecast", range="90d")

    assert (said["from_date"], said["to_date"]) == ("2026-11-21", "2027-02-19")
    assert (said["total"]["deals"], said["total"]["expected_minor"]) == (2, 100_000_000)
    assert [one["band_pct"] for one in said["total"]["bands"]] == [50, 80, 95]
    assert {one["mid_minor"] for one in said["total"]["bands"]} == {said["total"]["median_minor"]}
    assert said["shock_is_assumed"] and said["shock"] == "0.30"
    assert "đồng" in said["summary"]
    left = " ".join(said["notes"])
    assert "1 cơ hội quá ngày" in left and "1 cơ hội chưa có ngày" in left
    assert "1 cơ hội dự kiến ngoài khoảng" in left


async def test_the_top_five_are_those_with_the_most_probability_times_value(world):
    account_id = await world.an_account()
    made = [
        await deal(world, account_id=account_id, amount_minor=amount, probability_pct=pct)
        for amount, pct in [(100, 90), (1_000, 10), (200, 50), (50, 99), (400, 30), (10, 10)]
    ]

    said = await world.ok("crm_forecast")

    assert [one["weighted_minor_vnd"] for one in said["top_deals"]] == [120, 100, 100, 90, 50]
    assert said["top_deals"][0]["id"] == made[4]["id"]
    assert said["untrusted_fields"] == ["/top_deals/*/name"]


async def test_dong_and_dollars_stand_apart_and_together_by_a_dated_rate(world):
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(25000), "bank", TODAY))
    account_id = await world.an_account()
    await deal(world, account_id=account_id, amount_minor=50_000_000, currency="VND")
    await deal(world, account_id=account_id, amount_minor=400_000, currency="USD")

    said = await world.ok("crm_forecast")

    assert said["total"]["expected_minor"] == 75_000_000
    assert said["total_usd"]["expected_minor"] == 300_000
    apart = {one["currency"]: one["expected_minor"] for one in said["by_currency"]}
    assert apart == {"VND": 25_000_000, "USD": 200_000}
    assert said["rates"] == ["1 USD = 25000 VND, 2026-11-21, bank"]


async def test_a_currency_without_a_rate_is_named_and_not_dropped_in_silence(world):
    account_id = await world.an_account()
    await deal(world, account_id=account_id, amount_minor=50_000_000, currency="VND")
    await deal(world, account_id=account_id, amount_minor=400_000, currency="EUR")

    said = await world.ok("crm_forecast")

    assert said["total"]["deals"] == 1 and "total_usd" not in said
    assert any("EUR" in note for note in said["notes"])


@pytest.mark.parametrize(("pct", "nothing"), [(30, 70), (5, 95), (1, 99)])
async def test_of_one_unlikely_deal_the_chance_of_nothing_is_said_and_no_middle(
    world, pct, nothing
):
    await deal(world, amount_minor=1_000_000_000, probability_pct=pct)

    said = (await world.ok("crm_forecast"))["summary"]

    assert "tất cả là 1 tỷ đồng" in said and f"khoảng {nothing} %" in said
    assert "Chưa có số tiền nào" in said and "nằm giữa" not in said


async def test_many_unlikely_deals_with_a_middle_of_nothing_say_so_too(world):
    await several(world, 6, amount_minor=100_000_000, probability_pct=5)

    said = (await world.ok("crm_forecast"))["summary"]

    assert "tất cả là 600 triệu đồng" in said and "không thu được gì" in said


async def test_with_a_middle_the_bands_and_commits_are_said_with_at_least(world):
    await several(world, 10, amount_minor=100_000_000, probability_pct=50)

    said = await world.ok("crm_forecast")

    assert "khả năng cao hơn và thấp hơn là như nhau" in said["summary"]
    commit = said["total"]["commit_80_minor"] // 1_000_000
    assert f"đạt hoặc vượt {commit} triệu đồng là ít nhất 80 %" in said["summary"]


async def test_a_deal_at_nothing_per_cent_is_not_denied(world):
    await deal(world, probability_pct=0)

    alone = await world.ok("crm_forecast")
    await deal(world, probability_pct=30)
    beside = await world.ok("crm_forecast")

    assert "1 cơ hội đang mở dự kiến chốt, đều ghi xác suất 0 %" in alone["summary"]
    assert any("1 cơ hội ghi xác suất 0 %" in note for note in beside["notes"])


@pytest.mark.parametrize(
    ("minor", "anyhow", "promised"),
    [
        (1_050_000_001, "1,1 tỷ đồng", "1 tỷ đồng"),
        (999_960_000, "1 tỷ đồng", "999,9 triệu đồng"),
        (1_999_999_999, "2 tỷ đồng", "1,9 tỷ đồng"),
        (4_200_000_000, "4,2 tỷ đồng", "4,2 tỷ đồng"),
    ],
)
def test_what_is_promised_is_rounded_down_and_a_thousand_million_is_a_billion(
    minor, anyhow, promised
):
    assert spoken(minor, "VND", "vi") == anyhow
    assert spoken(minor, "VND", "vi", at_least=True) == promised


async def test_a_rate_older_than_a_month_is_named(world):
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(25000), "bank", date(2026, 10, 21)))
    await deal(world)

    said = await world.ok("crm_forecast")
    assert said["total_usd"] and said["rates"] == ["1 USD = 25000 VND, 2026-10-21, bank"]
    assert any("25000 VND (bank)" in note and "31 ngày" in note for note in said["notes"])

    world.clock.move(timedelta(days=-1))
    assert "(bank)" not in str((await world.ok("crm_forecast"))["notes"])


async def test_without_deals_there_is_no_number(world):
    for arguments in ({}, {"month": "2026-12"}, {"pipeline_id": "partner"}):
        said = await world.ok("crm_forecast", **arguments)

        assert "total" not in said and said["by_currency"] == []
        assert "không dự báo" in said["summary"]
    assert await stored(world) == []


async def test_of_amounts_of_nothing_there_is_no_number_either(world):
    await deal(world, amount_minor=0)

    said = await world.ok("crm_forecast")

    assert "total" not in said and "không" in said["summary"]


async def test_amounts_that_cannot_be_added_up_are_called_a_mistake(world):
    await several(world, 2, amount_minor=MAX_JSON_MINOR)

    said = await world.ok("crm_forecast")

    assert "total" not in said and "nhập sai" in said["summary"]


async def test_one_deal_is_all_or_nothing_and_says_so(world):
    await deal(world, amount_minor=900_000_000, probability_pct=100)

    said = await world.ok("crm_forecast")

    assert said["total"]["bands"][2]["low_minor"] == 900_000_000
    assert any("Rất ít" in note for note in said["notes"])
    assert any("99 %" in note for note in said["notes"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"range": "0d"},
        {"range": "367d"},
        {"month": "2026-13"},
        {"month": "2026-10"},
        {"month": "2030-01"},
        {"range": "30d", "month": "2026-12"},
    ],
)
async def test_a_time_that_cannot_be_forecast_is_refused(world, wrong):
    assert fault_code(await world.call("crm_forecast", **wrong)) == "RANGE_INVALID"


async def test_a_misspelt_filter_is_not_taken_for_an_empty_pipeline(world):
    assert fault_code(await world.call("crm_forecast", range="soon")) == "INVALID_ARGS"
    assert fault_code(await world.call("crm_forecast", pipeline_id="nope")) == "PIPELINE_UNKNOWN"
    assert fault_code(await world.call("crm_forecast", owner="x@y.vn")) == "PERSON_UNKNOWN"


async def test_a_private_deal_and_another_company_are_in_nobody_elses_forecast(world):
    await deal(world, amount_minor=30_000_000)
    before = await world.ok("crm_forecast", agent="am_agent")
    await deal(world, amount_minor=70_000_000, visibility="private")

    own = await world.ok("crm_forecast")
    others = await world.ok("crm_forecast", agent="am_agent")
    theirs = await world.ok("crm_forecast", company=world.theirs)

    assert (own["total"]["deals"], others["total"]["deals"]) == (2, 1)
    assert own["total"]["expected_minor"] == 50_000_000
    assert others["total"]["expected_minor"] == 15_000_000
    assert others == before, "what somebody may not see leaves no trace in any field"
    assert "total" not in theirs


async def test_the_first_answer_of_a_day_is_kept_once_and_a_failing_note_fails_no_read(world):
    await several(world, 2)

    await world.ok("crm_forecast")
    await world.ok("crm_forecast")
    await world.ok("crm_forecast", range="30d")
    await world.ok("crm_forecast", agent="am_agent")

    kept = await stored(world)
    assert sorted(one.filters["range"] for one in kept) == ["30d", "90d", "90d"]
    assert await stored(world, world.theirs) == []


async def test_of_a_person_and_day_twenty_forecasts_are_kept_and_all_are_answered(world):
    await deal(world)

    for days in range(40, 63):
        assert "total" in await world.ok("crm_forecast", range=f"{days}d")
    assert len(await stored(world)) == 20

    world.clock.move(timedelta(days=1))
    await world.ok("crm_forecast")
    assert len(await stored(world)) == 21


async def test_a_server_that_only_reads_answers_and_keeps_nothing(world):
    await several(world, 2)
    async with world.client(read_only=True) as client:
        result = await client.call_tool("crm_forecast", {})

    assert not result.is_error and await stored(world) == []


async def test_what_was_said_cannot_be_changed_afterwards(world):
    await deal(world)
    await world.ok("crm_forecast")

    with pytest.raises(IntegrityError, match="forecast is fixed"):
        async with world.owning() as tx:
            (await tx.all(select(StoredForecast)))[0].expected_minor = 1
    async with world.owning() as tx:
        row = (await tx.all(select(StoredForecast)))[0]
        row.state, row.actual_minor, row.scored_at = "scored", 5, tx.at
    with pytest.raises(IntegrityError, match="forecast has ended"):
        async with world.owning() as tx:
            (await tx.all(select(StoredForecast)))[0].actual_minor = 6


async def test_a_forecast_asks_the_database_the_same_for_one_deal_and_for_many(world):
    await deal(world)
    counts = []
    for _ in range(2):
        with traffic(world.agent_side) as seen:
            await world.ok("crm_forecast", pipeline_id="sales")
        counts.append(len(seen.reads))
        await several(world, 8)

    assert counts[0] >= counts[1]


async def test_in_english_it_is_said_in_english(world):
    account = await world.ok(
        "crm_create_account", company=world.theirs, name="Ocean", account_type="llc"
    )
    await world.ok(
        "crm_create_deal", company=world.theirs, account_id=account["id"], name="Build",
        amount_minor=4_200_000_000, currency="VND", expected_close_date=SOON, probability_pct=80,
    )  # fmt: skip

    said = await world.ok("crm_forecast", company=world.theirs)

    assert "1 open deal: 4.2 billion VND if everything closes" in said["summary"]
    assert "about 20 % that nothing comes in" in said["summary"]
    assert any("is assumed" in note for note in said["notes"])
    assert "log-odds" not in str(said)
