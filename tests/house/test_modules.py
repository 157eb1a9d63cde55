"""Module descriptors: does every table belong to a module that
says what is refused and who may do what?
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.activities.tables import Activity
from domain.store.descriptor import ALL, Grant, Module, Stored, modules
from domain.store.engine import Role
from domain.store.guards import append_only, final, fixed, needs_action
from domain.store.schema import Base

DOMAIN = Path(__file__).parents[2] / "domain"


def test_every_table_has_a_module_with_its_guards_and_grants():
    assert list(complaints(models(), modules())) == []


def models() -> list[type[DeclarativeBase]]:
    """Every class of a row in the program."""
    for file in sorted(DOMAIN.glob("*/tables.py")):
        import_module(f"domain.{file.parent.name}.tables")
    return [mapper.class_ for mapper in Base.registry.mappers]


def complaints(
    classes: Iterable[type[DeclarativeBase]], described: Sequence[Module]
) -> Iterator[str]:
    """What is not declared, each with the file to write it in."""
    for model in classes:
        package = model.__module__.split(".")[1]
        file, name = f"domain/{package}/module.py", model.__name__
        homes = [module for module in described if model in module.tables]
        if [module.name for module in homes] != [package]:
            others = " and ".join(module.name for module in homes if module.name != package)
            yield f"{file}: MODULE.tables must have {name}" + (f", not {others}" if others else "")
        for module in homes:
            yield from (f"{file}: {name} {problem}" for problem in problems(model, module))


def problems(model: type[DeclarativeBase], module: Module) -> Iterator[str]:
    """What is wrong with what a module says of a table."""
    rules, table = module.tables[model], model.__table__  # type: ignore[index]
    assert isinstance(table, Table)
    if bool(rules.guards) == bool(rules.unguarded):
        yield "needs guards, or a reason in `unguarded` why it has none"
    if bool(rules.grants) == bool(rules.ungranted):
        yield "needs grants, or says in `ungranted` who writes it"
    if Role.OWNER in rules.grants:
        yield "is the owner's already: no grant to it"
    columns = set(table.columns.keys())
    named = {column for grant in rules.grants.values() for column in grant.update} - {*ALL}
    named |= {*rules.searched.columns} if rules.searched else set()
    for guard in rules.guards:
        named |= {*getattr(guard, "columns", ()), *getattr(guard, "but", ())}
        named |= {one for one in (getattr(guard, "column", None),) if one}
    if unknown := named - columns:
        yield f"has no column {', '.join(sorted(unknown))}"


class _Base(DeclarativeBase):
    """Rows that are in no module of ours."""


class Planted(_Base):
    """A table that a planted descriptor declares."""

    __tablename__ = "planted"
    __module__ = "domain.activities.tables"

    id: Mapped[str] = mapped_column(primary_key=True)


WRITTEN = {Role.AGENT: Grant(insert=True)}
SOUND = Stored(guards=(append_only(),), grants=WRITTEN)


def said(rules: Stored | None, module: str = "activities") -> list[str]:
    tables: dict[Any, Stored] = {} if rules is None else {Planted: rules}
    return list(complaints([Planted], [Module(name=module, tables=tables)]))


def test_what_is_declared_is_not_complained_of():
    assert said(SOUND) == []


@pytest.mark.parametrize(
    ("rules", "module", "words"),
    [
        (None, "activities", "domain/activities/module.py: MODULE.tables must have Planted"),
        (SOUND, "deals", "MODULE.tables must have Planted, not deals"),
        (Stored(grants=WRITTEN), "activities", "needs guards, or a reason in `unguarded`"),
        (Stored(guards=(append_only(),)), "activities", "needs grants, or says in `ungranted`"),
        (Stored(guards=(append_only(),), unguarded="x", grants=WRITTEN), "activities", "guards"),
        (Stored(guards=(append_only(),), grants=WRITTEN, ungranted="x"), "activities", "grants"),
        (Stored(guards=(fixed("x"),), grants=WRITTEN), "activities", "has no column x"),
        (Stored(guards=(final("x"),), grants=WRITTEN), "activities", "has no column x"),
        (Stored(guards=(needs_action("a.b", "x"),), grants=WRITTEN), "activities", "no column x"),
        (
            Stored(guards=(append_only(),), grants={Role.AGENT: Grant(update=("x",))}),
            "activities",
            "has no column x",
        ),
        (
            Stored(guards=(append_only(),), grants={Role.OWNER: Grant(insert=True)}),
            "activities",
            "no grant to it",
        ),
    ],
)
def test_a_planted_table_is_complained_of_by_its_file(rules, module, words):
    (complaint, *_) = said(rules, module)

    assert words in complaint and "domain/activities/module.py" in complaint


def test_the_classes_are_found():
    assert Activity in models() and len(models()) > 40
