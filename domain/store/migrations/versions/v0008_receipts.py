"""Receipts: endpoints of bank feeds, what they were told, and the money that came in."""

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
    Text,
    UniqueConstraint,
)

from domain.receipts.triggers import WITHIN_INVOICE, WITHIN_RECEIPT
from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant, Line

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SETTLED = ("state", "reason", "failures", "retry_at", "settled_at")


def upgrade() -> None:
    """From revision 0007 to 0008."""
    _endpoint()
    _event()
    _conflict()
    _receipt()
    _application()


def _of_endpoint() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "endpoint_id"], ["webhook_endpoint.tenant_id", "webhook_endpoint.id"]
    )


def _of_event() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "event_id"], ["webhook_event.tenant_id", "webhook_event.id"]
    )


def _endpoint() -> None:
    endpoint = op.create_table(
        "webhook_endpoint",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("rail", Code, nullable=False),
        Column("own_account", String(19), nullable=False),
        Column("endpoint_key_sha256", Digest, nullable=False),
        Column("secret_sha256", Digest, nullable=False),
        Column("created_by", Code, nullable=False),
        Column("signed_by", Code, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("revoked_at", Instant()),
        UniqueConstraint("tenant_id", "endpoint_key_sha256"),
    )
    guard(
        endpoint,
        begins_as(revoked_at=None),
        fixed_but("revoked_at"),
        final("revoked_at"),
        never_deleted(),
        version=1,
    )


def _event() -> None:
    event = op.create_table(
        "webhook_event",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("endpoint_id", Id, nullable=False),
        Column("rail", Code, nullable=False),
        Column("own_account", String(64), nullable=False),
        Column("provider_id", String(64), nullable=False),
        Column("sha256", Digest, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("received_at", Instant(), nullable=False),
        Column("state", Code, nullable=False),
        Column("reason", Code),
        Column("failures", Integer, nullable=False),
        Column("retry_at", Instant()),
        Column("settled_at", Instant()),
        UniqueConstraint("tenant_id", "endpoint_id", "provider_id"),
        UniqueConstraint("tenant_id", "rail", "own_account", "provider_id"),
        _of_endpoint(),
        Index(None, "tenant_id", "state", "id"),
    )
    guard(
        event,
        begins_as(state="new", reason=None, failures=0, settled_at=None),
        fixed_but(*_SETTLED),
        final("state", unless="new"),
        never_deleted(),
        version=1,
    )


def _conflict() -> None:
    conflict = op.create_table(
        "webhook_conflict",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("event_id", Id, nullable=False),
        Column("endpoint_id", Id, nullable=False),
        Column("sha256", Digest, nullable=False),
        Column("received_at", Instant(), nullable=False),
        Column("told_at", Instant()),
        UniqueConstraint("tenant_id", "event_id", "sha256"),
        _of_event(),
        _of_endpoint(),
    )
    guard(
        conflict,
        begins_as(told_at=None),
        fixed_but("told_at"),
        final("told_at"),
        never_deleted(),
        version=1,
    )


def _receipt() -> None:
    receipt = op.create_table(
        "receipt",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("event_id", Id, nullable=False),
        Column("endpoint_id", Id, nullable=False),
        Column("rail", Code, nullable=False),
        Column("own_account", String(64), nullable=False),
        Column("provider_id", String(64), nullable=False),
        Column("sha256", Digest, nullable=False),
        Column("amount_minor", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("memo", Text, nullable=False),
        Column("reference", String(10)),
        Column("deal_id", Id),
        Column("bank_reference", Line),
        Column("value_date", Date, nullable=False),
        Column("received_at", Instant(), nullable=False),
        Column("recorded_at", Instant(), nullable=False),
        Column("waits_for", Code),
        Column("version", Integer, nullable=False),
        CheckConstraint("amount_minor > 0", name="amount"),
        UniqueConstraint("tenant_id", "rail", "own_account", "provider_id"),
        UniqueConstraint("tenant_id", "event_id"),
        _of_event(),
        _of_endpoint(),
        ForeignKeyConstraint(
            ["tenant_id", "reference"],
            ["payment_reference.tenant_id", "payment_reference.reference"],
        ),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        Index(None, "tenant_id", "waits_for"),
        Index(None, "tenant_id", "reference"),
        Index(None, "tenant_id", "deal_id"),
    )
    guard(
        receipt,
        fixed_but("waits_for", "reference", "deal_id", "version"),
        never_deleted(),
        version=1,
    )


def _application() -> None:
    application = op.create_table(
        "receipt_application",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("receipt_id", Id, nullable=False),
        Column("invoice_id", Id, nullable=False),
        Column("account_id", Id, nullable=False),
        Column("amount_minor", BigInteger, nullable=False),
        Column("rounding_minor", BigInteger, nullable=False),
        Column("reason", Code, nullable=False),
        Column("applied_at", Instant(), nullable=False),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("rounding_minor BETWEEN -1000 AND 1000", name="rounding"),
        UniqueConstraint("tenant_id", "receipt_id", "invoice_id"),
        ForeignKeyConstraint(["tenant_id", "receipt_id"], ["receipt.tenant_id", "receipt.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        Index(None, "tenant_id", "invoice_id"),
        Index(None, "tenant_id", "applied_at"),
    )
    guard(application, append_only(), WITHIN_RECEIPT, WITHIN_INVOICE, version=1)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
