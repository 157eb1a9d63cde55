"""Doors of the ledger: does anybody write into the books but `post` and `adjust`?"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.reading import Source, dotted, imports, keeps, seen

TABLES = "domain.ledger.tables"
ROWS = ("JournalEntry", "JournalLine")
SERVICE = "domain/ledger/service.py"
WRITES = ("add", "change", "update", "insert", "delete")


def test_only_the_ledger_knows_its_rows():
    keeps(imports_from_outside)


def test_only_its_service_makes_an_entry_or_a_line():
    keeps(other_makers)


def test_nobody_writes_into_the_books_by_a_statement():
    keeps(statements_that_write)


def imports_from_outside(source: Source) -> Iterator[str]:
    if not source.is_ours or source.is_in("domain/ledger"):
        return
    for node, name in imports(source):
        if name.startswith(TABLES):
            yield source.at(node, f"{name}: post through domain/ledger/service.py")


def other_makers(source: Source) -> Iterator[str]:
    if not source.is_ours or source.path == SERVICE:
        return
    for call in source.all(ast.Call):
        if dotted(call.func).rpartition(".")[2] in ROWS:
            yield source.at(call, "post through domain/ledger/service.py")


def statements_that_write(source: Source) -> Iterator[str]:
    if not source.is_ours:
        return
    for call in source.all(ast.Call):
        written = [dotted(one).rpartition(".")[2] for one in call.args]
        verb = dotted(call.func).rpartition(".")[2]
        if verb in WRITES and set(written) & {*ROWS}:
            yield source.at(call, "what is in the books stays: adjust it for a cause of its own")


OFFENDERS = [
    (
        imports_from_outside,
        "domain/invoices/service.py",
        "from domain.ledger.tables import JournalEntry",
    ),
    (imports_from_outside, "tools/ledger/x.py", "import domain.ledger.tables"),
    (other_makers, "domain/ledger/queries.py", "tx.add(JournalLine(role='bank'))"),
    (other_makers, "server/worker.py", "tables.JournalEntry(id='1')"),
    (statements_that_write, SERVICE, "tx.change(update(JournalLine).where(x))"),
    (statements_that_write, "domain/ledger/rules.py", "sqlalchemy.delete(tables.JournalEntry)"),
]
INNOCENTS = [
    (imports_from_outside, "domain/invoices/service.py", "from domain.ledger import service"),
    (
        imports_from_outside,
        "domain/ledger/queries.py",
        "from domain.ledger.tables import JournalEntry",
    ),
    (
        imports_from_outside,
        "tests/ledger/test_book.py",
        "from domain.ledger.tables import JournalEntry",
    ),
    (other_makers, SERVICE, "JournalEntry(id='1')"),
    (other_makers, "domain/ledger/queries.py", "select(JournalEntry)"),
    (statements_that_write, SERVICE, "tx.add(entry)"),
    (statements_that_write, "domain/ledger/queries.py", "select(JournalLine)"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
