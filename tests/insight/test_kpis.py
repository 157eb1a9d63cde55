"""The key figures, asked by an agent: with formula and rows, and without what is hidden."""

from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import update

from domain.accounts.tables import Account
from domain.deals.tables import Deal
from domain.fx import service as fx
from domain.insight.kpi_rules import Name
from domain.kernel.money import Rate
from server.nightly import NightlyJobs
from tests.world import fault_code

WITHOUT = {"stage_move_p95", "auto_log_durability", "hoadon_emission_success", "acl_violations"}


async def figures(world, **asked):
    answer = await world.ok("crm_kpis", **asked)
    return {one["name"]: one for one in answer["kpis"]}


async def end(world, ids, status):
    """Closed by hand today, because people are not what is tested here."""
    today = world.clock.now().date()
    async with world.without_triggers("deal"), world.owning() as tx:
        await tx.change(
            update(Deal).where(Deal.id.in_(ids)).values(status=status, closed_date=today)
        )


async def test_a_company_without_history_gets_words_and_not_numbers(world):
    found = await figures(world)
    theirs = await figures(world, company=world.theirs)

    assert set(found) == {name.value for name in Name}
    for name, one in found.items():
        assert "value" not in one, name
        assert one["note"] and one["formula"], name
    assert found["win_rate"]["note"] == "Chưa có dòng dữ liệu nào để tính."
    assert theirs["win_rate"]["note"] == "There are no rows to count."


async def test_the_figures_carry_their_rows_and_leave_private_deals_out(world):
    account = await world.an_account(vn_mst="0316794479")
    won, lost, cancelled, still_open = [
        await world.a_deal(account, amount_minor=1_000_000_000) for _ in range(4)
    ]
    secret = await world.a_deal(account, visibility="private", amount_minor=7)
    secret_won = await world.a_deal(account, visibility="private")
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "vcb", date(2026, 11, 20)))
        await tx.change(update(Account).where(Account.id == account).values(vn_mst_status="valid"))
    world.clock.move(timedelta(days=6))
    await end(world, [won["id"], secret_won["id"]], "won")
    await end(world, [lost["id"]], "lost")
    await end(world, [cancelled["id"]], "cancelled")

    colleague = await figures(world, agent="am_agent")
    mine = await figures(world)

    value = colleague["pipeline_value"]
    assert (value["value"], value["unit"], value["rows"]) == (
        "100000000", "VND", [still_open["id"]],
    )  # fmt: skip
    assert colleague["pipeline_value_usd"]["value"] == "400000"
    rate = colleague["win_rate"]
    assert (rate["value"], rate["counted"], rate["of"]) == ("50.0", 1, 2)
    assert sorted(rate["rows"]) == sorted([won["id"], lost["id"]])
    assert rate["by_pipeline"] == {"sales": "50.0"}
    assert colleague["deal_cycle_median_days"]["value"] == "6"
    assert colleague["mst_validation_rate"]["value"] == "100.0"
    assert {name for name, one in colleague.items() if "value" not in one} >= WITHOUT
    assert secret["id"] not in str(colleague) and secret_won["id"] not in str(colleague)
    assert mine["win_rate"]["value"] == "66.7" and mine["pipeline_value"]["of"] == 2


async def test_one_figure_is_asked_for_and_a_pipeline_narrows_it(world):
    deal = await world.a_deal()

    sales = await figures(world, kpi="pipeline_value", pipeline_id="sales")
    partner = await figures(world, kpi="pipeline_value", pipeline_id="partner")
    unknown = await world.call("crm_kpis", pipeline_id="khong_co")

    assert list(sales) == ["pipeline_value"] and sales["pipeline_value"]["rows"] == [deal["id"]]
    assert "value" not in partner["pipeline_value"]
    assert fault_code(unknown) == "PIPELINE_UNKNOWN"


async def test_the_currency_whose_rate_is_missing_is_named_and_not_the_dong(world):
    await world.a_deal()

    dong = await figures(world, kpi="pipeline_value")
    dollars = (await figures(world, kpi="pipeline_value_usd"))["pipeline_value_usd"]

    assert "note" not in dong["pipeline_value"]
    assert "VND" in dollars["note"] and dollars["note"].endswith("chưa có tỷ giá USD.")


async def test_acceptance_and_precision_are_counted_from_what_the_nights_wrote(world):
    followed, ignored = [await world.a_deal() for _ in range(2)]
    secret = await world.a_deal(visibility="private")
    world.clock.move(timedelta(days=8))
    await NightlyJobs(world.executor_side, world.clock).work(world.ours.id)
    listed = (await world.ok("crm_next_best_action"))["actions"]
    [wanted] = [one for one in listed if one["deal_id"] == followed["id"]]
    await world.ok(wanted["tool"], **wanted["arguments"])
    world.clock.move(timedelta(days=2))
    await end(world, [followed["id"], ignored["id"]], "won")

    mine = await figures(world)
    colleague = await figures(world, agent="am_agent")

    assert (mine["nba_acceptance"]["counted"], mine["nba_acceptance"]["of"]) == (1, 3)
    acceptance = colleague["nba_acceptance"]
    assert (acceptance["value"], acceptance["target"]) == ("50.0", ">= 35")
    precision = colleague["lead_scoring_precision"]
    assert "value" not in precision, "no deal was hot: a share of nothing is no share"
    assert "100.0%" in precision["note"]
    assert secret["id"] not in str(colleague)
