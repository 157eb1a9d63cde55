"""Idle definitions: is whatever a module or a group of commands defines named by somebody?

A law, a job, a source of timelines or a subscriber that its `module.py` forgets is never run, and
nobody misses it. So whatever is defined and named nowhere in the program is found.
"""

import ast
from collections.abc import Iterable, Iterator

import pytest

from domain.store.descriptor import Module, Stored, modules
from domain.store.guards import NeedsAction, needs_action
from domain.store.schema import Base
from tests.house.reading import Source, full_names, imports, project

FOUNDATIONS = ("domain/kernel", "domain/store")
FOUND = ("MODULE", "register")  # where somebody looks for them by these names
# What only tests and benchmarks ask, and why it is there.
ASKED_BY_TESTS = {
    "domain/accounts/rules.py": "the kinds of accounts, for the documents to come",
    "domain/approvals/machine.py": "its moves one by one, for the model check",
    "domain/approvals/queries.py": "attempts: how often an action was tried",
    "domain/documents/queries.py": "the documents of a thing, for the page of approvers to come",
    "domain/documents/rules.py": "the path of a document, for other documents to come",
    "domain/ledger/service.py": "adjust: what comes later about a source, for corrections to come",
    "domain/vn/provinces.py": "the whole list, to hold against its source",
}


def test_what_a_module_defines_is_named_by_somebody():
    assert idle(project()) == []


def test_what_only_tests_ask_is_still_there_and_idle():
    found = {line.partition(":")[0] for line in idle(project(), excused=())}

    assert found == set(ASKED_BY_TESTS)


def test_every_guard_that_waits_for_people_has_a_law_that_asks_for_them():
    assert unlawful(modules(), project()) == []


def idle(sources: Iterable[Source], excused: Iterable[str] = ASKED_BY_TESTS) -> list[str]:
    """What is defined in the domain and named nowhere, each with the file to name it in."""
    program = [source for source in sources if source.is_ours]
    named = {name for source in program for name in _named(source)}
    return [
        source.at(node, f"nobody names {name}: {_advice(source)}, or delete it")
        for source in program
        if source.is_in("domain", "server/cli") and not source.is_in(*FOUNDATIONS)
        if len(source.parts) == 3 and source.path not in excused
        for node, name in _defined(source)
        if ".".join([*source.parts, name]) not in named
    ]


def _advice(source: Source) -> str:
    if source.is_in("domain"):
        return f"declare it in domain/{source.parts[1]}/module.py"
    return "a file of commands adds them to the program in its `def register(app)`"


def _named(source: Source) -> Iterator[str]:
    """Every name in a file, in full, and each beginning of it: `a.b.c` also names `a.b`."""
    here = ".".join(source.parts)
    yield from (name for _, name in imports(source))
    for node, name in full_names(source):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            continue
        parts = name.split(".")
        yield from (".".join(parts[:end]) for end in range(2, len(parts) + 1))
        yield f"{here}.{parts[0]}"


def _defined(source: Source) -> Iterator[tuple[ast.AST, str]]:
    for node in source.tree.body:
        names: list[str] = []
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names = [name]
            case ast.ClassDef(name=name) if not _is_table(node):
                names = [name]
            case ast.Assign(targets=targets):
                names = [one.id for one in targets if isinstance(one, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
        yield from ((node, one) for one in names if one not in FOUND and not one.startswith("_"))


def _is_table(node: ast.ClassDef) -> bool:
    """Whether it is a row of the database, which tests/house/test_modules.py looks for."""
    return "__tablename__" in ast.unparse(node)


def unlawful(described: Iterable[Module], sources: Iterable[Source]) -> list[str]:
    """Guards that wait for people although no law asks whom they let pass."""
    laws = {source.parts[1]: source.text for source in sources if _is_audit(source)}
    return [
        f"domain/{module.name}/audit.py: write a law that asks what was approved to pass the guard "
        f'"{guard.wire}", and name it among the laws of module.py'
        for module in described
        for rules in module.tables.values()
        for guard in rules.guards
        if isinstance(guard, NeedsAction)
        and not (module.laws and f'"{guard.wire}"' in laws.get(module.name, ""))
    ]


def _is_audit(source: Source) -> bool:
    return source.is_in("domain") and source.parts[2:] == ("audit",)


DEFINED = Source("domain/toys/audit.py", "async def was_allowed(tx): ...\n_OURS = 1\n")


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("domain/toys/module.py", "from domain.toys import audit\n", 1),
        ("domain/toys/module.py", "from domain.toys import audit\nx = audit.was_allowed\n", 0),
        ("domain/toys/module.py", "from domain.toys.audit import was_allowed\nwas_allowed()\n", 0),
        ("domain/bells/module.py", "from domain.bells import audit\nx = audit.was_allowed\n", 1),
        ("tests/toys/test_audit.py", "from domain.toys import audit\nx = audit.was_allowed\n", 1),
    ],
)
def test_what_nobody_names_is_found_with_the_file_to_name_it_in(path, text, found):
    said = [line for line in idle([DEFINED, Source(path, text)]) if "was_allowed" in line]

    assert len(said) == found
    assert all("declare it in domain/toys/module.py" in line for line in said)


def test_a_guard_that_no_law_asks_about_is_named():
    tables = {Base: Stored(guards=(needs_action("toy.break"),))}
    lawless = Module(name="toys", tables=tables)

    (said,) = unlawful([lawless], [Source("domain/toys/audit.py", 'BREAK = "toy.mend"')])

    assert said.startswith("domain/toys/audit.py: write a law") and '"toy.break"' in said
