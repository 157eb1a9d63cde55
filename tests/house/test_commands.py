"""Commands that are named: is there each one that a hint, the README or a page of docs tells of?

Whoever meets a refusal at night types what its hint says.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from server.cli import commands
from server.crm_cli import commands as crm
from server.inv_cli import commands as inv
from tests.house.reading import ROOT, Source, project

PROGRAMS = {
    "cyberos": commands.application,
    "cyberos-crm": crm.application,
    "cyberos-inv": inv.application,
}
# In backticks, as everything that is typed; or a line of an indented block of a page.
_QUOTED = re.compile(r"`+(cyberos(?:-crm|-inv)?(?: [^`\n]+)?)`")
_BLOCK = re.compile(r"^ {4,}(?:[A-Z_]+=\S+ )*(cyberos(?:-crm|-inv)? [^#|\n]+)", re.MULTILINE)
_FLAG = re.compile(r"--[a-z][a-z-]+")
_NAME = re.compile(r"[a-z][a-z-]*")
_SPEAK_FOR_THEMSELVES = ("serve", "relay", "http")  # their flags are judged by their own parser


@cache
def _whole(program: str) -> Any:
    """The commands of a program, made once."""
    return typer.main.get_command(PROGRAMS[program]())


def unknown(said: str) -> str | None:
    """What of a command line is not there, or None."""
    words = re.split(r"\s{3,}", said)[0].split()  # what stands behind a gap explains it
    program, rest = words[0], words[1:]
    command, path = _whole(program), [program]
    while rest and hasattr(command, "commands"):
        if rest[0] in {option for each in command.params for option in each.opts}:
            del rest[:2]  # an option of the program itself, with its value
            continue
        if not _NAME.fullmatch(rest[0].rstrip(".,;:")):
            break
        name = rest.pop(0).rstrip(".,;:")
        if name not in command.commands:
            return f"{' '.join(path)} has no command {name}"
        command, path = command.commands[name], [*path, name]
    if path[-1] in _SPEAK_FOR_THEMSELVES:
        return None
    known = {"--help", *(option for each in command.params for option in each.opts)}
    missing = [flag for flag in _FLAG.findall(" ".join(rest)) if flag not in known]
    return f"{' '.join(path)} has no option {', '.join(missing)}" if missing else None


def in_sources() -> Iterator[tuple[str, str]]:
    """Where the program names a command to somebody, and the command."""
    for source in project():
        if source.is_ours:
            yield from ((source.path, said) for said in _QUOTED.findall(_joined(source)))


def _joined(source: Source) -> str:
    """The text with sentences that go on in the next line put together."""
    return re.sub(r'"\s*\n\s*f?"', "", source.text)


def in_pages() -> Iterator[tuple[str, str]]:
    """Where a page names a command, and the command."""
    pages = [
        *ROOT.glob("README*.md"),
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    ]
    for page in pages:
        text = page.read_text("utf-8")
        for said in (*_QUOTED.findall(text), *_BLOCK.findall(text)):
            yield str(page.relative_to(ROOT)), said


def test_every_command_that_a_hint_or_a_page_names_is_there():
    named = [*in_sources(), *in_pages()]

    assert len(named) > 200
    assert [f"{where}: {wrong}" for where, said in named if (wrong := unknown(said))] == []


def test_what_is_not_there_is_found():
    assert unknown("cyberos person rekeyed E-MAIL") == "cyberos person has no command rekeyed"
    assert unknown("cyberos rate add --raet 1") == "cyberos rate add has no option --raet"
    assert unknown("cyberos person rekey E-MAIL --root-key FILE") is None
