"""Triggers: what does the database itself refuse, to its owner, in plain SQL? The same on both.

Whoever writes past the program meets the same rules again: what people must sign is not done
without them, what was written down is not rewritten.
"""

# ruff: noqa: S608 - the names in the statements are ours

import re
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.rows import difference, everything
from tests.tools.samples import valid_calls
from tests.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

OPEN, WON, REJECTED = ":open_deal", ":won_deal", ":rejected"
SAME = "slots_needed"
STEP = "update pending_action set state_seq = state_seq + 1,"
ACTION_COPY = (
    "insert into pending_action (tenant_id, id, tool, tool_schema_sha256, args_json,"
    " args_sha256, entity_type, entity_id, entity_version, entity_digest, effects, display,"
    " summary, summary_sha256, policy_version, policy_sha256, slots, slots_needed, self_rule,"
    " min_assurance, taint, requester, requester_person, nonce, dedupe_key, created_at,"
    " expires_at, state, state_seq, attempt, idem_key) select tenant_id, 'FORGED', tool,"
    " tool_schema_sha256, args_json, args_sha256, entity_type, entity_id, entity_version,"
    " entity_digest, effects, display, summary, summary_sha256, policy_version, policy_sha256,"
    " slots, {needed}, self_rule, min_assurance, taint, requester, requester_person, nonce,"
    " 'other', created_at, expires_at, {state}, {seq}, attempt, 'other' from pending_action"
    " where id = :pending"
)
COPIED_APPROVAL = (
    "insert into approval (tenant_id, action_id, person_id, slot, decision, method, key_id,"
    " assurance, signed_payload, signature, audit_head_seq, audit_head_hash, at)"
    " select tenant_id, {action}, {person}, slot, decision, method, key_id, assurance,"
    " signed_payload, signature, audit_head_seq, audit_head_hash, at from approval"
    " where action_id = :succeeded"
)
NEW_ACCOUNT = (
    "insert into bank_account (tenant_id, id, bank_bin, account_number, account_name, currency,"
    " is_default, added_by, added_at) select tenant_id, 'FORGED', '970436', '1', 'X', 'EUR',"
    " {true}, 'me', created_at from tenant where tenant_id = :tenant"
)


@dataclass(frozen=True)
class Stage:
    """A company in which everything has happened once."""

    world: World
    names: dict[str, str]

    async def attempt(self, *statements: str) -> str:
        """The message with which one of the owner's statements is refused; "" when all are done."""
        values = {**self.names, "tenant": self.world.ours.id}
        try:
            async with self.world.owning() as tx:
                for statement in statements:
                    said = re.sub(r":([a-z_]+)", lambda name: f"'{values[name[1]]}'", statement)
                    said = said.replace("{true}", "1" if self.world.is_sqlite else "true")
                    await tx.session.execute(text(said))
                raise _Undone
        except IntegrityError as error:
            return str(error.orig)
        except _Undone:
            return ""


class _Undone(Exception):
    """Ends a transaction that was not refused, without leaving anything."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(shared: World) -> Stage:
    """An open deal, one that was won, and actions in several states."""
    calls = await valid_calls(shared)
    await shared.ok("crm_log_activity", **calls["crm_log_activity"])
    won = await shared.ok("crm_close_deal", **calls["crm_close_deal"])
    for person in ("am", "cro"):
        await shared.decide(won["action_id"], person)
    await shared.execute(won["action_id"])
    bank = await shared.call(
        "admin_add_bank_account", agent="cfo_agent", **calls["admin_add_bank_account"]
    )
    bank_action = bank.structured_content["action_id"]
    await shared.decide(bank_action, "both", slot="cfo")
    await shared.decide(bank_action, "admin")
    await shared.execute(bank_action)
    payee = await shared.ok("crm_generate_vietqr", **calls["crm_generate_vietqr"])
    await shared.decide(payee["action_id"], "cfo")
    await shared.execute(payee["action_id"])
    open_deal = await shared.a_deal(calls["crm_get_account"]["id"])
    approved = await shared.ok("crm_close_deal", deal_id=open_deal["id"], outcome="lost",
                               lost_reason="price")  # fmt: skip
    for person in ("am", "cro"):
        await shared.decide(approved["action_id"], person)
    return Stage(
        shared,
        {
            "pending": calls["approvals_get"]["action_id"],
            "approved": approved["action_id"],
            "succeeded": won["action_id"],
            "won_deal": calls["crm_close_deal"]["deal_id"],
            "open_deal": open_deal["id"],
            "am": shared.ours.people["am"],
            "cfo": shared.ours.people["cfo"],
        },
    )


REFUSED = {
    # B27, B28: what only people may do
    "a deal is won": f"update deal set status = 'won' where id = {OPEN}",
    "a deal is lost": f"update deal set status = 'lost' where id = {OPEN}",
    "a deal is opened again": f"update deal set status = 'open' where id = {WON}",
    "a won deal is lost": f"update deal set status = 'lost' where id = {WON}",
    "a deal is gone": f"delete from deal where id = {OPEN}",
    **{
        f"a won deal has another {column}": f"update deal set {column} = {value} where id = {WON}"
        for column, value in {
            "name": "'x'", "amount_minor": "1", "closed_date": "null", "lost_reason": "'x'",
            "owner_id": ":am", "visibility": "'private'", "version": "version + 1",
        }.items()
    },
    "an engagement is worth more": "update engagement set amount_minor = amount_minor + 1"
    " where tenant_id = :tenant",
    "an engagement is gone": "delete from engagement where tenant_id = :tenant",
    "a deal is born won": (
        "insert into deal (tenant_id, id, workspace_id, account_id, name, amount_minor, currency,"
        " pipeline_id, stage_id, stage_entered_at, probability_pct, probability_manual, status,"
        " visibility, owner_id, created_at, updated_at, version) select tenant_id, 'FORGED',"
        " workspace_id, account_id, name, amount_minor, currency, pipeline_id, stage_id,"
        " stage_entered_at, probability_pct, probability_manual, 'won', visibility, owner_id,"
        f" created_at, updated_at, version from deal where id = {OPEN}"
    ),
    "a bank account appears": NEW_ACCOUNT,
    "a bank account changes its number": "update bank_account set account_number = '9'"
    " where tenant_id = :tenant",
    "a bank account is gone": "delete from bank_account where tenant_id = :tenant",
    "a bank account changes its holder": "update bank_account set account_name = 'Spy'"
    " where tenant_id = :tenant",
    "an account is used and nobody was asked": "update bank_account set first_used_at = added_at"
    " where first_used_at is null and tenant_id = :tenant",
    "an account is retired and nobody was asked": "update bank_account set retired_at = added_at"
    " where tenant_id = :tenant",
    "an account was never used": "update bank_account set first_used_at = null"
    " where first_used_at is not null and tenant_id = :tenant",
    "money is asked into an account nobody confirmed": "insert into payment_request (tenant_id, id,"
    " reference, bank_account_id, amount_minor, currency, payload, requested_by, created_at)"
    " select r.tenant_id, 'FORGED', r.reference, b.id, 1, 'VND', r.payload, 'me', r.created_at"
    " from payment_request r, bank_account b where r.tenant_id = :tenant"
    " and b.tenant_id = :tenant and b.first_used_at is null",
    "a reference is another": "update payment_reference set reference = 'HD00000000'"
    " where tenant_id = :tenant",
    "a reference is gone": "delete from payment_reference where tenant_id = :tenant",
    "a request asks for more": "update payment_request set amount_minor = amount_minor + 1"
    " where tenant_id = :tenant",
    "a request is gone": "delete from payment_request where tenant_id = :tenant",
    # approvals
    "an approval is edited": "update approval set slot = 'cfo' where action_id = :succeeded",
    "a no becomes a yes": "update approval set decision = 'approve' where action_id = :succeeded",
    "an approval is taken away": "delete from approval where action_id = :succeeded",
    "an approval comes too late": COPIED_APPROVAL.format(action=":approved", person=":cfo")
    + " and person_id = :am",
    "an approval is counted twice": COPIED_APPROVAL.format(action=":succeeded", person=":am")
    + " and person_id = :am",
    # B16: the state of an action
    "an action is approved by nobody": "update pending_action set state = 'approved',"
    " state_seq = 2 where id = :pending",
    "an action runs at once": "update pending_action set state = 'executing', state_seq = 2"
    " where id = :pending",
    "an action has succeeded": "update pending_action set state = 'succeeded', state_seq = 2"
    " where id = :pending",
    "an action goes back": "update pending_action set state = 'pending', state_seq = state_seq + 1"
    " where id = :approved",
    "an action skips a step": "update pending_action set state = 'succeeded',"
    " state_seq = state_seq + 1 where id = :approved",
    "a step is not counted": "update pending_action set state = 'executing' where id = :approved",
    "an action rises from the dead": "update pending_action set state = 'pending',"
    " state_seq = state_seq + 1 where id = :succeeded",
    "a result is rewritten": "update pending_action set result = '{}' where id = :succeeded",
    "an action is born approved": ACTION_COPY.format(needed=SAME, state="'approved'", seq=1),
    "an action is born later": ACTION_COPY.format(needed=SAME, state="'pending'", seq=2),
    "an action needs nobody": ACTION_COPY.format(needed=0, state="'pending'", seq=1),
    "an action is gone": "delete from pending_action where id = :pending",
    **{
        f"the {column} of an action changes": f"update pending_action set {column} = {value}"
        " where id = :pending"
        for column, value in {
            "args_json": "'{}'", "args_sha256": "'0'", "tool": "'cyberos.whoami'",
            "entity_id": "'X'", "entity_version": "99", "entity_digest": "'0'", "effects": "'[]'",
            "display": "'{}'", "summary": "'Harmless'", "summary_sha256": "'0'",
            "amount_minor": "1", "amount_usd_minor": "1",
            "policy_sha256": "'0'", "slots": "'[]'", "slots_needed": "9",
            "self_rule": "'obo2'", "min_assurance": "0", "taint": "7", "requester": "'human'",
            "nonce": "'0'", "dedupe_key": "'0'", "idem_key": "'0'",
            "expires_at": "'2099-01-01T00:00:00.000000Z'",
        }.items()
    },
    # what was written down
    "an entry of the chain is edited": "update audit_entry set body = '{}' where seq = 1"
    " and tenant_id = :tenant",
    "an entry of the chain is gone": "delete from audit_entry where tenant_id = :tenant",
    "the head goes back": "update audit_head set seq = seq - 1 where tenant_id = :tenant",
    "the messages are counted anew": "update audit_head set seq = seq + 1, messages = 0"
    " where tenant_id = :tenant",
    "the end has another hash": "update audit_head set messages = messages + 1, hash = 'x'"
    " where tenant_id = :tenant",
    "the head is gone": "delete from audit_head where tenant_id = :tenant",
    "a private value is rewritten": "update audit_blob set body = '{}' where tenant_id = :tenant",
    "a private value is gone": "delete from audit_blob where tenant_id = :tenant",
    "an activity is rewritten": "update activity set subject = 'x' where tenant_id = :tenant",
    "an activity is gone": "delete from activity where tenant_id = :tenant",
    "history is rewritten": "update stage_move set reason = 'x' where tenant_id = :tenant",
    "history skips a step": "insert into stage_move"
    " (tenant_id, deal_id, n, to_stage_id, moved_by, at)"
    " select tenant_id, deal_id, n + 2, to_stage_id, moved_by, at from stage_move"
    " where tenant_id = :tenant",
    "an attempt is made up": "insert into execution_attempt (tenant_id, action_id, n, started_at)"
    " select tenant_id, action_id, n + 2, started_at from execution_attempt"
    " where tenant_id = :tenant",
    "history is gone": "delete from stage_move where tenant_id = :tenant",
    "a policy is rewritten": "update policy_version set body = '{}' where tenant_id = :tenant",
    "a policy is gone": "delete from policy_version where tenant_id = :tenant",
    "an attempt is told otherwise": "update execution_attempt set outcome = 'failed'"
    " where tenant_id = :tenant",
    "an attempt is gone": "delete from execution_attempt where tenant_id = :tenant",
    "a key changes hands": "update approver_key set person_id = :am where person_id = :cfo",
    "a key is exchanged": "update approver_key set public_key = signature from (select signature"
    " from approval limit 1) as other where person_id = :cfo",
    "a key is gone": "delete from approver_key where person_id = :cfo",
}  # fmt: skip


async def test_B15_B16_B27_B28_what_the_program_would_not_do_the_database_refuses(stage):
    before = await everything(stage.world, but=frozenset())

    answers = {what: await stage.attempt(statement) for what, statement in REFUSED.items()}

    assert [what for what, message in answers.items() if not message] == []
    assert difference(before, await everything(stage.world, but=frozenset())) == {}


async def test_the_same_statements_meet_rows_and_are_not_refused_for_another_reason(stage):
    """A refusal counts only if it is one of ours."""
    ours = (
        "append-only", "begins as", "never deleted", "approved actions only", "is fixed",
        "is bound", "cannot take this step", "no quorum", "stands at the last entry",
        "can only be erased", "can only be revoked", "has ended", "needs a pending action",
        "slots_needed", "UNIQUE", "counts without a gap", "counts its changes", "nobody confirmed",
        "duplicate key", "pk_approval", "as many signatures as",
    )  # fmt: skip

    answers = {what: await stage.attempt(statement) for what, statement in REFUSED.items()}

    assert {what: m for what, m in answers.items() if not any(word in m for word in ours)} == {}


async def test_what_the_program_does_itself_is_not_refused(stage):
    allowed = {
        "a value is erased": "update audit_blob set salt = null, body = null,"
        " erased_at = (select max(at) from audit_entry) where tenant_id = :tenant and seq = 2",
        "a deal is renamed": f"update deal set name = 'x' where id = {OPEN}",
        "an action is taken back": "update pending_action set state = 'cancelled',"
        " state_seq = state_seq + 1 where id = :pending",
        "a key is revoked": "update approver_key set revoked_at = enrolled_at"
        " where person_id = :cfo",
        "a default is none": "update bank_account set is_default = false where tenant_id = :tenant",
    }

    answers = {what: await stage.attempt(statement) for what, statement in allowed.items()}

    assert answers == dict.fromkeys(allowed, "")


async def test_sqlite_replaces_no_row_that_may_not_be_removed(stage):
    """INSERT OR REPLACE deletes without a word unless triggers are recursive."""
    if not stage.world.is_sqlite:
        return
    before = await everything(stage.world, but=frozenset())

    answers = [
        await stage.attempt(f"insert or replace into {table} select * from {table}")
        for table in (
            "audit_entry",
            "approval",
            "activity",
            "stage_move",
            "policy_version",
            "deal",
            "engagement",
            "bank_account",
            "payment_reference",
            "payment_request",
        )
    ]

    assert all(answers)
    assert difference(before, await everything(stage.world, but=frozenset())) == {}


@pytest.mark.parametrize(
    ("wired", "refused"),
    [
        ("", ""),  # as it was migrated
        ("delete from guard_tool where guard = 'deal.close'", "approved actions only"),
        (
            "update guard_tool set tool = 'cyberos.crm.end_deal' where guard = 'deal.close'",
            "approved actions only",
        ),
    ],
)
async def test_an_approved_action_opens_a_guard_only_for_a_tool_that_is_wired_to_it(
    stage, wired, refused
):
    executing = f"{STEP} state = 'executing' where id = :approved"
    closing = (wired, executing, f"update deal set status = 'lost' where id = {OPEN}")

    heard = await stage.attempt(*filter(None, closing))

    assert refused in heard and bool(refused) == bool(heard)
