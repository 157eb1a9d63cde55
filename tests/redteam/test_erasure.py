"""Forged erasures: does anything that people signed for depend on what may be erased?

H3 of the hostile trial. Whoever holds the database can append an entry which says that a private
value was erased, and let each row fit again what an entry tells of it. The figures that signatures
cover stand where nothing can be erased.
"""

import pytest
from sqlalchemy import select, update

from domain.approvals.tables import PendingAction
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement, EngagementRate
from domain.kernel.ids import new_id
from domain.payments.tables import BankAccount
from domain.store.chain import Actor, Event
from domain.store.events import Erased
from domain.store.tables import AuditBlob, AuditEntry
from tests.forgery import OF_ROWS, Archive, kept
from tests.tools.inv.work import ENGINEER, set_up
from tests.world import World

pytestmark = pytest.mark.both

ACCOUNT = {"bank_bin": "970436", "account_number": "0071001234567", "account_name": "CTY SAO BIEN"}


async def closed(world: World, **how: str) -> str:
    """A deal that people closed; the id of the action."""
    deal = await world.a_deal(currency="USD", amount_minor=500_000)
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], **how)
    await world.decide(pending["action_id"], "am")
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return str(pending["action_id"])


async def account_added(world: World) -> str:
    """A bank account that people allowed; the id of the action."""
    pending = await world.ok("admin_add_bank_account", agent="cfo_agent", **ACCOUNT)
    for slot, person in {"cfo": "both", "admin": "admin"}.items():
        await world.decide(pending["action_id"], person, slot=slot)
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return str(pending["action_id"])


async def erased(world: World, action_id: str) -> None:
    """Every private value of an action is gone, with an entry that says so of each."""
    async with world.owning() as tx:
        of_action = select(AuditEntry.seq).where(AuditEntry.action_id == action_id)
        seqs = await tx.all(of_action)
        values = select(AuditBlob.seq, AuditBlob.field).where(AuditBlob.seq.in_(seqs))
        for row in await tx.rows(values):
            told = Erased.of(row.seq, row.field).value
            tx.record(Event(Erased.EVENT, Actor("system", "privacy"), object=told))
        gone = update(AuditBlob).where(AuditBlob.seq.in_(seqs))
        await tx.change(gone.values(salt=None, body=None, erased_at=tx.at))


async def besides_rows(archive: Archive) -> list[str]:
    """What is found; every row fits what an entry tells of it, so that shows nothing."""
    found = await archive.findings()
    assert not [one for one in found if OF_ROWS.search(one)]
    return found


async def test_erasing_what_is_private_is_no_finding(world, tmp_path):
    archive = kept(world, tmp_path)
    await erased(world, await closed(world, outcome="won"))

    report = await archive.verify()
    assert (report.findings, report.erased > 0) == ([], True)


@pytest.mark.parametrize(
    ("column", "value"),
    [("name", "Another"), ("amount_minor", 9), ("account_id", None), ("owner_id", None)],
)
async def test_H3_a_forged_erasure_hides_no_won_deal_that_was_rewritten(
    world, tmp_path, column, value
):
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")
    others = {"account_id": await world.an_account("Khác"), "owner_id": world.ours.people["dpo"]}
    await erased(world, action_id)

    async with archive.forging() as forger:
        deal_id = (await forger.row(PendingAction, id=action_id)).entity_id
        await forger.change(Deal, {"id": deal_id}, **{column: value or others[column]})
        await forger.commit_anew(Deal, id=deal_id)

    shown = f"deal {deal_id}: is not what people were shown who signed action {action_id}"
    assert shown in await besides_rows(archive)


async def test_H3_a_forged_erasure_hides_no_end_that_was_rewritten(world, tmp_path):
    archive = kept(world, tmp_path)
    action_id = await closed(world, outcome="lost", lost_reason="price")
    await erased(world, action_id)

    async with archive.forging() as forger:
        deal_id = (await forger.row(PendingAction, id=action_id)).entity_id
        await forger.change(Deal, {"id": deal_id}, lost_reason="budget")
        await forger.commit_anew(Deal, id=deal_id)

    ended = f"deal {deal_id}: did not end as action {action_id} was signed for"
    assert await besides_rows(archive) == [ended]


@pytest.mark.parametrize(
    ("column", "value"),
    [("title", "Another"), ("amount_minor", 9), ("currency", "EUR"), ("account_id", None)],
)
async def test_H3_a_forged_erasure_hides_no_engagement_that_was_rewritten(
    world, tmp_path, column, value
):
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")
    value = value or await world.an_account("Khác")
    await erased(world, action_id)

    async with archive.forging() as forger:
        work = await forger.row(Engagement)
        await forger.change(Engagement, {"id": work.id}, **{column: value})
        await forger.commit_anew(Engagement, id=work.id)

    found = f"engagement {work.id}: was won with another {column}, by action {action_id}"
    assert await besides_rows(archive) == [found]


@pytest.mark.parametrize("another", [{"deal": {"name": "Another"}}, None])
async def test_H3_a_forged_erasure_hides_no_action_that_was_written_again(world, tmp_path, another):
    """By an entry of its author behind it, which says that the result was erased."""
    archive, action_id = kept(world, tmp_path), await closed(world, outcome="won")
    await erased(world, action_id)

    async with world.without_triggers("pending_action"), world.owning() as tx:
        mine = update(PendingAction).where(PendingAction.id == action_id)
        await tx.change(mine.values(result=another))

    (found,) = await besides_rows(archive)
    assert found.startswith(f"action {action_id}: was written by entry ")
    assert found.endswith(" after it had ended")


async def test_H3_a_forged_erasure_hides_no_bank_account_that_was_rewritten(world, tmp_path):
    archive = kept(world, tmp_path)
    await erased(world, await account_added(world))

    async with archive.forging() as forger:
        row = await forger.row(BankAccount)
        await forger.change(BankAccount, {"id": row.id}, account_name="KE TROM", currency="USD")
        await forger.commit_anew(BankAccount, id=row.id)

    others = "was allowed with another account_name, currency"
    assert await besides_rows(archive) == [f"bank account {row.id}: {others}"]


async def test_M9_an_entry_of_somebodys_own_does_not_switch_the_default_account(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_added(world)
    before = await archive.findings()

    async with world.without_triggers("bank_account"), world.owning() as tx:
        row = await tx.first(select(BankAccount))
        row.is_default = False

    assert before == []
    (found,) = await besides_rows(archive)
    assert found.startswith(f"bank account {row.id}: was written by entry ")
    assert found.endswith(", and nobody allowed that")


async def test_H3_a_forged_erasure_hides_no_rate_that_nobody_allowed(world, tmp_path):
    """On a card that is in force no more, where time that was worked may still have its rate."""
    archive = kept(world, tmp_path)
    await closed(world, outcome="won")
    async with world.looking() as tx:
        work = await tx.first(select(Engagement.id))
    for rates in ([ENGINEER], [{**ENGINEER, "rate_minor": ENGINEER["rate_minor"] + 1}]):
        await set_up(world, engagement_id=work, rates=rates)
    before = await archive.findings()
    async with world.looking() as tx:
        actions = await tx.all(select(PendingAction.id))
    for action_id in actions:
        await erased(world, action_id)

    async with world.without_triggers("engagement_rate"), world.owning() as tx:
        row = EngagementRate(
            id=new_id(), engagement_id=work, card=1, position=9, role="lead", rate_minor=9_999_999
        )
        tx.add(row)

    assert before == []
    assert await besides_rows(archive) == [f"engagement {work}: nobody allowed rate {row.id}"]
