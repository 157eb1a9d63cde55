"""Client setup: what do I paste? `cyberos connect --client claude-desktop|claude-code|...`."""

import json
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import make_url

from domain.identity import tokens
from domain.kernel.faults import Fault, Kind
from policies.gate import personas
from server import wiring
from server.cli import connect_http, mcp_config
from server.cli.context import read_settings
from server.cli.key_files import KeyFiles
from server.cli.render import answer, one_line, say
from server.settings import Settings
from server.token_files import read_token

INSPECTOR = "@modelcontextprotocol/inspector"

CLIENT = typer.Option(..., "--client", help="Which program will start the server.")
AGENT = typer.Option(None, "--agent", help="Which agent it is; needed if there are several.")
TENANT = typer.Option(None, "--tenant", help="Code of the tenant, if two have such an agent.")
TOKEN_FILE = typer.Option(None, "--token-file", help="The agent's token, if it lies elsewhere.")
NAME = typer.Option("cyberos", "--name", help="What the client calls the server.")
READ_ONLY = typer.Option(False, "--read-only", help="Only tools that change nothing.")
TOOLSETS = typer.Option(
    None, "--toolsets", help="Comma-separated sets of tools to list in place of the agent's."
)
LEAN = typer.Option(False, "--lean", help="List no output schemas: less for a model to read.")
URL = typer.Option(None, "--url", help="Of a `cyberos http` that runs, instead of starting one.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


class Client(StrEnum):
    """The programs we know how to speak to."""

    DESKTOP = "claude-desktop"
    CODE = "claude-code"
    INSPECTOR = "inspector"


_HOW = {
    Client.DESKTOP: "Put this into claude_desktop_config.json (Settings, Developer, Edit Config), "
    "then restart Claude Desktop. If the file names servers already, add this one to them.",
    Client.CODE: "Run this where Claude Code is used; add `--scope user` to have it everywhere.",
    Client.INSPECTOR: "Run this where Node is; it opens a page in the browser.",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(connect)


def connect(
    client: Client = CLIENT,
    agent: str | None = AGENT,
    tenant: str | None = TENANT,
    token_file: Path | None = TOKEN_FILE,
    name: str = NAME,
    read_only: bool = READ_ONLY,
    toolsets: str | None = TOOLSETS,
    lean: bool = LEAN,
    url: str | None = URL,
    as_json: bool = JSON,
) -> None:
    """Show what to paste or run, so that a client starts the server as an agent.

    Paths are absolute, because such clients give a program neither a folder nor a PATH. The token
    stays in its file and is never shown.
    """
    settings = read_settings()
    file = token_file.absolute() if token_file else find_token(settings, agent, tenant)
    _check_token(file)
    options = _options(settings, read_only=read_only, toolsets=toolsets, lean=lean)
    if url is not None:
        _check_alone(options)
        text = paste_url(client, name, url, file)
        if as_json:
            answer({"client": client.value, "server": {"url": url}, "text": text, "notes": []})
        else:
            say(text)
        return
    entry = mcp_config.entry(settings, file)
    entry["args"] += options
    text = paste(client, name, entry)
    notes = _notes(client, settings)
    if as_json:
        answer({"client": client.value, "server": entry, "text": text, "notes": notes})
        return
    say(text)
    for note in notes:
        say(note, err=True)  # what is pasted can be piped


def _options(settings: Settings, *, read_only: bool, toolsets: str | None, lean: bool) -> list[str]:
    """What stands behind `serve`. Raises TOOLSET_UNKNOWN."""
    options = ["--read-only"] if read_only else []
    if toolsets is not None:
        catalogue, _ = wiring.policy(settings)
        names = [name.strip() for name in toolsets.split(",")]
        personas.check_toolsets(names, catalogue)
        options += ["--toolsets", ",".join(names)]
    return [*options, "--lean"] if lean else options


def _check_alone(options: Sequence[str]) -> None:
    """A server that runs already has options of its own. Raises OPTIONS_ELSEWHERE."""
    if options:
        raise Fault(
            "OPTIONS_ELSEWHERE",
            Kind.INVALID,
            f"A server that runs already does not take {' '.join(options)}.",
            "leave it out; `cyberos agent toolsets` changes what one agent is shown, and "
            "`cyberos http --read-only` and `--toolsets` what all are.",
        )


def paste(client: Client, name: str, entry: dict[str, Any]) -> str:
    """The text for one client."""
    match client:
        case Client.DESKTOP:
            return json.dumps({"mcpServers": {name: entry}}, indent=2, ensure_ascii=False)
        case Client.CODE:
            content = json.dumps({"type": "stdio", **entry}, ensure_ascii=False)
            return shlex.join(["claude", "mcp", "add-json", name, content])
        case Client.INSPECTOR:
            env = [part for key, value in entry["env"].items() for part in ("-e", f"{key}={value}")]
            return shlex.join(["npx", INSPECTOR, *env, "--", entry["command"], *entry["args"]])


def paste_url(client: Client, name: str, url: str, token_file: Path) -> str:
    """The text for one client of a server that runs already; URL_INVALID."""
    connect_http.check_url(url)
    match client:
        case Client.DESKTOP:
            return paste(client, name, mcp_config.relay_entry(url, token_file))
        case Client.CODE:
            return connect_http.claude_code(name, url, token_file)
        case Client.INSPECTOR:
            return connect_http.inspector(INSPECTOR, url, token_file)


def find_token(settings: Settings, agent: str | None, tenant: str | None) -> Path:
    """The token file of an agent in the data directory.

    TOKEN_FILE_MISSING if there is none of this name, AGENT_REQUIRED if it could be several.
    """
    folder = settings.data_dir / "tokens"
    found = [
        path
        for path in sorted(folder.glob("*/*.token"))
        if tenant is None or path.parent.name == tenant.strip().lower()
    ]
    wanted = KeyFiles(settings).token("", agent.strip()).name if agent else ""
    named = [path for path in found if agent is None or path.name == wanted]
    if len(named) == 1:
        return named[0].absolute()
    names = ", ".join(sorted({path.stem for path in named or found}))
    if not named:
        raise Fault(
            "TOKEN_FILE_MISSING",
            Kind.NOT_FOUND,
            "There is no token file for this agent in the data directory.",
            f"there are {one_line(names)}; or give --token-file."
            if names
            else "`cyberos agent add` makes one, in its usual place.",
        )
    if agent is None and len({path.stem for path in named}) > 1:
        raise Fault(
            "AGENT_REQUIRED",
            Kind.INVALID,
            "There are several agents.",
            f"say which with --agent: {one_line(names)}.",
        )
    codes = ", ".join(path.parent.name for path in named)
    raise Fault(
        "TENANT_REQUIRED",
        Kind.INVALID,
        "Several tenants have an agent of this name.",
        f"say which with --tenant: {one_line(codes)}.",
    )


def _check_token(file: Path) -> None:
    """Find a wrong file now, rather than in a client that says only that the server ended."""
    try:
        tokens.parse(read_token(file))
    except Fault:
        raise Fault(
            "TOKEN_FILE_INVALID",
            Kind.INVALID,
            "The token file cannot be read, or holds no token.",
            "`cyberos agent add` makes an agent with one.",
        ) from None


def _notes(client: Client, settings: Settings) -> list[str]:
    notes = [_HOW[client]]
    if make_url(settings.database_url).password is not None:
        notes.append(
            "The database password is not shown: give the client CYBEROS_DATABASE_URL yourself, "
            "with a login that has the role cyberos_agent alone."
        )
    return notes
