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

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Dialect,
    String,
    Table,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.exc import NoReferencedTableError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import class_mapper
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import False_
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.sql.visitors import InternalTraversal

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
    """The viewer of a condition: what the columns of a row are compared with."""

    person_id: Any
    workspace_ids: Any


class Row:
    """A row of a condition: its columns by name, and how many rows around it are asked first.

    The columns of the outermost are places to be filled in, and it remembers which were asked for.
    """

    def __init__(self, columns: Any = None, depth: int = 0) -> None:
        self._depth = depth
        self._columns = columns
        self._places: dict[str, ColumnElement[Any]] = {}

    def __getattr__(self, name: str) -> Any:
        if self._columns is not None:
            return getattr(self._columns, name)
        return self._places.setdefault(name, literal_column(f"{{{name}}}", String))

    def beside(self, kind: type[TenantRow]) -> tuple[NamedFromClause, "Row"]:
        """Another table of the same condition, under a name that no statement around it uses."""
        other = core(kind).alias(f"seen_{self._depth}_{core(kind).name}")
        return other, Row(other.c, self._depth + 1)


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
        other, inner = row.beside(parent)
        seen = _there(
            other,
            other.c.tenant_id == row.tenant_id,
            other.c[key] == column,
            parent.seen_if(inner, viewer),
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
        anything: ColumnElement[str] = literal_column("''", String)
        person, workspaces = anything == person_id, anything.in_(workspace_ids)
        if cls is Restricted:  # a sample from which SQLAlchemy learns which values are compared
            return and_(person, workspaces)
        kind = _kind(cls)
        columns = (getattr(cls, name) for name in _condition(kind)[1])
        return Seen(kind, person.right, workspaces.right, *columns)


class Seen(FunctionElement[bool]):
    """The condition of a restricted table over one row, with its viewer: who, where, columns.

    Written out, the condition of a pending action names every table that one may be about, and
    putting it into each statement costs more than running it. So it is worded once a process, and
    a statement holds the viewer and the few columns it asks for.
    """

    name = "seen"
    type = Boolean()
    inherit_cache = True
    # What its cache key is made of: the kind has to stand in it.
    _traverse_internals = [  # noqa: RUF012 - as the base class has it
        *FunctionElement._traverse_internals,
        ("kind", InternalTraversal.dp_plain_obj),
    ]

    def __init__(self, kind: Any, *clauses: Any) -> None:
        super().__init__(*clauses)
        self.kind = kind


_WORDINGS: dict[tuple[Any, str], str] = {}


@compiles(Seen)
def _seen(element: Seen, compiler: SQLCompiler, **options: Any) -> str:
    wording = _wording(element.kind, compiler.dialect)
    places = ("_person", "_workspaces", *_condition(element.kind)[1])
    said = {
        place: compiler.process(clause, **options)
        for place, clause in zip(places, element.clauses, strict=True)
        if f"{{{place}}}" in wording  # a parameter is none of a statement that does not name it
    }
    if "_workspaces" in said:  # IN has brackets of its own
        said["_workspaces"] = said["_workspaces"].removeprefix("(").removesuffix(")")
    return wording.format(**said)


@cache
def _condition(kind: Any) -> tuple[ColumnElement[bool], tuple[str, ...]]:
    """The condition of a kind over places for who asks and for columns, and the names of these."""
    row = Row()
    condition = kind.seen_if(row, Terms(literal_column("{_person}"), text("{_workspaces}")))
    return condition, tuple(row._places)


def _wording(kind: Any, dialect: Dialect) -> str:
    """How a dialect says the condition of a kind."""
    said = _WORDINGS.get((kind, dialect.name))
    if said is None:
        options = {"literal_binds": True}
        said = f"({_condition(kind)[0].compile(dialect=dialect, compile_kwargs=options)})"
        _WORDINGS[kind, dialect.name] = said
    return said


def among(kind: type[TenantRow], row: Any, **equal: Any) -> ColumnElement[bool]:
    """Whether the tenant of `row` has a row of this kind with these values; None means null."""
    other, _inner = row.beside(kind)
    same = (
        other.c[name].is_(None) if value is None else other.c[name] == value
        for name, value in equal.items()
    )
    return _there(other, other.c.tenant_id == row.tenant_id, *same)


def subject_seen(row: Any, kind: Any, id: Any, viewer: Terms, *, of: type) -> ColumnElement[bool]:
    """Whether a viewer may see what a row is about: the row of the table `kind` with this `id`.

    Of every restricted table there is, except that `of` the row itself.
    """
    conditions: list[ColumnElement[bool]] = [true()]
    for one in sorted(_subjects(), key=lambda subject: core(subject).name):
        if one is of:
            continue
        assert issubclass(one, Restricted)
        other, inner = row.beside(one)
        there = (other.c.tenant_id == row.tenant_id, other.c.id == id)
        seen = _there(other, *there, one.seen_if(inner, viewer))
        conditions.append(or_(kind != core(one).name, seen))
    return and_(*conditions)


def _there(other: NamedFromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    if any(isinstance(condition, False_) for condition in conditions):
        return false()
    return select(literal_column("1")).where(*conditions).correlate_except(other).exists()


def restricted_kinds() -> Iterator[type[TenantRow]]:
    """Every restricted table of every module, whether it was in use before or not."""
    load_tables()
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
        load_tables()
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
def load_referred(table: Table) -> None:
    """Load what rows of a table refer to: only then can the mapper put its tables in order.

    A process loads the tables of a module when it needs them, and a key names others by name.
    """
    try:
        for key in table.foreign_keys:
            _ = key.column
    except NoReferencedTableError:
        load_tables()


@cache
def load_tables() -> None:
    for package in sorted(one.name for one in files("domain").iterdir() if one.is_dir()):
        if files("domain").joinpath(package, "tables.py").is_file():
            import_module(f"domain.{package}.tables")
