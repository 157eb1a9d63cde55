"""Resolutions of dispatches: did people really say what became of what followed an action?

A part of the offline verifier, as resolutions.py is for the actions themselves.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from domain.approvals import machine
from domain.approvals.facts import ActorKind, KeyStanding, Outcome, Voter
from domain.approvals.refusals import Refusal
from domain.approvals.service import action_fact
from domain.approvals.tables import PendingAction
from domain.dispatches.events import DispatchResolved, Stepped
from domain.dispatches.rules import State
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.kernel.clock import stamp
from domain.kernel.counting import counted
from domain.store.audit_claims import Trace
from domain.store.audit_report import Report
from domain.store.tolerant_read import read_tolerantly
from domain.store.tx import Tx
from policies.approvals import dispatch_resolving
from policies.audit.key_history import KeyHistory
from policies.audit.resolutions import when

_LEADS_TO = {Outcome.SEEN.value: State.DONE, Outcome.CLOSED.value: State.FAILED}


async def check(
    tx: Tx,
    report: Report,
    rows: Sequence[PendingAction],
    traces: Mapping[str, Sequence[Trace]],
    history: KeyHistory,
) -> None:
    """Judge every resolution of what followed these actions, and every end that a person gave."""
    actions = {row.id: row for row in rows}
    found, broken = await read_tolerantly(tx, select(Dispatch), Dispatch.action_id, list(actions))
    for action_id in broken:
        report.found(f"dispatch of action {action_id}", "is not a row this program writes")
    dispatches = {one.id: one for one in found}
    resolutions, broken = await read_tolerantly(
        tx, select(DispatchResolution), DispatchResolution.dispatch_id, list(dispatches)
    )
    for dispatch_id in broken:
        report.found(f"resolution of dispatch {dispatch_id}", "is not a row this program writes")
    for one in resolutions:
        of = dispatches[one.dispatch_id]
        _check_resolution(report, actions[of.action_id], of, one, traces[of.action_id], history)
    for action_id in actions:
        of_action = [
            one for one in resolutions if dispatches[one.dispatch_id].action_id == action_id
        ]
        _check_entries(report, of_action, traces[action_id])


def _check_entries(
    report: Report, resolutions: Sequence[DispatchResolution], traces: Sequence[Trace]
) -> None:
    """Each has its entry, each entry its resolution, each end that a person gave both of them."""
    entries = [trace for trace in traces if DispatchResolved.read(trace)]
    for one in resolutions:
        mine = [trace for trace in entries if _is_of(trace, one)]
        if len(mine) != 1:
            told = counted(len(mine), "entry tells", "entries tell")
            report.found(_place(one), f"{told} of it, not one")
        entries = [trace for trace in entries if trace not in mine]
    for trace in entries:
        report.found(f"entry {trace.seq}", "tells of a resolution, which is gone")
    said = {(one.person_id, _LEADS_TO.get(one.outcome)) for one in resolutions}
    for trace in traces:
        kind, person = trace.actor
        step = Stepped.read(trace)
        if step is not None and kind == "human" and (person, step.state) not in said:
            report.found(f"entry {trace.seq}", "nobody said so of a dispatch with a key")


def _is_of(trace: Trace, one: DispatchResolution) -> bool:
    told = ("human", one.person_id), DispatchResolved(one.dispatch_id, one.outcome), stamp(one.at)
    return (trace.actor, DispatchResolved.read(trace), trace.at) == told


def _check_resolution(
    report: Report,
    action: PendingAction,
    of: Dispatch,
    one: DispatchResolution,
    traces: Sequence[Trace],
    history: KeyHistory,
) -> None:
    key = history.keys.get(one.key_id)
    if key is None or key.person_id != one.person_id:
        report.found(_place(one), "is signed with a key that is not this person's")
        return
    if history.trusted is None:
        return
    if not dispatch_resolving.genuine(action, of, one, key, history.trusted.deploy):
        report.found(_place(one), "signature does not fit the dispatch")
    signing = when(one, [trace for trace in traces if _is_of(trace, one)])
    good = KeyStanding.REVOKED if history.ended(key, signing) else KeyStanding.GOOD
    voter = Voter(
        kind=ActorKind.HUMAN,
        person=one.person_id,
        roles_now=history.roles_at(one.person_id, signing),
        active_now=True,  # their roles say so: those end when a person leaves
        key=good if history.endorsed(key) else KeyStanding.UNKNOWN,
        assurance=one.assurance,
    )
    try:
        machine.check_resolver(action_fact(action), voter)
    except Refusal as refused:
        report.found(_place(one), f"may not be given by this person ({refused.code})")


def _place(one: DispatchResolution) -> str:
    return f"resolution of dispatch {one.dispatch_id} by person {one.person_id}"
