"""Is everything that was done what people agreed to, and nothing else?

The last part of the offline verifier: closed deals, engagements and bank accounts, held against
the actions that were approved for them and against what their entries commit to, and the other
way round. A private value is believed here: the walk over the chain has compared it with its
commitment, and made a finding of one that does not fit.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, exists, select, type_coerce

from domain.approvals.tables import Approval, ExecutionAttempt, PendingAction
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement
from domain.fx.tables import FxRate
from domain.identity.tables import Person
from domain.kernel.clock import stamp
from domain.payments.service import bank_account_id
from domain.payments.tables import BankAccount
from domain.store import audit_verify
from domain.store.audit_verify import Report, Trace
from domain.store.tables import AuditBlob, AuditEntry
from domain.store.tx import Tx

CLOSE_DEAL = "cyberos.crm.close_deal"
ADD_BANK_ACCOUNT = "cyberos.admin.add_bank_account"
ERASED = "gdpr.erase"
FOREIGN = "is not a row this program writes"
_SHOWN = 100
_AT_ONCE = 1_000


# What an entry tells of a deal that ended. Days are read as the driver has them, because a mangled
# one is a finding and not a crash. The status is compared with the signed arguments.
_DEAL = (
    *(Deal.account_id, Deal.primary_contact_id, Deal.name, Deal.amount_minor, Deal.currency),
    *(Deal.pipeline_id, Deal.stage_id, Deal.probability_pct, Deal.probability_manual),
    *(Deal.lost_reason, Deal.visibility, Deal.version, Person.email.label("owner")),
    type_coerce(Deal.expected_close_date, String).label("expected_close_date"),
    type_coerce(Deal.closed_date, String).label("closed_date"),
)
_ENGAGEMENT = (
    *(Engagement.id, Engagement.account_id, Engagement.title, Engagement.amount_minor),
    *(Engagement.currency, Engagement.billing_mode, Engagement.status),
)
_ACCOUNT = (
    *(BankAccount.id, BankAccount.bank_bin, BankAccount.account_number),
    *(BankAccount.account_name, BankAccount.currency),
)
_RATE = (
    *(FxRate.base, FxRate.quote, FxRate.value, FxRate.source),
    type_coerce(FxRate.as_of, String).label("as_of"),
)
_BEGUN = {"billing_mode": "fixed_fee", "status": "active"}  # as people read before they signed


@dataclass(frozen=True, slots=True)
class _Effect:
    """The entry that tells of an effect, and its result; None if that cannot be read any more."""

    seq: int
    result: Mapping[str, Any] | None


async def check_carried_out(
    tx: Tx,
    report: Report,
    rows: Sequence[PendingAction],
    traces: Mapping[str, Sequence[Trace]],
) -> None:
    """What was carried out is what was signed, and still what was told when it was done."""
    told = await _effects(tx, rows, traces)
    _check_results(report, rows, told)
    await _check_attempts(tx, report, rows, traces)
    closings = {row.entity_id: row for row in _succeeded(rows, CLOSE_DEAL)}
    await _check_deals(tx, report, closings, told)
    await _check_engagements(tx, report, closings, told)
    added = {row.entity_id: row for row in _succeeded(rows, ADD_BANK_ACCOUNT)}
    await _check_bank_accounts(tx, report, added, told)


def _succeeded(rows: Sequence[PendingAction], tool: str) -> list[PendingAction]:
    return [row for row in rows if row.tool == tool and row.state == "succeeded"]


async def _effects(
    tx: Tx, rows: Sequence[PendingAction], traces: Mapping[str, Sequence[Trace]]
) -> dict[str, _Effect]:
    """What the chain says came of each action that had an effect."""
    seqs: dict[str, int] = {}
    for row in rows:
        for trace in traces[row.id]:
            if trace.event == row.tool:
                seqs.setdefault(row.id, trace.seq)
    results = await committed(tx, list(seqs.values()), "result")
    return {action_id: _Effect(seq, results.get(seq)) for action_id, seq in seqs.items()}


async def committed(tx: Tx, seqs: Sequence[int], name: str) -> dict[int, Mapping[str, Any]]:
    """What these entries commit to under a name, as far as it can be read."""
    read: dict[int, Mapping[str, Any]] = {}
    for first in range(0, len(seqs), _AT_ONCE):
        for row in await tx.rows(
            select(AuditBlob.seq, AuditBlob.body).where(
                AuditBlob.seq.in_(seqs[first : first + _AT_ONCE]), AuditBlob.field == name
            )
        ):
            value = _object(row.body)
            if value is not None:
                read[row.seq] = value
    return read


def _object(text: Any) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _check_results(
    report: Report, rows: Sequence[PendingAction], told: Mapping[str, _Effect]
) -> None:
    for row in rows:
        effect = told.get(row.id)
        if effect is None and row.result is not None:
            report.found(f"action {row.id}", "has a result, and no entry tells of one")
        elif effect and effect.result is not None and row.result != effect.result:
            report.found(f"action {row.id}", f"its result is not what entry {effect.seq} tells")


async def _check_attempts(
    tx: Tx,
    report: Report,
    rows: Sequence[PendingAction],
    traces: Mapping[str, Sequence[Trace]],
) -> None:
    """Every step into execution is one attempt, written down at the same instant."""
    began: dict[str, list[Any]] = {row.id: [] for row in rows}
    for one in await tx.rows(
        select(ExecutionAttempt.action_id, type_coerce(ExecutionAttempt.started_at, String))
        .where(ExecutionAttempt.action_id.in_(began))
        .order_by(ExecutionAttempt.n)
    ):
        began[one[0]].append(stamp(one[1]) if isinstance(one[1], datetime) else one[1])
    for row in rows:
        told = [trace.at for trace in traces[row.id] if trace.event == "action.executing"]
        if began[row.id] != told:
            what = f"its attempts are not the {len(told)} that the chain tells of"
            report.found(f"action {row.id}", what)


async def _check_deals(
    tx: Tx, report: Report, closings: Mapping[str, PendingAction], told: Mapping[str, _Effect]
) -> None:
    found = await tx.rows(
        select(Deal.id, Deal.status, *_DEAL)
        .outerjoin(Person, Person.id == Deal.owner_id)
        .where(Deal.id.in_(closings))
    )
    deals = {deal.id: deal for deal in found}
    for deal_id, row in closings.items():
        deal, wanted = deals.get(deal_id), arguments_of(row).get("outcome")
        now = deal.status if deal else "gone"
        if now != wanted:
            report.found(f"deal {deal_id}", f"is {now}, and action {row.id} closed it as {wanted}")
        effect = told.get(row.id)
        if effect and effect.result is not None:
            check_worth(report, row, _told_of_deal(effect, ("amount_minor", "currency")))
        if deal and effect and effect.result is not None:
            names = [column.key for column in _DEAL]
            _compare(report, f"deal {deal_id}", deal, _told_of_deal(effect, names), effect.seq)


def check_worth(report: Report, row: Any, done: Mapping[str, Any]) -> None:
    """What was carried out is about the money that people signed for."""
    if (row.amount_minor, row.currency) != (done.get("amount_minor"), done.get("currency")):
        report.found(
            f"action {row.id}", "was signed for another amount than it was carried out for"
        )


def _told_of_deal(effect: _Effect, names: Sequence[str]) -> dict[str, Any]:
    deal = (effect.result or {}).get("deal")
    return {name: deal.get(name) if isinstance(deal, dict) else None for name in names}


def _compare(report: Report, place: str, row: Any, told: Mapping[str, Any], seq: int) -> None:
    """One finding for all columns that say other than what was told.

    Texts are compared as they are: what was told was cleaned, but nobody can enter a name with
    anything to clean, so hidden characters in one came from behind the program.
    """
    plain = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in row._mapping.items()
    }
    if other := sorted(name for name, value in told.items() if plain.get(name) != value):
        report.found(place, f"entry {seq} tells of another {', '.join(other)}")


async def _check_engagements(
    tx: Tx, report: Report, closings: Mapping[str, PendingAction], told: Mapping[str, _Effect]
) -> None:
    """A deal that was won has the one engagement that was made of it then; others have none."""
    found = await tx.rows(
        select(Engagement.deal_id, *_ENGAGEMENT).where(Engagement.deal_id.in_(closings))
    )
    there = {row.deal_id: row for row in found}
    for deal_id, row in closings.items():
        effect, work = told.get(row.id), there.get(deal_id)
        if effect is None or effect.result is None:
            continue
        made = effect.result.get("engagement_id")
        if work is None or made is None:
            if work is not None:
                report.found(f"engagement {work.id}", f"entry {effect.seq} tells of none")
            elif made is not None:
                report.found(f"engagement {made}", f"is gone, and action {row.id} made it")
            continue
        deal = _told_of_deal(effect, ("account_id", "name", "amount_minor", "currency"))
        expected = {"id": made, "title": deal.pop("name"), **deal, **_BEGUN}
        _compare(report, f"engagement {made}", work, expected, effect.seq)


async def _check_bank_accounts(
    tx: Tx, report: Report, added: Mapping[str, PendingAction], told: Mapping[str, _Effect]
) -> None:
    found = await tx.rows(select(*_ACCOUNT).where(BankAccount.id.in_(added)))
    there = {row.id: row for row in found}
    for account_id, action in added.items():
        place, effect = f"bank account {account_id}", told.get(action.id)
        if account_id not in there:
            report.found(place, f"is gone, and action {action.id} added it")
        elif effect and effect.result is not None:
            _compare(report, place, there[account_id], _named(effect.result), effect.seq)


def _named(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the id of an account is not made of, and an entry tells of it nevertheless."""
    return {name: told.get(name) for name in ("account_name", "currency")}


def arguments_of(row: Any) -> Mapping[str, Any]:
    """The arguments of an action that is stored as people signed it; empty if they are none."""
    return _object(row.args_json) or {}


async def check_reasons(
    tx: Tx, report: Report, votes: Sequence[Approval], traces: Sequence[Trace]
) -> None:
    """Every decision on one action has the reason that was given for it; nobody signs that."""
    told = {trace.actor[1]: trace.seq for trace in traces if trace.event.endswith("ed_by")}
    given = await committed(tx, list(told.values()), "decision")
    for vote in votes:
        seq = told.get(vote.person_id, 0)
        if seq in given and given[seq].get("reason") != vote.reason:
            place = f"decision on action {vote.action_id} by person {vote.person_id}"
            report.found(place, f"entry {seq} tells of another reason")


async def verify_traces_lead_somewhere(tx: Tx, report: Report) -> None:
    """An action that the chain tells of cannot have vanished."""
    there = exists(PendingAction.id).where(PendingAction.id == AuditEntry.action_id)
    for row in await tx.rows(
        select(AuditEntry.seq, AuditEntry.action_id)
        .where(AuditEntry.action_id.is_not(None), ~there)
        .order_by(AuditEntry.seq)
        .limit(_SHOWN)
    ):
        report.found(f"entry {row.seq}", f"tells of action {row.action_id}, which is gone")


async def verify_deals(tx: Tx, report: Report) -> None:
    """Every deal that ended has the action that people approved for it, and every engagement."""
    approved = exists(PendingAction.id).where(
        PendingAction.tool == CLOSE_DEAL, PendingAction.state == "succeeded"
    )
    ended = exists(Deal.id).where(Deal.id == Engagement.deal_id, Deal.status != "open")
    for row in await tx.rows(
        select(Deal.id, Deal.status)
        .where(Deal.status != "open", ~approved.where(PendingAction.entity_id == Deal.id))
        .order_by(Deal.id)
        .limit(_SHOWN)
    ):
        report.found(f"deal {row.id}", f"is {row.status} without an approval that was carried out")
    for id in await tx.all(
        select(Engagement.id)
        .where(~approved.where(PendingAction.entity_id == Engagement.deal_id), ~ended)
        .order_by(Engagement.id)
        .limit(_SHOWN)
    ):
        report.found(f"engagement {id}", "is there, and its deal has not ended")


async def verify_bank_accounts(tx: Tx, report: Report) -> None:
    """Every account was approved, or was there before the first agent, and is still the same."""
    agents = await audit_verify.told(tx, "agent.added")
    first_agent = agents[0][0] if agents else None
    entries = await audit_verify.told(tx, "bank_account.added")
    added = {
        str(content.get("object")).removeprefix("bank_account:"): seq
        for seq, content in reversed(entries)
    }
    details = await committed(tx, list(added.values()), "bank_account")
    approved = set(
        await tx.all(
            select(PendingAction.entity_id).where(
                PendingAction.tool == ADD_BANK_ACCOUNT, PendingAction.state == "succeeded"
            )
        )
    )
    rows = {row.id: row for row in await tx.rows(select(*_ACCOUNT))}
    for id, row in rows.items():
        place, seq = f"bank account {id}", added.get(id)
        if not isinstance(row.bank_bin, str) or not isinstance(row.account_number, str):
            report.found(place, FOREIGN)
            continue
        founded = seq is not None and (first_agent is None or seq < first_agent)
        if id not in approved and not founded:
            report.found(place, "was added without an approval that was carried out")
        if id != bank_account_id(tx.tenant_id, row.bank_bin, row.account_number):
            report.found(place, "its bank or number is not the one that was approved")
        if seq in details:
            _compare(report, place, row, _named(details[seq]), seq)
    for id in sorted(added.keys() - rows.keys()):
        report.found(f"bank account {id}", f"is gone, and entry {added[id]} tells of it")


async def verify_rates(tx: Tx, report: Report) -> None:
    """Every rate is the one that was recorded: it decided who had to sign."""
    entries = await audit_verify.told(tx, "fx.recorded")
    for seq, content in entries:
        # Nobody signs a rate, and it decides who signs: an agent or a person has no way to record.
        actor = content.get("actor")
        if not isinstance(actor, dict) or actor.get("t") != "system":
            report.found(f"entry {seq}", "tells of a rate that somebody brought who may not")
    told = {
        str(content.get("object")).removeprefix("fx_rate:"): (seq, content.get("data"))
        for seq, content in reversed(entries)
    }  # in reverse, so that the first entry of a rate counts and not one that was added later
    rows = {row.id: row for row in await tx.rows(select(FxRate.id, *_RATE).order_by(FxRate.id))}
    for id, row in rows.items():
        seq, data = told.get(id, (0, None))
        if isinstance(data, dict):
            expected = {column.key: data.get(column.key) for column in _RATE}
            _compare(report, f"rate {id}", row, expected, seq)
        else:
            report.found(f"rate {id}", "no entry says that it was recorded")
    for id in sorted(told.keys() - rows.keys()):
        report.found(f"rate {id}", f"is gone, and entry {told[id][0]} tells of it")


async def verify_erasures(tx: Tx, report: Report) -> None:
    """No private value was erased without an entry that names it."""
    entries = await audit_verify.told(tx, ERASED)
    named = {content.get("object") for _, content in entries}
    for row in await tx.rows(
        select(AuditBlob.seq, AuditBlob.field)
        .where(AuditBlob.erased_at.is_not(None), AuditBlob.salt.is_(None), AuditBlob.body.is_(None))
        .order_by(AuditBlob.seq, AuditBlob.field)
    ):
        if f"private_value:{row.seq}/{row.field}" not in named:
            place = audit_verify.private_place(row.seq, row.field)
            report.found(place, "was erased, and no entry says so")
