"""Module descriptors: what a business module brings along, found in its package and listed nowhere.

`domain/<module>/module.py` holds one frozen `MODULE`. Migrations, verifier, doctor, worker and HTTP
server loop over the descriptors; `cyberos serve` loads none before the first list of its tools.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, Final

from domain.store.audit_laws import Law
from domain.store.declarations import (
    Backlog,
    Check,
    Consequence,
    Count,
    CustomerRows,
    Job,
    Setting,
    Subscriber,
    TimelineSource,
)
from domain.store.engine import Role
from domain.store.guards import Guard
from domain.store.schema import Base
from domain.store.searchable import Searchable

# Every column of a table; a role that may change them all may change those of later migrations.
ALL: Final = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a role may do with a table beside reading it: add rows, change these columns.

    `delete` is for rows that are not kept for ever. The public door's role alone reads nothing but
    the columns in `reads`, and of other tables nothing.
    """

    reads: tuple[str, ...] = ()
    insert: bool = False
    update: tuple[str, ...] = ()
    delete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A table: what the database refuses everybody, and what it lets each role do.

    A table without guards says in `unguarded` why; one that only the owner writes says in
    `ungranted` when. What is not granted is refused.
    """

    guards: tuple[Guard, ...] = ()
    unguarded: str = ""
    grants: Mapping[Role, Grant] = field(default_factory=dict)
    ungranted: str = ""
    hidden_from: frozenset[Role] = frozenset()
    # How rows are found by words: then `folded` is indexed, and the searcher may read the columns.
    searched: Searchable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of `domain/`, under the name of its package."""

    name: str
    # The modules whose services and queries this one asks. Who uses whom makes no cycle, so this
    # is also the order of the modules, from the bottom up (docs/decisions/0029).
    uses: tuple[str, ...] = ()
    tables: Mapping[type[Base], Stored] = field(default_factory=dict)
    counts: tuple[Count, ...] = ()
    on_won: tuple[Consequence, ...] = ()
    timeline: tuple[TimelineSource, ...] = ()
    # By the kind of row that actions are about: which others are judged together with it.
    customer_rows: Mapping[str, CustomerRows] = field(default_factory=dict)
    # A SELECT of the ids of the time entries that it has billed; those can no longer be corrected.
    billed_time: Callable[[], Any] | None = None
    # What an agent may be given (`crm.read`); rows of the policy name no others.
    scopes: tuple[str, ...] = ()
    # What each company decides of it (domain/store/settings.py); `<module>.<name>`.
    settings: tuple[Setting[Any], ...] = ()
    # What it tells the outbox, and whose messages it takes (docs/decisions/0026).
    topics: tuple[str, ...] = ()
    subscribers: Mapping[str, tuple[Subscriber, ...]] = field(default_factory=dict)
    backlogs: tuple[Backlog, ...] = ()  # what the worker works through every round
    jobs: tuple[Job, ...] = ()  # nightly, in this order
    checks: tuple[Check, ...] = ()  # of `cyberos doctor`
    laws: tuple[Law, ...] = ()


@cache
def modules() -> tuple[Module, ...]:
    """Every module that has a descriptor, by name."""
    packages = sorted(
        package.name
        for package in files("domain").iterdir()
        if package.is_dir() and package.joinpath("module.py").is_file()
    )
    return tuple(_descriptor(name) for name in packages)


def stored() -> dict[str, Stored]:
    """Every table of every module, by its name in the database."""
    return {
        table.__tablename__: rules for module in modules() for table, rules in module.tables.items()
    }


def all_tables() -> dict[str, type[Base]]:
    """The models of the same."""
    return {table.__tablename__: table for module in modules() for table in module.tables}


def _descriptor(package: str) -> Module:
    found = import_module(f"domain.{package}.module").MODULE
    assert isinstance(found, Module) and found.name == package, f"domain/{package}/module.py"
    return found
