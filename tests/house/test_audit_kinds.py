"""Audit kinds of tables: does every table say what proves its rows?"""

from domain.store.audit_kinds import Chained, audit_kind
from domain.store.descriptor import all_tables, stored
from domain.store.guards import append_only
from domain.store.schema import Base


def undeclared(tables: dict[str, type[Base]]) -> list[str]:
    """The tables that say nothing, each with the file to write it in."""
    return [
        f"{table.__module__.replace('.', '/')}.py: {table.__name__} needs `__audit__`: CHAINED, "
        "WRITTEN_ONCE, or a Derived or Unchained that says why (domain/store/audit_kinds.py)"
        for name, table in sorted(tables.items())
        if audit_kind(table) is None
    ]


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
