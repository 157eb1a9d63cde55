"""Engagements are set by an account manager, who sees every rate before and after."""

import pytest

from domain.approvals import queries as approvals
from domain.kernel.ids import new_id
from tests.tools.inv.work import AGENT, ENGINEER, engagement_of, set_up
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")
DEARER = {"role": "engineer", "rate_minor": 16_000}


async def listed(world, account_id, **more):
    found = await world.ok("inv_list_engagements", agent=AGENT, account_id=account_id, **more)
    return found["engagements"]


async def test_a_new_engagement_is_there_once_an_account_manager_has_signed(shared):
    account_id = await shared.an_account("Acme Mới")
    fields = {
        "code": "set-new",
        "account_id": account_id,
        "currency": "usd",
        "rates": [{"role": " Engineer ", "rate_minor": 15_000}],
        "vat_category": "zero",
        "evidence": "Contract 12; bank transfer from the US",
    }

    asked = await shared.ok("inv_set_engagement", agent=AGENT, **fields)
    assert await listed(shared, account_id) == []
    again = await shared.ok("inv_set_engagement", agent=AGENT, **fields)
    await shared.decide(asked["action_id"], "am")
    report = await shared.execute(asked["action_id"])

    assert (asked["status"], again["action_id"]) == ("pending_approval", asked["action_id"])
    assert [slot["roles"] for slot in asked["slots"]] == [["am"]]
    for said in ('"set-new"', '"Acme Mới"', '150,00 USD "engineer"', "zero", "Contract 12"):
        assert said in asked["summary"]
    assert report.state == "succeeded"
    (made,) = await listed(shared, account_id)
    assert (made["code"], made["currency"], made["status"]) == ("set-new", "USD", "active")
    assert (made["billing_mode"], made["version"]) == ("time_and_material", 1)
    assert made["rates"] == [ENGINEER]
    assert (made["vat_category"], made["evidence"]) == ("zero", fields["evidence"])


async def test_a_change_shows_the_rates_before_and_after_and_leaves_the_rest(shared):
    account_id = await shared.an_account()
    made = await engagement_of(shared, account_id, vat_category="standard")

    asked = await shared.ok("inv_set_engagement", agent=AGENT, code=made["code"], rates=[DEARER])
    async with shared.looking() as tx:
        waits = await approvals.action(tx, asked["action_id"])
    await shared.decide(asked["action_id"], "am")
    await shared.execute(asked["action_id"])

    before, after = "Đơn giá trước đây: 150,00 USD", "Đơn giá một giờ: 160,00 USD"
    assert f'{before} "engineer". {after} "engineer".' in asked["summary"]
    effect = waits.effects[0]
    assert effect["before"]["rates"][0]["rate_minor"] == "15000"
    assert effect["after"]["rates"][0]["rate_minor"] == "16000"
    (after,) = await listed(shared, account_id)
    assert (after["id"], after["version"], after["rates"]) == (made["id"], 2, [DEARER])
    assert after["vat_category"] == "standard"


async def test_evidence_is_about_its_category_and_goes_with_it(shared):
    account_id = await shared.an_account()
    made = await engagement_of(shared, account_id, vat_category="zero", evidence="hợp đồng 12")

    now = await set_up(shared, code=made["code"], vat_category="standard")
    async with talking(shared, AGENT) as talk:
        back = await talk.code("inv_set_engagement", code=made["code"], vat_category="zero")

    assert ("evidence" in now, now["vat_category"]) == (False, "standard")
    assert back == "VAT_EVIDENCE_MISSING"


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"code": "Not A Code"}, "CODE_INVALID"),
        ({"code": None}, "ENGAGEMENT_INCOMPLETE"),
        ({"account_id": None}, "ENGAGEMENT_INCOMPLETE"),
        ({"currency": None}, "ENGAGEMENT_INCOMPLETE"),
        ({"rates": None}, "ENGAGEMENT_INCOMPLETE"),
        ({"rates": []}, "ENGAGEMENT_INCOMPLETE"),
        ({"rates": [ENGINEER, DEARER]}, "RATE_CARD_INVALID"),
        ({"rates": [{"role": "engineer", "rate_minor": 0}]}, "INVALID_ARGS"),
        ({"rates": [{"role": "engineer", "rate_minor": 1.5}]}, "INVALID_ARGS"),
        ({"rates": [{"role": "", "rate_minor": 1}]}, "INVALID_ARGS"),
        ({"currency": "XYZ"}, "CURRENCY_UNKNOWN"),
        ({"vat_category": "zero"}, "VAT_EVIDENCE_MISSING"),
        ({"vat_category": "free"}, "INVALID_ARGS"),
        ({"status": "won"}, "INVALID_ARGS"),
        ({"account_id": new_id()}, "NOT_FOUND"),
        ({"engagement_id": new_id()}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_set_is_refused_before_anybody_is_asked(shared, bent, code):
    fields = {
        "code": f"bent-{len(str(bent))}",
        "account_id": await shared.an_account(),
        "currency": "USD",
        "rates": [ENGINEER],
        **bent,
    }
    given = {name: value for name, value in fields.items() if value is not None}

    async with talking(shared, AGENT) as talk:
        assert await talk.code("inv_set_engagement", **given) == code


async def test_an_engagement_keeps_its_account_its_currency_and_its_code(shared):
    made = await engagement_of(shared, await shared.an_account())
    other = await engagement_of(shared, await shared.an_account())
    code = made["code"]

    async with talking(shared, AGENT) as talk:
        codes = [
            await talk.code("inv_set_engagement", **fields)
            for fields in (
                {"code": code, "account_id": other["account_id"]},
                {"code": code, "currency": "VND"},
                {"engagement_id": made["id"], "code": "another-code"},
                {"engagement_id": made["id"], "code": other["code"]},
                {"code": code, "status": "active"},
            )
        ]

    assert codes == ["ENGAGEMENT_CONFLICT"] * 4 + ["NOTHING_TO_SET"]


async def test_what_waits_goes_stale_when_the_engagement_changes_meanwhile(shared):
    made = await engagement_of(shared, await shared.an_account())
    waiting = await shared.ok("inv_set_engagement", agent=AGENT, code=made["code"], rates=[DEARER])
    await shared.decide(waiting["action_id"], "am")

    await set_up(shared, code=made["code"], status="paused")
    report = await shared.execute(waiting["action_id"])

    assert report.state == "stale"


async def test_whoever_the_agent_acts_for_may_not_sign(own):
    """`later_outsider` acts for the account manager: another one has to sign."""
    account_id = await own.an_account()
    asked = await own.ok(
        "inv_set_engagement",
        agent="later_outsider",
        code="obo",
        account_id=account_id,
        currency="USD",
        rates=[ENGINEER],
    )

    with pytest.raises(Exception, match=r"(?i)sign|act"):
        await own.decide(asked["action_id"], "am")
    await own.decide(asked["action_id"], "both")

    assert (await own.execute(asked["action_id"])).state == "succeeded"


async def test_the_engagement_of_a_won_deal_gets_a_category_and_a_code_by_its_id(shared):
    pending = await shared.proposed_close()
    for slot in pending["slots"]:
        await shared.decide(pending["action_id"], slot["roles"][0])
    won = (await shared.execute(pending["action_id"])).result

    now = await set_up(
        shared, engagement_id=won["engagement_id"], code="won-one", vat_category="reduced"
    )

    assert (now["code"], now["vat_category"], now["rates"]) == ("won-one", "reduced", [])
    assert (now["billing_mode"], now["amount_minor"]) == ("fixed_fee", 750_000_000)


async def test_two_companies_may_have_the_same_code(shared):
    ours = await engagement_of(shared, await shared.an_account(), code="same-code")
    account = await shared.ok(
        "crm_create_account", name="Của họ", account_type="llc", company=shared.theirs
    )
    theirs = await engagement_of(shared, account["id"], code="same-code", company=shared.theirs)

    assert ours["id"] != theirs["id"]
    asked = await shared.call(
        "inv_set_engagement", agent=AGENT, company=shared.theirs,
        engagement_id=ours["id"], status="closed",
    )  # fmt: skip
    assert fault_code(asked) == "NOT_FOUND"
