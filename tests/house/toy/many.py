"""Many generated modules of five tables and five tools each, to see what grows with them."""

from domain.store.migrations.runner import revisions

_TABLES = 5
_FIRST = 9000  # of the revisions, far behind ours

_TABLE = '''

class {class_}(TenantEntity):
    """One thing of many."""

    __tablename__ = "{table}"
    __audit__ = CHAINED

    name: Mapped[str] = mapped_column(Line)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]

    __table_args__ = (Index(None, "tenant_id", "made_at"),)
'''
_TABLE_HEAD = '''"""Which things of many are there?"""

from datetime import datetime

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED
from domain.store.schema import Line, TenantEntity
'''
_QUERIES = '''"""Which things of many are asked for?"""

from collections.abc import Sequence

from sqlalchemy import select

from domain.{module}.tables import (
    {lines},
)
from domain.store.schema import TenantEntity
from domain.store.tx import Tx

KINDS: tuple[type[TenantEntity], ...] = (
    {lines},
)


async def listed(tx: Tx, number: int, *, limit: int) -> Sequence[TenantEntity]:
    """Rows of one of the tables."""
    return await tx.all(select(KINDS[number]).limit(limit))
'''
_MODULE = '''"""One module of many."""

from domain.{module}.tables import (
    {lines},
)
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import never_deleted

_TABLES = ({classes})
_KEPT = Stored(guards=(never_deleted(),), grants={{Role.AGENT: Grant(insert=True)}})

MODULE = Module(name="{module}", tables=dict.fromkeys(_TABLES, _KEPT))
'''
_REVISION = '''"""The tables of one module of many."""

from alembic import op
from sqlalchemy import BigInteger, Column, Index

from domain.store.guards import never_deleted
from domain.store.migrations.triggers import guard
from domain.store.schema import Id, Instant, Line

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision {before} to {revision}."""
    for name in {tables!r}:
        made = op.create_table(
            name,
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("name", Line, nullable=False),
            Column("amount_minor", BigInteger, nullable=False),
            Column("made_at", Instant(), nullable=False),
            Index(None, "tenant_id", "made_at"),
        )
        guard(made, never_deleted(), version=1)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
'''
_TOOL = '''"""Which things of many are there?"""

from typing import Annotated

from pydantic import Field

from domain.{module} import queries
from policies.gate.contract import Call, tool
from tools.shapes import Ask, View


class Listing(Ask):
    """How many."""

    limit: Annotated[int, Field(ge=1, le=50)] = Field(default=20, description="At most so many.")


class Listed(View):
    """Ids of things."""

    ids: list[str]

    def text(self) -> str:
        """How many there are."""
        return f"{{len(self.ids)}} things."


@tool("cyberos.{module}.{name}", title="List things", answer=Listed)
async def TOOL(call: Call, arguments: Listing) -> Listed:
    """List things of one kind among many.

    Use this when somebody asks what things there are.
    Returns their ids.
    """
    rows = await queries.listed(call.tx, {number}, limit=arguments.limit)
    return Listed(ids=[row.id for row in rows])
'''
_ROW = """[[tool]]
id = "cyberos.{module}.{name}"
scope = "crm.read"
effect = "read"
toolset = "{module}"
"""
_SAMPLES = '''"""Samples of the tools of one module of many."""

from tests.tools.samples import Sample

SAMPLES = {{f"{module}_list_{{n}}": Sample({{}}, statements=(3, 0)) for n in "{numbers}"}}
'''


def files(count: int) -> dict[str, str]:
    """The files of modules with so many tables, and as many tools, by their paths."""
    found: dict[str, str] = {}
    for number in range(count // _TABLES):
        found |= _module(f"crate{_letters(number)}", number)
    return found


def _letters(number: int) -> str:
    return chr(ord("a") + number // 26) + chr(ord("a") + number % 26)


def _module(module: str, number: int) -> dict[str, str]:
    numbers = range(_TABLES)
    classes = [f"{module.capitalize()}{n}" for n in numbers]
    tables = tuple(f"{module}_{n}" for n in numbers)
    told = {
        "module": module,
        "lines": ",\n    ".join(classes),
        "classes": ", ".join(classes),
        "tables": tables,
    }
    revision = f"{_FIRST + number}"
    before = f"{_FIRST + number - 1}" if number else revisions()[-1]
    rows = [
        _TABLE.format(class_=class_, table=table)
        for class_, table in zip(classes, tables, strict=True)
    ]
    tools = {
        f"tools/{module}/list_{n}.py": _TOOL.format(module=module, name=f"list_{n}", number=n)
        for n in numbers
    }
    return {
        f"domain/{module}/__init__.py": "",
        f"domain/{module}/tables.py": "".join([_TABLE_HEAD, *rows]),
        f"domain/{module}/queries.py": _QUERIES.format(**told),
        f"domain/{module}/module.py": _MODULE.format(**told),
        f"domain/store/migrations/versions/v{revision}_{module}.py": _REVISION.format(
            revision=revision, before=before, **told
        ),
        f"tools/{module}/__init__.py": "",
        **tools,
        f"policies/catalogue/{module}.toml": "\n".join(
            _ROW.format(module=module, name=f"list_{n}") for n in numbers
        ),
        f"tests/tools/{module}/__init__.py": "",
        f"tests/tools/{module}/samples.py": _SAMPLES.format(
            module=module, numbers="".join(map(str, numbers))
        ),
    }
