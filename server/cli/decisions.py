"""Decisions at the command line: what approving, rejecting, batches and resolving share.

All of them show the action first, and see afterwards what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio

from domain.approvals import service as approvals
from domain.approvals.events import VoteRefused
from domain.approvals.facts import Decision
from domain.approvals.refusals import refusal
from domain.identity import queries as identity
from domain.identity.keys import PrivateKey
from domain.kernel.faults import Fault, Kind
from domain.kernel.text import line
from domain.provisioning.service import OPERATOR
from domain.store import audit_checkpoints
from domain.store.engine import Role
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from policies.approvals.executor import ExecutionReport, Executor
from policies.approvals.voting import PreparedVote
from server import wiring
from server.cli import action_view as views
from server.cli import inline
from server.cli.action_view import ActionView
from server.cli.context import CliContext, Company, locate, looking, opened

POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Choice:
    """Who says what about which action."""

    action_id: str
    email: str
    decision: Decision
    slot: str | None
    reason: str | None
    tenant: str | None
    wait_seconds: int


@dataclass(frozen=True, slots=True)
class Decided:
    """What was recorded, and what became of the action."""

    prepared: PreparedVote
    view: ActionView
    state: str
    report: ExecutionReport | None


async def look(action_id: str, tenant: str | None, email: str | None) -> ActionView:
    """The action as this person may see it."""
    async with opened(Role.INBOX) as context:
        id = action_id.strip().upper()
        company = await locate(context, id, code=tenant, email=email)
        return await view_of(context, company, id)


async def view_of(context: CliContext, company: Company, action_id: str) -> ActionView:
    """The action as it stands now."""
    approval_context = wiring.approval_context(context.settings)
    async with looking(context, company) as tx:
        row = await approvals.load(tx, action_id)
        view = await views.build(tx, company, row, approval_context)
        return await views.with_details(tx, view, approval_context)


def check_waits(shown: ActionView, email: str) -> None:
    """Refuse, before anybody types a passphrase, what no signature could move any more.

    Raises ENTITY_CHANGED with what has changed, ALREADY_DECIDED.
    """
    if shown.state == "stale" and shown.row.state != "stale":
        raise _overtaken(shown)
    people = shown.evidence.people
    if any(people[one.person_id].email == email for one in shown.evidence.rows):
        raise refusal("ALREADY_DECIDED")


def _overtaken(shown: ActionView) -> Fault:
    fault, since = refusal("ENTITY_CHANGED"), shown.since
    what = [one.label["en"] for one in since.differences]
    why = since.refused.code if since.refused is not None else ", ".join(what)
    message = f"{fault.message.removesuffix('.')}: {why}." if why else fault.message
    hint = "nothing is to be signed; whoever asked can ask anew, if it is still wanted."
    return Fault(fault.code, fault.kind, message, hint, views.since_object(since))


async def check_not_gone_back(context: CliContext, tx: Tx) -> None:
    """Raise DATABASE_OLDER when checkpoints on this machine saw more than the database has.

    Somebody put an older file back: what was turned down or carried out since waits in it again.
    """
    directory = context.settings.checkpoint_dir
    deploy = wiring.approval_context(context.settings).trust.deploy
    log = await audit_checkpoints.newest_missing(tx, directory, deploy)
    if log is not None:
        raise Fault(
            "DATABASE_OLDER",
            Kind.CONFLICT,
            f"The database is older than the newest checkpoint in {log}: what was done and decided "
            "since is not in it, so nothing is approved.",
            "put the newer database back; or take a backup of this one and bring it back with "
            "`cyberos restore --force --older-on-purpose`, after which all that waits is asked for "
            "again.",
            {"checkpoints": str(log)},
        )


def one_reason(typed: str) -> str:
    """Why, in one plain line; REASON_INVALID."""
    try:
        return line(typed, 500)
    except ValueError as error:
        raise Fault(
            "REASON_INVALID", Kind.INVALID, f"The reason {error}.", "say it in one plain line."
        ) from error


async def carry_out(
    context: CliContext, company: Company, action_id: str, wait_seconds: int
) -> ExecutionReport | None:
    """Run it here if the database is ours alone; else give a worker a moment."""
    if context.database.is_sqlite:
        executor = here(context)
        report = await executor.run(company.id, action_id)
        if report.state == "unknown":
            report = await executor.follow(company.id, action_id, wait_seconds)
        await inline.dispatch(context, company)
        return report
    await wait_while(context, company, action_id, ("approved", "executing"), wait_seconds)
    return None


def here(context: CliContext) -> Executor:
    """An executor in this very process."""
    return wiring.executor(context.settings, context.database, owner=inline.owner())


async def wait_while(
    context: CliContext, company: Company, action_id: str, states: Sequence[str], seconds: int
) -> None:
    """Give a worker a moment to move the action out of these states."""
    with anyio.move_on_after(seconds):
        while True:
            async with looking(context, company) as tx:
                state = (await approvals.load(tx, action_id)).state
            if state not in states:
                break
            await anyio.sleep(POLL_SECONDS)


def check_outcome(decided: Decided) -> None:
    """A signature that was recorded for an action that then could not run is no success."""
    report = decided.report
    fault = report.fault if report is not None else None
    # What the action is now counts more than what this process met: a worker may have been faster.
    if decided.state in ("pending", "executing", "succeeded", "rejected"):
        return
    if decided.state == "approved" and fault is None:
        return
    if decided.view.handed_over:
        return  # the other side has it and will answer, which is how it goes with some
    code = decided.view.row.error_code
    cause = fault or (refusal("EFFECT_UNKNOWN") if decided.state == "unknown" else None)
    raise Fault(
        cause.code if cause is not None else code or "ACTION_FAILED",
        cause.kind if cause is not None else Kind.CONFLICT,
        "The signature is recorded, but the action was not carried out: "
        + (cause.message if cause is not None else f"it is {decided.state}."),
        cause.hint if cause is not None else "read it with `cyberos show`.",
        {"action_id": decided.view.row.id, "state": decided.state},
    )


def decided_object(choice: Choice, decided: Decided) -> dict[str, Any]:
    """A decision and where it led, for a program."""
    return {
        "action_id": decided.view.row.id,
        "decision": choice.decision.value,
        "slot": decided.prepared.choice.slot,
        "key_id": decided.prepared.choice.key,
        "state": decided.state,
        "waits_for": waits_for(decided),
        "result": decided.view.row.result,
    }


def waits_for(decided: Decided) -> list[str]:
    """Whose signatures are still missing, by slot."""
    if decided.state != "pending":
        return []
    return [slot.name for slot in decided.view.open_slots()]


async def chain_refusal(
    context: CliContext,
    shown: ActionView,
    email: str,
    key: PrivateKey,
    wanted: str,
    fault: Fault,
) -> None:
    """What somebody tried who may not, chained in a transaction of its own."""
    async with writing(context.database, shown.company.id, context.clock, viewer=SYSTEM) as tx:
        person = await identity.person_by_email(tx, email)
        refused = VoteRefused(person.id, key.key_id, wanted)
        refused.record(tx, shown.row, OPERATOR, fault.code)
