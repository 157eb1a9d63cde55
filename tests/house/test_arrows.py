"""Do the imports point down the house, and stay out of other drawers' rows and rules?

    server -> fixtures -> tools -> policies -> domain

An arrow may skip a room, none may turn back. Only the server may open the fixtures, so that no
rule ever depends on an invented fact.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house.reading import OUTSIDE, ROOMS, Source, imports, keeps, seen

BELOW = {
    "server": {"server", "fixtures", "tools", "policies", "domain"},
    "fixtures": {"fixtures", "tools", "policies", "domain"},
    "tools": {"tools", "policies", "domain"},
    "policies": {"policies", "domain"},
    "domain": {"domain"},
}
PRIVATE = {"tables", "rules"}
# The one place that has to know every table: what the database looks like as a whole.
MIGRATIONS = "domain/store/migrations"


def test_no_import_turns_back():
    keeps(imports_that_turn_back)


def test_the_kernel_knows_nothing_of_ours_and_the_store_only_the_kernel():
    keeps(heavy_foundations)


def test_a_drawer_asks_another_for_its_service_and_never_for_its_tables_or_rules():
    keeps(reaches_into_drawers)


def test_every_import_is_absolute():
    keeps(relative_imports)


def imports_that_turn_back(source: Source) -> Iterator[str]:
    if source.parts[0] not in BELOW:
        return
    allowed = BELOW[source.parts[0]]
    for node, name in imports(source):
        room = name.partition(".")[0]
        if room in (*ROOMS, *OUTSIDE, "cyberos") and room not in allowed:
            yield source.at(node, f"{source.parts[0]} may not import {room}; {_advice(room)}")


def _advice(room: str) -> str:
    if room == "fixtures":
        return "let server/wiring.py hand it over"
    return "declare a Protocol here and let server/wiring.py pass the implementation"


def heavy_foundations(source: Source) -> Iterator[str]:
    if source.is_in("domain/kernel"):
        allowed = {"domain.kernel"}
    elif source.is_in("domain/store") and not source.is_in(MIGRATIONS):
        allowed = {"domain.kernel", "domain.store"}
    else:
        return
    for node, name in imports(source):
        if name.partition(".")[0] in ROOMS and _drawer(name) not in allowed:
            yield source.at(node, f"{name}: only {' and '.join(sorted(allowed))} lie below")


def reaches_into_drawers(source: Source) -> Iterator[str]:
    if not source.is_in("domain") or source.is_in(MIGRATIONS):
        return
    home = ".".join(source.parts[:2])
    for node, name in imports(source):
        if _drawer(name) in (home, "domain.kernel", "domain.store"):
            continue
        if name.startswith("domain.") and PRIVATE & set(name.split(".")[2:4]):
            yield source.at(node, f"{name}: ask its service or queries, or name a table in text")


def _drawer(name: str) -> str:
    return ".".join(name.split(".")[:2])


def relative_imports(source: Source) -> Iterator[str]:
    for node in source.all(ast.ImportFrom):
        if node.level:
            yield source.at(node, "write the whole path, it says where we are")


OFFENDERS = [
    (imports_that_turn_back, "domain/deals/service.py", "from policies import decide"),
    (imports_that_turn_back, "domain/deals/service.py", "import server.wiring"),
    (imports_that_turn_back, "policies/gate.py", "from tools.crm import create_deal"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "def f():\n    import server.app"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "from fixtures.vn import demo"),
    (imports_that_turn_back, "fixtures/demo.py", "from server import app"),
    (imports_that_turn_back, "server/app.py", "from tests import postgres"),
    (imports_that_turn_back, "domain/kernel/money.py", "import cyberos"),
    (heavy_foundations, "domain/kernel/money.py", "from domain.store import tx"),
    (heavy_foundations, "domain/kernel/money.py", "from domain import deals"),
    (heavy_foundations, "domain/store/tx.py", "from domain.deals.tables import Deal"),
    (heavy_foundations, "domain/store/tx.py", "import policies"),
    (reaches_into_drawers, "domain/deals/service.py", "from domain.accounts.tables import Account"),
    (reaches_into_drawers, "domain/deals/service.py", "from domain.accounts import rules"),
    (reaches_into_drawers, "domain/deals/tables.py", "import domain.accounts.tables"),
    (relative_imports, "domain/deals/service.py", "from . import rules"),
    (relative_imports, "tests/deals/test_service.py", "from ..postgres import create_database"),
]
INNOCENTS = [
    (imports_that_turn_back, "server/app.py", "from domain.deals import service\nimport fixtures"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "from domain.deals import service"),
    (imports_that_turn_back, "tests/test_story.py", "from server.app import main"),
    (heavy_foundations, "domain/kernel/money.py", "import decimal\nfrom domain.kernel import ids"),
    (heavy_foundations, "domain/store/tx.py", "from domain.kernel.faults import Fault"),
    (heavy_foundations, f"{MIGRATIONS}/metadata.py", "from domain.deals import tables"),
    (reaches_into_drawers, f"{MIGRATIONS}/metadata.py", "from domain.deals import tables"),
    (reaches_into_drawers, "domain/deals/service.py", "from domain.deals import rules, tables"),
    (reaches_into_drawers, "domain/deals/service.py", "from domain.accounts import queries"),
    (reaches_into_drawers, "domain/deals/tables.py", "from domain.store.schema import TenantRow"),
    (reaches_into_drawers, "domain/deals/tables.py", "from domain.store.tables import Sequence"),
    (relative_imports, "domain/deals/service.py", "from domain.deals import rules"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
