"""Audit verifier: does the verifier find whatever nobody agreed
to, and nothing where everything is right?

Red-team cases M08 and M09, and the second halves of A and B: what was proposed, signed and carried
out must still fit together when somebody with all rights over the database is done with it.
"""

from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest

from domain.approvals.facts import Decision
from domain.approvals.tables import Approval, ExecutionAttempt, PendingAction, PolicyVersion
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement
from domain.identity import keys
from domain.identity import queries as identity
from domain.identity.tables import ApproverKey, PersonRole
from domain.invoices.tables import Invoice
from domain.kernel.ids import new_id
from domain.payments.tables import BankAccount
from domain.provisioning import service as provisioning
from domain.store.chain import Actor, Event
from domain.store.tables import AuditEntry
from policies.approvals.trust import Trust
from policies.gate import floor
from policies.gate.catalogue import Catalogue
from tests.forgery import kept

pytestmark = pytest.mark.both


async def closed(world, **more):
    """A deal that two people closed as won, for want of a rate; the id of the action."""
    pending = await world.proposed_close(**more)
    action_id = pending["action_id"]
    for slot in pending["slots"]:
        await world.decide(action_id, slot["roles"][0])
    assert (await world.execute(action_id)).state == "succeeded"
    return action_id


async def account_added(world, number="0071001234567"):
    """A bank account that two people allowed; the id of the action."""
    pending = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        bank_bin="970436",
        account_number=number,
        account_name="CTY SAO BIEN",
    )
    await world.decide(pending["action_id"], "both", slot="cfo")  # the agent acts for the cfo
    await world.decide(pending["action_id"], "admin")
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    return pending["action_id"]


async def test_m09_whatever_became_of_an_action_each_step_has_one_entry(world, tmp_path):
    """Won, with two people; rejected; taken back; expired; out of date; and still waiting."""
    archive = kept(world, tmp_path)
    await closed(world)
    await account_added(world)
    rejected = (await world.proposed_close())["action_id"]
    await world.decide(rejected, "am", decision=Decision.REJECT, reason="not yet")
    taken_back = (await world.proposed_close())["action_id"]
    await world.ok("approvals_cancel", action_id=taken_back)
    stale = await world.proposed_close()
    await world.decide(stale["action_id"], "am")
    await world.decide(stale["action_id"], "cro")
    async with world.owning() as tx:
        row = await tx.get(PendingAction, stale["action_id"])
        deal = await tx.get(Deal, row.entity_id)
        deal.name = "Another name"
    await world.execute(stale["action_id"])
    expired = (await world.proposed_close())["action_id"]
    world.clock.move(timedelta(days=2))
    await world.executor().run_due(world.ours.id)
    await world.proposed_close()

    report = await archive.verify()

    states = [await world.state(id) for id in (rejected, taken_back, stale["action_id"], expired)]
    assert states == ["rejected", "cancelled", "stale", "expired"]
    assert report.findings == []
    assert (report.actions, report.approvals) == (7, 7)


async def test_a_key_or_role_that_is_lost_later_leaves_the_past_as_it_was(world, tmp_path):
    archive = kept(world, tmp_path)
    await closed(world)
    world.clock.move(timedelta(hours=1))

    async with world.owning() as tx:
        person = world.ours.people["am"]
        await provisioning.leave(tx, (await identity.people(tx, [person]))[person])

    assert await archive.findings() == []


# Who changes what after a deal was closed, and what is said: A action, D deal, P and Q who signed.
VOTE = "approval of action A by person P"
OTHER = "approval of action A by person Q"
FORGERIES = {
    "signature": (
        lambda f: f.change(Approval, f.vote, signature=bytes(64)),
        [
            f"{VOTE}: signature does not fit the action",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "arguments": (
        lambda f: f.change(PendingAction, {"id": f.action}, args_json='{"outcome":"lost"}'),
        [
            "action A: its arguments are not what their digest was made of",
            "deal D: is won, and action A closed it as lost",
            "engagement G: is there, and nobody allowed that its deal was won",
        ],
    ),
    "another entity": (
        lambda f: f.change(PendingAction, {"id": f.action}, entity_version=99),
        [
            "action A: entry N tells of another entity",
            f"{VOTE}: signature does not fit the action",
            f"{OTHER}: signature does not fit the action",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "no slots": (
        lambda f: f.change(PendingAction, {"id": f.action}, slots=[]),
        [
            "action A: entry N tells of another terms",
            f"{VOTE}: signature does not fit the action",
            f"{OTHER}: signature does not fit the action",
            "action A: asks for less than the policy it was proposed under",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "assurance": (
        lambda f: f.change(PendingAction, {"id": f.action}, min_assurance=0),
        [
            "action A: entry N tells of another terms",
            f"{VOTE}: signature does not fit the action",
            f"{OTHER}: signature does not fit the action",
            "action A: asks for less than the policy it was proposed under",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "no row of ours": (
        lambda f: f.change(PendingAction, {"id": f.action}, requester="nobody"),
        [
            "action A: entry N tells of another requester, actor",
            "action A: was asked for in the name of somebody its agent does not act for",
            f"{VOTE}: signature does not fit the action",
            f"{OTHER}: signature does not fit the action",
            "action A: is not a row this program writes",
        ],
    ),
    "the approval is gone": (
        lambda f: f.delete(Approval, **f.vote),
        [
            "entry V: tells of a decision on action A that is gone",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "when it was given": (
        lambda f: f.change(Approval, f.vote, at=f.now),
        [
            f"{VOTE}: 0 entries tell of it, not one",
            "entry V: tells of a decision on action A that is gone",
        ],
    ),
    "the key was revoked before": (
        lambda f: f.change(ApproverKey, {"person_id": f.person}, revoked_at=f.before),
        ["key K: did not end when the chain says"],  # by its entries it was good
    ),
    "the role was lost before": (
        lambda f: f.change(PersonRole, {"person_id": f.person}, revoked_at=f.before),
        ["role am of person P: did not end when the chain says"],
    ),
    "the key is somebody else's": (
        lambda f: f.change(ApproverKey, {"person_id": f.person}, person_id=f.other),
        [
            "key K: was enrolled for person P",
            f"{VOTE}: is signed with a key that is not this person's",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "nobody vouches": (
        lambda f: f.change(ApproverKey, {"person_id": f.person}, endorsement=bytes(64)),
        [
            f"{VOTE}: nobody trusted vouches for the key",
            "action A: is succeeded without a valid signature in every slot",
        ],
    ),
    "the state": (
        lambda f: f.change(PendingAction, {"id": f.action}, state="failed"),
        [
            "action A: is failed, and the chain left it succeeded",
            "action A: is failed, and entry E tells of its effect",
            "deal D: is won without an approval that was carried out",
            "engagement G: is there, and nobody allowed that its deal was won",
            "invoice I: is not what people signed that its deal was won for",
        ],
    ),
    "the number of steps": (
        lambda f: f.change(PendingAction, {"id": f.action}, state_seq=7),
        ["action A: took 6 steps, and 3 are in the chain"],
    ),
    "the deal is open again": (
        lambda f: f.change(Deal, {"id": f.deal}, status="open"),
        ["deal D: is open, and action A closed it as won"],
    ),
    "the deal is lost": (
        lambda f: f.change(Deal, {"id": f.deal}, status="lost"),
        ["deal D: is lost, and action A closed it as won"],
    ),
    "the policy": (
        lambda f: f.change(PolicyVersion, {"version": 1}, body="{}"),
        [
            "policy 1: is not the text its digest was made of",
            "action A: was proposed under a policy that was never in force",
        ],
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_m09_a_forgery_after_the_fact_is_found_and_named(world, tmp_path, forgery):
    archive, action_id = kept(world, tmp_path), await closed(world)
    change, expected = FORGERIES[forgery]

    async with archive.forging() as forger:
        action = await forger.row(PendingAction, id=action_id)
        work, bill, entries = await forger.row(Engagement), await forger.row(Invoice), {}
        for row in await forger.rows(AuditEntry, action_id=action_id):
            entries.setdefault(row.event, row.seq)
        person = world.ours.people["am"]
        forger.action, forger.deal, forger.person = action_id, action.entity_id, person
        forger.vote = {"action_id": action_id, "person_id": person}
        forger.other, forger.now = world.ours.people["dpo"], world.clock.now() + timedelta(hours=1)
        forger.before = world.clock.now() - timedelta(hours=1)
        await change(forger)
    names = {
        "action A": f"action {action_id}",
        "deal D": f"deal {action.entity_id}",
        "engagement G": f"engagement {work.id}",
        "invoice I": f"invoice {bill.id}",
        "person P": f"person {person}",
        "key K": f"key {world.ours.keys['am'].key_id}",
        "person Q": f"person {world.ours.people['cro']}",
        "entry V": f"entry {entries['action.approved_by']}",
        "entry N": f"entry {entries['action.proposed']}",
        "entry E": f"entry {entries['cyberos.crm.close_deal']}",
    }
    for short, full in names.items():
        expected = [one.replace(short, full) for one in expected]
    besides, rows = await archive.apart()
    assert sorted(besides) == sorted(expected)
    assert len(rows) == 1, "and the row itself is not what was left in it"


async def test_a_vanished_action_is_missed_by_every_entry_that_tells_of_it(world, tmp_path):
    archive, action_id = kept(world, tmp_path), await closed(world)

    async with archive.forging() as forger:
        for entity in (Approval, ExecutionAttempt):
            await forger.delete(entity, action_id=action_id)
        deal_id = (await forger.row(PendingAction, id=action_id)).entity_id
        await forger.delete(PendingAction, id=action_id)
        engagement = await forger.row(Engagement)
        invoice = await forger.row(Invoice)
        entries = [row.seq for row in await forger.rows(AuditEntry, action_id=action_id)]

    besides, rows = await archive.apart()
    assert besides == [
        *[f"entry {seq}: tells of action {action_id}, which is gone" for seq in entries],
        f"deal {deal_id}: is won without an approval that was carried out",
        f"engagement {engagement.id}: is there, and nobody allowed that its deal was won",
        f"invoice {invoice.id}: is not what people signed that its deal was won for",
    ]
    assert f"pending_action {action_id}" in rows
    assert {row.split()[0] for row in rows} == {"approval", "execution_attempt", "pending_action"}


async def test_a_deal_that_was_closed_behind_everybodys_back_is_found(world, tmp_path):
    archive, deal = kept(world, tmp_path), await world.a_deal()
    async with archive.forging() as forger:
        await forger.change(Deal, {"id": deal["id"]}, status="won")

    assert await archive.apart() == (
        [f"deal {deal['id']}: is won without an approval that was carried out"],
        [f"deal {deal['id']}"],
    )


async def test_a_bank_account_that_nobody_approved_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await account_added(world)

    async with archive.forging() as forger:
        (row,) = await forger.rows(BankAccount)
        await forger.add_like(row, BankAccount, id=new_id(), account_number="999", is_default=False)
        await forger.change(BankAccount, {"id": row.id}, account_number="0071007654321")

    found = await archive.findings()
    assert f"bank account {row.id}: its bank or number is not the one that was approved" in found
    assert len([one for one in found if "without an approval that was carried out" in one]) == 1


async def test_a_bank_account_of_provisioning_needs_no_approval_and_later_ones_do(world, tmp_path):
    """The entry must lie before the first agent's: whoever can append could write one later."""
    archive = kept(world, tmp_path)
    await account_added(world)
    system = Actor("system", "operator")
    async with archive.forging() as forger:
        (row,) = await forger.rows(BankAccount)
        await forger.add_like(row, BankAccount, id=new_id(), account_number="1", is_default=False)
        late = next(one for one in await forger.rows(BankAccount) if one.id != row.id)

    missing = f"bank account {late.id}: was added without an approval that was carried out"
    assert missing in await archive.findings()
    if world.is_sqlite:
        return  # what is verified there is a copy, to which the program does not write
    async with world.owning() as tx:
        tx.record(Event("agent.added", system, object="agent:x"))
    async with world.owning() as tx:
        tx.record(Event("bank_account.added", system, object=f"bank_account:{late.id}"))

    assert missing in await archive.findings()


async def test_an_action_nobody_may_take_twice_is_seen_in_the_chain(world, tmp_path):
    archive, action_id = kept(world, tmp_path), await closed(world)

    async with world.owning() as tx:
        tx.record(Event("action.approved", Actor("human", "x"), action=action_id))
        tx.record(Event("cyberos.crm.close_deal", Actor("agent", "x"), action=action_id))

    found = await archive.findings()
    assert f"action {action_id}: is succeeded, and the chain left it approved" in found
    assert f"action {action_id}: took 3 steps, and 4 are in the chain" in found
    assert f"action {action_id}: succeeded, and the chain tells of 2 effects" in found
    assert any("cannot go from succeeded to approved" in one for one in found)


async def test_m08_a_key_that_somebody_put_into_the_database_signs_nothing(world, tmp_path):
    """The whole approval is genuine, except that nobody vouched for the key."""
    archive = kept(world, tmp_path)
    pending = await world.proposed_close()
    intruder, person = keys.generate(), world.ours.people["am"]
    forged = keys.endorse(
        intruder_root := keys.generate(),
        deploy=world.deploy,
        tenant=world.ours.id,
        person=person,
        public_key=intruder.public_key,
    )
    await world.decide(pending["action_id"], "am")

    async with archive.forging() as forger:
        key = await forger.row(ApproverKey, key_id=world.ours.keys["am"].key_id)
        await forger.add_like(
            key,
            ApproverKey,
            key_id=intruder.key_id,
            public_key=intruder.public_key,
            endorsed_by=intruder_root.key_id,
            endorsement=forged,
        )
        vote = {"action_id": pending["action_id"], "person_id": person}
        await forger.change(Approval, vote, key_id=intruder.key_id)

    found = await archive.findings()
    vote = f"approval of action {pending['action_id']} by person {person}"
    assert f"{vote}: nobody trusted vouches for the key" in found
    assert f"{vote}: signature does not fit the action" in found


async def test_every_signature_proves_the_chain_as_it_stood(world, tmp_path):
    """A chain rewritten from the beginning is whole; the people's signatures remember another."""
    archive, action_id = kept(world, tmp_path), await closed(world)

    async with archive.forging() as forger:
        await forger.rewrite(2, {"object": "thing:other"})
        votes = await forger.rows(Approval, action_id=action_id)

    expected = {
        f"approval of action {action_id} by person {vote.person_id}: was signed when entry "
        f"{vote.audit_head_seq} had another hash than it has now"
        for vote in votes
    }
    assert expected <= set(await archive.findings())  # and the entry told of a key


async def test_without_the_trusted_roots_no_signature_counts(world, tmp_path):
    archive, action_id = kept(world, tmp_path), await closed(world)
    people = [world.ours.people[name] for name in ("am", "cro")]
    other = Trust(world.deploy, {world.ours.id: keys.generate().public_key})

    nothing, wrong = await archive.findings(trust=None), await archive.findings(trust=other)

    assert nothing == ["trust file: is missing, so signatures cannot be verified"]
    roles = "its change of roles is not signed by the root"
    assert {one for one in wrong if roles not in one} >= {
        f"action {action_id}: is succeeded without a valid signature in every slot",
        *[
            f"approval of action {action_id} by person {person}: nobody trusted vouches for the key"
            for person in people
        ],
    }
    assert len([one for one in wrong if roles in one]) == len(world.ours.people)


async def test_a_weak_policy_that_somebody_put_into_force_is_found(world, tmp_path):
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        row = await forger.row(PolicyVersion, version=1)
        await forger.add_like(row, PolicyVersion, version=2)

    assert await archive.apart() == (
        ["policy 2: no entry says that it was activated"],
        ["policy_version 2"],
    )


async def test_a_policy_below_the_floor_is_found_even_if_its_digest_fits(world, tmp_path):
    archive, table = kept(world, tmp_path), floor.load_checked().model_dump(mode="json")
    for row in table["tool"]:
        if row["id"] == "cyberos.crm.close_deal":
            row["slots"][0]["roles"] = ["sales"]
    weak = Catalogue.model_validate(table)

    async with archive.forging() as forger:
        await forger.change(PolicyVersion, {"version": 1}, body=weak.body, sha256=weak.sha256)

    assert "policy 1: is weaker than the program allows" in await archive.findings()


async def test_rows_that_cannot_be_read_are_findings_and_hide_no_others(world, tmp_path):
    """SQLite keeps what it is given; PostgreSQL would not take it."""
    if not world.is_sqlite:
        return
    archive, action_id = kept(world, tmp_path), await closed(world)
    other = await closed(world)

    async with archive.forging() as forger:
        for table, key in (("pending_action", "id"), ("approval", "action_id")):
            column = "created_at" if key == "id" else "at"
            await forger.connection.exec_driver_sql(
                f"UPDATE {table} SET {column} = 'yesterday' WHERE {key} = ?",  # noqa: S608 - ours
                (action_id if key == "id" else other,),
            )

    found = await archive.findings()
    assert f"action {action_id}: is not a row this program writes" in found
    assert f"approval of action {other}: is not a row this program writes" in found
    assert f"action {other}: is succeeded without a valid signature in every slot" in found


async def test_a_chain_that_grows_while_it_is_verified_is_sound(world, tmp_path):
    archive, stop = kept(world, tmp_path), anyio.Event()
    await closed(world)

    async def write():
        while not stop.is_set():
            async with world.owning() as tx:
                tx.record(Event("test.happened", Actor("system", "x"), private={"n": 1}))
            await anyio.lowlevel.checkpoint()

    ends, findings = set(), []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        while len(ends) < 8 and not findings:
            report = await archive.verify()
            ends.add(report.end.seq)
            findings += report.findings
            await (
                anyio.lowlevel.checkpoint()
            )  # the embedded database answers without ever making way
        stop.set()

    assert findings == []


async def test_the_verifier_changes_nothing(world, tmp_path):
    archive = kept(world, tmp_path)
    await closed(world)
    async with archive.forging():
        pass
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    await archive.verify()

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
