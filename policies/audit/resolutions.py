"""Resolutions: did people really close actions of unknown outcome so, and were they allowed?

A part of the offline verifier: each resolution is held against its entry, its signature, and the
roles and keys of that day; and an action that a person ended has a resolution for it.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from domain.approvals import machine
from domain.approvals.events import Moved, Resolved
from domain.approvals.facts import ActorKind, KeyStanding, Outcome, State, Voter
from domain.approvals.refusals import Refusal
from domain.approvals.service import action_fact
from domain.approvals.tables import PendingAction, Resolution
from domain.dispatches.tables import DispatchResolution
from domain.identity.tables import ApproverKey
from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.store.audit_claims import Trace
from domain.store.audit_report import Report
from domain.store.tolerant_read import read_tolerantly
from domain.store.tx import Tx
from policies.approvals import resolving
from policies.audit.key_history import KeyHistory
from policies.audit.signed_grants import Signing

_LEADS_TO = {
    Outcome.SEEN.value: Moved.EVENTS[State.SUCCEEDED],
    Outcome.CLOSED.value: Moved.EVENTS[State.FAILED],
}


async def check(
    tx: Tx,
    report: Report,
    rows: Sequence[PendingAction],
    traces: Mapping[str, Sequence[Trace]],
    history: KeyHistory,
) -> None:
    """Judge every resolution of these actions, and every end that a person gave one."""
    resolutions, broken = await read_tolerantly(
        tx, select(Resolution), Resolution.action_id, [row.id for row in rows]
    )
    for action_id in broken:
        report.found(f"resolution of action {action_id}", "is not a row this program writes")
    for row in rows:
        of_row = [one for one in resolutions if one.action_id == row.id]
        _check_entries(report, of_row, traces[row.id])
        for one in of_row:
            _check_resolution(report, row, one, traces[row.id], history)
        _check_ends(report, row, of_row, traces[row.id])


def _check_entries(
    report: Report, resolutions: Sequence[Resolution], traces: Sequence[Trace]
) -> None:
    entries = [trace for trace in traces if Resolved.read(trace)]
    for one in resolutions:
        mine = [trace for trace in entries if _is_of(trace, one)]
        if len(mine) != 1:
            report.found(
                _place(one), f"{counted(len(mine), 'entry tells', 'entries tell')} of it, not one"
            )
        entries = [trace for trace in entries if trace not in mine]
    for trace in entries:
        report.found(f"entry {trace.seq}", "tells of a resolution, which is gone")


def _is_of(trace: Trace, one: Resolution) -> bool:
    said = Resolved.read(trace)
    told = ("human", one.person_id), Resolved(one.outcome), stamp(one.at)
    return (trace.actor, said, trace.at) == told


def _check_resolution(
    report: Report,
    row: PendingAction,
    one: Resolution,
    traces: Sequence[Trace],
    history: KeyHistory,
) -> None:
    key = history.keys.get(one.key_id)
    if key is None or key.person_id != one.person_id:
        report.found(_place(one), "is signed with a key that is not this person's")
        return
    if history.trusted is None:
        return
    if not resolving.genuine(row, one, key, history.trusted.deploy):
        report.found(_place(one), "signature does not fit the action")
    signing = when(one, [trace for trace in traces if _is_of(trace, one)])
    voter = Voter(
        kind=ActorKind.HUMAN,
        person=one.person_id,
        roles_now=history.roles_at(one.person_id, signing),
        active_now=True,  # their roles say so: those end when a person leaves
        key=_standing(key, signing, history),
        assurance=one.assurance,
    )
    if not any(trace.event == Moved.EVENTS[State.UNKNOWN] for trace in traces):
        report.found(_place(one), "the outcome of the action was never unknown")
    try:
        # How long they waited cannot be asked of the row any more: who they were can.
        machine.check_resolver(action_fact(row), voter)
    except Refusal as refused:
        report.found(_place(one), f"may not be given by this person ({refused.code})")


def when(one: Resolution | DispatchResolution, told: Sequence[Trace]) -> Signing:
    """When a resolution was signed; without an entry that tells of it, when its head was seen."""
    return Signing(one.audit_head_seq, told[0].seq if told else one.audit_head_seq)


def _standing(key: ApproverKey, signing: Signing, history: KeyHistory) -> KeyStanding:
    if not history.endorsed(key):
        return KeyStanding.UNKNOWN
    return KeyStanding.REVOKED if history.ended(key, signing) else KeyStanding.GOOD


def _check_ends(
    report: Report, row: PendingAction, resolutions: Sequence[Resolution], traces: Sequence[Trace]
) -> None:
    """Only a person's resolution lets a person end what was sent."""
    said = {(one.person_id, _LEADS_TO.get(one.outcome)) for one in resolutions}
    for trace in traces:
        kind, person = trace.actor
        ended = trace.event in _LEADS_TO.values()
        if ended and kind == "human" and (person, trace.event) not in said:
            report.found(f"entry {trace.seq}", f"nobody said so of action {row.id} with a key")


def _place(one: Resolution) -> str:
    return f"resolution of action {one.action_id} by person {one.person_id}"
