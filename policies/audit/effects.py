"""Effects of actions: is the result of each what was recorded, and does nothing lead nowhere?

A part of the offline verifier. Each row is compared with what was left in it by the store, and what
rows say of each other by the laws of their modules; here is what is about actions and the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, exists, select, type_coerce

from domain.approvals.events import Moved
from domain.approvals.facts import State
from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.kernel.clock import stamp
from domain.store import audit_claims
from domain.store.audit_claims import Trace
from domain.store.audit_report import Report
from domain.store.events import Erased
from domain.store.tables import AuditBlob, AuditEntry
from domain.store.tx import Tx

_SHOWN = 100
_AT_ONCE = 1_000


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
    """What was carried out is what was signed, and still what was recorded when it was done."""
    recorded = await _effects(tx, rows, traces)
    _check_results(report, rows, recorded)
    await _check_attempts(tx, report, rows, traces)


async def _effects(
    tx: Tx, rows: Sequence[PendingAction], traces: Mapping[str, Sequence[Trace]]
) -> dict[str, _Effect]:
    """What the chain says came of each action that had an effect."""
    seqs: dict[str, int] = {}
    for row in rows:
        for trace in traces[row.id]:
            if trace.event == row.tool:
                seqs.setdefault(row.id, trace.seq)
    results = await audit_claims.committed_by(tx, list(seqs.values()), "result")
    return {action_id: _Effect(seq, results.get(seq)) for action_id, seq in seqs.items()}


def _check_results(
    report: Report, rows: Sequence[PendingAction], recorded: Mapping[str, _Effect]
) -> None:
    for row in rows:
        effect = recorded.get(row.id)
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
        recorded = [
            trace.at for trace in traces[row.id] if trace.event == Moved.EVENTS[State.EXECUTING]
        ]
        if began[row.id] != recorded:
            what = f"its attempts are not the {len(recorded)} that the chain tells of"
            report.found(f"action {row.id}", what)


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


async def verify_erasures(tx: Tx, report: Report) -> None:
    """No private value was erased without an entry that names it."""
    entries = await audit_claims.entries_of(tx, Erased.EVENT)
    named = {Erased.read(content) for _, content in entries}
    for row in await tx.rows(
        select(AuditBlob.seq, AuditBlob.field)
        .where(AuditBlob.erased_at.is_not(None), AuditBlob.salt.is_(None), AuditBlob.body.is_(None))
        .order_by(AuditBlob.seq, AuditBlob.field)
    ):
        if Erased.of(row.seq, row.field) not in named:
            place = audit_claims.private_place(row.seq, row.field)
            report.found(place, "was erased, and no entry says so")
