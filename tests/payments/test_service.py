"""Bank accounts: one default per currency, one id per account, and only by approved actions."""

import pytest
from sqlalchemy.exc import IntegrityError

from domain.kernel.faults import Fault
from domain.kernel.ids import is_id
from domain.payments import queries, service
from domain.payments.service import NewBankAccount

FIRST = {
    "bank_bin": "970436",
    "account_number": "0011 0023 4567",
    "account_name": "CTY TNHH ACME",
}


async def added(world, **more):
    asked = await world.ok("admin_add_bank_account", agent="cfo_agent", **{**FIRST, **more})
    for person in ("both", "admin"):
        await world.decide(asked["action_id"], person)
    return await world.execute(asked["action_id"])


def test_the_id_of_an_account_is_always_the_same_and_never_anothers():
    ids = [
        service.bank_account_id(*parts)
        for parts in (("T1", "970436", "1"), ("T2", "970436", "1"), ("T1", "970436", "2"))
    ]

    assert len(set(ids)) == 3
    assert all(map(is_id, ids))
    assert service.bank_account_id("T1", "970436", "1") == ids[0]


async def test_asking_twice_is_one_action(world):
    first = await world.ok("admin_add_bank_account", agent="cfo_agent", **FIRST)
    again = await world.ok(
        "admin_add_bank_account", agent="cfo_agent", **{**FIRST, "account_number": "001100234567"}
    )

    assert first["action_id"] == again["action_id"]


async def test_the_first_account_is_the_default_until_another_is_made_so(world):
    first = (await added(world)).result
    second = (await added(world, account_number="2222")).result
    third = (await added(world, account_number="3333", make_default=True)).result
    dollars = (await added(world, account_number="4444", currency="usd")).result

    assert [one["is_default"] for one in (first, second, third, dollars)] == [
        True, False, True, True,
    ]  # fmt: skip
    async with world.looking() as tx:
        assert (await queries.default_for(tx, "VND")).id == third["id"]
        assert (await queries.default_for(tx, "USD")).id == dollars["id"]
        assert len(await queries.bank_accounts(tx)) == 4


async def test_an_account_is_on_the_list_once(world):
    await added(world)

    result = await world.call("admin_add_bank_account", agent="cfo_agent", **FIRST)

    assert result.content[0].text.startswith("BANK_ACCOUNT_EXISTS: ")


async def test_the_database_takes_none_without_an_approved_action(world):
    new = NewBankAccount(**FIRST, currency="VND", make_default=False)

    with pytest.raises(IntegrityError, match="approved actions only"):
        async with world.owning() as tx:
            await service.add_bank_account(tx, new, added_by="human:x")

    with pytest.raises(Fault, match="CURRENCY_UNKNOWN: "):
        async with world.looking() as tx:
            await service.plan(tx, NewBankAccount(**FIRST, currency="XXX", make_default=False))
