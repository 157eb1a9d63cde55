"""Deals through the front door: opened, listed, moved, and what they are worth."""

import pytest

from domain.kernel.ids import new_id
from tests.rows import difference, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

LARGEST = 2**53 - 1


async def an_account(talk, name="Công ty Hoàng Long") -> str:
    return (await talk.ok("crm_create_account", name=name, account_type="llc"))["id"]


async def a_deal(talk, **more):
    fields = {"account_id": more.pop("account_id", None) or await an_account(talk), "name": "Kho"}
    return await talk.ok("crm_create_deal", **{**fields, **more})


async def test_the_pipelines_are_listed_with_their_stages_in_the_language_of_the_tenant(shared):
    async with talking(shared) as talk:
        ours = (await talk.ok("crm_list_pipelines"))["items"]
    async with talking(shared, company=shared.theirs) as talk:
        theirs = (await talk.ok("crm_list_pipelines"))["items"]

    assert [one["code"] for one in ours] == ["sales", "partner", "inbound", "outbound"]
    assert {one["id"] for one in ours} == set(shared.ours.pipeline_ids.values())
    assert [stage["code"] for stage in ours[0]["stages"]] == [
        "qualifying", "discovery", "proposal", "negotiation",
        "closed_won", "closed_lost", "cancelled",
    ]  # fmt: skip
    assert [stage["probability_pct"] for stage in ours[0]["stages"]] == [10, 25, 50, 75, 100, 0, 0]
    assert (ours[0]["name"], theirs[0]["name"]) == ("Bán hàng", "Sales")
    assert ours[0]["stages"][2]["required_fields"] == ["amount_minor"]
    assert "price" in ours[0]["lost_reasons"]


async def test_a_deal_begins_where_its_pipeline_begins_unless_it_is_said_otherwise(shared):
    async with talking(shared) as talk:
        account = await an_account(talk)
        person = await talk.ok("crm_create_contact", account_id=account, display_name="Lan")
        plain = await a_deal(talk, account_id=account)
        told = await talk.ok(
            "crm_create_deal",
            account_id=account,
            name="Đại lý",
            amount_minor=1_250_000,
            currency="usd",
            pipeline_id="partner",
            stage_id="TERMS",
            probability_pct=66,
            expected_close_date="2026-12-31",
            primary_contact_id=person["id"],
            owner=shared.ours.people["am"],
            workspace="main",
        )
        shown = await talk.ok("crm_get_deal", id=told["id"])

    expected = {
        "amount_minor": 0, "currency": "VND", "amount_minor_vnd": 0, "pipeline": "sales",
        "stage": "qualifying", "stage_name": "Đánh giá", "probability_pct": 10,
        "probability_manual": False, "status": "open", "visibility": "workspace", "version": 1,
    }  # fmt: skip
    assert expected.items() <= plain.items()
    assert plain["owner"].startswith("sales@")
    assert (told["amount_minor"], told["currency"]) == (1_250_000, "USD")
    assert "amount_minor_vnd" not in told
    assert (told["pipeline"], told["stage"], told["probability_pct"]) == ("partner", "terms", 66)
    assert told["probability_manual"] is True and told["owner"].startswith("am@")
    assert {key: shown[key] for key in told} == told
    assert shown["activities"] == []


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (0, None), (1, None), (LARGEST, None),
        (-1, "INVALID_ARGS"), (2**53, "INVALID_ARGS"), (2**64, "INVALID_ARGS"),
        (0.5, "INVALID_ARGS"), (1.0, None), ("1000", "INVALID_ARGS"),
        ("1.000", "INVALID_ARGS"), (True, "INVALID_ARGS"), ({"minor": 1}, "INVALID_ARGS"),
    ],
)  # fmt: skip
async def test_an_amount_is_a_whole_number_of_dong_or_cents(shared, amount, code):
    async with talking(shared) as talk:
        account = await an_account(talk)
        before = await everything(shared)
        new = {"account_id": account, "name": "X", "amount_minor": amount}
        if code is None:
            made = await talk.ok("crm_create_deal", **new, confirm_unusual=True)
            shown = await talk.ok("crm_get_deal", id=made["id"])
        else:
            refused = await talk.refused("crm_create_deal", **new)

    if code is None:
        assert shown["amount_minor"] == shown["amount_minor_vnd"] == amount
    else:
        assert refused["code"] == code
        assert [one["field"] for one in refused["facts"]["fields"]] == ["amount_minor"]
        assert difference(before, await everything(shared)) == {}


async def test_what_a_deal_refers_to_must_be_there_and_belong_together(shared):
    async with talking(shared) as talk:
        account, other = await an_account(talk), await an_account(talk, "Công ty khác")
        outsider = await talk.ok("crm_create_contact", account_id=other, display_name="Lan")
        new = {"account_id": account, "name": "X"}
        before = await everything(shared)
        codes = {
            wrong: await talk.code("crm_create_deal", **{**new, name: wrong})
            for name, wrong in (
                ("account_id", new_id()),
                ("primary_contact_id", outsider["id"]),
                ("pipeline_id", "nowhere"),
                ("stage_id", "nowhen"),
                ("stage_id", "closed_won"),
                ("stage_id", "proposal"),
                ("owner", "nobody@x.vn"),
                ("workspace", "elsewhere"),
                ("currency", "ZZZ"),
                ("currency", "DONG"),
                ("expected_close_date", "31/12/2026"),
            )
        }
        pipelines = await talk.refused("crm_create_deal", **new, pipeline_id="nowhere")

    assert list(codes.values()) == [
        "NOT_FOUND", "NOT_FOUND", "PIPELINE_UNKNOWN", "STAGE_UNKNOWN", "STAGE_TERMINAL",
        "FIELDS_REQUIRED", "PERSON_UNKNOWN", "WORKSPACE_UNKNOWN", "CURRENCY_UNKNOWN",
        "INVALID_ARGS", "INVALID_ARGS",
    ]  # fmt: skip
    assert pipelines["facts"]["pipelines"] == ["sales", "partner", "inbound", "outbound"]
    assert difference(before, await everything(shared)) == {}


async def test_deals_are_listed_newest_first_by_what_is_asked(shared):
    async with talking(shared) as talk:
        account = await an_account(talk)
        of = {"account_id": account}
        made = [await a_deal(talk, **of, name=f"Số {number}") for number in range(3)]
        partner = await a_deal(talk, **of, pipeline_id="partner", owner=shared.ours.people["am"])
        await talk.ok("crm_move_stage", deal_id=made[0]["id"], to_stage="discovery")

        async def listed(**asked):
            return [one["id"] for one in (await talk.ok("crm_list_deals", **of, **asked))["deals"]]

        everyone = await listed()
        by_stage = await listed(stage_id="Discovery")
        by_pipeline = await listed(pipeline_id="partner")
        by_owner = await listed(owner=partner["owner"])
        by_status = [await listed(status=status) for status in ("OPEN", "won")]
        page = await talk.ok("crm_list_deals", **of, limit=3, fields=["name", "status"])
        rest = await talk.ok("crm_list_deals", **of, cursor=page["next_cursor"])
        codes = [
            await talk.code("crm_list_deals", account_id=new_id()),
            await talk.code("crm_list_deals", pipeline_id="nowhere"),
            await talk.code("crm_list_deals", stage_id="nowhen"),
            await talk.code("crm_list_deals", owner="nobody@x.vn"),
            await talk.code("crm_list_deals", status="closed"),
        ]

    newest_first = [partner["id"], *(deal["id"] for deal in reversed(made))]
    assert everyone == by_status[0] == newest_first
    assert (by_stage, by_pipeline, by_owner) == ([made[0]["id"]], [partner["id"]], [partner["id"]])
    assert by_status[1] == []
    assert [set(one) for one in page["deals"]] == [{"id", "name", "status"}] * 3
    assert [one["id"] for one in (*page["deals"], *rest["deals"])] == newest_first
    assert codes == [
        "NOT_FOUND", "PIPELINE_UNKNOWN", "STAGE_UNKNOWN", "PERSON_UNKNOWN", "INVALID_ARGS",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["closed_won", "CLOSED_WON", "closed_lost", "cancelled", "its id"])
async def test_A10_no_move_ends_a_deal(shared, end):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5)
        sales = (await talk.ok("crm_list_pipelines"))["items"][0]
        stage = sales["stages"][4]["id"] if end == "its id" else end
        before = await everything(shared)
        refused = await talk.refused(
            "crm_move_stage", deal_id=deal["id"], to_stage=stage, reason="Khách đã đồng ý"
        )
        said = await talk.text("crm_move_stage", deal_id=deal["id"], to_stage=stage)

    assert refused["code"] == "STAGE_TERMINAL"
    assert "crm_close_deal" in refused["hint"] and "crm_close_deal" in said
    assert [one["stage"] for one in refused["facts"]["allowed"]] == [
        "discovery", "proposal", "negotiation",
    ]  # fmt: skip
    assert difference(before, await everything(shared)) == {}


async def test_a_move_takes_the_way_the_pipeline_allows_and_a_refusal_names_it(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, probability_pct=99)
        moved = {"deal_id": deal["id"]}
        unknown = await talk.refused("crm_move_stage", **moved, to_stage="nowhen")
        same = await talk.code("crm_move_stage", **moved, to_stage="qualifying")
        skipping = await talk.refused("crm_move_stage", **moved, to_stage="proposal")
        unpriced = await talk.refused("crm_move_stage", **moved, to_stage="proposal", reason="Gấp")
        priced = await talk.ok(
            "crm_move_stage", **moved, to_stage="proposal", reason="Gấp", amount_minor=9_000
        )
        repriced = await talk.refused(
            "crm_move_stage", **moved, to_stage="discovery", amount_minor=1
        )
        back = await talk.ok("crm_move_stage", **moved, to_stage="qualifying")

    assert unknown["code"] == "STAGE_UNKNOWN" and same == "STAGE_SAME"
    assert skipping["code"] == "REASON_REQUIRED"
    assert skipping["facts"]["allowed"] == [
        {"stage": "discovery", "needs_reason": False, "missing_fields": []},
        {"stage": "proposal", "needs_reason": True, "missing_fields": ["amount_minor"]},
        {
            "stage": "negotiation",
            "needs_reason": True,
            "missing_fields": ["amount_minor", "expected_close_date", "primary_contact_id"],
        },
    ]
    assert "discovery" in skipping["hint"]
    assert unpriced["code"] == "FIELDS_REQUIRED" and unpriced["facts"]["fields"] == ["amount_minor"]
    assert (priced["from_stage"], priced["stage"], priced["probability_pct"]) == (
        "qualifying", "proposal", 50,
    )  # fmt: skip
    assert (priced["probability_manual"], priced["amount_minor"]) == (False, 9_000)
    assert repriced["code"] == "ALREADY_KNOWN"
    assert (back["stage"], back["version"]) == ("qualifying", 3)


async def test_a_move_that_expects_something_else_changes_nothing(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        moved = {"deal_id": deal["id"], "to_stage": "discovery"}
        before = await everything(shared)
        stale = await talk.refused("crm_move_stage", **moved, expected_version=7)
        elsewhere = await talk.refused("crm_move_stage", **moved, expected_stage="proposal")
        unchanged = difference(before, await everything(shared))
        done = await talk.ok(
            "crm_move_stage", **moved, expected_version=1, expected_stage="QUALIFYING"
        )

    assert (stale["code"], stale["facts"]) == ("VERSION_CONFLICT", {"version": 1})
    assert elsewhere["code"] == "STAGE_CHANGED"
    assert elsewhere["facts"] == {"stage": "qualifying", "version": 1}
    assert unchanged == {}
    assert done["version"] == 2
