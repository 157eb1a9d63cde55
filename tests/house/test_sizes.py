"""File sizes: is every file short, named after something, and does it say what it is about?"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.reading import Source, keeps, seen

FILE_LINES = 500
FUNCTION_LINES = 70
LINE_LENGTH = 100
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"} | {
    f"{name}{plural}" for name in ("manager", "base", "handler") for plural in ("", "s")
}


def test_no_file_is_longer_than_500_lines():
    keeps(long_files)


def test_no_function_is_longer_than_70_lines():
    keeps(long_functions)


def test_no_line_is_longer_than_100_letters():
    keeps(long_lines)


def test_an_init_file_is_empty():
    keeps(full_inits)


def test_every_file_begins_by_saying_what_it_is_about():
    keeps(silent_files)


def test_every_file_is_named_after_something():
    keeps(nameless_files)


def long_files(source: Source) -> Iterator[str]:
    if (lines := len(source.text.splitlines())) > FILE_LINES:
        yield f"{source.path}: {lines} lines; a file of {FILE_LINES} has two subjects, split it"


def long_functions(source: Source) -> Iterator[str]:
    for node in source.all(ast.FunctionDef, ast.AsyncFunctionDef):
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > FUNCTION_LINES:
            yield source.at(node, f"{node.name} has {lines} lines; give its parts names")


def long_lines(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), start=1):
        if len(line) > LINE_LENGTH:
            yield f"{source.path}:{number}: {len(line)} letters; break the line"


def full_inits(source: Source) -> Iterator[str]:
    if source.parts[-1] == "__init__" and source.text.strip():
        yield f"{source.path}: is not empty; importing a package must not run anything"


def silent_files(source: Source) -> Iterator[str]:
    if source.text.strip() and not ast.get_docstring(source.tree):
        yield f"{source.path}:1: begin with a docstring that says which questions are answered"


def nameless_files(source: Source) -> Iterator[str]:
    for part in source.parts:
        if part.rpartition("_")[2] in NAMELESS:
            yield f"{source.path}: {part!r} names no thing; what has no name has no place"


LONG_FUNCTION = "def f():\n" + "    x = 1\n" * FUNCTION_LINES

OFFENDERS = [
    (long_files, "domain/deals/rules.py", "x = 1\n" * (FILE_LINES + 1)),
    (long_functions, "domain/deals/rules.py", LONG_FUNCTION),
    (long_functions, "domain/deals/rules.py", "async " + LONG_FUNCTION),
    (long_lines, "domain/deals/rules.py", "#" * (LINE_LENGTH + 1)),
    (full_inits, "domain/deals/__init__.py", '"""Deals."""'),
    (silent_files, "domain/deals/rules.py", "x = 1"),
    (silent_files, "domain/deals/rules.py", "# not a docstring\nx = 1"),
    (nameless_files, "domain/deals/utils.py", ""),
    (nameless_files, "server/tax_helpers.py", ""),
    (nameless_files, "server/common/tax.py", ""),
    (nameless_files, "tools/crm/base.py", ""),
]
INNOCENTS = [
    (long_files, "domain/deals/rules.py", "x = 1\n" * FILE_LINES),
    (long_functions, "domain/deals/rules.py", LONG_FUNCTION.replace("    x = 1\n", "", 1)),
    (long_lines, "domain/deals/rules.py", "đ" * LINE_LENGTH),
    (full_inits, "domain/deals/__init__.py", "\n"),
    (silent_files, "domain/deals/__init__.py", ""),
    (silent_files, "domain/deals/rules.py", '"""When may a deal move?"""\nx = 1'),
    (nameless_files, "domain/fx/base_rates.py", ""),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
