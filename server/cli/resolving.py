"""Resolution command: what became of what was sent? `cyberos resolve`, for an unknown outcome.

The same three steps as an approval: the action is shown, the key is opened, the same bytes are
built again, signed and recorded. Then the executor ends the action as they found it, or what
followed it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

import typer

from domain.approvals import signed
from domain.approvals.facts import Outcome
from domain.identity import keys
from domain.identity.keys import PrivateKey
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from policies.approvals import dispatch_resolving, resolving
from policies.approvals.binding import bound
from policies.approvals.dispatch_resolving import PreparedDispatchResolution
from policies.approvals.resolving import PreparedResolution
from server import wiring
from server.cli import action_text, action_view, approvals, decisions, inline
from server.cli.action_view import ActionView
from server.cli.context import CliContext, looking, opened, perform
from server.cli.missing_answers import passphrase
from server.cli.render import Words, answer, interactive, say


class ReportedOutcome(StrEnum):
    """What the person found."""

    DONE = "done"
    NOT_DONE = "not-done"


_OUTCOMES = {ReportedOutcome.DONE: Outcome.SEEN, ReportedOutcome.NOT_DONE: Outcome.CLOSED}
OUTCOME = typer.Option(..., "--outcome", help="done: it happened; not-done: it did not.")
DISPATCH = typer.Option(
    None, "--dispatch", help="Not the action itself but what followed it, by its kind."
)
REASON = typer.Option(..., "--reason", help="How you know, such as 'in the sent log of the bank'.")


@dataclass(frozen=True, slots=True)
class _ResolutionRequest:
    email: str
    found: ReportedOutcome
    reason: str
    wait_seconds: int
    dispatch: str | None


class _Words(TypedDict):
    """What both kinds of resolution are told."""

    email: str
    key_id: str
    outcome: Outcome
    reason: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(resolve)


def resolve(
    action_id: str = approvals.ACTION,
    email: str = approvals.WHO,
    key: Path = approvals.KEY,
    outcome: ReportedOutcome = OUTCOME,
    reason: str = REASON,
    dispatch: str | None = DISPATCH,
    passphrase_file: Path | None = approvals.PASSPHRASE,
    tenant: str | None = approvals.TENANT,
    wait_seconds: int = approvals.WAIT,
    lang: str | None = approvals.LANG,
    as_json: bool = approvals.JSON,
) -> None:
    """Say with your key what became of an action that was sent and got no answer.

    Or, with --dispatch, of what followed it: a mail of which nobody knows whether it left.
    For whoever might have signed it, and for admins. That it did not happen counts only when it
    cannot arrive any more.
    """
    asked = _ResolutionRequest(email, outcome, decisions.one_reason(reason), wait_seconds, dispatch)
    shown = perform(lambda: decisions.look(action_id, tenant, email))
    words = Words(lang or shown.company.locale)
    if not as_json or (passphrase_file is None and interactive()):
        say(f"{action_text.as_text(shown, words)}\n", err=as_json)
    question = words["passphrase"].format(key.name)
    opener = passphrase(passphrase_file, question, flag="--passphrase-file")
    opened_key = keys.load(key, opener)
    after = perform(lambda: _sign_and_settle(asked, shown, opened_key))
    if as_json:
        report = {"action_id": after.row.id, "outcome": outcome.value, "key_id": opened_key.key_id}
        following = {"dispatches": action_view.as_object(after).get("dispatches", [])}
        ended = {"state": after.state, "result": after.row.result}
        answer({**report, **ended, **(following if dispatch else {})})
        return
    say(action_text.ended_text(after, words))


async def _sign_and_settle(
    asked: _ResolutionRequest, shown: ActionView, key: PrivateKey
) -> ActionView:
    async with opened(Role.INBOX) as context:
        company, action_id = shown.company, shown.row.id
        try:
            await _record(context, asked, shown, key)
        except Fault as fault:
            if fault.kind is Kind.FORBIDDEN:
                await decisions.chain_refusal(
                    context, shown, asked.email, key, asked.found.value, fault
                )
            raise
        if context.database.is_sqlite:
            if asked.dispatch is None:
                await decisions.here(context).settle_as_found(company.id, action_id)
            await inline.dispatch(context, company)
        elif asked.dispatch is None:
            await decisions.wait_while(
                context, company, action_id, ("unknown",), asked.wait_seconds
            )
        return await decisions.view_of(context, company, action_id)


async def _record(
    context: CliContext, asked: _ResolutionRequest, shown: ActionView, key: PrivateKey
) -> None:
    approval_context = wiring.approval_context(context.settings)
    words: _Words = {
        "email": asked.email,
        "key_id": key.key_id,
        "outcome": _OUTCOMES[asked.found],
        "reason": asked.reason,
    }
    company, id = shown.company, shown.row.id
    prepared: PreparedResolution | PreparedDispatchResolution
    async with looking(context, company) as tx:
        if asked.dispatch is None:
            prepared = await resolving.prepare(tx, approval_context, id, **words)
        else:
            kind = asked.dispatch
            prepared = await dispatch_resolving.prepare(tx, approval_context, id, kind, **words)
    signed.check_shown(bound(shown.row, approval_context.trust.deploy), prepared.payload)
    signature = keys.sign(key, prepared.to_be_signed)
    async with writing(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
        if isinstance(prepared, PreparedResolution):
            await resolving.record(tx, approval_context, prepared, signature)
        else:
            await dispatch_resolving.record(tx, approval_context, prepared, signature)
