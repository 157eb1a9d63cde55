"""Invoices: drafts and what is sent, their lines, the time they bill, and gapless numbers."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from domain.invoices.triggers import (
    ADDED,
    CHANGED,
    LOCKED,
    MOVED_TO_ITS_LINE,
    PUT_ON_ITS_LINE,
    TAKEN_OUT,
)
from domain.store.guards import (
    begins_as,
    final,
    fixed,
    fixed_but,
    needs_action,
    never_deleted,
    numbered,
)
from domain.store.migrations.columns import unique_where
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Id, Instant, Line
from domain.store.triggers import BY_ONE

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0005 to 0006."""
    _number_series()
    _invoice()
    _invoice_line()
    _invoice_time()


def _number_series() -> None:
    made = op.create_table(
        "number_series",
        Column("tenant_id", Id, primary_key=True),
        Column("series", Code, primary_key=True),
        Column("last", BigInteger, nullable=False),
    )
    guard(made, begins_as(last=1), BY_ONE, never_deleted(), version=1)


def _invoice() -> None:
    made = op.create_table("invoice", *_invoice_columns(), *_invoice_constraints())
    guard(
        made,
        begins_as(status="draft", version=1, locked_at=None, sent_at=None, issued_on=None),
        needs_action("invoice.send", "status", version="version"),
        fixed_but(
            *("subtotal_minor", "vat_minor", "total_minor", "vat_category", "due_at"),
            *(
                "updated_at",
                "version",
                "status",
                "terms_days",
                "issued_on",
                "fx_rate_id",
                "bank_account_id",
            ),
            *("locked_at", "sent_at", "sent_by"),
        ),
        LOCKED,
        numbered("label_no", "label_year", "label_month"),
        final("status", unless="draft"),
        never_deleted(),
        version=1,
    )


def _invoice_columns() -> list[SchemaItem]:
    return [
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("account_id", Id, nullable=False),
        Column("engagement_id", Id),
        Column("deal_id", Id),
        Column("label_year", Integer, nullable=False),
        Column("label_month", Integer, nullable=False),
        Column("label_no", Integer, nullable=False),
        Column("period", String(7), nullable=False),
        Column("kind", Code, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("subtotal_minor", BigInteger, nullable=False),
        Column("vat_minor", BigInteger, nullable=False),
        Column("total_minor", BigInteger, nullable=False),
        Column("rounding", Code, nullable=False),
        Column("vat_category", Code),
        Column("status", Code, nullable=False),
        Column("payment_reference", String(10), nullable=False),
        Column("terms_days", Integer),
        Column("due_at", Date),
        Column("issued_on", Date),
        Column("fx_rate_id", Id),
        Column("bank_account_id", Id),
        Column("locked_at", Instant()),
        Column("sent_at", Instant()),
        Column("sent_by", Code),
        Column("created_by", Code, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("updated_at", Instant(), nullable=False),
        Column("version", Integer, nullable=False),
    ]


def _invoice_constraints() -> list[SchemaItem]:
    return [
        UniqueConstraint("tenant_id", "label_year", "label_month", "label_no"),
        UniqueConstraint("tenant_id", "payment_reference"),
        unique_where(
            "uq_invoice_draft", "tenant_id", "engagement_id", "period", where="status = 'draft'"
        ),
        unique_where(
            "uq_invoice_of_deal",
            "tenant_id",
            "deal_id",
            where="kind = 'flat' AND status <> 'void'",
        ),
        CheckConstraint("kind IN ('time', 'flat')", name="kind"),
        CheckConstraint("kind <> 'time' OR engagement_id IS NOT NULL", name="work"),
        CheckConstraint("status IN ('draft', 'sent', 'void')", name="status"),
        CheckConstraint("rounding IN ('half_up', 'half_even')", name="rounding"),
        CheckConstraint("label_month BETWEEN 1 AND 12", name="month"),
        CheckConstraint(
            "status <> 'sent' OR (locked_at IS NOT NULL AND issued_on IS NOT NULL"
            " AND sent_at IS NOT NULL AND due_at IS NOT NULL)",
            name="sent",
        ),
        CheckConstraint("total_minor = subtotal_minor + vat_minor", name="total"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "engagement_id"], ["engagement.tenant_id", "engagement.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "payment_reference"],
            ["payment_reference.tenant_id", "payment_reference.reference"],
        ),
        ForeignKeyConstraint(["tenant_id", "fx_rate_id"], ["fx_rate.tenant_id", "fx_rate.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"], ["bank_account.tenant_id", "bank_account.id"]
        ),
        Index(None, "tenant_id", "account_id", "id"),
        Index(None, "tenant_id", "deal_id"),
        Index(None, "tenant_id", "engagement_id", "period"),
    ]


def _invoice_line() -> None:
    made = op.create_table(
        "invoice_line",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("invoice_id", Id, nullable=False),
        Column("position", Integer, nullable=False),
        Column("kind", Code, nullable=False),
        Column("description", Line, nullable=False),
        Column("role", Code),
        Column("phase", Code),
        Column("hours_hundredths", Integer),
        Column("rate_minor", BigInteger),
        Column("amount_minor", BigInteger, nullable=False),
        Column("vat_rate", Code, nullable=False),
        Column("vat_minor", BigInteger, nullable=False),
        CheckConstraint("kind IN ('time', 'flat')", name="kind"),
        CheckConstraint(
            "kind <> 'time' OR (role IS NOT NULL AND hours_hundredths > 0 AND rate_minor > 0)",
            name="time",
        ),
        CheckConstraint("position > 0", name="position"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index(None, "tenant_id", "invoice_id", "position"),
    )
    guard(
        made,
        fixed("invoice_id", "kind", "role", "phase", "rate_minor"),
        ADDED,
        CHANGED,
        TAKEN_OUT,
        version=1,
    )


def _invoice_time() -> None:
    made = op.create_table(
        "invoice_time",
        Column("tenant_id", Id, primary_key=True),
        Column("invoice_id", Id, primary_key=True),
        Column("entry_id", Id, primary_key=True),
        Column("line_id", Id),
        unique_where("uq_invoice_time_live", "tenant_id", "entry_id", where="line_id IS NOT NULL"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "line_id"], ["invoice_line.tenant_id", "invoice_line.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "entry_id"], ["time_entry.tenant_id", "time_entry.id"]),
        Index(None, "tenant_id", "line_id"),
    )
    guard(
        made,
        fixed("invoice_id", "entry_id"),
        ADDED,
        CHANGED,
        TAKEN_OUT,
        PUT_ON_ITS_LINE,
        MOVED_TO_ITS_LINE,
        version=1,
    )


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
