"""Contacts are found by the words of name, title and e-mail address; lists have their indexes."""

from collections.abc import Iterator, Mapping
from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, text

from domain.kernel.email import spelling
from domain.kernel.folding import fold
from domain.store.migrations.sending import send
from domain.store.migrations.triggers import make_searchable

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_AT_ONCE = 2_000
_NEXT = text(
    "SELECT tenant_id, id, display_name, title, email FROM contact"
    " WHERE tenant_id > :tenant_id OR (tenant_id = :tenant_id AND id > :id)"
    " ORDER BY tenant_id, id LIMIT :most"
)
_FILL = text(
    "UPDATE contact SET findable = :findable, search_key = :search_key"
    " WHERE tenant_id = :tenant_id AND id = :id"
)


def upgrade() -> None:
    """From revision 0009 to 0010."""
    connection = op.get_bind()
    op.add_column("contact", Column("findable", String(1024), nullable=False, server_default=""))
    op.add_column("contact", Column("search_key", BigInteger, nullable=False, server_default="0"))
    with_every_tenant = connection.dialect.name != "sqlite"
    if with_every_tenant:
        send(connection, ["ALTER TABLE contact NO FORCE ROW LEVEL SECURITY"])
    _fill(connection)
    if with_every_tenant:
        send(connection, ["ALTER TABLE contact FORCE ROW LEVEL SECURITY"])
    op.create_index(
        "ix_activity_tenant_id_contact_id_occurred_at",
        "activity",
        ["tenant_id", "contact_id", "occurred_at"],
    )
    op.create_index("ix_activity_tenant_id_occurred_at", "activity", ["tenant_id", "occurred_at"])
    op.create_index("uq_contact_search_key", "contact", ["search_key"], unique=True)
    make_searchable(Table("contact", MetaData()), "findable", version=2)
    if connection.dialect.name == "sqlite":
        send(connection, ["INSERT INTO contact_search (contact_search) VALUES ('rebuild')"])


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")


def _fill(connection: Connection) -> None:
    """Give every contact its words and a number, below all that are given later."""
    number = 0
    for page in _pages(connection):
        filled: list[Mapping[str, Any]] = []
        for row in page:
            number += 1
            words = _words(row)
            filled.append(
                {"tenant_id": row.tenant_id, "id": row.id, "findable": words, "search_key": number}
            )
        connection.execute(_FILL, filled)


def _words(row: Any) -> str:
    reach = spelling(row.email) if row.email is not None else ""
    return fold(f"{row.display_name} {row.title or ''} {reach}")[:1_024].strip()


def _pages(connection: Connection) -> Iterator[Any]:
    last = {"tenant_id": "", "id": ""}
    while page := connection.execute(_NEXT, {**last, "most": _AT_ONCE}).all():
        yield page
        last = {"tenant_id": page[-1].tenant_id, "id": page[-1].id}
