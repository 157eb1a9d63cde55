"""Commands of `cyberos-inv`: work and invoices for operators, over the same tools.

Each makes its calls through the gate and prints what came of them; with `--json` it prints the
tool's own answer, so a script reads here what an agent reads.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import typer

from domain.kernel.faults import Fault, Kind
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
from server.cli.agent_session import Session, ToolAnswer
from server.cli.commands import run_typer
from server.cli.render import one_line, say
from server.inv_cli import lines, time_file
from server.inv_cli.words import InvWords

INVOICE = typer.Option(..., "--invoice", help="Id or number, such as INV-2026-04-001.")
IMAGE = typer.Option(None, "--image", help="Where to put the code as PNG.")
FILE = typer.Argument(..., help="CSV: engagement,member,worked_on,hours,role,source_id.")

Work = Callable[[Session, InvWords], Awaitable[Shown]]


def application() -> typer.Typer:
    """The command line with all its commands."""
    groups = {
        "invoice": (
            "Invoices: what customers are asked for.",
            (invoice_draft, invoice_send, invoice_follow),
        ),
        "time": ("Time: what was worked for an engagement.", (time_import,)),
    }
    app = agent_application(cyberos_inv, groups)
    app.command()(vietqr)
    return app


def run_command(arguments: Sequence[str]) -> int:
    """Run one command and say its exit code."""
    return run_typer(application(), arguments, "cyberos-inv")


def cyberos_inv(
    context: typer.Context,
    token_file: Path | None = TOKEN_FILE,
    agent: str | None = AGENT,
    tenant: str | None = TENANT,
    debug: bool = typer.Option(False, "--debug", help="Show where an internal error happened."),
) -> None:
    """Work and invoices for operators, as one of the agents and through the same gate.

    In a demo: `cyberos-inv --agent cfo_agent time import fixtures/demo/april.csv`.
    """
    begin(context, token_file, agent, tenant)


# --- time ---


def time_import(
    context: typer.Context,
    file: Path = FILE,
    dry_run: bool = DRY_RUN,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Import time from a file: all of it, or nothing when a line is wrong."""

    async def work(session: Session, words: InvWords) -> Shown:
        read = time_file.read(file)
        done = await _imported(session, read, dry_run=dry_run)
        imported = lines.time_imported(done.answer, words)
        return changed(done, imported, words, dry_run=dry_run)

    try:
        _show(context, work, lang, as_json=as_json)
    except Fault as fault:
        if not as_json:
            _tell(fault)
        raise


async def _imported(session: Session, read: time_file.TimeFile, *, dry_run: bool) -> ToolAnswer:
    """What became of it. With a wrong line the others are only tried, to name all that is wrong."""
    problems = list(read.problems)
    if not read.entries:
        raise time_file.refused(problems)
    arguments = {"entries": read.entries, "dry_run": dry_run or bool(problems)}
    try:
        done = await session.change("inv_import_time", arguments)
    except Fault as fault:
        found = time_file.placed(fault, read.lines)
        if not found:
            raise
        raise time_file.refused([*problems, *found]) from fault
    if problems:
        raise time_file.refused(problems)
    return done


def _tell(fault: Fault) -> None:
    """Every line that is wrong, for whoever mends the file."""
    problems = fault.facts.get("problems")
    for one in problems if isinstance(problems, list) else []:
        say(f"line {one['line']}: {one_line(one['problem'])}", err=True)


# --- invoices ---


def invoice_draft(
    context: typer.Context,
    engagement: str = typer.Option(..., help="Id or code."),
    period: str = typer.Option(..., help="A month, such as 2026-04."),
    dry_run: bool = DRY_RUN,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Draft the invoice of a month, or bring its draft up to date."""

    async def work(session: Session, words: InvWords) -> Shown:
        arguments = {"engagement_id": engagement, "period": period, "dry_run": dry_run}
        done = await session.change("inv_draft_invoice", arguments)
        drafted = lines.invoice_drafted(done.answer, engagement, words)
        return changed(done, drafted, words, dry_run=dry_run)

    _show(context, work, lang, as_json=as_json)


def invoice_send(
    context: typer.Context,
    invoice: str = typer.Option(..., "--id", help="Id or number, such as INV-2026-04-001."),
    note: str | None = typer.Option(None, help="Why, for those who sign."),
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Ask people to send an invoice; it happens when they have signed."""

    async def work(session: Session, words: InvWords) -> Shown:
        arguments = {"invoice_id": invoice, "note_to_approver": note}
        done = await session.change("inv_send_invoice", arguments)
        if wait_seconds:
            return await _followed(session, done.answer["action_id"], wait_seconds, words)
        asked = lines.waiting("send", done.answer, words, session.principal.zone)
        return changed(done, asked, words)

    _show(context, work, lang, as_json=as_json)


def invoice_follow(
    context: typer.Context,
    action: str = typer.Option(..., "--action", help="As `invoice send` named it."),
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Show what became of an invoice that people were asked to send, and what follows it."""

    async def work(session: Session, words: InvWords) -> Shown:
        return await _followed(session, action, wait_seconds, words)

    _show(context, work, lang, as_json=as_json)


async def _followed(session: Session, action_id: str, seconds: int, words: InvWords) -> Shown:
    """An action as it stands when it is settled, or when the time is up."""
    found, is_settled = await action_after(session, action_id, seconds)
    is_code = found["tool"] == lines.VIETQR
    if not is_settled:
        tag = "vietqr" if is_code else "send"
        return Shown(found, lines.waiting(tag, found, words, session.principal.zone))
    event = "cyberos.inv.generate_vietqr" if is_code else "cyberos.inv.send_invoice"
    entry = await session.entry_of_action(action_id, event)
    said = lines.settled(found, words)
    return Shown(found, [*said, *sealed(entry, words)] if entry else said)


# --- codes ---


def vietqr(
    context: typer.Context,
    invoice: str = INVOICE,
    amount: int | None = typer.Option(None, "--amount", help="Dong, if not all of it."),
    image: Path | None = IMAGE,
    wait_seconds: int = WAIT,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Make the VietQR by which a customer pays an invoice that was sent."""

    async def work(session: Session, words: InvWords) -> Shown:
        arguments = {"invoice_id": invoice, "amount": amount}
        done = await session.change(lines.VIETQR, arguments)
        if done.answer["status"] == "ready":
            made = [*lines.code(done.answer, words), *_drawn(done.answer["payload"], image)]
            return changed(done, made, words)
        if wait_seconds:
            shown = await _followed(session, done.answer["action_id"], wait_seconds, words)
            payload = (shown.body.get("result") or {}).get("payload")
            return Shown(shown.body, [*shown.lines, *(_drawn(payload, image) if payload else ())])
        asked = lines.waiting("vietqr", done.answer, words, session.principal.zone)
        return changed(done, asked, words)

    _show(context, work, lang, as_json=as_json)


def _drawn(payload: str, file: Path | None) -> list[str]:
    """Put the picture of a code into a file, if one was asked for."""
    if file is None:
        return []
    from domain.vn import qr_image  # draws, which few commands do

    try:
        file.write_bytes(qr_image.png(payload))
    except OSError:
        raise Fault(
            "FILE_UNWRITABLE",
            Kind.INVALID,
            "The file cannot be written.",
            "name one in a directory that exists and is yours.",
        ) from None
    return [f"[image] {file.name}"]


# --- what they have in common ---


def _show(context: typer.Context, work: Work, lang: str | None, *, as_json: bool) -> None:
    show(context, work, InvWords, lang, as_json=as_json)
