"""Effects of actions: is the result of each what was recorded, and does nothing lead nowhere?

A part of the offline verifier. Each row is compared with what was left in it by the store, and what
rows say of each other by the laws of their modules; here is what is about actions and the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, exists, func, select, type_coerce

from domain.approvals import machine
from domain.approvals.events import Moved
from domain.approvals.facts import State
from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.kernel.clock import stamp
from domain.store import audit_claims
from domain.store.audit_claims import Trace
from domain.store.audit_laws import last_written
from domain.store.audit_report import Report
from domain.store.events import Erased
from domain.store.tables import AuditBlob, AuditEntry, AuditRow
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
    await _check_left(tx, report, rows, traces)
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


async def _check_left(
    tx: Tx,
    report: Report,
    rows: Sequence[PendingAction],
    traces: Mapping[str, Sequence[Trace]],
) -> None:
    """What ended is as its last step left it, and what has not, as one of its entries did; so are
    its attempts. Whoever appends an entry of their own cannot write to them.
    """
    sealed_by = await _sealed_by(tx, [trace.seq for row in rows for trace in traces[row.id]])
    told: dict[str, set[int | None]] = {}
    ended: dict[str, int | None] = {}
    for row in rows:
        told[row.id] = {sealed_by.get(trace.seq) for trace in traces[row.id]}
        steps = [trace.seq for trace in traces[row.id] if Moved.read(trace)]
        if steps and machine.is_terminal(State(row.state)):
            ended[row.id] = sealed_by.get(steps[-1])
    for action_id, written in (await last_written(tx, PendingAction, told)).items():
        if action_id in ended and written.seq != ended[action_id]:
            what = f"was written by entry {written.seq} after it had ended"
            report.found(f"action {action_id}", what)
        elif written.seq not in told[action_id]:
            what = f"was written by entry {written.seq}, which tells nothing of it"
            report.found(f"action {action_id}", what)
    tries = {f"{row.id} {n}": row.id for row in rows for n in range(1, row.attempt + 1)}
    for key, written in (await last_written(tx, ExecutionAttempt, tries)).items():
        if written.seq not in told[tries[key]]:
            what = f"an attempt was written by entry {written.seq}, which tells nothing of it"
            report.found(f"action {tries[key]}", what)


async def _sealed_by(tx: Tx, seqs: Sequence[int]) -> Mapping[int, int | None]:
    """With which entry the rows stand that these were written with: the next that has some."""
    its_rows = select(func.min(AuditRow.seq)).where(
        AuditRow.tenant_id == AuditEntry.tenant_id, AuditRow.seq >= AuditEntry.seq
    )
    sealed = select(AuditEntry.seq, its_rows.correlate(AuditEntry).scalar_subquery().label("by"))
    found = await tx.rows(sealed.where(AuditEntry.seq.in_(seqs)))
    return {row.seq: row.by for row in found}


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
