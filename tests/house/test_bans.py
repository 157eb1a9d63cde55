"""Banned names: is anything used that this program must do without?
Each ban names what to use instead.

The rules look at the syntax tree, and at what a name was imported as: `print(` is not found in
`fingerprint(`, and `from datetime import datetime as d` does not hide `d.now`.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.reading import Source, full_names, imports, keeps, seen

CLOCK = "domain/kernel/clock.py"
STORE = "domain/store"

ASK_THE_CLOCK = "ask the Clock you were given"
# Name -> what to do instead, and the places that are the instead.
NAMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "datetime.datetime.now": (ASK_THE_CLOCK, (CLOCK,)),
    "datetime.datetime.utcnow": (ASK_THE_CLOCK, (CLOCK,)),
    "datetime.datetime.today": (ASK_THE_CLOCK, (CLOCK,)),
    "datetime.date.today": ("ask the Clock, or the call for its day", (CLOCK,)),
    "time.time": (f"{ASK_THE_CLOCK}; durations are time.monotonic", (CLOCK,)),
    "time.time_ns": (f"{ASK_THE_CLOCK}; durations are time.monotonic_ns", (CLOCK,)),
    "time.localtime": (ASK_THE_CLOCK, (CLOCK,)),
    "time.gmtime": (ASK_THE_CLOCK, (CLOCK,)),
    "sqlalchemy.func.now": ("pass the instant in; the database has a clock of its own", (STORE,)),
    "sqlalchemy.func.current_timestamp": ("pass the instant in", (STORE,)),
    "float": ("money and rates are int or Decimal", ()),
    "eval": ("parse it; text is never a program", ()),
    "exec": ("parse it; text is never a program", ()),
    "yaml.load": ("use TOML or JSON", ()),
}
MODULES = {
    "pickle": "use JSON; unpickling runs what it reads",
    "marshal": "use JSON",
    "shelve": "use the store",
    "dill": "use JSON; unpickling runs what it reads",
    "xml": "use lxml with entities and network off; the standard parser expands entity bombs",
}


def test_nothing_prints():
    keeps(prints)


def test_only_the_store_commits():
    keeps(commits)


def test_no_connection_is_left_open():
    keeps(left_open)


def test_no_banned_name_is_used():
    keeps(banned_names)


def test_no_banned_module_is_imported():
    keeps(banned_modules)


def test_no_test_hangs_on_what_an_id_may_spell():
    keeps(found_by_chance)


def test_no_test_fails_because_the_machine_is_busy():
    keeps(hurried)


def prints(source: Source) -> Iterator[str]:
    for node, name in full_names(source):
        if name in ("print", "builtins.print", "pprint.pprint"):
            yield source.at(node, "stdout belongs to the protocol: log, or in server/ typer.echo")


def left_open(source: Source) -> Iterator[str]:
    for node in source.all(ast.With, ast.AsyncWith):
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "sqlite3.connect":
                yield source.at(call, "its context commits and leaves it open: wrap it in closing")


def commits(source: Source) -> Iterator[str]:
    if not source.is_ours or source.is_in(STORE):
        return
    for node in source.all(ast.Attribute):
        if node.attr == "commit":
            yield source.at(node, "the transaction ends where it began: use the block of writing()")


def banned_names(source: Source) -> Iterator[str]:
    if not source.is_ours:
        return
    called = {id(node.func) for node in source.all(ast.Call)}
    for node, name in full_names(source):
        instead, places = NAMES.get(name, ("", ()))
        if not instead or source.is_in(*places):
            continue
        # `float` is also the type of a number of seconds, so only the call is banned; the other
        # names also do harm when they are handed over, as in `default=datetime.now`.
        if name != "float" or id(node) in called:
            yield source.at(node, f"{name}: {instead}")


def banned_modules(source: Source) -> Iterator[str]:
    if not source.is_ours:
        return
    for node, name in imports(source):
        if instead := MODULES.get(name.partition(".")[0]):
            yield source.at(node, f"{name}: {instead}")


# What a ULID or a digest spells by chance: "70" is in one ULID of fifty.
SPELT_BY_CHANCE = re.compile(r"[0-9A-HJKMNP-TV-Z]{1,4}|[0-9a-f]{1,5}")


def found_by_chance(source: Source) -> Iterator[str]:
    for node in source.all(ast.Compare, ast.Subscript):
        match node:
            case ast.Compare(
                left=ast.Constant(value=str(word)),
                ops=[ast.NotIn()],
                comparators=[ast.Call() | ast.JoinedStr()],
            ) if SPELT_BY_CHANCE.fullmatch(word):
                yield source.at(node, f"an id may spell {word!r}: compare the fields, or all of it")
            case ast.Subscript(
                value=ast.Call(
                    func=ast.Attribute(attr="split" | "rpartition"),
                    args=[ast.Constant(value="_")],
                ),
                slice=ast.Constant(value=2 | 3) | ast.UnaryOp(),
            ) if source.is_in("tests") and not source.is_in("tests/house"):
                yield source.at(node, "a token's secret may hold the sign too: secret_of, or parse")


# What they measure grows with whatever else the machine does.
ELAPSED = {"time.monotonic", "time.monotonic_ns", "time.perf_counter"}


def hurried(source: Source) -> Iterator[str]:
    if not source.is_in("tests"):
        return
    asked = {id(node) for node, name in full_names(source) if name in ELAPSED}

    def measures(node: ast.expr) -> bool:
        return any(id(part) in asked for part in ast.walk(node))

    measured = {
        target.id
        for node in source.all(ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and measures(node.value)
    }
    for claim in source.all(ast.Assert):
        for node in (part for part in ast.walk(claim.test) if isinstance(part, ast.Compare)):
            below = [node.left, *node.comparators[:-1]]
            for small, sign in zip(below, node.ops, strict=True):
                names = {part.id for part in ast.walk(small) if isinstance(part, ast.Name)}
                if isinstance(sign, ast.Lt | ast.LtE) and (measures(small) or names & measured):
                    yield source.at(node, "a busy machine fails it: count, or time.process_time")


ANYWHERE = "domain/deals/service.py"
OFFENDERS = [
    (left_open, "tests/store/test_x.py", "with sqlite3.connect(a) as b:\n    b.execute(c)"),
    (prints, ANYWHERE, "print('hello')"),
    (prints, "bench/__main__.py", "print({})"),
    (prints, "tests/test_story.py", "print(1)"),
    (prints, ANYWHERE, "from pprint import pprint\npprint(1)"),
    (commits, ANYWHERE, "async def f(tx):\n    await tx.session.commit()"),
    (commits, "server/app.py", "connection.commit()"),
    (banned_names, ANYWHERE, "from datetime import datetime\nx = datetime.now()"),
    (banned_names, ANYWHERE, "from datetime import datetime as d\nx = d.utcnow()"),
    (banned_names, ANYWHERE, "import datetime\nx = datetime.datetime.today()"),
    (banned_names, ANYWHERE, "import datetime as dt\nx = dt.date.today()"),
    (banned_names, "domain/deals/tables.py", "from datetime import date\nf(default=date.today)"),
    (banned_names, ANYWHERE, "import time\nx = time.time()"),
    (banned_names, ANYWHERE, "from time import time\nx = time()"),
    (banned_names, ANYWHERE, "from sqlalchemy import func\nx = func.now()"),
    (banned_names, ANYWHERE, "x = float('1.5')"),
    (banned_names, ANYWHERE, "eval('1')"),
    (banned_names, ANYWHERE, "exec('x = 1')"),
    (banned_names, ANYWHERE, "import yaml\nyaml.load(x)"),
    (banned_modules, ANYWHERE, "import pickle"),
    (banned_modules, ANYWHERE, "from pickle import loads"),
    (banned_modules, "fixtures/vn/load.py", "import xml.etree.ElementTree as tree"),
    (banned_modules, ANYWHERE, "def f():\n    from xml import sax"),
    (found_by_chance, "tests/test_story.py", "assert '70' not in str(answer)"),
    (found_by_chance, "tests/test_story.py", "assert 'beef' not in json.dumps(answer)"),
    (found_by_chance, "tests/test_story.py", "assert a and 'T4X' not in f'{answer}'"),
    (found_by_chance, "tests/test_story.py", "secret = token.split('_')[3]"),
    (found_by_chance, "tests/test_story.py", "secret = token.split('_')[-1]"),
    (found_by_chance, "tests/test_story.py", "secret = token.rpartition('_')[2]"),
    (hurried, "tests/test_x.py", "import time\nassert time.monotonic() - a < 2"),
    (hurried, "tests/test_x.py", "from time import monotonic\nb = monotonic() - a\nassert b < 2"),
    (hurried, "tests/test_x.py", "import time\nb = time.perf_counter() - a\nassert 1 < b < 2"),
]
INNOCENTS = [
    (left_open, "tests/store/test_x.py", "with closing(sqlite3.connect(a)) as b:\n    pass"),
    (prints, ANYWHERE, "fingerprint('hello')\nself.print()"),
    (commits, "domain/store/tx.py", "session.commit()"),
    (commits, "tests/store/test_tx.py", "session.commit()"),
    (banned_names, CLOCK, "from datetime import UTC, datetime\nx = datetime.now(UTC)"),
    (banned_names, ANYWHERE, "x = clock.now()"),
    (banned_names, ANYWHERE, "import time\nx = time.monotonic() + time.perf_counter()"),
    (banned_names, ANYWHERE, "def wait(seconds: float = 1.5) -> float: ..."),
    (banned_names, ANYWHERE, "import re\nx = re.compile('a').evaluate()"),
    (banned_names, "tests/test_story.py", "x = float('1.5')"),
    (banned_modules, ANYWHERE, "from lxml import etree\nimport xmlsec"),
    (found_by_chance, "tests/test_story.py", "assert '70' not in answer"),
    (found_by_chance, "tests/test_story.py", "assert 'total' not in str(answer)"),
    (found_by_chance, "tests/test_story.py", "secret = token.split('_', 3)[3]"),
    (found_by_chance, "tests/test_story.py", "assert 'EVIL' not in str(answer)"),
    (hurried, "tests/test_x.py", "import time\nassert time.monotonic() - a >= 2"),
    (hurried, "tests/test_x.py", "import time\nassert time.process_time() - a < 2"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
