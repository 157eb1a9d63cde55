"""Audit kinds of tables: does every table say what proves its rows, and is the list of what nothing
proves published?
"""

from pathlib import Path

from domain.store.audit_kinds import Chained, Derived, Unchained, audit_kind
from domain.store.descriptor import all_tables, stored
from domain.store.guards import append_only
from domain.store.schema import Base

_BEGIN, _END = "<!-- tables -->\n", "<!-- end of tables -->\n"


def undeclared(tables: dict[str, type[Base]]) -> list[str]:
    """The tables that say nothing, each with the file to write it in."""
    return [
        f"{table.__module__.replace('.', '/')}.py: {table.__name__} needs `__audit__`: CHAINED, "
        "WRITTEN_ONCE, or a Derived or Unchained that says why (domain/store/audit_kinds.py)"
        for name, table in sorted(tables.items())
        if audit_kind(table) is None
    ]


def published() -> str:
    """What docs/operating.md has to say of the tables that are not chained."""
    lines = []
    for name, table in sorted(all_tables().items()):
        match audit_kind(table):
            case Derived(proof):
                lines.append(f"| `{name}` | derived | {proof} |")
            case Unchained(why):
                lines.append(f"| `{name}` | unchained | {why} |")
            case Chained(besides=besides) if besides:
                lines += [
                    f"| `{name}.{column}` | unchained | {why} |" for column, why in besides.items()
                ]
    return "".join(f"{line}\n" for line in ["| rows | kind | why |", "|---|---|---|", *lines])


def test_every_table_says_what_proves_its_rows():
    assert undeclared(all_tables()) == []


def test_a_table_that_says_nothing_is_told_where_to_say_it():
    class Silent:
        __module__ = "domain.toys.tables"

    (told,) = undeclared({"silent": Silent})  # type: ignore[dict-item]

    assert told.startswith("domain/toys/tables.py: Silent needs `__audit__`")


def test_what_the_database_lets_nobody_change_is_written_once_for_the_verifier_too():
    guarded = {name for name, rules in stored().items() if append_only() in rules.guards}
    chained = {name: audit_kind(table) for name, table in all_tables().items()}
    once = {
        name for name, kind in chained.items() if isinstance(kind, Chained) and kind.written_once
    }
    assert once >= {name for name in guarded if isinstance(chained[name], Chained)}


def test_the_operator_can_read_what_nothing_proves():
    text = Path("docs/operating.md").read_text(encoding="utf-8")
    _, begun, rest = text.partition(_BEGIN)
    assert begun, f"docs/operating.md needs the list between {_BEGIN!r} and {_END!r}"
    assert rest.partition(_END)[0] == published()
