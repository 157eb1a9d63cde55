"""Commands of `cyberos-crm`: those of the specification, over the same tools.

Each makes one call through the gate and prints what came of it; with `--json` it prints the tool's
own answer, so a script reads here what an agent reads.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from server.cli.agent_session import Identity, Session, ToolAnswer, run
from server.cli.commands import run_typer
from server.cli.render import answer, say
from server.crm_cli import lines
from server.crm_cli.words import CrmWords

TOKEN_FILE = typer.Option(
    None, "--token-file", help="The agent's token; otherwise CYBEROS_AGENT_TOKEN_FILE."
)
AGENT = typer.Option(None, "--agent", help="An agent whose token lies in the data directory.")
TENANT = typer.Option(None, "--tenant", help="Code of the company, if two have such an agent.")
ACCOUNT = typer.Option(..., "--account", help="Id of the account.")
DEAL = typer.Option(..., "--id", help="Id of the deal.")
VERSION = typer.Option(None, "--expected-version", help="Refuse if it has changed since.")
DRY_RUN = typer.Option(False, "--dry-run", help="Check and answer, but write nothing.")
WAIT = typer.Option(0, "--wait", min=0, max=600, help="Seconds to wait for people.")
LANG = typer.Option(None, "--lang", help="vi or en; otherwise the language of the company.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")

_ONE_WAIT_SECONDS = 25  # what approvals_get waits at most


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command has to show: as an object, and as lines."""

    body: dict[str, Any]
    lines: list[str]


Work = Callable[[Session, CrmWords], Awaitable[Shown]]


def application() -> typer.Typer:
    """The command line with all its commands."""
    app = typer.Typer(
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(cyberos_crm)
    groups = {
        "account": ("Accounts: whom we do business with.", (account_create, account_list)),
        "contact": ("Contacts: the people at an account.", (contact_list,)),
        "deal": ("Deals: the pipeline.", (deal_list, deal_move, deal_close, deal_follow)),
    }
    for name, (words, commands) in groups.items():
        group = typer.Typer(no_args_is_help=False, help=words)
        for command in commands:
            group.command(command.__name__.removeprefix(f"{name}_"))(command)
        app.add_typer(group, name=name)
    app.command()(forecast)
    return app


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and say its exit code."""
    return run_typer(application(), arguments, "cyberos-crm")


def cyberos_crm(
    context: typer.Context,
    token_file: Path | None = TOKEN_FILE,
    agent: str | None = AGENT,
    tenant: str | None = TENANT,
    debug: bool = typer.Option(False, "--debug", help="Show where an internal error happened."),
) -> None:
    """The sales pipeline for operators, as one of the agents and through the same gate.

    In a demo: `cyberos-crm --agent cro_agent deal list`.
    """
    context.obj = Identity(token_file, agent, tenant)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


# --- accounts and contacts ---


def account_create(
    context: typer.Context,
    name: str = typer.Option(..., help="As the customer writes it, with accents."),
    account_type: str = typer.Option(..., "--type", help="llc, jsc, sole_proprietor, fdi, ..."),
    mst: str | None = typer.Option(None, help="Vietnamese tax code, 10-13 digits."),
    owner: str | None = typer.Option(None, help="E-mail or id of a colleague."),
    industry: str | None = typer.Option(None, help="What it does."),
    address: str | None = typer.Option(None, help="On one line."),
    lead_source: str | None = typer.Option(None, help="How it came to us."),
    dry_run: bool = DRY_RUN,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Add a customer or prospect."""

    async def work(session: Session, words: CrmWords) -> Shown:
        arguments = {
            "name": name,
            "account_type": account_type,
            "vn_mst": mst,
            "owner": owner,
            "industry": industry,
            "address": address,
            "lead_source": lead_source,
            "dry_run": dry_run,
        }
        done = await session.change("crm_create_account", arguments)
        created = lines.account_created(done.answer, name, words)
        return _changed(done, created, words, dry_run=dry_run)

    _show(context, work, lang, as_json=as_json)


def account_list(
    context: typer.Context,
    query: str | None = typer.Option(None, help="Words of the name, or a tax code."),
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """List accounts, with the ids that other commands take."""

    async def work(session: Session, words: CrmWords) -> Shown:
        asked = {"query": query, "fields": ["name", "account_type"]}
        rows = await session.pages("crm_search_accounts", "accounts", asked)
        return Shown({"accounts": rows}, lines.accounts(rows, words))

    _show(context, work, lang, as_json=as_json)


def contact_list(
    context: typer.Context,
    account: str = ACCOUNT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """List the people at an account, and how to address them."""

    async def work(session: Session, words: CrmWords) -> Shown:
        rows = await session.pages("crm_list_contacts", "contacts", {"account_id": account})
        return Shown({"contacts": rows}, lines.contacts(rows, words))

    _show(context, work, lang, as_json=as_json)


# --- deals ---


def deal_list(
    context: typer.Context,
    account: str | None = typer.Option(None, "--account", help="Deals with this account."),
    pipeline: str | None = typer.Option(None, help="Code of the pipeline."),
    stage: str | None = typer.Option(None, help="Code of the stage."),
    status: str = typer.Option("open", help="open, won, lost or cancelled."),
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """List deals, with the ids that other commands take."""

    async def work(session: Session, words: CrmWords) -> Shown:
        asked = {
            "account_id": account,
            "pipeline_id": pipeline,
            "stage_id": stage,
            "status": status,
        }
        rows = await session.pages("crm_list_deals", "deals", asked)
        return Shown({"deals": rows}, lines.deals(rows, words))

    _show(context, work, lang, as_json=as_json)


def deal_move(
    context: typer.Context,
    deal_id: str = DEAL,
    to_stage: str = typer.Option(..., "--to-stage", help="Code of an open stage."),
    reason: str | None = typer.Option(None, help="Needed to skip stages."),
    amount_minor: int | None = typer.Option(None, help="If it was not known yet."),
    expected_close_date: str | None = typer.Option(None, help="If it was not known yet."),
    expected_version: int | None = VERSION,
    dry_run: bool = DRY_RUN,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Move an open deal to another open stage."""

    async def work(session: Session, words: CrmWords) -> Shown:
        arguments = {
            "deal_id": deal_id,
            "to_stage": to_stage,
            "reason": reason,
            "amount_minor": amount_minor,
            "expected_close_date": expected_close_date,
            "expected_version": expected_version,
            "dry_run": dry_run,
        }
        done = await session.change("crm_move_stage", arguments)
        moved = lines.deal_moved(done.answer, words, dry_run=dry_run)
        return _changed(done, moved, words, dry_run=dry_run)

    _show(context, work, lang, as_json=as_json)


def deal_close(
    context: typer.Context,
    deal_id: str = DEAL,
    outcome: str = typer.Option(..., help="won, lost or cancelled."),
    lost_reason: str | None = typer.Option(None, help="Code of the reason; needed when lost."),
    note: str | None = typer.Option(None, help="Why, for those who sign."),
    expected_version: int | None = VERSION,
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Ask people to close a deal; it happens when they have signed."""

    async def work(session: Session, words: CrmWords) -> Shown:
        arguments = {
            "deal_id": deal_id,
            "outcome": outcome,
            "lost_reason": lost_reason,
            "note_to_approver": note,
            "expected_version": expected_version,
        }
        done = await session.change("crm_close_deal", arguments)
        if wait_seconds:
            return await _followed(session, done.answer["action_id"], wait_seconds, words)
        asked = lines.waiting(done.answer, words, session.principal.zone)
        return _changed(done, asked, words)

    _show(context, work, lang, as_json=as_json)


def deal_follow(
    context: typer.Context,
    action: str = typer.Option(..., "--action", help="As `deal close` named it."),
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Show what became of a deal that people were asked to close."""

    async def work(session: Session, words: CrmWords) -> Shown:
        return await _followed(session, action, wait_seconds, words)

    _show(context, work, lang, as_json=as_json)


async def _followed(session: Session, action_id: str, seconds: int, words: CrmWords) -> Shown:
    """An action as it stands when it is settled, or when the time is up."""
    while True:
        backoff = min(seconds, _ONE_WAIT_SECONDS)
        asked = {"action_id": action_id, "wait_seconds": backoff}
        found = await session.ask("approvals_get", asked)
        seconds -= backoff
        if found["state"] not in {"pending", "approved", "executing", "unknown"}:
            break
        if seconds <= 0:
            return Shown(found, lines.waiting(found, words, session.principal.zone))
    entry = await session.entry_of_action(action_id, "cyberos.crm.close_deal")
    lines_shown = lines.settled(found, words)
    return Shown(found, [*lines_shown, *lines.sealed(entry, words)] if entry else lines_shown)


# --- forecast ---


def forecast(
    context: typer.Context,
    pipeline: str | None = typer.Option(None, help="Code of the pipeline."),
    days: str | None = typer.Option(None, "--range", help="Days to look ahead: 90d if left out."),
    month: str | None = typer.Option(None, help="Instead of --range, such as 2026-12."),
    owner: str | None = typer.Option(None, help="E-mail or id of a colleague: only their deals."),
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Show what the open deals will bring, in bands of confidence."""

    async def work(session: Session, words: CrmWords) -> Shown:
        asked = {"pipeline_id": pipeline, "range": days, "month": month, "owner": owner}
        found = await session.ask("crm_forecast", asked)
        return Shown(found, lines.forecast(found, pipeline, month, words))

    _show(context, work, lang, as_json=as_json)


# --- what they have in common ---


def _changed(
    done: ToolAnswer, lines_shown: list[str], words: CrmWords, *, dry_run: bool = False
) -> Shown:
    """A change and the entry of the audit chain that holds it."""
    entry = done.sealed
    chained = {"audit": {"seq": entry.seq, "hash": entry.hash}} if entry else {}
    said = [*lines_shown, *lines.sealed(entry, words, dry_run=dry_run)]
    return Shown({**done.answer, **chained}, said)


def _show(context: typer.Context, work: Work, lang: str | None, *, as_json: bool) -> None:
    chosen = CrmWords(lang) if lang is not None else None  # a typing mistake ends here

    async def working(session: Session) -> Shown:
        return await work(session, chosen or CrmWords(session.principal.locale))

    shown = run(context.obj, working)
    if as_json:
        answer(shown.body)
        return
    say("\n".join(shown.lines))
