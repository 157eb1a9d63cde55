"""Documents: the files that were made or received, each written once."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)

from domain.documents.triggers import OF_AN_ACTION
from domain.store.guards import append_only
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0002 to 0003."""
    document = op.create_table(
        "document",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("kind", Code, nullable=False),
        Column("entity_type", Code, nullable=False),
        Column("entity_id", Id, nullable=False),
        Column("deal_id", Id),
        Column("path", String(60), nullable=False),
        Column("media_type", Code, nullable=False),
        Column("sha256", Digest, nullable=False),
        Column("size", BigInteger, nullable=False),
        Column("dated_on", Date, nullable=False),
        Column("locked_until", Date, nullable=False),
        Column("created_by_action", Id, nullable=False),
        Column("created_at", Instant(), nullable=False),
        CheckConstraint("kind in ('invoice_pdf', 'einvoice_xml', 'reply')", name="kind"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("locked_until >= dated_on", name="locked_until"),
        UniqueConstraint("tenant_id", "path"),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "created_by_action"], ["pending_action.tenant_id", "pending_action.id"]
        ),
        Index(None, "tenant_id", "entity_id"),
    )
    guard(document, append_only(), OF_AN_ACTION, version=1)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
