"""Calls of any tool from the command line: `cyberos call TOOL key=value ...`, as an agent.

There is no code for any one tool: its words and arguments come from its committed contract, what it
does and may do from the gate.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from domain.kernel.faults import Fault, Kind
from policies.gate.catalogue import ToolPolicy
from policies.gate.gate import CallOutcome, is_hidden
from server import contracts
from server.cli import typed_arguments
from server.cli.agent_session import Identity, Session, run
from server.cli.render import Words, answer, say, table

TOOL = typer.Argument(None, help="The tool, such as crm_get_deal.")
TYPED = typer.Argument(None, metavar="KEY=VALUE", help="KEY=text, KEY:=JSON or KEY=@FILE.")
TOKEN_FILE = typer.Option(
    None, "--token-file", help="The agent's token; otherwise CYBEROS_AGENT_TOKEN_FILE."
)
AGENT = typer.Option(None, "--agent", help="An agent whose token lies in the data directory.")
TENANT = typer.Option(None, "--tenant", help="Code of the company, if two have such an agent.")
LIST = typer.Option(False, "--list", help="Name the tools that this agent may call.")
HELP = typer.Option(False, "--help", help="Show this, or the arguments of a tool.")
LANG = typer.Option(None, "--lang", help="vi or en; otherwise the language of the company.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")

# Each in Vietnamese and in English.
_WORDS: Mapping[str, tuple[str, str]] = {
    "arguments": ("Tham số", "Arguments"),
    "array": ("danh sách a,b", "list a,b"),
    "boolean": ("true hoặc false", "true or false"),
    "integer": ("số nguyên", "whole number"),
    "no_arguments": ("Không có tham số.", "It takes no arguments."),
    "no_tools": ("Tác tử này không có công cụ nào.", "This agent has no tools."),
    "null": ("trống", "nothing"),
    "number": ("số", "number"),
    "object": ("đối tượng JSON", "JSON object"),
    "people": ("phải có người ký", "people sign"),
    "people_at_times": ("có khi phải có người ký", "people sign at times"),
    "required": ("bắt buộc", "required"),
    "string": ("chữ", "text"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("call", add_help_option=False)(call)


def call(
    context: typer.Context,
    tool: str | None = TOOL,
    typed: list[str] | None = TYPED,
    token_file: Path | None = TOKEN_FILE,
    agent: str | None = AGENT,
    tenant: str | None = TENANT,
    list_tools: bool = LIST,
    show_help: bool = HELP,
    lang: str | None = LANG,
    as_json: bool = JSON,
) -> None:
    """Call one tool as an agent, through the same gate as its client.

    In a demo: `cyberos call --agent cro_agent crm_list_deals status=open limit=5`.
    """
    if tool is None and not list_tools:
        say(context.get_help())
        return
    words = Words(lang) if lang is not None else None  # a typing mistake ends here
    identity = Identity(token_file, agent, tenant)

    async def work(session: Session) -> tuple[dict[str, Any], str]:
        language = words or Words(session.principal.locale)
        if list_tools:
            return _listed(session, language)
        assert tool is not None
        if show_help:
            return _explained(session, tool, language)
        outcome = await _called(session, tool, typed or [])
        return outcome.structured, outcome.text

    body, text = run(identity, work)
    if as_json:
        answer(body)
        return
    say(text)


async def _called(session: Session, tool: str, typed: list[str]) -> CallOutcome:
    row = session.gate.row(tool)
    schema = _contract(row)["inputSchema"] if row else {}
    try:
        return await session.outcome(tool, typed_arguments.read(typed, schema))
    except Fault as fault:
        if is_hidden(fault):
            raise _unknown() from None
        raise


def _listed(session: Session, words: Words) -> tuple[dict[str, Any], str]:
    """Every tool that may be called: toolsets are for the attention of a model, not for people."""
    rows = session.gate.visible(session.principal)
    contracts_ = [(row, _contract(row)) for row in rows]
    lines = [(row.name, _with_people(one["title"], row, words)) for row, one in contracts_]
    shown = [
        {"name": one["name"], "title": one["title"], "confirm": row.confirm.value}
        for row, one in contracts_
    ]
    return {"tools": shown}, "\n".join(table(lines)) or _word("no_tools", words)


def _explained(session: Session, tool: str, words: Words) -> tuple[dict[str, Any], str]:
    """The contract of one tool, as an object and as lines."""
    row = session.gate.row(tool)
    if row is None or row not in session.gate.visible(session.principal):
        raise _unknown()
    made = _contract(row)
    heading = f"{row.name}: {_with_people(made['title'], row, words)}"
    schema = made["inputSchema"]
    arguments = [
        (name, _argument(one, schema, words, required=name in schema.get("required", ())))
        for name, one in sorted(
            schema.get("properties", {}).items(),
            key=lambda item: item[0] not in schema.get("required", ()),
        )
    ]
    listing = [f"{_word('arguments', words)}:", *table(arguments, margin="  ")]
    shown = listing if arguments else [_word("no_arguments", words)]
    return {"tool": made}, "\n".join([heading, "", made["description"], "", *shown])


def _argument(wanted: Mapping[str, Any], root: Any, words: Words, *, required: bool) -> str:
    kinds = [_word(kind, words) for kind in sorted(typed_arguments.types(wanted, root))]
    item = typed_arguments.item_of(wanted, root)
    choices = wanted.get("enum") or item.get("enum") or []
    shown = [
        " / ".join(kinds) + (f", {_word('required', words)}" if required else ""),
        "|".join(map(str, choices)),
        wanted.get("description", ""),
    ]
    return ". ".join(part.rstrip(".") for part in shown if part)


def _with_people(title: str, row: ToolPolicy, words: Words) -> str:
    match row.confirm.value:
        case "never":
            return title
        case "always":
            return f"{title} ({_word('people', words)})"
        case _:
            return f"{title} ({_word('people_at_times', words)})"


def _contract(row: ToolPolicy) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(contracts.committed(row.name))
    return made


def _word(name: str, words: Words) -> str:
    return _WORDS[name][0 if words.language == "vi" else 1]


def _unknown() -> Fault:
    return Fault(
        "UNKNOWN_TOOL",
        Kind.NOT_FOUND,
        "This agent has no such tool.",
        "`cyberos call --list` names those it has.",
    )
