"""Statements: can one leave the tenant's isolation, or carry text that somebody else wrote?"""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.reading import ROOT, Source, dotted, full_names, imports, keeps, seen, texts

STORE = "domain/store"

# They go past the criteria that keep a session in its tenant, so only the store may use them.
UNISOLATED = {"text", "Table", "table", "insert", "literal_column", "TextClause"}
RUNS_SQL = {"execute", "exec_driver_sql", "executescript", "executemany", "fetch", "fetchval"} | {
    "scalar", "scalars", "stream", "stream_scalars", "text"
}  # fmt: skip
# Whatever hands out a Core table or a connection that takes SQL as it is.
BARE = {"__table__", "local_table", "metadata", "exec_driver_sql"}
# DDL, GRANT and PRAGMA take no parameters, nor does the name of a table that can be searched. Here,
# and only here, they are built from constants.
CONSTANT = ("domain/store/engine.py", "domain/store/searchable.py", "domain/store/migrations")

# Questions stand in these files, and the verbs of a transaction that change something do not.
QUERIES = re.compile(r"/(\w+_)?queries\.py$")
WRITES = {"add", "change", "record", "promise"}

# `fetch` saves time where a measurement says so, and is a second dialect everywhere else.
FROZEN = "docs/decisions/0031-what-goes-straight-to-the-driver-is-frozen.md"
PREPARING = tuple(
    f"domain.store.{name}" for name in ("compiled.", "direct.", "inline.", "prepared.question")
)

# A setting that outlives its transaction would be met by the next tenant on the same connection.
LASTING = re.compile(
    r"set_config\s*\([^)]*,\s*false\s*\)|\bset\s+(session\s+)?[\"']?(app|cyberos)\.", re.IGNORECASE
)


def test_E12_only_the_store_writes_sql_or_uses_core_tables():
    keeps(statements_without_isolation)


def test_a_file_of_queries_writes_nothing():
    keeps(writes_among_queries)


def test_only_what_the_decision_lists_goes_straight_to_the_driver():
    keeps(straight_to_the_driver)
    assert _listed(), "the decision lists files in backticks"
    assert not [path for path in _listed() if not (ROOT / path).is_file()]


def test_no_statement_is_put_together_from_text():
    keeps(assembled_statements)


def test_E06_no_database_setting_outlives_its_transaction():
    keeps(lasting_settings)
    assert not [path for path, text in texts() if path.endswith(".sql") and LASTING.search(text)]


def statements_without_isolation(source: Source) -> Iterator[str]:
    if not source.is_ours or source.is_in(STORE):
        return
    # A description of rows runs nothing, and says in text which rows a partial index covers.
    described = {"text"} if source.parts[-1] == "tables" else set()
    for node, name in [*imports(source), *full_names(source)]:
        package, _, last = name.rpartition(".")
        if package.partition(".")[0] == "sqlalchemy" and last in UNISOLATED - described:
            yield source.at(node, f"{name} passes tenant isolation: write an ORM statement")
    for node in source.all(ast.Attribute):
        if node.attr in BARE:
            yield source.at(node, f"{node.attr} passes tenant isolation: name the class")


def writes_among_queries(source: Source) -> Iterator[str]:
    if not source.is_in("domain") or source.is_in(STORE) or not QUERIES.search(source.path):
        return
    for node in ast.walk(source.tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="tx"), attr=verb)) if verb in WRITES:
                yield source.at(node, f"tx.{verb} changes something: that is a verb of the service")
            case ast.Call(func=func) if dotted(func) == "outbox.emit":
                yield source.at(node, "an event is told by the service that makes it happen")


def straight_to_the_driver(source: Source) -> Iterator[str]:
    if not source.is_ours or source.path in _listed():
        return
    for node in source.all(ast.Attribute):
        if node.attr == "fetch" and dotted(node.value).rpartition(".")[2] == "tx":
            yield source.at(node, f"take `rows`, or measure a factor of 1.5 and add to {FROZEN}")
    for node, name in () if source.is_in(STORE) else imports(source):
        if name.startswith(PREPARING):
            yield source.at(node, f"{name} is frozen: see {FROZEN}")


@cache
def _listed() -> frozenset[str]:
    return frozenset(re.findall(r"`([a-z]+/[a-z_/]+\.py)`", (ROOT / FROZEN).read_text("utf-8")))


def assembled_statements(source: Source) -> Iterator[str]:
    if not source.is_ours or source.is_in(*CONSTANT):
        return
    for node in source.all(ast.Call):
        match node:
            case ast.Call(func=func, args=[statement, *_]):
                if _last_name(func) in RUNS_SQL and _is_assembled(statement):
                    yield source.at(node, "bind the values: text in a statement is an injection")


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else dotted(node)


def _is_assembled(node: ast.expr) -> bool:
    match node:
        case ast.JoinedStr(values=values):
            return any(isinstance(value, ast.FormattedValue) for value in values)
        case ast.BinOp(op=ast.Mod() | ast.Add(), left=left, right=right):
            return any(_is_text(side) or _is_assembled(side) for side in (left, right))
        case ast.Call(func=ast.Attribute(attr="format" | "format_map" | "join", value=value)):
            return _is_text(value) or _is_assembled(value)
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def lasting_settings(source: Source) -> Iterator[str]:
    if not source.is_ours:
        return
    for node in source.all(ast.Call):
        if _last_name(node.func) == "set_config":
            last = node.args[-1] if node.args else None
            if not (isinstance(last, ast.Constant) and last.value is True):
                yield source.at(node, "set_config(..., true) ends with the transaction")
    prose = {id(node.value) for node in source.all(ast.Expr)}
    for node in source.all(ast.Constant):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose and LASTING.search(text):
                yield source.at(node, "use set_config(..., true), which ends with the transaction")


ANYWHERE = "domain/deals/queries.py"
OFFENDERS = [
    (statements_without_isolation, ANYWHERE, "from sqlalchemy import select, text"),
    (statements_without_isolation, ANYWHERE, "import sqlalchemy as sa\nx = sa.text('select 1')"),
    (statements_without_isolation, ANYWHERE, "from sqlalchemy import Table"),
    (statements_without_isolation, ANYWHERE, "from sqlalchemy.dialects.postgresql import insert"),
    (statements_without_isolation, "server/app.py", "from sqlalchemy.sql import text as t"),
    (statements_without_isolation, ANYWHERE, "select(Deal.__table__)"),
    (statements_without_isolation, ANYWHERE, "select(type(deal).__table__)"),
    (statements_without_isolation, ANYWHERE, "select(inspect(Deal).local_table)"),
    (statements_without_isolation, ANYWHERE, "select(Base.metadata.tables['deal'])"),
    (
        statements_without_isolation,
        ANYWHERE,
        "(await tx.session.connection()).exec_driver_sql('x')",
    ),
    (statements_without_isolation, "domain/deals/tables.py", "from sqlalchemy import insert"),
    (writes_among_queries, ANYWHERE, "async def f(tx):\n    tx.add(row)"),
    (writes_among_queries, ANYWHERE, "async def f(tx):\n    await tx.change(update(Deal))"),
    (writes_among_queries, ANYWHERE, "def f(tx):\n    outbox.emit(tx, 'deal.won')"),
    (writes_among_queries, "domain/insight/forecast_queries.py", "tx.change(update(Deal))"),
    (straight_to_the_driver, "domain/deals/service.py", "rows = await tx.fetch(_ONE)"),
    (straight_to_the_driver, "domain/new/queries.py", "rows = await self.tx.fetch(_ONE)"),
    (straight_to_the_driver, "domain/new/a.py", "from domain.store.prepared import question"),
    (straight_to_the_driver, "domain/new/a.py", "from domain.store.direct import Direct"),
    (assembled_statements, ANYWHERE, "tx.execute(f'select {x}')"),
    (assembled_statements, ANYWHERE, "tx.execute('select %s' % x)"),
    (assembled_statements, ANYWHERE, "tx.execute('select ' + x)"),
    (assembled_statements, ANYWHERE, "tx.execute('select ' + x + ' from deal')"),
    (assembled_statements, ANYWHERE, "tx.execute('select {}'.format(x))"),
    (assembled_statements, ANYWHERE, "tx.scalar(text(f'select {x}'))"),
    (assembled_statements, "domain/store/tx.py", "connection.exec_driver_sql(f'begin {mode}')"),
    (lasting_settings, "domain/store/tx.py", "f('select set_config(:name, :value, false)')"),
    (lasting_settings, "domain/store/tx.py", "f('SET app.tenant = 1')"),
    (lasting_settings, "domain/store/tx.py", "f('set session cyberos.tenant = 1')"),
    (lasting_settings, "domain/store/tx.py", "f(f'SET app.tenant = {x}')"),
    (lasting_settings, "domain/store/tx.py", "func.set_config('app.tenant', x, False)"),
    (lasting_settings, "domain/store/tx.py", "func.set_config('app.tenant', x, is_local)"),
]
INNOCENTS = [
    (statements_without_isolation, ANYWHERE, "from sqlalchemy import delete, select, update"),
    (statements_without_isolation, ANYWHERE, "from domain.kernel.text import text\ntext('a')"),
    (statements_without_isolation, "domain/deals/tables.py", "from sqlalchemy import Index, text"),
    (statements_without_isolation, "domain/store/tx.py", "from sqlalchemy import insert, text"),
    (statements_without_isolation, "tests/store/test_tx.py", "from sqlalchemy import text"),
    (writes_among_queries, ANYWHERE, "async def f(tx):\n    await tx.get(Deal, id, lock=True)"),
    (writes_among_queries, "domain/deals/service.py", "tx.add(row)"),
    (straight_to_the_driver, ANYWHERE, "rows = await tx.fetch(_ONE)"),
    (straight_to_the_driver, "server/fx.py", "await client.fetch(url)"),
    (straight_to_the_driver, "server/fx.py", "from domain.store.directory import tenants"),
    (straight_to_the_driver, "domain/new/a.py", "from domain.store.prepared import entities"),
    (assembled_statements, ANYWHERE, "tx.execute(select(Deal).where(Deal.id == x))"),
    (assembled_statements, ANYWHERE, "tx.execute(f'select 1')"),
    (assembled_statements, ANYWHERE, "log.info(f'select {x}')"),
    (assembled_statements, "domain/store/engine.py", "cursor.execute(f'PRAGMA {pragma}')"),
    (lasting_settings, "domain/store/tx.py", "f('select set_config(:name, :value, true)')"),
    (lasting_settings, "domain/store/tx.py", "func.set_config('app.tenant', x, True)"),
    (lasting_settings, "domain/store/tx.py", '"""Never SET app.tenant."""'),
    (lasting_settings, "domain/store/tx.py", "f('update deal set apple.x = 1')"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
