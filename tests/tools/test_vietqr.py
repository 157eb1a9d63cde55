"""Payment requests: may this money go there?
At once into a confirmed account, after a yes, or never.
"""

import pytest
from sqlalchemy import update

from domain.payments import queries
from domain.payments.tables import BankAccount
from domain.vn import banks, vietqr
from domain.vn.references import find_references, is_reference
from tests.tools.admin.samples import account_on_the_list
from tests.world import fault_code

NUMBER = "001100234567"


@pytest.fixture
async def deal(world):
    """An open deal of ours over 750 million dong, and an account on our list that is not used."""
    await account_on_the_list(world, NUMBER)
    return await world.a_deal(amount_minor=750_000_000, currency="VND")


async def confirmed(world, pending, person="cfo"):
    """What came of a first use that a person allowed."""
    await world.decide(pending["action_id"], person)
    report = await world.execute(pending["action_id"])
    assert report.state == "succeeded", report
    return report.result


async def test_Q02_the_first_code_of_an_account_waits_for_people_and_the_next_does_not(world, deal):
    first = await world.ok("crm_generate_vietqr", deal_id=deal["id"])
    made = await confirmed(world, first)
    result = await world.call("crm_generate_vietqr", deal_id=deal["id"])
    again = result.structured_content

    assert first["status"] == "pending_approval" and "payload" not in first
    assert "750.000.000" in first["summary"] and NUMBER in first["summary"]
    assert made["status"] == again["status"] == "ready"
    assert made["payload"] == again["payload"]
    assert [one.type for one in result.content] == ["text", "image"]
    assert result.content[1].mime_type == "image/png"


async def test_the_code_says_account_amount_and_the_reference_of_the_deal(world, deal):
    made = await confirmed(world, await world.ok("crm_generate_vietqr", deal_id=deal["id"]))

    code = vietqr.decode(made["payload"])
    assert (code.bin, code.account, code.amount) == ("970436", NUMBER, 750_000_000)
    assert code.add_info == made["reference"] == made["add_info"]
    assert is_reference(made["reference"])
    assert find_references(f"MBVCB.123.{made['reference'].lower()}.CT tu") == (made["reference"],)


async def test_the_reference_of_a_deal_stays_whatever_the_amount_or_the_account(world, deal):
    made = await confirmed(world, await world.ok("crm_generate_vietqr", deal_id=deal["id"]))
    await account_on_the_list(world, "2222333344", bank_bin="970422")
    other = await confirmed(
        world,
        await world.ok("crm_generate_vietqr", deal_id=deal["id"], account_number="2222 3333 44"),
        "am",
    )

    assert other["reference"] == made["reference"]
    assert other["payload"] != made["payload"] and other["bank_bin"] == "970422"
    async with world.looking() as tx:
        assert (await queries.latest_request(tx, other["reference"])).payload == other["payload"]


@pytest.mark.parametrize("name", ["crm_generate_vietqr", "inv_generate_vietqr"])
async def test_Q01_an_account_that_is_not_on_the_list_is_refused_and_nobody_is_asked(
    world, deal, name
):
    where = {
        "crm_generate_vietqr": {"deal_id": deal["id"], "bank_bin": "VCB", "account_number": "999"},
        "inv_generate_vietqr": {"amount": 5_000, "bank": "970436", "account": "999"},
    }[name]

    answer = await world.call(name, **where)

    assert fault_code(answer) == "ACCOUNT_NOT_ALLOWED"
    assert (await world.ok("approvals_list"))["items"] == []


async def test_an_account_of_another_company_is_not_on_our_list(world):
    await account_on_the_list(world, NUMBER)
    theirs = await world.call(
        "inv_generate_vietqr", company=world.theirs, amount=5_000, account=NUMBER
    )

    assert fault_code(theirs) == "ACCOUNT_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"currency": "USD"}, "VIETQR_NEEDS_VND"),
        ({"amount_minor": 0}, "AMOUNT_MISSING"),
        ({"amount_minor": 10**13}, "VIETQR_INVALID"),
    ],
)
async def test_what_a_code_cannot_ask_for_is_refused_before_people_are(world, changed, code):
    await account_on_the_list(world, NUMBER)
    deal = await world.a_deal(**{"amount_minor": 1_000, "currency": "VND", **changed})

    answer = await world.call("crm_generate_vietqr", deal_id=deal["id"])

    assert fault_code(answer) == code


async def test_a_company_without_an_account_is_told_who_adds_one(world):
    deal = await world.a_deal(amount_minor=1_000, currency="VND")

    answer = await world.call("crm_generate_vietqr", deal_id=deal["id"])

    assert fault_code(answer) == "NO_DEFAULT_ACCOUNT"


async def test_a_bank_that_takes_no_transfers_gets_none(world):
    closed_to_it = next(bank.bin for bank in banks.all_banks() if not bank.receives)
    await account_on_the_list(world, NUMBER, bank_bin=closed_to_it)
    unknown = await account_on_the_list(world, "55556666")
    async with world.without_triggers("bank_account"), world.owning() as tx:
        of_it = BankAccount.account_number == unknown  # its bank is a member no more
        await tx.change(update(BankAccount).where(of_it).values(bank_bin="123456"))

    codes = [
        fault_code(await world.call("inv_generate_vietqr", amount=5_000, account=number))
        for number in (NUMBER, unknown)
    ]

    assert codes == ["BANK_CANNOT_RECEIVE", "BANK_CANNOT_RECEIVE"]


async def test_a_private_deal_of_others_does_not_exist(world):
    await account_on_the_list(world, NUMBER)
    hidden = await world.a_deal(
        agent="am_agent", amount_minor=1_000, currency="VND", visibility="private"
    )

    answer = await world.call("crm_generate_vietqr", deal_id=hidden["id"])

    assert fault_code(answer) == "NOT_FOUND"


async def test_two_first_uses_may_wait_and_both_are_carried_out(world, deal):
    other = await world.a_deal(amount_minor=2_000, currency="VND")
    waiting = [await world.ok("crm_generate_vietqr", deal_id=one["id"]) for one in (deal, other)]

    made = [await confirmed(world, one) for one in waiting]

    assert len({one["reference"] for one in made}) == 2


async def test_an_invoice_that_is_not_there_is_not_paid_and_none_has_no_reference(world, deal):
    await confirmed(world, await world.ok("inv_generate_vietqr", amount=5_000))
    made = await world.ok("inv_generate_vietqr", amount=1_250_000, bank="Vietcombank")
    wrong = await world.call("inv_generate_vietqr", amount=5_000, invoice_id=deal["id"])

    assert vietqr.decode(made["payload"]).add_info is None
    assert "no reference" in made["note"] and "reference" not in made
    assert fault_code(wrong) == "NOT_FOUND"


async def test_closing_a_deal_makes_its_code_when_the_account_was_confirmed(world, deal):
    early = await world.a_deal(amount_minor=9_000, currency="VND")
    before = await won(world, early)
    await confirmed(world, await world.ok("inv_generate_vietqr", amount=5_000))
    after = await won(world, deal)

    assert before["vietqr"] == "skipped: first_use_needs_people"
    assert after["vietqr"].startswith(
        f"done: bank=Vietcombank account={NUMBER} amount=750,000,000 VND reference=HD"
    )


async def won(world, deal):
    """What came of closing a deal as won, by kind."""
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    assert NUMBER in pending["summary"]
    await world.decide(pending["action_id"], "cro")  # there is no rate, so nobody knows its worth
    result = await confirmed(world, pending, "am")
    return {one["kind"]: f"{one['state']}: {one['detail']}" for one in result["side_effects"]}


async def test_a_deal_too_large_for_a_code_can_still_be_won(world, deal):
    await confirmed(world, await world.ok("inv_generate_vietqr", amount=5_000))
    huge = await world.a_deal(amount_minor=10**13, currency="VND")
    pending = await world.ok("crm_close_deal", deal_id=huge["id"], outcome="won")
    await world.decide(pending["action_id"], "cro")
    result = await confirmed(world, pending, "am")

    assert NUMBER not in pending["summary"]
    assert {"kind": "vietqr", "state": "skipped", "detail": "amount_too_large_for_a_code"} in (
        result["side_effects"]
    )
