"""Missing answers: what has the person not said? Asked in a terminal, named as flags elsewhere."""

import warnings
from collections.abc import Callable
from getpass import GetPassWarning, getpass
from pathlib import Path

import typer

from domain.identity.keys import SHORTEST_PASSPHRASE, Passphrase
from domain.kernel.faults import Fault, Kind
from server.cli.render import interactive, say

_LARGEST_PASSPHRASE_FILE = 1_024


class Questions:
    """Asks for what is missing, or collects the flags that would have said it."""

    def __init__(self) -> None:
        self._missing: list[str] = []

    def text(
        self,
        flag: str,
        given: str | None,
        question: str,
        default: str | None = None,
        *,
        rule: Callable[[str], str] = str.strip,
    ) -> str:
        """The value of a flag, an answer, or the default.

        In a terminal, what breaks the rule is asked again. Elsewhere all flags are judged together.
        """
        typed = given.strip() if given is not None else ""
        if interactive():
            return answered(question, typed, default, rule=rule)
        if typed:
            return typed
        if default is None:
            self.missing(flag)
        return default or ""

    def missing(self, flag: str) -> None:
        """Remember a flag that nobody gave."""
        self._missing.append(flag)

    def check(self) -> None:
        """FLAGS_MISSING, with all of them at once."""
        if self._missing:
            raise Fault(
                "FLAGS_MISSING",
                Kind.INVALID,
                f"These flags are missing: {', '.join(self._missing)}.",
                "give them, or run the command in a terminal, where it asks.",
                {"flags": self._missing},
            )


def answered(
    question: str, typed: str = "", default: str | None = None, *, rule: Callable[[str], str]
) -> str:
    """What somebody types, or typed before, once it keeps the rule; asked until it does."""
    while True:
        if not typed:
            shown = bool(default)
            reply = typer.prompt(question, default=default, show_default=shown, err=True)
            typed = str(reply).strip()
        try:
            return rule(typed)
        except ValueError as problem:
            say(f"  {problem}: once more, please.", err=True)
            typed = ""


def passphrase(file: Path | None, question: str, *, flag: str, twice: bool = False) -> Passphrase:
    """A passphrase from a file or from the keyboard; it is never echoed and never an argument."""
    if file is not None:
        return from_file(file)
    if not interactive():
        raise Fault(
            "PASSPHRASE_REQUIRED",
            Kind.INVALID,
            "There is no terminal to ask for the passphrase.",
            f"give {flag} FILE.",
        )
    while True:
        typed = _typed(question)
        if not twice:
            return Passphrase(typed)
        if len(Passphrase(typed)) < SHORTEST_PASSPHRASE:
            typer.echo(f"At least {SHORTEST_PASSPHRASE} characters, please.", err=True)
        elif typed != _typed("Once more"):
            typer.echo("The two are not the same.", err=True)
        else:
            return Passphrase(typed)


def _typed(question: str) -> str:
    """What somebody types without seeing it; the echo is off before the question appears."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(f"{question}: ")
        except GetPassWarning as error:
            raise Fault(
                "PASSPHRASE_REQUIRED",
                Kind.INVALID,
                "This terminal would show the passphrase while it is typed.",
                "give it in a file.",
            ) from error
        except EOFError:
            raise typer.Abort from None


def from_file(file: Path) -> Passphrase:
    """The passphrase that stands in a file, its one line."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_PASSPHRASE_FILE + 1)
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise _unreadable() from None
    if not text or len(content) > _LARGEST_PASSPHRASE_FILE:
        raise _unreadable()
    return Passphrase(text)


def _unreadable() -> Fault:
    return Fault(
        "PASSPHRASE_UNREADABLE",
        Kind.INVALID,
        "The passphrase file cannot be opened, is empty, too large or not text.",
        "it holds one line: the passphrase.",
    )
