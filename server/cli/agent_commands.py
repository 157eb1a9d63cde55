"""Commands of agents: what do `cyberos-crm` and `cyberos-inv` have in common?

Each command makes its calls through the gate and prints what came of them; with `--json` it prints
the tool's own answer, so a script reads here what an agent reads.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import typer

from server.cli.agent_lines import sealed
from server.cli.agent_session import Identity, Session, ToolAnswer, run
from server.cli.agent_words import AgentWords
from server.cli.render import answer, say

TOKEN_FILE = typer.Option(
    None, "--token-file", help="The agent's token; otherwise CYBEROS_AGENT_TOKEN_FILE."
)
AGENT = typer.Option(None, "--agent", help="An agent whose token lies in the data directory.")
TENANT = typer.Option(None, "--tenant", help="Code of the company, if two have such an agent.")
DRY_RUN = typer.Option(False, "--dry-run", help="Check and answer, but write nothing.")
LANG = typer.Option(None, "--lang", help="vi or en; otherwise the language of the company.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")
WAIT = typer.Option(0, "--wait", min=0, max=600, help="Seconds to wait for people.")

_ONE_WAIT_SECONDS = 25  # what approvals_get waits at most
_LIVE = frozenset({"pending", "approved", "executing", "unknown"})

Command = Callable[..., None]
Language = TypeVar("Language", bound=AgentWords)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command has to show: as an object, and as lines."""

    body: dict[str, Any]
    lines: list[str]


def agent_application(
    program: Command, groups: Mapping[str, tuple[str, Sequence[Command]]]
) -> typer.Typer:
    """A command line with groups of commands: `account_list` is `account list`."""
    app = typer.Typer(
        no_args_is_help=False,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback(invoke_without_command=True)(program)
    for name, (words, commands) in groups.items():
        group = typer.Typer(no_args_is_help=False, help=words)
        for command in commands:
            group.command(command.__name__.removeprefix(f"{name}_"))(command)
        app.add_typer(group, name=name)
    return app


def begin(
    context: typer.Context, token_file: Path | None, agent: str | None, tenant: str | None
) -> None:
    """Keep who is to be shown at the gate, and say what there is when no command is named."""
    context.obj = Identity(token_file, agent, tenant)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def changed(
    done: ToolAnswer, lines_shown: list[str], words: AgentWords, *, dry_run: bool = False
) -> Shown:
    """A change and the entry of the audit chain that holds it."""
    entry = done.sealed
    chained = {"audit": {"seq": entry.seq, "hash": entry.hash}} if entry else {}
    said = [*lines_shown, *sealed(entry, words, dry_run=dry_run)]
    return Shown({**done.answer, **chained}, said)


async def action_after(
    session: Session, action_id: str, seconds: int
) -> tuple[dict[str, Any], bool]:
    """An action as it stands when it is settled, or when the time is up; and whether it is."""
    while True:
        backoff = min(seconds, _ONE_WAIT_SECONDS)
        asked = {"action_id": action_id, "wait_seconds": backoff}
        found = await session.ask("approvals_get", asked)
        seconds -= backoff
        if found["state"] not in _LIVE:
            return found, True
        if seconds <= 0:
            return found, False


def show(
    context: typer.Context,
    work: Callable[[Session, Language], Awaitable[Shown]],
    words: Callable[[str], Language],
    lang: str | None,
    *,
    as_json: bool,
) -> None:
    """Do the work as the agent and print what it shows, in its language or the company's."""
    chosen = words(lang) if lang is not None else None  # a typing mistake ends here

    async def working(session: Session) -> Shown:
        return await work(session, chosen or words(session.principal.locale))

    shown = run(context.obj, working)
    if as_json:
        answer(shown.body)
        return
    say("\n".join(shown.lines))
