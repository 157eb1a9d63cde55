"""Visibility inside a tenant: which of its rows may the viewer of a transaction see?

A table says by `Restricted` that not everybody of its tenant may see its rows, and by what they
are judged. The session adds that to every statement, as it adds the tenant (tenancy.py), and to
what is prepared (prepared.py); a transaction that names no viewer sees nothing restricted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any, ClassVar

from sqlalchemy import Boolean, ColumnElement, and_, bindparam, literal_column, or_, select, true
from sqlalchemy.exc import NoReferencedTableError
from sqlalchemy.orm import class_mapper

from domain.store.schema import Base, TenantEntity, TenantRow, core


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, or the person an agent acts for, and the workspaces they are in."""

    person_id: str
    workspace_ids: tuple[str, ...] = ()
    sees_all: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that say to a prepared statement who asks."""
        return {
            "viewer_id": self.person_id,
            "viewer_workspaces": self.workspace_ids,
            "sees_all": self.sees_all,
        }


NOBODY = Viewer("")
SYSTEM = Viewer("", sees_all=True)  # works for everybody, and shows no single person anything


@dataclass(frozen=True, slots=True)
class Terms:
    """The viewer of a statement in its own words: values or parameters, to compare columns with."""

    person_id: Any
    workspace_ids: Any


class Restricted:
    """A row that not everybody of its tenant may see.

    Either `belongs_to` names a column with a foreign key to another restricted row, with which
    this one is seen (a row that refers to none is seen by everybody), or `seen_if` is a rule of
    its own.
    """

    belongs_to: ClassVar[str]

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """The condition under which a viewer sees a row, of which `row` has the columns.

        Other tables are asked by `among` alone: the session adds nothing to what stands in here.
        """
        kind: Any = cls  # an alias of a class is none
        parent, key = _parent(kind)
        column = getattr(row, cls.belongs_to)
        other = core(parent).alias()
        seen = (
            select(literal_column("1"))
            .where(
                other.c.tenant_id == row.tenant_id,
                other.c[key] == column,
                parent.seen_if(other.c, viewer),
            )
            .correlate_except(other)
            .exists()
        )
        return or_(column.is_(None), seen) if core(_kind(cls)).c[cls.belongs_to].nullable else seen

    @classmethod
    def seen_by_asker(cls) -> ColumnElement[bool]:
        """The same in the parameters that `Viewer.parameters` gives to a prepared statement."""
        person: ColumnElement[Any] = bindparam("viewer_id")
        workspaces: ColumnElement[Any] = bindparam("viewer_workspaces", expanding=True)
        return or_(bindparam("sees_all", type_=Boolean), cls.seen_by(person, workspaces))

    @classmethod
    def seen_by(cls, person_id: Any, workspace_ids: Any) -> ColumnElement[bool]:
        """The same of a mapped class or an alias of it, which is how SQLAlchemy asks for it."""
        if cls is Restricted:  # a sample from which SQLAlchemy learns which values are compared
            anything: ColumnElement[Any] = literal_column("''")
            return and_(anything == person_id, anything.in_(workspace_ids))
        condition: ColumnElement[bool] = _kind(cls).seen_if(cls, Terms(person_id, workspace_ids))
        return condition


def among(kind: type[TenantRow], row: Any, **equal: Any) -> ColumnElement[bool]:
    """Whether the tenant of `row` has a row of this kind with these values; None means null."""
    other = core(kind).alias()
    same = (
        other.c[name].is_(None) if value is None else other.c[name] == value
        for name, value in equal.items()
    )
    return (
        select(literal_column("1"))
        .where(other.c.tenant_id == row.tenant_id, *same)
        .correlate_except(other)
        .exists()
    )


def subject_seen(row: Any, kind: Any, id: Any, viewer: Terms, *, of: type) -> ColumnElement[bool]:
    """Whether a viewer may see what a row is about: the row of the table `kind` with this `id`.

    Of every restricted table there is, except that `of` the row itself.
    """
    conditions: list[ColumnElement[bool]] = [true()]
    for one in sorted(_subjects(), key=lambda subject: core(subject).name):
        if one is of:
            continue
        other = core(one).alias()
        there = (other.c.tenant_id == row.tenant_id, other.c.id == id)
        assert issubclass(one, Restricted)
        seen = (
            select(literal_column("1"))
            .where(*there, one.seen_if(other.c, viewer))
            .correlate_except(other)
            .exists()
        )
        conditions.append(or_(kind != core(one).name, seen))
    return and_(*conditions)


def restricted_kinds() -> Iterator[type[TenantRow]]:
    """Every restricted table of every module, whether it was in use before or not."""
    _load_tables()
    for mapper in Base.registry.mappers:
        if issubclass(mapper.class_, Restricted):
            assert issubclass(mapper.class_, TenantRow)
            yield mapper.class_


@cache
def _subjects() -> tuple[type[TenantEntity], ...]:
    return tuple(kind for kind in restricted_kinds() if issubclass(kind, TenantEntity))


def _kind(entity: Any) -> Any:
    """The mapped class of a class or of an alias."""
    return class_mapper(entity).class_ if isinstance(entity, type) else entity.__mapper__.class_


@cache
def _parent(kind: Any) -> tuple[Any, str]:
    """The restricted table with which rows of this kind are seen, and its column of their key."""
    try:
        return _referred(_kind(kind))
    except NoReferencedTableError:  # a process loads tables when it needs them
        _load_tables()
        return _referred(_kind(kind))


def _referred(kind: Any) -> tuple[Any, str]:
    mapped = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    columns = [key.column for key in core(kind).c[kind.belongs_to].foreign_keys]
    found = [
        (mapped[column.table.name], column.name)
        for column in columns
        if issubclass(mapped[column.table.name], Restricted)
    ]
    assert len(found) == 1, f"{kind.__name__}.{kind.belongs_to} refers to no restricted row"
    return found[0]


@cache
def _load_tables() -> None:
    for package in sorted(one.name for one in files("domain").iterdir() if one.is_dir()):
        if files("domain").joinpath(package, "tables.py").is_file():
            import_module(f"domain.{package}.tables")
