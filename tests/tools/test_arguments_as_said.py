"""Arguments as people say them: stages by name, months either way, near names, slips asked back."""

import json

import pytest

from server import publish
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _deal(talk, **more):
    account = await talk.ok("crm_create_account", name="Công ty Nói Sao", account_type="llc")
    return await talk.ok("crm_create_deal", account_id=account["id"], name="Kho", **more)


@pytest.mark.parametrize("typed", ["Khám phá", "kham pha", "DISCOVERY", " discovery ", "Discovery"])
async def test_a_stage_is_known_by_code_or_either_name(own, typed):
    async with talking(own) as talk:
        deal = await _deal(talk)
        moved = await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage=typed)
        listed = await talk.ok("crm_list_deals", stage_id=typed)
        again = await talk.code(
            "crm_move_stage",
            deal_id=deal["id"],
            to_stage="qualifying",
            expected_stage="Thương lượng",
        )

    assert moved["stage"] == "discovery" and again == "STAGE_CHANGED"
    assert deal["id"] in {one["id"] for one in listed["deals"]}


@pytest.mark.parametrize("typed", ["sales", "Bán hàng", "ban hang", "SALES"])
async def test_a_pipeline_is_known_by_code_or_either_name(own, typed):
    async with talking(own) as talk:
        deal = await _deal(talk, pipeline_id=typed)
        board = await talk.ok("crm_pipeline_board", pipeline_id=typed)
        unknown = await talk.refused("crm_list_deals", stage_id="discovry")

    assert deal["pipeline"] == "sales" and board
    assert unknown["code"] == "STAGE_UNKNOWN" and "discovery" in unknown["hint"]


async def test_the_id_of_a_thing_may_be_called_id_or_by_its_kind(own):
    async with talking(own) as talk:
        deal = await _deal(talk)
        by_kind = await talk.ok("crm_get_deal", deal_id=deal["id"])
        by_id = await talk.ok("crm_move_stage", id=deal["id"], to_stage="discovery")
        account = await talk.ok("crm_get_account", account_id=deal["account_id"])
        other = await talk.code("crm_get_deal", account_id=deal["account_id"])

    assert by_kind["id"] == by_id["id"] == deal["id"] and account["id"] == deal["account_id"]
    assert other == "INVALID_ARGS"


@pytest.mark.parametrize(
    ("tool", "typed", "meant"),
    [
        ("crm_create_account", "mst", "vn_mst"),
        ("crm_create_account", "tax_code", "vn_mst"),
        ("crm_create_deal", "amount", "amount_minor"),
        ("crm_create_deal", "close_date", "expected_close_date"),
        ("crm_create_deal", "ownr", "owner"),
        ("crm_create_deal", "stage", "stage_id"),
        ("crm_move_stage", "stage", "to_stage"),
    ],
)
async def test_a_name_that_comes_near_is_refused_with_the_one_that_was_meant(
    shared, tool, typed, meant
):
    async with talking(shared) as talk:
        refused = await talk.refused(tool, **{typed: "x"})
        text = await talk.text(tool, **{typed: "x"})

    told = {one["field"]: one for one in refused["facts"]["fields"]}
    assert told[typed]["meant"] == meant and f"did you mean {meant}?" in text


async def test_a_name_of_nothing_is_refused_without_a_guess(shared):
    async with talking(shared) as talk:
        refused = await talk.refused("crm_get_deal", zzz="x", **{"x; --": 1})

    assert "did you mean" not in json.dumps(refused)


async def test_a_quarter_and_a_month_are_taken_as_people_write_them(own):
    async with talking(own) as talk:
        await _deal(talk, amount_minor=90_000_000, expected_close_date="2026-12-15")
        asked = (
            ({"month": "12/2026"}, ("2026-12-01", "2026-12-31")),
            ({"month": "2026-12"}, ("2026-12-01", "2026-12-31")),
            ({"range": "q4"}, ("2026-11-21", "2026-12-31")),
            ({"range": "Q1"}, ("2027-01-01", "2027-03-31")),
            ({"range": "2027-Q2"}, ("2027-04-01", "2027-06-30")),
            ({"range": "this_quarter"}, ("2026-11-21", "2026-12-31")),
            ({"range": "next month"}, ("2026-12-01", "2026-12-31")),
            ({"range": "30d"}, ("2026-11-21", "2026-12-21")),
        )
        answers = [await talk.ok("crm_forecast", **wanted) for wanted, _ in asked]
        codes = [
            await talk.code("crm_forecast", **wanted)
            for wanted in (
                {"range": "2025-q4"}, {"range": "q5"}, {"range": "q4", "month": "2026-12"},
                {"range": "2029-q1"}, {"range": "9999-q4"}, {"range": "0000-q1"},
                {"month": "13/2026"},
            )
        ]  # fmt: skip

    assert [(one["from_date"], one["to_date"]) for one in answers] == [days for _, days in asked]
    assert codes == ["RANGE_INVALID", "INVALID_ARGS", *["RANGE_INVALID"] * 5]


async def test_a_forecast_can_be_told_apart_by_owner(own):
    async with talking(own) as talk:
        for owner, amount in (("sales", 90_000_000), ("am", 50_000_000), ("am", 30_000_000)):
            await _deal(
                talk, amount_minor=amount, expected_close_date="2026-12-15",
                owner=own.ours.people[owner],
            )  # fmt: skip
        apart = await talk.ok("crm_forecast", range="q4", by="Owner")
        text = await talk.text("crm_forecast", range="q4", by="owner")
        whole = await talk.ok("crm_forecast", range="q4")

    parts = apart["by_owner"]
    assert sorted(one["deals"] for one in parts) == [1, 2] and "by_owner" not in whole
    assert sum(one["expected_minor"] for one in parts) == whole["total"]["expected_minor"]
    assert all(one["owner"] in text for one in parts)


async def _refused_then_confirmed(talk, tool, **asked):
    refused = await talk.refused(tool, **asked)
    answer = await talk.ok(tool, **asked, confirm_unusual=True)
    return (
        refused,
        answer,
        await talk.text("crm_get_deal", id=answer["id"]) if "deal" in tool else "",
    )


@pytest.mark.both
async def test_an_amount_a_hundred_times_the_usual_and_a_day_that_is_over_are_asked_back(own):
    async with talking(own) as talk:
        first = await _deal(talk, amount_minor=350_000_000)
        new = {
            "account_id": first["account_id"],
            "name": "Kho 2",
            "amount_minor": 35_000_000_000_000,
        }
        slip, written, _ = await _refused_then_confirmed(
            talk, "crm_create_deal", **new, expected_close_date="2020-12-01"
        )
        below = await talk.ok("crm_create_deal", **{**new, "amount_minor": 34_999_999_999})
        update, updated, _ = await _refused_then_confirmed(
            talk, "crm_update_deal", deal_id=below["id"], expected_close_date="2026-11-20"
        )
        unknown = await talk.ok("crm_create_deal", **{**new, "amount_minor": 0})
        move, moved, _ = await _refused_then_confirmed(
            talk, "crm_move_stage", deal_id=unknown["id"], to_stage="discovery",
            amount_minor=99_000_000_000_000,
        )  # fmt: skip
        today = await talk.ok(
            "crm_update_deal", deal_id=first["id"], expected_close_date="2026-11-21"
        )

    assert [one["code"] for one in (slip, update, move)] == ["UNUSUAL"] * 3
    fields = [one["field"] for one in slip["facts"]["fields"]]
    assert fields == ["amount_minor", "expected_close_date"], "all of them at once"
    assert "confirm_unusual" in slip["hint"]
    assert len(written["warnings"]) == 2 and len(updated["warnings"]) == len(moved["warnings"]) == 1
    assert "warnings" not in below and "warnings" not in today


async def test_what_is_hidden_does_not_say_what_is_usual(own):
    async with talking(own, "am_agent") as talk:
        hidden = await _deal(talk, amount_minor=100, visibility="private")
    async with talking(own) as talk:
        made = await talk.ok(
            "crm_create_deal", account_id=hidden["account_id"], name="Kho", amount_minor=9_000_000
        )

    assert "warnings" not in made


@pytest.mark.both
async def test_a_tax_code_with_a_wrong_check_digit_is_asked_back(own):
    account = {"name": "Công ty Sai Số", "account_type": "llc", "vn_mst": "0316794478"}
    async with talking(own) as talk:
        refused = await talk.refused("crm_create_account", **account)
        right = await talk.ok("crm_create_account", **{**account, "vn_mst": "0316794479"})
        changed = await talk.refused(
            "crm_update_account", account_id=right["id"], vn_mst="0316794478"
        )
        meant = await talk.ok("crm_create_account", **account, confirm_unusual=True)
        text = await talk.text(
            "crm_update_account", account_id=right["id"], vn_mst="0316794470", confirm_unusual=True
        )
        same = await talk.ok("crm_update_account", account_id=meant["id"], vn_mst="0316794478")

    assert refused["code"] == changed["code"] == "UNUSUAL" and "0316794478" not in str(refused)
    assert any("check digit" in one for one in meant["warnings"]) and "check digit" in text
    assert same["changed"] == []


async def test_every_tool_that_asks_back_can_be_told_that_it_was_meant():
    asking = {
        name for name, made in publish.contracts().items()
        if "confirm_unusual" in made["inputSchema"].get("properties", {})
    }  # fmt: skip

    assert asking == {
        "crm_create_account", "crm_create_deal", "crm_move_stage", "crm_update_account",
        "crm_update_deal",
    }  # fmt: skip
