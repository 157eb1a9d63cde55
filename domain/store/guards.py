"""Guards: what does a database refuse, whoever asks? Words for the triggers of a table.

A module names the guards of its tables in its descriptor, a migration names them once more, frozen
with the version of the renderer it was written for (domain/store/migrations/triggers.py):

    guards=(begins_as(status="open"), final("status", unless="open"), never_deleted())

What no guard of these can say is a `SqlRefusal`: SQL that both databases understand, written once.
"""

from dataclasses import dataclass
from typing import Literal

Value = str | int | None


@dataclass(frozen=True, slots=True)
class AppendOnly:
    """A row is neither changed nor deleted."""


@dataclass(frozen=True, slots=True)
class NeverDeleted:
    """A row stays; what it says may change."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """These columns never change, or all but these."""

    columns: tuple[str, ...] = ()
    but: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BeginsAs:
    """A new row has these values."""

    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Final:
    """Nothing of a row changes once the column is no longer what it began as."""

    column: str
    unless: Value = None


@dataclass(frozen=True, slots=True)
class SetOnce:
    """The column is filled once and keeps its value."""

    column: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """New rows count 1, 2, 3 ... in the column, within the tenant and these columns."""

    column: str
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NeedsAction:
    """An approved action about the row is being executed, by a tool that is wired to `wire`.

    Or it was sent and its outcome is unknown: what an answer that comes late says is written down.

    With `column`, whenever that column changes; else, when a row is added. `version` is a column
    that must stand where it stood when people signed. `after_first` names a table without a row of
    which nobody has to be asked: a company is provisioned before there is an agent.
    """

    wire: str
    column: str | None = None
    version: str | None = None
    after_first: str | None = None


@dataclass(frozen=True, slots=True)
class SqlRefusal:
    """A trigger in SQL: `<table>_<name>`, and what is said after the name of the table.

    `when` compares `new` and `old`; `asks` may hold queries, and both must hold. `only` names the
    one database that has it, `denied` says that the caller lacks a right.
    """

    name: str
    on: Literal["insert", "update", "delete"]
    says: str
    when: str = ""
    asks: str = ""
    only: Literal["", "sqlite", "postgresql"] = ""
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Follows:
    """What the database does itself when a row was added, as `<table>_<name>`: SQL that both
    understand, with the rights of whoever added it.
    """

    name: str
    does: str


Guard = (
    AppendOnly
    | NeverDeleted
    | Fixed
    | BeginsAs
    | Final
    | SetOnce
    | Numbered
    | NeedsAction
    | SqlRefusal
    | Follows
)


def append_only() -> AppendOnly:
    """Rows are only added."""
    return AppendOnly()


def never_deleted() -> NeverDeleted:
    """Rows are not deleted."""
    return NeverDeleted()


def fixed(*columns: str) -> Fixed:
    """These columns never change; without any, none does."""
    return Fixed(columns)


def fixed_but(*columns: str) -> Fixed:
    """No column changes but these: one that is added later is fixed too."""
    return Fixed(but=columns)


def begins_as(**values: Value) -> BeginsAs:
    """A new row has these values."""
    return BeginsAs(tuple(values.items()))


def final(column: str, *, unless: Value = None) -> Final:
    """A row has ended when `column` is no longer `unless`."""
    return Final(column, unless)


def set_once(column: str) -> SetOnce:
    """The column is filled once."""
    return SetOnce(column)


def numbered(column: str, *within: str) -> Numbered:
    """The column counts from 1 without a gap, within the tenant and `within`."""
    return Numbered(column, within)


def needs_action(
    wire: str,
    column: str | None = None,
    *,
    version: str | None = None,
    after_first: str | None = None,
) -> NeedsAction:
    """People have approved it: see NeedsAction."""
    return NeedsAction(wire, column, version, after_first)
