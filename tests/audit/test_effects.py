"""Audit of effects: does the verifier find what was changed after people had agreed to it, and
after it was done?

The entry of an effect commits to its result, the entry of provisioning to the first accounts; who
has all rights over the database can change the rows, and not what was told about them.
"""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from domain.approvals.facts import Decision
from domain.approvals.tables import Approval, ExecutionAttempt, PendingAction
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement
from domain.fx import service as fx
from domain.fx.tables import FxRate
from domain.kernel.ids import new_id
from domain.kernel.money import Rate
from domain.payments.service import NewBankAccount
from domain.payments.tables import BankAccount
from domain.provisioning import service as provisioning
from domain.store.chain import SYSTEM, Event
from domain.store.tables import AuditBlob, AuditEntry
from tests.forgery import kept

CLOSE_DEAL, ADD_BANK_ACCOUNT = "cyberos.crm.close_deal", "cyberos.admin.add_bank_account"


async def signed(world, pending, **persons):
    """The id of an action that these people, by slot, allowed and that was carried out."""
    for slot, person in persons.items():
        await world.decide(pending["action_id"], person, slot=slot)
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return pending["action_id"]


async def closed(world, **how):
    """A deal that people closed; the id of the action."""
    deal = await world.a_deal(currency="USD", amount_minor=500_000)
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], **how)
    return await signed(world, pending, am="am")


async def account_added(world):
    """A bank account that people allowed; the id of the action."""
    pending = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        bank_bin="970436",
        account_number="0071001234567",
        account_name="CTY SAO BIEN",
    )
    return await signed(world, pending, cfo="both", admin="admin")


async def account_provisioned(world):
    """A bank account as provisioning adds it; that it comes after the agents is a finding."""
    new = NewBankAccount(
        bank_bin="970436", account_number="1", account_name="X", currency="VND", make_default=True
    )
    async with world.without_triggers("bank_account"), world.owning() as tx:
        return await provisioning.add_bank_account(tx, new)


async def entry_of(forger, event, **where):
    """The number of the one entry of this kind."""
    return (await forger.row(AuditEntry, event=event, **where)).seq


async def test_a_deal_that_ended_is_what_was_told_of_it(world, tmp_path):
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")
    changed = {
        "name": "Another", "amount_minor": 1, "currency": "VND", "version": 99,
        "closed_date": None, "expected_close_date": date(2027, 1, 1), "lost_reason": "price",
        "probability_pct": 1, "visibility": "private", "owner_id": world.ours.people["dpo"],
    }  # fmt: skip

    async with archive.forging() as forger:
        deal_id = (await forger.row(PendingAction, id=action_id)).entity_id
        await forger.change(Deal, {"id": deal_id}, **changed)

    assert await archive.apart() == (
        [
            f"action {action_id}: was signed for another amount than it was carried out for",
            f"deal {deal_id}: is not what people were shown who signed action {action_id}",
            f"deal {deal_id}: did not end as action {action_id} was signed for",
        ],
        [f"deal {deal_id}"],
    )


async def test_a_deal_that_ended_is_not_written_again_even_with_an_entry(world, tmp_path):
    """By one who appends to the chain what fits: nobody signs that, and people signed the end."""
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")

    async with world.without_triggers("deal"), world.owning() as tx:
        deal = await tx.get(Deal, (await tx.get(PendingAction, action_id)).entity_id)
        deal.name = "Another"

    shown, written = await archive.findings()
    assert shown == f"deal {deal.id}: is not what people were shown who signed action {action_id}"
    assert written.startswith(f"deal {deal.id}: was written by entry ")
    assert written.endswith(f" after action {action_id} closed it")


async def test_a_deal_that_was_lost_keeps_its_reason(world, tmp_path):
    archive = kept(world, tmp_path)
    action_id = await closed(world, outcome="lost", lost_reason="price")
    untouched = await archive.findings()

    async with archive.forging() as forger:
        deal_id = (await forger.row(PendingAction, id=action_id)).entity_id
        await forger.change(Deal, {"id": deal_id}, lost_reason="budget")

    assert untouched == []
    assert await archive.apart() == (
        [f"deal {deal_id}: did not end as action {action_id} was signed for"],
        [f"deal {deal_id}"],
    )


async def test_an_engagement_is_what_was_told_of_the_deal(world, tmp_path):
    archive = kept(world, tmp_path)
    action_id, other = await closed(world, outcome="won"), await world.an_account("Công ty Khác")
    changed = {"title": "Another", "amount_minor": 1, "currency": "VND", "status": "closed",
               "billing_mode": "retainer", "account_id": other}  # fmt: skip

    async with archive.forging() as forger:
        work = await forger.row(Engagement)
        await forger.change(Engagement, {"id": work.id}, **changed)

    others = "title, billing_mode, currency, amount_minor, account_id"
    assert await archive.apart() == (
        [f"engagement {work.id}: was won with another {others}, by action {action_id}"],
        [f"engagement {work.id}"],
    )


async def test_an_engagement_neither_vanishes_nor_appears(world, tmp_path):
    archive = kept(world, tmp_path)
    won, lost = await closed(world, outcome="won"), await closed(world, outcome="cancelled")
    still_open = (await world.a_deal())["id"]

    async with archive.forging() as forger:
        won_deal = (await forger.row(PendingAction, id=won)).entity_id
        lost_deal = (await forger.row(PendingAction, id=lost)).entity_id
        work = await forger.row(Engagement, deal_id=won_deal)
        await forger.delete(Engagement, id=work.id)
        (of_lost, of_open) = (new_id(), new_id())
        await forger.add_like(work, Engagement, id=of_lost, deal_id=lost_deal)
        await forger.add_like(work, Engagement, id=of_open, deal_id=still_open)

    besides, rows = await archive.apart()
    nobody = "is there, and nobody allowed that its deal was won"
    assert besides == [
        f"engagement {of_lost}: {nobody}",
        f"engagement {of_open}: {nobody}",
        f"deal {won_deal}: was won by action {won}, and has no engagement",
    ]
    assert sorted(rows) == sorted(f"engagement {id}" for id in (work.id, of_lost, of_open))


@pytest.mark.parametrize("result", [None, {"deal": {}}])
async def test_the_result_of_an_action_is_what_was_told(world, tmp_path, result):
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="cancelled")
    waiting = (await world.proposed_close())["action_id"]

    async with archive.forging() as forger:
        await forger.change(PendingAction, {"id": action_id}, result=result)
        await forger.change(PendingAction, {"id": waiting}, result={"deal": {}})
        seq = await entry_of(forger, CLOSE_DEAL, action_id=action_id)

    assert await archive.apart() == (
        [
            f"action {action_id}: its result is not what entry {seq} tells",
            f"action {waiting}: has a result, and no entry tells of one",
        ],
        [f"pending_action {action_id}", f"pending_action {waiting}"],
    )


@pytest.mark.parametrize("reason", [None, "The price was not right"])
async def test_the_reason_of_a_decision_is_the_one_that_was_given(world, tmp_path, reason):
    archive, pending = kept(world, tmp_path), await world.proposed_close()
    action_id, person = pending["action_id"], world.ours.people["am"]
    await world.decide(action_id, "am", decision=Decision.REJECT, reason=reason)
    untouched = await archive.findings()

    async with archive.forging() as forger:
        await forger.change(Approval, {"action_id": action_id}, reason="Nobody asked me")

    assert untouched == []
    assert await archive.apart() == ([], [f"approval {action_id} {person}"])


@pytest.mark.parametrize("forgery", ["gone", "one more", "another time"])
async def test_every_attempt_is_there_and_none_besides(world, tmp_path, forgery):
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")

    async with archive.forging() as forger:
        row = await forger.row(ExecutionAttempt, action_id=action_id)
        match forgery:
            case "gone":
                await forger.delete(ExecutionAttempt, action_id=action_id)
            case "one more":
                await forger.add_like(row, ExecutionAttempt, n=2)
            case _:
                created = (await forger.row(PendingAction, id=action_id)).expires_at
                await forger.change(ExecutionAttempt, {"action_id": action_id}, started_at=created)

    n = 2 if forgery == "one more" else 1
    assert await archive.apart() == (
        [f"action {action_id}: its attempts are not the 1 that the chain tells of"],
        [f"execution_attempt {action_id} {n}"],
    )


@pytest.mark.parametrize(
    ("made", "event"),
    [(account_added, "action.succeeded"), (account_provisioned, "bank_account.added")],
)
async def test_a_bank_account_is_what_was_told_of_it(world, tmp_path, made, event):
    archive = kept(world, tmp_path)
    await made(world)
    before = await archive.findings()

    async with archive.forging() as forger:
        row = await forger.row(BankAccount)
        await forger.change(BankAccount, {"id": row.id}, account_name="Spy", currency="USD")
        seq = await entry_of(forger, event)

    # An account that was provisioned after the agents counts as one that nobody allowed.
    law = f"bank account {row.id}: was allowed with another account_name, currency"
    allowed = [law] if made is account_added else []
    assert [one for one in await archive.findings() if one not in before] == [
        f"bank_account {row.id}: is not as entry {seq} left it",
        *allowed,
    ]


async def test_which_account_is_the_default_may_change(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_added(world)

    async with archive.forging() as forger:
        (row,) = await forger.rows(BankAccount)
        await forger.change(BankAccount, {}, is_default=False)

    # By the program, that is: it would have told of it.
    assert await archive.apart() == ([], [f"bank_account {row.id}"])


async def test_a_bank_account_that_was_approved_cannot_vanish(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_added(world)

    async with archive.forging() as forger:
        (row,) = await forger.rows(BankAccount)
        await forger.delete(BankAccount, id=row.id)

    assert await archive.apart() == ([], [f"bank_account {row.id}"])


async def test_a_bank_account_of_provisioning_cannot_vanish(world, tmp_path):
    archive = kept(world, tmp_path)
    account_id = await account_provisioned(world)

    async with archive.forging() as forger:
        await forger.delete(BankAccount, id=account_id)
        seq = await entry_of(forger, "bank_account.added")

    assert await archive.findings() == [
        f"bank_account {account_id}: is gone, and entry {seq} tells of it"
    ]


async def test_a_rate_is_what_was_recorded(world, tmp_path):
    """It decides who has to sign: with another one a large deal would be a small one."""
    archive, day = kept(world, tmp_path), date(2026, 11, 20)
    async with world.owning() as tx:
        usd = (await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "test", day))).id
        eur = (await fx.record(tx, Rate("EUR", "VND", Decimal("27500.5"), "test", day))).id
    untouched = await archive.findings()

    async with archive.forging() as forger:
        row = await forger.row(FxRate, id=usd)
        await forger.change(FxRate, {"id": usd}, value="99999", as_of=date(2026, 11, 21))
        await forger.delete(FxRate, id=eur)
        await forger.add_like(row, FxRate, id=(planted := new_id()), source="other")

    assert untouched == []
    besides, rows = await archive.apart()
    assert sorted(besides) == sorted(
        [
            f"rate {usd}: is not what its entry says",
            f"rate {planted}: no entry says that it was recorded",
        ]
    )
    assert sorted(rows) == sorted(f"fx_rate {id}" for id in (usd, eur, planted))


async def test_nothing_private_is_erased_without_an_entry_that_names_it(world, tmp_path):
    archive = kept(world, tmp_path)
    await world.an_account()
    created = select(AuditEntry.seq).where(AuditEntry.event == "cyberos.crm.create_account")
    async with world.owning() as tx:
        seq = await tx.first(created)
        erasing = update(AuditBlob).where(AuditBlob.seq == seq)
        await tx.change(erasing.values(salt=None, body=None, erased_at=tx.at))

    unnamed = await archive.findings()
    async with world.owning() as tx:
        tx.record(Event("gdpr.erase", SYSTEM, object=f"private_value:{seq}/arguments"))

    assert unnamed == [f"private value {seq}/arguments: was erased, and no entry says so"]
    assert await archive.findings() == []
