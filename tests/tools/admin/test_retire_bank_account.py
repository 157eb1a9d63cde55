"""Retired bank accounts: nobody is asked to pay into one again, whatever was under way."""

import pytest

from domain.kernel.faults import Fault
from domain.payments import queries
from tests.receipts.ground import own_account
from tests.tools.admin.samples import ACCOUNT_OF_OURS, account_on_the_list, bank_account
from tests.tools.samples import Arguments, Sample, Things
from tests.world import fault, fault_code

FIRST, SECOND = "0071000111111", "0071000222222"


async def _arguments(things: Things) -> Arguments:
    return {"bank": "Vietcombank", "account_number": await things.of(bank_account)}


SAMPLES = {"admin_retire_bank_account": Sample(_arguments, statements=(9, 4))}


async def asked(world, number=FIRST, **more):
    return await world.ok(
        "admin_retire_bank_account",
        agent="cfo_agent",
        **{"bank": "970436", "account_number": number, **more},
    )


async def retired(world, number=FIRST, **more):
    request = await asked(world, number, **more)
    for person in ("both", "admin"):
        await world.decide(request["action_id"], person)
    report = await world.execute(request["action_id"])
    assert report.state == "succeeded", report
    return report.result


async def refused(world, tool, agent="cfo_agent", company=None, **arguments):
    return fault_code(await world.call(tool, agent=agent, company=company, **arguments))


async def default(world, company=None):
    async with world.looking(company) as tx:
        account = await queries.default_for(tx, "VND")
    return account.account_number if account else None


async def code_of(world, **arguments):
    """A VietQR for an amount, which the CFO confirms when it has to be."""
    answer = await world.ok("inv_generate_vietqr", agent="cro_agent", amount=5_000, **arguments)
    if answer["status"] == "ready":
        return answer
    await world.decide(answer["action_id"], "am")
    return (await world.execute(answer["action_id"])).result


async def test_an_account_is_retired_by_a_cfo_and_an_admin_and_by_nobody_else(world):
    await account_on_the_list(world, FIRST)
    request = await asked(world)
    action = request["action_id"]

    refusals = []
    for person, slot in (("cfo", "cfo"), ("am", None), ("admin", "cfo")):
        with pytest.raises(Fault) as caught:
            await world.decide(action, person, slot=slot)
        refusals.append(caught.value.code)
    await world.decide(action, "both", slot="cfo")
    too_early = await world.execute(action)
    await world.decide(action, "admin")
    report = await world.execute(action)

    assert [slot["roles"] for slot in request["slots"]] == [["cfo"], ["admin"]]
    assert refusals == ["SELF_APPROVAL", "ROLE_NOT_ELIGIBLE", "ROLE_NOT_ELIGIBLE"]
    assert too_early.fault.code == "NOT_APPROVED"
    assert (report.state, report.result["account_number"]) == ("succeeded", FIRST)


async def test_no_agent_makes_a_code_for_a_retired_account_and_there_is_no_default(world):
    await account_on_the_list(world, FIRST)
    await code_of(world)
    result = await retired(world)
    deal = await world.a_deal(amount_minor=9_000, currency="VND")

    named = {"account_number": FIRST}
    assert await refused(
        world, "crm_generate_vietqr", "cro_agent", deal_id=deal["id"], **named
    ) == ("BANK_ACCOUNT_RETIRED")
    assert await refused(world, "inv_generate_vietqr", amount=5_000, account=FIRST) == (
        "BANK_ACCOUNT_RETIRED"
    )
    assert await refused(world, "inv_generate_vietqr", amount=5_000) == "NO_DEFAULT_ACCOUNT"
    assert "default_account_id" not in result
    assert await default(world) is None


async def test_the_default_moves_to_the_account_that_people_were_shown(world):
    await account_on_the_list(world, FIRST)
    await account_on_the_list(world, SECOND)

    request = await asked(world, next_account_number=SECOND)
    result = await retired(world, next_account_number=SECOND)

    assert f"Mặc định sau đó: Vietcombank (970436) {SECOND}" in request["summary"]
    assert await default(world) == SECOND
    assert result["default_account_id"]
    assert (await code_of(world))["account_number"] == SECOND


async def test_another_account_is_retired_and_the_default_stays(world):
    await account_on_the_list(world, FIRST)
    await account_on_the_list(world, SECOND)

    await retired(world, SECOND)

    assert await default(world) == FIRST


@pytest.mark.parametrize(
    ("number", "following", "code"),
    [
        (FIRST, FIRST, "NEXT_DEFAULT_UNFIT"),
        (FIRST, "0071000333333", "NEXT_DEFAULT_UNFIT"),  # in dollars
        (SECOND, FIRST, "NEXT_DEFAULT_UNFIT"),  # it was no default
        (FIRST, "999999", "ACCOUNT_NOT_ALLOWED"),
        ("999999", None, "ACCOUNT_NOT_ALLOWED"),
    ],
)
async def test_what_cannot_be_is_refused_before_anybody_is_asked(world, number, following, code):
    await account_on_the_list(world, FIRST)
    await account_on_the_list(world, SECOND)
    await account_on_the_list(world, "0071000333333", currency="USD")
    more = {} if following is None else {"next_account_number": following}

    asked_for = {"bank": "VCB", "account_number": number, **more}
    assert await refused(world, "admin_retire_bank_account", **asked_for) == code


async def test_a_retired_account_never_comes_back(world):
    await account_on_the_list(world, FIRST)
    await retired(world)
    again = {**ACCOUNT_OF_OURS, "account_number": FIRST}

    assert await refused(world, "admin_add_bank_account", **again) == "BANK_ACCOUNT_RETIRED"
    twice = {"bank": "970436", "account_number": FIRST}
    assert await refused(world, "admin_retire_bank_account", **twice) == "BANK_ACCOUNT_RETIRED"


async def test_the_account_of_another_company_is_none_of_ours(world):
    await own_account(world, world.theirs, FIRST, in_use=True)
    named = {"bank": "970436", "account_number": FIRST}

    answer = await world.call("admin_retire_bank_account", agent="cfo_agent", **named)

    assert fault(answer)["code"] == "ACCOUNT_NOT_ALLOWED"
    assert await default(world, world.theirs) == FIRST


async def test_a_first_use_that_waits_is_not_carried_out_for_an_account_retired_meanwhile(world):
    await account_on_the_list(world, FIRST)
    waiting = await world.ok("inv_generate_vietqr", agent="cro_agent", amount=5_000)
    await retired(world)

    with pytest.raises(Fault) as caught:
        await world.decide(waiting["action_id"], "am")

    assert caught.value.code == "ENTITY_CHANGED"
