"""The board through the front door: what stands where, what it is worth, and what stands still."""

import json
from datetime import timedelta
from decimal import Decimal

from domain.deals.tables import Deal
from domain.fx import service as fx
from domain.kernel.money import Money, Rate
from tests.tools.talk import talking
from tests.traffic import traffic


async def an_account(talk, name="Công ty Hoàng Long") -> str:
    return (await talk.ok("crm_create_account", name=name, account_type="llc"))["id"]


async def stands(talk, account, stage, amount, currency="VND", **more):
    """A deal that is in this stage, with everything the stage needs."""
    person = await talk.ok("crm_create_contact", account_id=account, display_name="Lan")
    return await talk.ok(
        "crm_create_deal",
        **{
            "account_id": account,
            "name": "Kho",
            "stage_id": stage,
            "amount_minor": amount,
            "currency": currency,
            "expected_close_date": "2027-01-15",
            "primary_contact_id": person["id"],
            "confirm_unusual": True,
            **more,
        },
    )


def column(board, stage):
    return next(one for one in board["stages"] if one["stage"] == stage)


async def test_the_open_stages_come_in_order_with_sums_that_add_up(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        await stands(talk, account, "qualifying", 180_000_001)  # 10 percent
        await stands(talk, account, "qualifying", 15, probability_pct=50)
        await stands(talk, account, "proposal", 3_333, "USD")  # 50 percent
        await stands(talk, account, "proposal", 1_000_000_000)
        board = await talk.ok("crm_pipeline_board", pipeline_id="sales")
        said = await talk.text("crm_pipeline_board", pipeline_id="sales")

    assert [one["stage"] for one in board["stages"]] == [
        "qualifying", "discovery", "proposal", "negotiation",
    ]  # fmt: skip
    assert [one["stage_name"] for one in board["stages"]][:2] == ["Đánh giá", "Khám phá"]
    assert [one["count"] for one in board["stages"]] == [2, 0, 2, 0]
    # 18,000,000.1 + 7.5 = 18,000,007.6: one rounding at the end, not one for each deal
    assert column(board, "qualifying")["totals"] == [
        {"currency": "VND", "amount_minor": 180_000_016, "weighted_minor": 18_000_008}
    ]
    # 16.665 dollars are 1,666.5 cents: a tie goes to the even neighbour
    assert column(board, "proposal")["totals"][0] == {
        "currency": "USD",
        "amount_minor": 3_333,
        "weighted_minor": 1_666,
        "usd_minor": 3_333,
        "weighted_usd_minor": 1_666,
    }
    assert column(board, "discovery")["totals"] == []
    assert board["totals"][1] == {
        "currency": "VND", "amount_minor": 1_180_000_016, "weighted_minor": 518_000_008,
    }  # fmt: skip
    assert said.splitlines()[0] == (
        "Bán hàng (sales): 4 đang mở, 33,33 USD, có trọng số 16,66 USD; "
        "1.180.000.016 ₫, có trọng số 518.000.008 ₫"
    )
    assert '  discovery, "Khám phá", 25%, count 0, stagnant 0' in said.splitlines()


async def test_dollars_stand_beside_a_sum_only_where_a_rate_is_known(world):
    today = world.clock.now().date()
    async with world.owning() as tx:
        for day, value in ((today - timedelta(days=9), "1"), (today, "26310")):
            await fx.record(tx, Rate("USD", "VND", value=Decimal(value), source="bank", as_of=day))
        await fx.record(tx, Rate("JPY", "VND", value=Decimal("175.5"), source="bank", as_of=today))
    async with talking(world) as talk:
        account = await an_account(talk)
        for amount, currency in ((750_000_000, "VND"), (1_000_000, "JPY"), (100, "SGD")):
            await stands(talk, account, "discovery", amount, currency)
        totals = (await talk.ok("crm_pipeline_board"))["totals"]
    async with world.looking() as tx:
        alone = {
            one["currency"]: (
                await fx.in_usd(tx, Money(one["amount_minor"], one["currency"]), today)
            ).usd_minor
            for one in totals
        }

    assert {one["currency"]: one.get("usd_minor") for one in totals} == alone
    assert alone == {"JPY": 667_047, "SGD": None, "VND": 2_850_627}


async def test_what_nobody_moved_or_spoke_of_is_stagnant_in_three_steps(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        quiet = await stands(talk, account, "qualifying", 1)
        spoken = await stands(talk, account, "qualifying", 1)
        moved = await stands(talk, account, "qualifying", 1)
        seen = {}
        for days in (6, 1, 7, 16):  # 6, 7, 14 and 30 days after the beginning
            world.clock.move(timedelta(days=days))
            board = await talk.ok("crm_pipeline_board")
            cards = {
                card["id"]: (one["stage"], card["days_in_stage"], card.get("stagnant"))
                for one in board["stages"]
                for card in one["deals"]
            }
            seen[sum((6, 1, 7, 16)[: len(seen) + 1])] = (
                [cards[one["id"]] for one in (quiet, spoken, moved)],
                [one["stagnant"] for one in board["stages"]][:2],
            )
            if days == 1:
                await talk.ok("crm_log_activity", kind="call", subject="Gọi", deal_id=spoken["id"])
                await talk.ok("crm_move_stage", deal_id=moved["id"], to_stage="discovery")

    here = "qualifying"
    assert seen == {
        6: ([(here, 6, None)] * 3, [0, 0]),
        7: ([(here, 7, 7)] * 3, [3, 0]),
        14: ([(here, 14, 14), (here, 14, 7), ("discovery", 7, 7)], [2, 1]),
        30: ([(here, 30, 30), (here, 30, 14), ("discovery", 23, 14)], [2, 1]),
    }


async def test_a_deal_without_a_close_date_ahead_misses_its_next_step(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        ahead = await stands(talk, account, "qualifying", 1, expected_close_date="2026-11-21")
        past = await stands(talk, account, "qualifying", 1, expected_close_date="2026-11-20")
        never = await talk.ok("crm_create_deal", account_id=account, name="Không ngày")
        cards = column(await talk.ok("crm_pipeline_board"), "qualifying")["deals"]

    assert {one["id"]: one.get("next_step_missing") for one in cards} == {
        ahead["id"]: None, past["id"]: True, never["id"]: True,
    }  # fmt: skip


async def test_what_has_ended_is_on_no_board_and_other_pipelines_stand_on_their_own(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        ended = await stands(talk, account, "qualifying", 5, "USD")
        await talk.ok("crm_create_deal", account_id=account, name="Đại lý", pipeline_id="partner")
        partner = await talk.ok(
            "crm_pipeline_board", pipeline_id=world.ours.pipeline_ids["partner"]
        )
        action = await talk.ok("crm_close_deal", deal_id=ended["id"], outcome="cancelled")
        await world.decide(action["action_id"])
        await world.execute(action["action_id"])
        sales = await talk.ok("crm_pipeline_board")
        unknown = await talk.refused("crm_pipeline_board", pipeline_id="nowhere")

    assert (partner["pipeline"], sum(one["count"] for one in partner["stages"])) == ("partner", 1)
    assert [one["count"] for one in sales["stages"]] == [0, 0, 0, 0]
    assert sales["totals"] == [] and sales["untrusted_fields"] == []
    assert unknown["code"] == "PIPELINE_UNKNOWN"


async def test_E09_a_private_deal_is_in_nobody_elses_counts_totals_and_cards(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        await stands(talk, account, "qualifying", 100)
        private = await stands(
            talk, account, "qualifying", 9_000, name="Kín", visibility="private",
            shared_with=[world.ours.people["cfo"]],
        )  # fmt: skip
    seen = {}
    for agent in ("cro_agent", "cfo_agent", "am_agent"):
        async with talking(world, agent) as talk:
            board = await talk.ok("crm_pipeline_board")
            said = await talk.text("crm_pipeline_board")
        whole = json.dumps(board, ensure_ascii=False)
        seen[agent] = (
            column(board, "qualifying")["count"],
            column(board, "qualifying")["totals"][0]["amount_minor"],
            board["totals"][0]["amount_minor"],
            private["id"] in whole,
            "9.100" in said,
        )
    async with talking(world, company=world.theirs) as talk:
        theirs = await talk.ok("crm_pipeline_board")

    assert seen == {
        "cro_agent": (2, 9_100, 9_100, True, True),
        "cfo_agent": (2, 9_100, 9_100, True, True),
        "am_agent": (1, 100, 100, False, False),
    }
    assert [one["count"] for one in theirs["stages"]] == [0, 0, 0, 0]


async def test_a_full_board_is_cut_says_so_and_still_counts_everything(world):
    largest = 2**53 - 1
    async with talking(world) as talk:
        account = await an_account(talk)
        made = [await stands(talk, account, "qualifying", largest) for _ in range(3)]
        board = await talk.ok("crm_pipeline_board", cards=2)
        said = await talk.text("crm_pipeline_board", cards=2)
        bare = await talk.ok("crm_pipeline_board", cards=0)

    stage = column(board, "qualifying")
    assert [one["id"] for one in stage["deals"]] == [one["id"] for one in made[:2]]
    assert (stage["count"], stage["truncated"], board["truncated"]) == (3, True, True)
    assert "truncated" not in column(board, "discovery")
    # Three of the largest amounts are more than a JSON number can say; a tenth of them is not.
    assert "amount_minor" not in stage["totals"][0]
    assert stage["totals"][0]["weighted_minor"] == 2_702_159_776_422_297
    assert "quá lớn (VND)" in said and said.splitlines()[-1].startswith("(not every deal")
    assert column(bare, "qualifying")["count"] == 3 and bare["untrusted_fields"] == []


async def test_two_hundred_deals_ask_no_more_than_two_and_come_in_few_bytes(world):
    async with talking(world) as talk:
        account = await an_account(talk)
        first = await stands(talk, account, "qualifying", 1_000)
        with traffic(world.agent_side) as few:
            await talk.ok("crm_pipeline_board")
        async with world.owning() as tx:
            pattern = await tx.get(Deal, first["id"])
            assert pattern is not None
            skipped = {"tenant_id", "id", "version"}
            names = [one.key for one in Deal.__mapper__.column_attrs if one.key not in skipped]
            for number in range(199):
                copied = {name: getattr(pattern, name) for name in names}
                tx.add(Deal(**{**copied, "name": f"Triển khai phần mềm kho số {number}"}))
        await talk.ok("crm_pipeline_board")  # marks that it read what others wrote
        with traffic(world.agent_side) as many:
            board = await talk.ok("crm_pipeline_board", cards=50)
            short = await talk.ok("crm_pipeline_board")

    assert column(board, "qualifying")["count"] == 200
    assert len(column(board, "qualifying")["deals"]) == 50
    assert len(few.reads) == 9 and len(many.reads) == 16 and many.writes == []
    assert len(json.dumps(short, ensure_ascii=False)) < 4_000
