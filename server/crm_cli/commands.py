"""Commands of `cyberos-crm`: those of the specification, over the same tools.

Each makes one call through the gate and prints what came of it; with `--json` it prints the tool's
own answer, so a script reads here what an agent reads.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import typer

from server.cli.agent_commands import (
    AGENT,
    DRY_RUN,
    JSON,
    LANG,
    TENANT,
    TOKEN_FILE,
    WAIT,
    Shown,
    action_after,
    agent_application,
    begin,
    changed,
    show,
)
from server.cli.agent_lines import sealed
from server.cli.agent_session import Session
from server.cli.commands import run_typer
from server.crm_cli import lines
from server.crm_cli.words import CrmWords

ACCOUNT = typer.Option(..., "--account", help="Id of the account.")
DEAL = typer.Option(..., "--id", help="Id of the deal.")
VERSION = typer.Option(None, "--expected-version", help="Refuse if it has changed since.")

Work = Callable[[Session, CrmWords], Awaitable[Shown]]
UNUSUAL = typer.Option(
    False, "--confirm-unusual", help="Write what was refused as UNUSUAL, having checked it."
)


def application() -> typer.Typer:
    """The command line with all its commands."""
    groups = {
        "account": ("Accounts: whom we do business with.", (account_create, account_list)),
        "contact": ("Contacts: the people at an account.", (contact_list,)),
        "deal": ("Deals: the pipeline.", (deal_list, deal_move, deal_close, deal_follow)),
    }
    app = agent_application(cyberos_crm, groups)
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
    begin(context, token_file, agent, tenant)


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
    confirm_unusual: bool = UNUSUAL,
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
            "confirm_unusual": confirm_unusual,
            "dry_run": dry_run,
        }
        done = await session.change("crm_create_account", arguments)
        created = lines.account_created(done.answer, name, words)
        return changed(done, created, words, dry_run=dry_run)

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
    confirm_unusual: bool = UNUSUAL,
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
            "confirm_unusual": confirm_unusual,
            "dry_run": dry_run,
        }
        done = await session.change("crm_move_stage", arguments)
        moved = lines.deal_moved(done.answer, words, dry_run=dry_run)
        return changed(done, moved, words, dry_run=dry_run)

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
        return changed(done, asked, words)

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
    found, is_settled = await action_after(session, action_id, seconds)
    if not is_settled:
        return Shown(found, lines.waiting(found, words, session.principal.zone))
    entry = await session.entry_of_action(action_id, "cyberos.crm.close_deal")
    lines_shown = lines.settled(found, words)
    return Shown(found, [*lines_shown, *sealed(entry, words)] if entry else lines_shown)


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


def _show(context: typer.Context, work: Work, lang: str | None, *, as_json: bool) -> None:
    show(context, work, CrmWords, lang, as_json=as_json)
