"""E-invoices: the hóa đơn of each invoice, as it was signed and as it was answered."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)

from domain.einvoices.triggers import (
    AS_IT_LEFT,
    CHANGED_BY_ACTION,
    IN_ORDER,
    SIGNED_BY_ACTION,
    SOUND_ADDED,
    SOUND_CHANGED,
    STEPS,
)
from domain.store.guards import begins_as, fixed, never_deleted, numbered
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant, Line

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0006 to 0007."""
    einvoice = op.create_table(
        "einvoice",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("invoice_id", Id, nullable=False),
        Column("form", Integer, nullable=False),
        Column("symbol", String(6), nullable=False),
        Column("year", Integer, nullable=False),
        Column("number", Integer, nullable=False),
        Column("issued_on", Date, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("subtotal_minor", BigInteger, nullable=False),
        Column("vat_minor", BigInteger, nullable=False),
        Column("total_minor", BigInteger, nullable=False),
        Column("state", Code, nullable=False),
        Column("message_id", String(46), nullable=False),
        Column("xml", LargeBinary, nullable=False),
        Column("xml_sha256", Digest, nullable=False),
        Column("reply", LargeBinary),
        Column("provider_reference", Line),
        Column("refusal_code", Code),
        Column("action_id", Id, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("settled_at", Instant()),
        Column("version", Integer, nullable=False),
        UniqueConstraint("tenant_id", "form", "symbol", "year", "number"),
        UniqueConstraint("tenant_id", "invoice_id"),
        UniqueConstraint("tenant_id", "message_id"),
        CheckConstraint("state IN ('signed', 'submitted', 'accepted', 'rejected')", name="state"),
        CheckConstraint("number BETWEEN 1 AND 99999999", name="number"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
        ),
    )
    guard(
        einvoice,
        SIGNED_BY_ACTION,
        CHANGED_BY_ACTION,
        begins_as(state="signed", version=1, settled_at=None, reply=None),
        fixed("id", "invoice_id", "form", "symbol", "year", "number", "issued_on"),
        STEPS,
        AS_IT_LEFT,
        SOUND_ADDED,
        SOUND_CHANGED,
        IN_ORDER,
        numbered("number", "form", "symbol", "year"),
        never_deleted(),
        version=1,
    )


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
