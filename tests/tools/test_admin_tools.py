"""A bank account that customers pay into: a CFO and an admin, two people, neither who asked."""

import pytest
from sqlalchemy import select

from domain.kernel.faults import Fault
from domain.payments.tables import BankAccount
from tests.rows import difference, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


def account(number: str, **more):
    return {
        "bank_bin": "970436",
        "account_number": number,
        "account_name": "CÔNG TY TNHH CYBEROS",
        **more,
    }


async def proposed(talk, number, **more) -> str:
    answer = await talk.ok("admin_add_bank_account", **account(number, **more))
    return str(answer["action_id"])


async def added(world, action_id: str):
    await world.decide(action_id, "both", slot="cfo")
    await world.decide(action_id, "admin")
    return await world.execute(action_id)


async def refusal(world, action_id: str, person: str, slot: str | None = None) -> str:
    with pytest.raises(Fault) as caught:
        await world.decide(action_id, person, slot=slot)
    return caught.value.code


async def test_Q03_an_account_is_added_by_a_cfo_and_an_admin_and_by_nobody_else(own):
    async with talking(own, "cfo_agent") as talk:
        before = await everything(own)
        answer = await talk.ok(
            "admin_add_bank_account", **account("0071 0001 23456"), note_to_approver="Tài khoản mới"
        )
        only_proposed = difference(before, await everything(own))
    action = answer["action_id"]

    refusals = [
        await refusal(own, action, "cfo"),  # their agent asked, and asking is not signing
        await refusal(own, action, "am"),
        await refusal(own, action, "admin", slot="cfo"),
    ]
    await own.decide(action, "both", slot="cfo")
    twice = await refusal(own, action, "both", slot="admin")
    too_early = await own.execute(action)
    taken = await refusal(own, action, "cfo", slot="cfo")
    await own.decide(action, "admin")
    late = await refusal(own, action, "admin2", slot="admin")
    report = await own.execute(action)
    again = await own.execute(action)

    assert [slot["slot"] for slot in answer["slots"]] == ["cfo", "admin"]
    assert "0071000123456" in answer["summary"], "one digit moves the money"
    assert only_proposed == {"pending_action": (0, 1)}
    assert refusals == ["SELF_APPROVAL", "ROLE_NOT_ELIGIBLE", "ROLE_NOT_ELIGIBLE"]
    assert (twice, too_early.fault.code, late) == (
        "ALREADY_DECIDED", "NOT_APPROVED", "ACTION_NOT_PENDING",
    )  # fmt: skip
    assert taken in {"SELF_APPROVAL", "SLOT_FILLED"}
    assert (report.state, again.state, again.fault is not None) == ("succeeded", "succeeded", True)
    assert report.result["is_default"] is True, "the first account of its currency"
    async with own.looking() as tx:
        rows = await tx.all(select(BankAccount).where(BankAccount.id == report.result["id"]))
    assert [(row.account_number, row.currency) for row in rows] == [("0071000123456", "VND")]


async def test_an_account_is_there_once_and_another_default_takes_the_place_of_the_first(shared):
    async with talking(shared, "cfo_agent") as talk:
        first = await added(shared, await proposed(talk, "111111", currency="USD"))
        exists = await talk.refused("admin_add_bank_account", **account("111 111"))
        side = await added(shared, await proposed(talk, "222222", currency="usd"))
        answer = await talk.ok(
            "admin_add_bank_account", **account("333333", currency="USD", make_default=True)
        )
        main = await added(shared, answer["action_id"])
        unknown = await talk.code("admin_add_bank_account", **account("444444", currency="ZZZ"))

    assert exists["code"] == "BANK_ACCOUNT_EXISTS"
    assert exists["facts"] == {"bank_account_id": first.result["id"]}
    assert [one.result["is_default"] for one in (first, side, main)] == [True, False, True]
    assert "111111" in answer["summary"], "people must read which account is replaced"
    assert unknown == "CURRENCY_UNKNOWN"
    async with shared.looking() as tx:
        defaults = await tx.all(
            select(BankAccount.account_number).where(
                BankAccount.currency == "USD", BankAccount.is_default
            )
        )
    assert list(defaults) == ["333333"]


async def test_two_proposals_of_one_account_add_it_once(shared):
    async with talking(shared, "cfo_agent") as talk:
        one = await proposed(talk, "555555")
        same = await proposed(talk, "555 555")
        other = await proposed(talk, "555555", make_default=True)

    first = await added(shared, one)
    await_second = await refusal(shared, other, "both", slot="cfo")
    second = await shared.execute(other)

    assert same == one != other
    assert first.state == "succeeded"
    assert await_second == "ENTITY_CHANGED"
    assert second.state != "succeeded"


async def test_Q05_an_agent_without_the_scope_has_no_such_tool(shared):
    async with shared.client("cro_agent") as client:
        listed = {one.name for one in (await client.list_tools()).tools}

    assert "admin_add_bank_account" not in listed
