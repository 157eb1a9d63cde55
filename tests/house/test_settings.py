"""Settings of the tenant: does each have a name of its own, and a module that declares it?"""

import ast
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from domain.store.declarations import Setting, yes_or_no
from domain.store.descriptor import Module, modules
from tests.house.reading import Source, dotted, keeps, seen


def test_every_setting_has_a_name_of_its_own_that_begins_with_its_module():
    assert list(badly_named(modules())) == []


def test_every_setting_is_declared_by_its_module():
    keeps(undeclared)


def badly_named(described: Sequence[Module]) -> Iterator[str]:
    """Names that are taken, or that do not say whose they are, with the file to change."""
    seen_before: set[str] = set()
    for module in described:
        for one in module.settings:
            file = f"domain/{module.name}/module.py"
            if one.name.partition(".")[0] != module.name or one.name.count(".") != 1:
                yield f"{file}: the setting {one.name} must be named {module.name}.<name>"
            if one.name in seen_before:
                yield f"{file}: the setting {one.name} is declared already"
            seen_before.add(one.name)


def undeclared(source: Source) -> Iterator[str]:
    """Settings that are made and stand in no descriptor: the company could not decide them."""
    if not source.is_ours:
        return
    declared = {one.name for module in modules() for one in module.settings}
    for call in source.all(ast.Call):
        if dotted(call.func) != "Setting":
            continue
        name = next((ast.literal_eval(one.value) for one in call.keywords if one.arg == "name"), "")
        if name not in declared:
            where = f"domain/{source.parts[1]}/module.py"
            yield source.at(call, f"{name}: name it among the settings of {where}")


def toys(*names: str, module: str = "toys") -> Module:
    settings: tuple[Setting[Any], ...] = tuple(
        Setting(name=name, default=False, check=yes_or_no) for name in names
    )
    return Module(name=module, settings=settings)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ([toys("asks")], "domain/toys/module.py: the setting asks must be named toys.<name>"),
        ([toys("deals.asks")], "the setting deals.asks must be named toys.<name>"),
        ([toys("toys.asks.often")], "must be named toys.<name>"),
        ([toys("toys.asks", "toys.asks")], "the setting toys.asks is declared already"),
    ],
)
def test_a_planted_name_is_complained_of(described, words):
    (complaint, *_) = badly_named(described)

    assert words in complaint


def test_a_sound_name_is_no_complaint():
    assert (
        list(badly_named([toys("toys.asks", "toys.tells"), toys("dolls.asks", module="dolls")]))
        == []
    )


def test_the_rule_sees_a_planted_setting_that_no_descriptor_has():
    planted = "X = Setting(name='deals.forgotten', default=1, check=print)"

    assert seen(undeclared, "domain/deals/settings.py", planted)
    assert not seen(undeclared, "domain/deals/settings.py", "x: Setting[int]")
