"""Audit verifier: did people really agree to everything that cannot be taken back?

The second half of the offline verifier. The first (domain/store/audit_verify.py) shows that the
chain is whole and every row what was left in it; this one holds the actions against it and against
signatures: every signature is checked over bytes rebuilt from the action, every key up to the root
that is pinned outside the database, every quorum under the policy that was in force. Roles and keys
count as they were when somebody signed; role_grants.py looks up that they were ever given. What
must be true across rows the modules say themselves (`laws` in their descriptors).
"""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from domain.approvals import machine, signed
from domain.approvals.events import Moved, Proposed, Voted
from domain.approvals.facts import TRANSITIONS, ApprovalFact, Decision, State
from domain.approvals.queries import Worth
from domain.approvals.service import action_fact
from domain.approvals.tables import Approval, PendingAction
from domain.documents.blobs import BlobStore
from domain.identity.keys import key_id
from domain.kernel.clock import Clock, from_stamp, stamp
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.provisioning.events import Genesis
from domain.store import (
    audit_checkpoints,
    audit_claims,
    audit_repair,
    audit_rows,
    audit_source,
    audit_verify,
    checkpoints,
    schema_check,
    wires,
)
from domain.store.audit_claims import Trace
from domain.store.audit_report import FOREIGN, Report
from domain.store.descriptor import modules
from domain.store.engine import Database
from domain.store.schema import Base
from domain.store.tolerant_read import read_tolerantly, unreadable
from domain.store.tx import Tx, reading
from domain.store.visibility import SYSTEM
from domain.store.wires import Wires
from policies.approvals import aggregation, trust
from policies.approvals.binding import asker, lives_as_long_as, proposed
from policies.approvals.evidence import genuine, may_be_batched
from policies.approvals.reevaluation import slot_rows
from policies.audit import dispatch_resolutions, seals, taints
from policies.audit import effects as audit_effects
from policies.audit import key_history as audit_keys
from policies.audit import resolutions as audit_resolutions
from policies.audit import role_grants as audit_grants
from policies.audit import signed_grants as audit_signatures
from policies.audit.approved import ApprovedEffects
from policies.audit.files import verify_files
from policies.audit.key_history import KeyHistory
from policies.audit.signed_grants import Signing
from policies.gate import decide
from policies.gate.catalogue import SUMS
from policies.gate.contract import WORTH
from policies.gate.decide import Verdict

# States an action reaches only through its quorum.
_APPROVED = {"approved", "executing", "unknown", "succeeded", "failed"}
_ENDED = {state.value for state in State if machine.is_terminal(state)}
_PAGE = 200

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Sources:
    """What lies outside the database: pinned roots, checkpoints, the keys that sign them, and which
    tools the program wires to the guards of the database: laws ask for effects by these. Without
    `blobs` the files of documents are not compared.
    """

    trust: trust.Trust | None
    checkpoint_dir: Path
    checkpoint_keys: Path
    wires: Wires
    blobs: BlobStore | None = None


async def verify(database: Database, tenant_id: str, clock: Clock, sources: Sources) -> Report:
    """Verify one tenant in one snapshot. Findings are in the report; only misfortune is raised."""
    report = Report(tenant_id)
    try:
        await _verify_schema(database, report)
        async with reading(audit_source.snapshot(database), tenant_id, clock, viewer=SYSTEM) as tx:
            await judge(tx, report, sources)
        await _part(
            report, "documents", verify_files(database, tenant_id, clock, sources.blobs, report)
        )
    except Fault as fault:
        if fault.code != "DATABASE_DAMAGED":
            raise
        report.found("database", "is damaged, so it could not be read to the end")
    except DBAPIError:
        report.found("database", "holds a value that cannot be read")
    return report


async def judge(tx: Tx, report: Report, sources: Sources) -> None:
    """Everything that one transaction shows, which is all but the schema and files elsewhere."""
    await audit_verify.verify_chain(tx, report)
    await _verify_checkpoints(tx, report, sources)
    sealed = await seals.sealed_by_root(tx, report, sources.trust)
    await audit_repair.pass_over(tx, report, sealed)
    await _part(report, "rows", audit_rows.verify_rows(tx, report))
    await _verify_wires(tx, report, sources)
    if sources.trust is None:
        report.found("trust file", "is missing, so signatures cannot be verified")
    else:
        await _verify_genesis(tx, report, sources)
    try:
        signatures = await audit_signatures.load_signatures(tx, report, sources.trust)
        grants = await audit_grants.load_grants(tx, report, sources.trust, signatures)
        history = await audit_keys.load_history(tx, report, sources.trust, grants, signatures)
    except (TypeError, ValueError):
        report.found("keys, roles and policies", "hold rows this program does not write")
        return
    async for rows in _actions(tx, report):
        await _part(report, "actions", _verify_actions(tx, report, rows, history))
    await _part(report, "people", audit_grants.verify_people(tx, report, grants))
    await _part(report, "roles", audit_grants.verify_roles(tx, report, grants))
    await _part(report, "keys", audit_grants.verify_keys(tx, report, grants))
    await _part(report, "operator keys", audit_signatures.verify_operators(tx, report, signatures))
    await _part(report, "agents", audit_grants.verify_agents(tx, report))
    await _part(report, "traces of actions", audit_effects.verify_traces_lead_somewhere(tx, report))
    approved = ApprovedEffects(tx, sources.wires)
    for module in modules():
        for law in module.laws:
            await _part(report, f"rows of {module.name}", law(tx, report, approved))
    await _part(report, "erasures", audit_effects.verify_erasures(tx, report))


async def _part(report: Report, place: str, judged: Awaitable[None]) -> None:
    """Judge one part; a row that breaks it is its finding, and the other parts are judged too."""
    try:
        await judged
    except Exception as error:
        if not unreadable(error) and not _refuses_a_value(error):
            raise
        report.found(place, "hold a row this program does not write, so not all was judged")


def _refuses_a_value(error: Exception) -> bool:
    """Whether a value in a row caused this, and not a database that is gone."""
    if isinstance(error, Fault):
        return error.kind in (Kind.INVALID, Kind.NOT_FOUND)
    return isinstance(error, LookupError)


# --- the installation ---


async def _verify_checkpoints(tx: Tx, report: Report, sources: Sources) -> None:
    deploy = sources.trust.deploy if sources.trust else None
    keys = checkpoints.public_keys(sources.checkpoint_keys, deploy or "")
    log = checkpoints.log_path(sources.checkpoint_dir, report.tenant_id)
    await audit_checkpoints.verify_checkpoints(tx, report, log, keys, deploy)


async def _verify_wires(tx: Tx, report: Report, sources: Sources) -> None:
    """What needs people must not be done by a tool that somebody wired to a guard by hand."""
    if complaint := wires.complaint(await wires.seen(tx), sources.wires):
        report.found("guards", f"are not wired as this program says: {complaint}")


async def _verify_schema(database: Database, report: Report) -> None:
    """Rows are worth what keeps them from being changed: that has to stand as it was made."""
    found = await schema_check.look(database)
    for one in found.changed:
        report.found("schema", one)
    if found.further:
        report.notes.append(f"Further objects that only read: {', '.join(found.further)}.")


async def _verify_genesis(tx: Tx, report: Report, sources: Sources) -> None:
    """The first entry says which installation, root and checkpoint key the chain began with."""
    assert sources.trust is not None
    for seq, content in (await audit_claims.entries_of(tx, Genesis.EVENT))[:1]:
        place, began = f"entry {seq}", Genesis.read(content)
        root = sources.trust.roots.get(report.tenant_id)
        if began.deploy != sources.trust.deploy:
            report.found(place, "names another installation than the trust file")
        if root is None or began.root_public_key != root.hex():
            report.found(place, "names another root key than the trust file")
        known = checkpoints.public_keys(sources.checkpoint_keys, sources.trust.deploy)
        if known and began.checkpoint_key not in {key_id(key.raw) for key in known}:
            report.found(place, "names a checkpoint key that is not in checkpoint.pub")


# --- actions ---


async def _verify_actions(
    tx: Tx, report: Report, rows: Sequence[PendingAction], history: KeyHistory
) -> None:
    ids = [row.id for row in rows]
    traces = await audit_claims.traces(tx, ids)
    votes: dict[str, list[Approval]] = {}
    for vote in await _rows(tx, report, Approval, Approval.action_id, ids, "approval of action"):
        votes.setdefault(vote.action_id, []).append(vote)
    heads = await audit_checkpoints.hashes_at(
        tx, [vote.audit_head_seq for page in votes.values() for vote in page]
    )
    for row in rows:
        report.actions += 1
        _check_bound(report, row)
        _check_proposed(report, row, traces[row.id], history)
        _check_path(report, row, traces[row.id])
        mine = votes.get(row.id, [])
        _check_votes_recorded(report, row, mine, traces[row.id])
        try:
            facts = [_weigh(report, row, vote, history, heads, traces[row.id]) for vote in mine]
            await _check_policy(tx, report, row, history, traces[row.id])
            _check_batches(report, row, mine, history)
            _check_quorum(report, row, facts, history)
        except (LookupError, TypeError, ValueError):
            report.found(f"action {row.id}", FOREIGN)
    await audit_resolutions.check(tx, report, rows, traces, history)
    await dispatch_resolutions.check(tx, report, rows, traces, history)
    await audit_effects.check_carried_out(tx, report, rows, traces)
    await taints.check(tx, report, rows)


def _check_bound(report: Report, row: PendingAction) -> None:
    for what, text, digest in (
        ("arguments are", row.args_json, row.args_sha256),
        ("summary is", row.summary, row.summary_sha256),
    ):
        try:
            signed.check_arguments(text, digest)
        except Fault:
            report.found(f"action {row.id}", f"its {what} not what their digest was made of")


def _check_proposed(
    report: Report, row: PendingAction, traces: Sequence[Trace], history: KeyHistory
) -> None:
    """The action is what its first entry says, also while nobody has signed it."""
    place = f"action {row.id}"
    entry = next((trace for trace in traces if trace.event == Proposed.EVENT), None)
    if entry is None:
        return  # that it is missing is said where its steps are counted
    try:
        stored = proposed(row)
    except Fault:
        report.found(place, FOREIGN)
        return
    others = sorted(name for name, value in stored.items() if entry.data.get(name) != value)
    if entry.at != stamp(row.created_at):
        others.append("instant")
    who = asker(row)
    if (*entry.actor, entry.on_behalf_of) != (who["t"], who["id"], who["obo"]):
        others.append("actor")
    if others:
        report.found(place, f"entry {entry.seq} tells of another {', '.join(others)}")
    if history.person_of(row.requester) != row.requester_person:
        report.found(place, "was asked for in the name of somebody its agent does not act for")


def _check_path(report: Report, row: PendingAction, traces: Sequence[Trace]) -> None:
    """Every step of the action stands in the chain, exactly once, and leads to where it is."""
    place = f"action {row.id}"
    steps = [(trace.seq, moved.state) for trace in traces if (moved := Moved.read(trace))]
    if not steps or steps[0][1] is not State.PENDING:
        report.found(place, "no entry says that it was proposed")
    for (_, before), (seq, after) in pairwise(steps):
        if after not in TRANSITIONS[before]:
            report.found(f"entry {seq}", f"action {row.id} cannot go from {before} to {after}")
    if steps and steps[-1][1] != row.state:
        report.found(place, f"is {row.state}, and the chain left it {steps[-1][1]}")
    last = next((trace for trace in reversed(traces) if Moved.read(trace)), None)
    ended = last.at if last is not None and row.state in _ENDED else None
    if (stamp(row.closed_at) if row.closed_at else None) != ended:
        report.found(place, "did not end when the chain says")
    if len(steps) != row.state_seq:
        in_chain = max(len(steps) - 1, 0)
        report.found(place, f"took {row.state_seq - 1} steps, and {in_chain} are in the chain")
    effects = [trace.seq for trace in traces if trace.event == row.tool]
    if row.state == "succeeded" and len(effects) != 1:
        report.found(place, f"succeeded, and the chain tells of {counted(len(effects), 'effect')}")
    if row.state != "succeeded" and effects:
        report.found(place, f"is {row.state}, and entry {effects[0]} tells of its effect")


def _check_votes_recorded(
    report: Report, row: PendingAction, votes: Sequence[Approval], traces: Sequence[Trace]
) -> None:
    """Each decision has its entry, made at the same instant, and each entry its decision."""
    entries = [trace for trace in traces if Voted.read(trace)]
    for vote in votes:
        mine = [trace for trace in entries if _is_of(trace, vote)]
        if len(mine) != 1:
            report.found(
                _vote(vote), f"{counted(len(mine), 'entry tells', 'entries tell')} of it, not one"
            )
        entries = [trace for trace in entries if trace not in mine]
    for trace in entries:
        report.found(f"entry {trace.seq}", f"tells of a decision on action {row.id} that is gone")


def _is_of(trace: Trace, vote: Approval) -> bool:
    said = Voted.read(trace)
    told = ("human", vote.person_id), vote.decision, stamp(vote.at)
    return said is not None and (trace.actor, said.decision, trace.at) == told


def _vote(vote: Approval) -> str:
    what = "approval" if vote.decision == "approve" else "rejection"
    return f"{what} of action {vote.action_id} by person {vote.person_id}"


def _weigh(
    report: Report,
    row: PendingAction,
    vote: Approval,
    history: KeyHistory,
    heads: Mapping[int, str],
    traces: Sequence[Trace],
) -> ApprovalFact:
    """One decision as the guards of the quorum take it, with a finding for all that is wrong."""
    report.approvals += 1
    place, key, good = _vote(vote), history.keys.get(vote.key_id), False
    valid = False
    entry = next((trace.seq for trace in traces if _is_of(trace, vote)), vote.audit_head_seq)
    signing = Signing(vote.audit_head_seq, entry)
    if entry < vote.audit_head_seq:
        report.found(place, f"was signed behind entry {entry}, which tells of it")
    if not row.created_at <= vote.at < row.expires_at:
        report.found(place, "was not given while it was asked for")
    if key is None or key.person_id != vote.person_id:
        report.found(place, "is signed with a key that is not this person's")
    elif history.trusted is not None:
        valid = genuine(row, vote, key, history.trusted.deploy)
        good = history.endorsed(key) and not history.ended(key, signing)
        if not valid:
            report.found(place, "signature does not fit the action")
        if not history.endorsed(key):
            report.found(place, "nobody trusted vouches for the key")
        elif not good:
            report.found(place, "the key had been revoked")
    if heads.get(vote.audit_head_seq) != vote.audit_head_hash:
        report.found(
            place, f"was signed when entry {vote.audit_head_seq} had another hash than it has now"
        )
    return ApprovalFact(
        person=vote.person_id,
        slot=vote.slot,
        decision=Decision(vote.decision),
        assurance=vote.assurance,
        valid_signature=valid,
        roles_now=history.roles_at(vote.person_id, signing),
        active_now=True,  # nobody wrote down since when a person has not been
        key_ok_now=good,
    )


def _check_quorum(
    report: Report, row: PendingAction, facts: Sequence[ApprovalFact], history: KeyHistory
) -> None:
    place, action = f"action {row.id}", action_fact(row)
    if history.trusted is None:
        return
    if row.state in _APPROVED and not machine.quorum(action, facts):
        report.found(place, f"is {row.state} without a valid signature in every slot")
    if row.state == State.REJECTED and not machine.refused(action, facts):
        report.found(place, "is rejected, and nobody who could signed that")


async def _check_policy(
    tx: Tx, report: Report, row: PendingAction, history: KeyHistory, traces: Sequence[Trace]
) -> None:
    """What was proposed and signed must be no less than what the policy of that day asks for."""
    place = f"action {row.id}"
    catalogue = history.policies.get(row.policy_sha256)
    policy = catalogue.by_id.get(row.tool) if catalogue else None
    if policy is None:
        report.found(place, "was proposed under a policy that was never in force")
        return
    facts = {WORTH: row.amount_usd_minor}
    if not policy.asked.isdisjoint(SUMS):
        facts |= aggregation.facts(await _worth(tx, row, traces))
    further = [
        slot
        for step in policy.escalate
        # The other fields a predicate may ask about are not kept with the action.
        if any(rule.field in facts and decide.holds(rule, facts) for rule in step.when)
        for slot in step.slots
    ]
    asked = decide.PolicyDecision(Verdict.NEEDS_PEOPLE, slots=(*policy.slots, *further))
    weaker = (
        any(slot not in row.slots for slot in slot_rows(asked))
        or row.min_assurance < policy.assurance
        or (row.self_rule == "obo" and policy.self == "never")
    )
    if weaker:
        report.found(place, "asks for less than the policy it was proposed under")
    if not lives_as_long_as(row, policy):
        report.found(place, "does not expire when the policy it was proposed under says")


async def _worth(tx: Tx, row: PendingAction, traces: Sequence[Trace]) -> Worth:
    """What the action is judged by. Two that were asked for at the same moment did not see each
    other: the later of them could not be approved, and is not blamed for that.
    """
    seq = next((trace.seq for trace in traces if trace.event == Proposed.EVENT), None)
    if row.state not in _APPROVED or seq is None:
        return Worth(row.amount_usd_minor, row.amount_usd_minor)
    first = min(from_stamp(trace.at) for trace in traces)
    return await aggregation.of_action(tx, row, seq, now=first)


def _check_batches(
    report: Report, row: PendingAction, votes: Sequence[Approval], history: KeyHistory
) -> None:
    catalogue = history.policies.get(row.policy_sha256)
    for vote in votes:
        if vote.batch is not None and not may_be_batched(catalogue, row.tool):
            report.found(_vote(vote), "was signed in a batch, which its policy does not allow")


# --- reading rows that may have been tampered with ---


async def _actions(tx: Tx, report: Report) -> AsyncIterator[Sequence[PendingAction]]:
    """Every action that can be read, oldest first, page by page."""
    ids = select(PendingAction.id).order_by(PendingAction.id).limit(_PAGE)
    page = await tx.all(ids)
    while page:
        yield await _rows(tx, report, PendingAction, PendingAction.id, page, "action")
        page = await tx.all(ids.where(PendingAction.id > page[-1]))


async def _rows(
    tx: Tx, report: Report, entity: type[Row], column: Any, keys: Sequence[str], place: str
) -> Sequence[Row]:
    """The rows with these keys; one whose columns do not hold what they promise is a finding."""
    found, broken = await read_tolerantly(tx, select(entity).order_by(column), column, keys)
    for key in broken:
        report.found(f"{place} {key}", FOREIGN)
    return found
