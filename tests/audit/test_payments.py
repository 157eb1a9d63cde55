"""Does the verifier find a code that was changed behind the program, or an unconfirmed account?"""

import pytest

from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from tests.forgery import kept
from tests.tools.samples import account_on_the_list

CHANGES = {
    "the amount": (PaymentRequest, {"amount_minor": 1}, "does not say what its row says"),
    "the payload": (PaymentRequest, {"payload": "000201"}, "does not say what its row says"),
    "the account": (BankAccount, {"account_number": "9"}, "does not say what its row says"),
    "the first use": (BankAccount, {"first_used_at": None}, "was confirmed once"),
}


async def handed_out(world):
    """A code that a customer may have by now."""
    await account_on_the_list(world, "001100234567")
    deal = await world.a_deal()
    pending = await world.ok("crm_generate_vietqr", deal_id=deal["id"])
    await world.decide(pending["action_id"], "cfo")
    assert (await world.execute(pending["action_id"])).state == "succeeded"


async def test_a_code_as_it_was_handed_out_verifies(world, tmp_path):
    archive = kept(world, tmp_path)
    await handed_out(world)

    assert await archive.findings() == []


@pytest.mark.parametrize("what", CHANGES)
async def test_a_code_that_was_changed_afterwards_is_found(world, tmp_path, what):
    archive = kept(world, tmp_path)
    await handed_out(world)
    table, values, said = CHANGES[what]

    async with archive.forging() as forger:
        await forger.change(table, {}, **values)

    assert any(said in finding for finding in await archive.findings())


async def test_an_account_that_was_put_into_use_by_hand_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_on_the_list(world, "001100234567")

    async with archive.forging() as forger:
        await forger.change(BankAccount, {}, first_used_at=world.clock.now())

    assert any("nobody confirmed that" in finding for finding in await archive.findings())


async def test_a_reference_with_a_wrong_check_character_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await handed_out(world)

    async with archive.forging() as forger:
        await forger.change(PaymentReference, {}, reference="HD0000000X")

    assert any("check character" in finding for finding in await archive.findings())
