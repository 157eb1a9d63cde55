"""Dependencies of packages: do imports point down the
layers, and stay out of others' rows and rules?

    server -> fixtures -> tools -> policies -> domain

An arrow may skip a layer, none may turn back. Only the server may open the fixtures, so that no
rule ever depends on an invented fact. Within the domain the modules have an order too: each says
in its descriptor which others it uses, and nobody is used in a cycle (docs/decisions/0029).
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping

import pytest

from domain.store.descriptor import modules
from tests.house.reading import OUTSIDE, PACKAGES, Rule, Source, imports, keeps, project, seen

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
FOUNDATIONS = ("kernel", "store")


def uses() -> Mapping[str, Collection[str]]:
    """What each module says that it uses."""
    return {module.name: module.uses for module in modules()}


def test_no_import_turns_back():
    keeps(imports_that_turn_back)


def test_the_kernel_knows_nothing_of_ours_and_the_store_only_the_kernel():
    keeps(heavy_foundations)


def test_a_module_asks_another_for_its_service_and_never_for_its_tables_or_rules():
    keeps(reaches_into_modules)


def test_a_module_says_in_its_descriptor_which_others_it_uses():
    keeps(undeclared_uses(uses()))


def test_what_a_module_says_that_it_uses_it_uses():
    assert not idle_uses(uses(), project())


def test_no_modules_use_each_other_in_a_cycle():
    assert not cycles(uses()), "break it by a module above both, or by a declaration of the lower"


def test_no_files_import_each_other_in_a_cycle():
    assert not cycles(files_used(project())), "what they share gets a file of its own"


def test_every_import_is_absolute():
    keeps(relative_imports)


def imports_that_turn_back(source: Source) -> Iterator[str]:
    if source.parts[0] not in BELOW:
        return
    allowed = BELOW[source.parts[0]]
    for node, name in imports(source):
        package = name.partition(".")[0]
        if package in (*PACKAGES, *OUTSIDE, "cyberos") and package not in allowed:
            yield source.at(node, f"{source.parts[0]} may not import {package}; {_advice(package)}")


def _advice(package: str) -> str:
    if package == "fixtures":
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
        if name.partition(".")[0] in PACKAGES and _package(name) not in allowed:
            yield source.at(node, f"{name}: only {' and '.join(sorted(allowed))} lie below")


def reaches_into_modules(source: Source) -> Iterator[str]:
    if not source.is_in("domain") or source.is_in(MIGRATIONS):
        return
    home = ".".join(source.parts[:2])
    for node, name in imports(source):
        if _package(name) in (home, "domain.kernel", "domain.store"):
            continue
        if name.startswith("domain.") and PRIVATE & set(name.split(".")[2:4]):
            yield source.at(node, f"{name}: ask its service or queries, or name a table in text")


def undeclared_uses(declared: Mapping[str, Collection[str]]) -> Rule:
    """The rule that a module imports nothing of another that its descriptor does not name."""

    def rule(source: Source) -> Iterator[str]:
        module = _module(source)
        if module is None:
            return
        if module not in declared:
            yield f"{source.path}: write domain/{module}/module.py, with the modules it uses"
            return
        for node, name in imports(source):
            used = _used(name, module)
            if used is not None and used not in declared[module]:
                yield source.at(
                    node, f'{name}: add "{used}" to `uses` in domain/{module}/module.py'
                )

    return rule


def idle_uses(declared: Mapping[str, Collection[str]], sources: Iterable[Source]) -> list[str]:
    """What descriptors name although no file of the module imports anything of it."""
    used: dict[str, set[str | None]] = {module: set() for module in declared}
    for source in sources:
        if (module := _module(source)) in used:
            used[module] |= {_used(name, module) for _, name in imports(source)}
    return [
        f'domain/{module}/module.py: take "{name}" out of `uses`, nothing of it is imported'
        for module, names in sorted(declared.items())
        for name in sorted(set(names) - used[module])
    ]


def cycles(arrows: Mapping[str, Collection[str]]) -> list[str]:
    """Every arrow of which the end leads back to the beginning."""
    reached: dict[str, set[str]] = {}
    for start in arrows:
        found, waiting = set[str](), list(arrows[start])
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += arrows.get(one, ())
        reached[start] = found
    return [
        f"{start} -> {end} -> ... -> {start}"
        for start, ends in sorted(arrows.items())
        for end in sorted(ends)
        if start == end or start in reached.get(end, ())
    ]


def files_used(sources: Iterable[Source]) -> dict[str, set[str]]:
    """Which of the files each file imports, wherever in the file."""
    by_name = {".".join(source.parts): source for source in sources}
    return {
        name: {
            found
            for _, used in imports(source)
            if (found := used if used in by_name else used.rpartition(".")[0]) in by_name
        }
        for name, source in by_name.items()
    }


def _module(source: Source) -> str | None:
    """The module of the domain that a file belongs to; kernel and store carry them all."""
    if source.parts[0] != "domain" or len(source.parts) < 3 or source.parts[1] in FOUNDATIONS:
        return None
    return source.parts[1]


def _used(name: str, by: str) -> str | None:
    """The other module of which this is a name."""
    package, _, rest = name.partition(".")
    used = rest.partition(".")[0]
    return used if package == "domain" and used not in (by, *FOUNDATIONS) else None


def _package(name: str) -> str:
    return ".".join(name.split(".")[:2])


def relative_imports(source: Source) -> Iterator[str]:
    for node in source.all(ast.ImportFrom):
        if node.level:
            yield source.at(node, "write the whole path, it says where we are")


ORDER = {"deals": ("accounts",), "accounts": (), "closing": ("deals",)}
in_order = undeclared_uses(ORDER)

OFFENDERS = [
    (in_order, "domain/accounts/service.py", "from domain.deals import queries"),
    (in_order, "domain/accounts/service.py", "def f():\n    import domain.deals.queries"),
    (in_order, "domain/accounts/rules.py", "from domain import deals"),
    (in_order, "domain/closing/service.py", "from domain.accounts import queries"),
    (in_order, "domain/invoices/service.py", "from domain.accounts import queries"),
    (imports_that_turn_back, "domain/deals/service.py", "from policies import decide"),
    (imports_that_turn_back, "domain/deals/service.py", "import server.wiring"),
    (imports_that_turn_back, "policies/gate/gate.py", "from tools.crm import create_deal"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "def f():\n    import server.app"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "from fixtures.vn import demo"),
    (imports_that_turn_back, "fixtures/demo.py", "from server import app"),
    (imports_that_turn_back, "server/app.py", "from tests import postgres"),
    (imports_that_turn_back, "domain/kernel/money.py", "import cyberos"),
    (heavy_foundations, "domain/kernel/money.py", "from domain.store import tx"),
    (heavy_foundations, "domain/kernel/money.py", "from domain import deals"),
    (heavy_foundations, "domain/store/tx.py", "from domain.deals.tables import Deal"),
    (heavy_foundations, "domain/store/tx.py", "import policies"),
    (reaches_into_modules, "domain/deals/service.py", "from domain.accounts.tables import Account"),
    (reaches_into_modules, "domain/deals/service.py", "from domain.accounts import rules"),
    (reaches_into_modules, "domain/deals/tables.py", "import domain.accounts.tables"),
    (relative_imports, "domain/deals/service.py", "from . import rules"),
    (relative_imports, "tests/deals/test_service.py", "from ..postgres import create_database"),
]
INNOCENTS = [
    (in_order, "domain/deals/service.py", "from domain.accounts import queries"),
    (in_order, "domain/deals/service.py", "from domain.deals import queries"),
    (
        in_order,
        "domain/accounts/service.py",
        "from domain.kernel import ids\nimport domain.store.tx",
    ),
    (in_order, "tools/crm/create_deal.py", "from domain.deals import service"),
    (in_order, f"{MIGRATIONS}/metadata.py", "from domain.deals import tables"),
    (imports_that_turn_back, "server/app.py", "from domain.deals import service\nimport fixtures"),
    (imports_that_turn_back, "tools/crm/create_deal.py", "from domain.deals import service"),
    (imports_that_turn_back, "tests/test_story.py", "from server.app import main"),
    (heavy_foundations, "domain/kernel/money.py", "import decimal\nfrom domain.kernel import ids"),
    (heavy_foundations, "domain/store/tx.py", "from domain.kernel.faults import Fault"),
    (heavy_foundations, f"{MIGRATIONS}/metadata.py", "from domain.deals import tables"),
    (reaches_into_modules, f"{MIGRATIONS}/metadata.py", "from domain.deals import tables"),
    (reaches_into_modules, "domain/deals/service.py", "from domain.deals import rules, tables"),
    (reaches_into_modules, "domain/deals/service.py", "from domain.accounts import queries"),
    (reaches_into_modules, "domain/deals/tables.py", "from domain.store.schema import TenantRow"),
    (reaches_into_modules, "domain/deals/tables.py", "from domain.store.tables import Sequence"),
    (relative_imports, "domain/deals/service.py", "from domain.deals import rules"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []


def test_a_use_that_is_named_and_not_made_is_seen():
    idle = [Source("domain/deals/service.py", "from domain.kernel import ids")]
    used = [Source("domain/deals/service.py", "from domain.accounts import queries")]

    assert idle_uses({"deals": ("accounts",)}, idle)
    assert idle_uses({"deals": ("accounts",)}, used) == []


@pytest.mark.parametrize(
    "arrows",
    [
        {"deals": ("accounts",), "accounts": ("deals",)},
        {"deals": ("accounts",), "accounts": ("contacts",), "contacts": ("deals",)},
        {"deals": ("deals",)},
    ],
)
def test_a_cycle_is_seen(arrows):
    assert cycles(arrows)
    assert cycles({**arrows, "deals": ()}) == []


def test_two_files_that_import_each_other_are_seen():
    one = Source("server/cli/approvals.py", "def f():\n    from server.cli import batches")
    other = Source("server/cli/batches.py", "from server.cli.approvals import look")

    assert cycles(files_used([one, other]))
    assert cycles(files_used([one, Source(other.path, "")])) == []
