"""Work and whom it is billed to: seller and billing profiles, rate cards, time entries."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)

from domain.engagements.triggers import RATE_APPROVED
from domain.store.guards import append_only, fixed, never_deleted
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Id, Instant, Line

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0001 to 0005."""
    _seller_profile()
    _billing_profile()
    _engagement_rate()
    _time_entry()


def _seller_profile() -> None:
    made = op.create_table(
        "seller_profile",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("effective_from", Date, nullable=False),
        Column("legal_name", String(400), nullable=False),
        Column("tax_code", String(20), nullable=False),
        Column("address", String(500), nullable=False),
        Column("email", String(254)),
        Column("vat_method", Code, nullable=False),
        Column("symbol", String(6), nullable=False),
        Column("recorded_by", Code, nullable=False),
        Column("signed_by", Code, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("recorded_at", Instant(), nullable=False),
        UniqueConstraint("tenant_id", "effective_from"),
        CheckConstraint("vat_method IN ('credit', 'direct')", name="vat_method"),
        CheckConstraint("length(symbol) = 6", name="symbol"),
    )
    guard(made, append_only(), version=1)


def _billing_profile() -> None:
    made = op.create_table(
        "billing_profile",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("account_id", Id, nullable=False),
        Column("kind", Code, nullable=False),
        Column("name", String(400)),
        Column("country", String(2), nullable=False),
        Column("tax_id", String(40)),
        Column("address", String(500), nullable=False),
        Column("email", String(254), nullable=False),
        Column("currency", String(3), nullable=False),
        Column("terms_days", Integer, nullable=False),
        Column("version", Integer, nullable=False),
        Column("changed_by", Code, nullable=False),
        Column("changed_at", Instant(), nullable=False),
        UniqueConstraint("tenant_id", "account_id"),
        CheckConstraint(
            "kind IN ('vn_business', 'individual', 'foreign', 'consumer')", name="kind"
        ),
        CheckConstraint("terms_days BETWEEN 0 AND 365", name="terms_days"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
    )
    guard(made, fixed("account_id"), never_deleted(), version=1)


def _engagement_rate() -> None:
    made = op.create_table(
        "engagement_rate",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("engagement_id", Id, nullable=False),
        Column("card", Integer, nullable=False),
        Column("position", Integer, nullable=False),
        Column("role", Code, nullable=False),
        Column("phase", Code),
        Column("rate_minor", BigInteger, nullable=False),
        UniqueConstraint("tenant_id", "engagement_id", "card", "position"),
        UniqueConstraint("tenant_id", "engagement_id", "card", "role", "phase"),
        CheckConstraint("rate_minor > 0", name="rate"),
        ForeignKeyConstraint(
            ["tenant_id", "engagement_id"], ["engagement.tenant_id", "engagement.id"]
        ),
    )
    guard(made, append_only(), RATE_APPROVED, version=1)


def _time_entry() -> None:
    made = op.create_table(
        "time_entry",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("engagement_id", Id, nullable=False),
        Column("member", Code, nullable=False),
        Column("worked_on", Date, nullable=False),
        Column("hours_hundredths", Integer, nullable=False),
        Column("role", Code, nullable=False),
        Column("phase", Code),
        Column("rate_minor", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("task", Line),
        Column("source_id", Code),
        Column("recorded_by", Code, nullable=False),
        Column("recorded_at", Instant(), nullable=False),
        Column("version", Integer, nullable=False),
        UniqueConstraint("tenant_id", "engagement_id", "source_id"),
        CheckConstraint("hours_hundredths BETWEEN 1 AND 2400", name="hours"),
        CheckConstraint("rate_minor > 0", name="rate"),
        ForeignKeyConstraint(
            ["tenant_id", "engagement_id"], ["engagement.tenant_id", "engagement.id"]
        ),
        Index(None, "tenant_id", "engagement_id", "worked_on", "id"),
        Index(None, "tenant_id", "member", "worked_on"),
    )
    guard(
        made,
        fixed("engagement_id", "currency", "source_id", "recorded_at"),
        never_deleted(),
        version=1,
    )


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
