"""Approval commands: what waits for me, what do I say? `cyberos inbox | show | approve | reject`.

A decision is made in three steps: the action is shown; the key is opened by its passphrase while
no transaction is open; then the same bytes are built from the row, compared with what was shown,
signed and recorded. On the embedded database the action then runs in this very process, because
nobody else would; elsewhere a worker carries it out.
"""

from dataclasses import dataclass
from pathlib import Path

import typer

from domain.approvals import queries as approvals
from domain.approvals import signed
from domain.approvals.facts import Decision
from domain.approvals.tables import PendingAction
from domain.identity import keys
from domain.identity import queries as identity
from domain.identity.keys import PrivateKey
from domain.identity.queries import PersonIdentity
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from policies.approvals import voting
from policies.approvals.binding import bound
from policies.approvals.evidence import ApprovalContext
from policies.approvals.voting import PreparedVote
from server import wiring
from server.cli import action_text as texts
from server.cli import action_view as views
from server.cli import batches, decisions
from server.cli.action_view import ActionView
from server.cli.context import CliContext, Company, companies, looking, opened, perform
from server.cli.decisions import Choice, Decided
from server.cli.missing_answers import passphrase
from server.cli.render import Words, answer, interactive, say

PAGE = 200

ACTIONS = typer.Argument(metavar="ID...", help="The action, or several of one kind.")
ACTION = typer.Argument(metavar="ID", help="The action, as `cyberos inbox` names it.")
WHO = typer.Option(..., "--as", help="Your e-mail address.")
KEY = typer.Option(..., "--key", help="Your key file.")
SLOT = typer.Option(None, "--slot", help="Which signature this is, if several are yours to give.")
PASSPHRASE = typer.Option(None, "--passphrase-file", help="Asked in the terminal if left out.")
TENANT = typer.Option(None, "--tenant", help="Only this tenant, by its code.")
LANG = typer.Option(None, "--lang", help="vi or en; otherwise the language of the tenant.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")
WAIT = typer.Option(10, "--wait", min=0, max=600, help="Seconds to wait for a worker.")


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits, each with the slot that the asking person would fill."""

    items: list[tuple[ActionView, str | None]]
    damaged: list[str]
    locale: str


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (inbox, show, approve, reject):
        app.command()(command)


def inbox(
    email: str | None = typer.Option(None, "--as", help="Only what this person can sign."),
    tenant: str | None = TENANT,
    everything: bool = typer.Option(False, "--all", help="Also what is settled."),
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """List the actions that wait for people.

    Those that expire first stand at the top.
    """
    found = perform(lambda: _inbox(email, tenant, everything))
    if as_json:
        actions = [{**views.as_object(one), "your_slot": slot} for one, slot in found.items]
        answer({"actions": actions, "damaged": found.damaged})
        return
    if not found.items:
        say(Words(lang or found.locale)["nothing_waits"])
    for one, slot in found.items:
        say(texts.as_lines(one, Words(lang or one.company.locale), slot))
    for action_id in found.damaged:
        words = Words(lang or found.locale)
        say(words["not_as_proposed"].format(action_id), err=True)


def show(
    action_id: str = ACTION,
    email: str | None = typer.Option(None, "--as", help="Look as this person."),
    tenant: str | None = TENANT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Show all there is to know before signing."""
    found = perform(lambda: decisions.look(action_id, tenant, email))
    if as_json:
        answer({"action": views.as_object(found)})
        return
    say(texts.as_text(found, Words(lang or found.company.locale)))


def approve(
    action_ids: list[str] = ACTIONS,
    email: str = WHO,
    key: Path = KEY,
    passphrase_file: Path | None = PASSPHRASE,
    slot: str | None = SLOT,
    tenant: str | None = TENANT,
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Show an action, and say yes with your key.

    When nobody else is missing it is carried out: here on the embedded database, elsewhere by a
    worker, for which the command waits a little. Several actions of one kind take one signature
    where the policy allows it for that kind: all of them are approved, or none.
    """
    first, *more = action_ids
    choice = Choice(first, email, Decision.APPROVE, slot, None, tenant, wait_seconds)
    if not more:
        _decide(choice, key, passphrase_file, lang, as_json=as_json)
        return
    batches.approve(action_ids, choice, key, passphrase_file, lang, as_json=as_json)


def reject(
    action_id: str = ACTION,
    email: str = WHO,
    key: Path = KEY,
    reason: str = typer.Option(..., help="Why not; whoever asked will read it."),
    passphrase_file: Path | None = PASSPHRASE,
    slot: str | None = SLOT,
    tenant: str | None = TENANT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Say no with your key, and why.

    The action ends, whoever else has signed.
    """
    choice = Choice(
        action_id, email, Decision.REJECT, slot, decisions.one_reason(reason), tenant, 0
    )
    _decide(choice, key, passphrase_file, lang, as_json=as_json)


# --- looking ---


async def _inbox(email: str | None, tenant: str | None, everything: bool) -> Inbox:
    async with opened(Role.INBOX) as context:
        approval_context = wiring.approval_context(context.settings)
        unknown_to: list[Fault] = []
        known = await companies(context, tenant)
        found = Inbox([], [], known[0].locale)
        for company in known:
            async with looking(context, company) as tx:
                try:
                    person = await identity.person_by_email(tx, email) if email else None
                except Fault as fault:
                    unknown_to.append(fault)
                    continue
                for row in await _rows(tx, everything, found.damaged):
                    await _add(found, tx, company, row, approval_context, person, everything)
        if len(unknown_to) == len(known):
            raise unknown_to[0]
        found.items.sort(key=lambda each: (each[0].state != "pending", each[0].row.expires_at))
        return found


async def _rows(tx: Tx, everything: bool, damaged: list[str]) -> list[PendingAction]:
    """Every action that waits, or the newest whatever their state; what is damaged beside them."""
    if everything:
        page = await approvals.actions(tx, limit=PAGE)
        damaged += page.damaged
        return page.rows
    rows: list[PendingAction] = []
    before: str | None = None
    while True:
        page = await approvals.actions(tx, states=["pending"], before=before, limit=PAGE)
        rows += page.rows
        damaged += page.damaged
        before = page.next
        if before is None:
            return rows


async def _add(
    found: Inbox,
    tx: Tx,
    company: Company,
    row: PendingAction,
    approval_context: ApprovalContext,
    person: PersonIdentity | None,
    everything: bool,
) -> None:
    try:
        one = await views.build(tx, company, row, approval_context)
    except Fault as fault:
        if fault.code not in ("ARGS_TAMPERED", "ACTION_DAMAGED"):
            raise
        found.damaged.append(row.id)
        return
    slot = one.slot_for(person) if person is not None else None
    if everything or (one.state == "pending" and (person is None or slot is not None)):
        found.items.append((one, slot))


# --- deciding ---


def _decide(
    choice: Choice, key_file: Path, passphrase_file: Path | None, lang: str | None, *, as_json: bool
) -> None:
    shown = perform(lambda: decisions.look(choice.action_id, choice.tenant, choice.email))
    words = Words(lang or shown.company.locale)
    decisions.check_waits(shown, choice.email)
    if not as_json or (passphrase_file is None and interactive()):
        say(f"{texts.as_text(shown, words)}\n", err=as_json)
    question = words["passphrase"].format(key_file.name)
    opener = passphrase(passphrase_file, question, flag="--passphrase-file")
    key = keys.load(key_file, opener)
    decided = perform(lambda: _sign_and_record(choice, shown, key))
    decisions.check_outcome(decided)
    if as_json:
        answer(decisions.decided_object(choice, decided))
    else:
        say(_decided_text(choice, decided, words))


async def _sign_and_record(choice: Choice, shown: ActionView, key: PrivateKey) -> Decided:
    async with opened(Role.INBOX) as context:
        company, action_id = shown.company, shown.row.id
        try:
            prepared, state = await _record(context, choice, shown, key)
        except Fault as fault:
            if fault.kind is Kind.FORBIDDEN:
                await decisions.chain_refusal(
                    context, shown, choice.email, key, choice.decision.value, fault
                )
            raise
        report = None
        if state == "approved":
            report = await decisions.carry_out(context, company, action_id, choice.wait_seconds)
        after = await decisions.view_of(context, company, action_id)
        return Decided(prepared, after, after.state, report)


async def _record(
    context: CliContext, choice: Choice, shown: ActionView, key: PrivateKey
) -> tuple[PreparedVote, str]:
    approval_context = wiring.approval_context(context.settings)
    async with looking(context, shown.company) as tx:
        if choice.decision is Decision.APPROVE:
            await decisions.check_not_gone_back(context, tx)
        prepared = await voting.prepare(
            tx,
            approval_context,
            shown.row.id,
            email=choice.email,
            key_id=key.key_id,
            decision=choice.decision,
            slot=choice.slot,
        )
    signed.check_shown(bound(shown.row, approval_context.trust.deploy), prepared.payload)
    signature = keys.sign(key, prepared.to_be_signed)
    async with writing(context.database, shown.company.id, context.clock, viewer=SYSTEM) as tx:
        recorded = await voting.record(
            tx, approval_context, prepared, signature, reason=choice.reason
        )
    if recorded.refusal is not None:
        raise recorded.refusal
    return prepared, recorded.state


def _decided_text(choice: Choice, decided: Decided, words: Words) -> str:
    verb = "you_approved" if choice.decision is Decision.APPROVE else "you_rejected"
    lines = [
        f"{words[verb]}: {decided.prepared.choice.slot}, {choice.email}",
        f"{words['state']}: {texts.standing(decided.view, words)}",
    ]
    if missing := decisions.waits_for(decided):
        lines.append(f"{words['waits_for']}: {', '.join(missing)}")
    if decided.view.row.result:
        lines += [f"{words['result']}:", *texts.result_lines(decided.view.row.result)]
    return "\n".join(lines)
