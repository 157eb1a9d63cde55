"""The ledger: entries and their lines."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)

from domain.ledger.triggers import BALANCED, COMPLETE, IN_PLACE, ONE_SIDE
from domain.store.guards import append_only
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Id, Instant, Line

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From the revision before to 0004."""
    entry = op.create_table(
        "journal_entry",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("on_date", Date, nullable=False),
        Column("source_kind", Code, nullable=False),
        Column("source_id", Id, nullable=False),
        Column("cause", Code, nullable=False),
        Column("line_count", Integer, nullable=False),
        Column("memo", Line),
        Column("fx_rate_id", Id),
        Column("posted_by", Code, nullable=False),
        Column("posted_at", Instant(), nullable=False),
        UniqueConstraint("tenant_id", "id", "line_count"),
        UniqueConstraint("tenant_id", "source_kind", "source_id", "cause"),
        ForeignKeyConstraint(["tenant_id", "fx_rate_id"], ["fx_rate.tenant_id", "fx_rate.id"]),
        Index(None, "tenant_id", "on_date"),
    )
    line = op.create_table(
        "journal_line",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("entry_id", Id, nullable=False),
        Column("position", Integer, nullable=False),
        Column("line_count", Integer, nullable=False),
        Column("role", Code, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("debit_minor", BigInteger, nullable=False),
        Column("credit_minor", BigInteger, nullable=False),
        Column("book_minor", BigInteger, nullable=False),
        Column("party_id", Id),
        Column("project_id", Id),
        Column("department", Code),
        Column("product_id", Id),
        Column("document_kind", Code),
        Column("document_id", Id),
        Column("service_from", Date),
        Column("service_to", Date),
        UniqueConstraint("tenant_id", "entry_id", "position"),
        ForeignKeyConstraint(
            ["tenant_id", "entry_id", "line_count"],
            ["journal_entry.tenant_id", "journal_entry.id", "journal_entry.line_count"],
            deferrable=True,
            initially="DEFERRED",
        ),
        Index(None, "tenant_id", "document_id"),
        Index(None, "tenant_id", "party_id"),
    )
    guard(entry, append_only(), COMPLETE, BALANCED, version=1)
    guard(line, append_only(), ONE_SIDE, IN_PLACE, version=1)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
