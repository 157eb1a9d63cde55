"""Receipt rows: who may tell us of money, what were we told, and what of it was received?"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED, GRANTED, WRITTEN_ONCE, Unchained
from domain.store.schema import Code, Digest, Id, Line, TenantEntity
from domain.store.visibility import Restricted


class WebhookEndpoint(TenantEntity):
    """An address that a bank feed calls, for one account of the company: its secrets as hashes.

    `endpoint_key_sha256` is of the last part of the path, `secret_sha256` of what the feed shows.
    """

    __tablename__ = "webhook_endpoint"
    __audit__ = GRANTED

    rail: Mapped[str] = mapped_column(Code)
    own_account: Mapped[str] = mapped_column(String(19))
    endpoint_key_sha256: Mapped[str] = mapped_column(Digest)
    secret_sha256: Mapped[str] = mapped_column(Digest)
    created_by: Mapped[str] = mapped_column(Code)
    signed_by: Mapped[str] = mapped_column(Code)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id", "endpoint_key_sha256"),)


class WebhookEvent(TenantEntity):
    """What an endpoint was told, byte by byte, and what became of it.

    `sha256` is of the content, however it was spelled. `state` is new until the worker has read
    it: then received, or ignored, duplicate or unreadable, with the reason.
    """

    __tablename__ = "webhook_event"
    __audit__ = Unchained("as it came; what is received of it is chained, with its digest")

    endpoint_id: Mapped[str] = mapped_column(Id)
    rail: Mapped[str] = mapped_column(Code)
    own_account: Mapped[str] = mapped_column(String(64))
    provider_id: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(Digest)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Code, default="new")
    reason: Mapped[str | None] = mapped_column(Code)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        # One event of a feed by either of its names: a feed that is set up anew tells it again
        # under another endpoint, and one that errs tells it of another account.
        UniqueConstraint("tenant_id", "endpoint_id", "provider_id"),
        UniqueConstraint("tenant_id", "rail", "own_account", "provider_id"),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoint.tenant_id", "webhook_endpoint.id"]
        ),
        Index(None, "tenant_id", "state", "id"),
    )


class WebhookConflict(TenantEntity):
    """An event came again with other content: its digest, and nothing else of what was refused."""

    __tablename__ = "webhook_conflict"
    __audit__ = Unchained("alerts, for people to look at; no money moves by them")

    event_id: Mapped[str] = mapped_column(Id)
    endpoint_id: Mapped[str] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(Digest)
    received_at: Mapped[datetime]
    told_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "event_id", "sha256"),
        ForeignKeyConstraint(
            ["tenant_id", "event_id"], ["webhook_event.tenant_id", "webhook_event.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoint.tenant_id", "webhook_endpoint.id"]
        ),
    )


class Receipt(Restricted, TenantEntity):
    """Money that came in, as the bank feed tells it. `memo` are the payer's own words: data.

    `reference` is the one of ours that the memo names, `deal_id` the deal it is of, or its invoice:
    the money of a private deal is as private. `waits_for` is why it is not applied to an invoice;
    it is null once it is.
    """

    __tablename__ = "receipt"
    belongs_to = "deal_id"
    __audit__ = CHAINED

    event_id: Mapped[str] = mapped_column(Id)
    endpoint_id: Mapped[str] = mapped_column(Id)
    rail: Mapped[str] = mapped_column(Code)
    own_account: Mapped[str] = mapped_column(String(64))
    provider_id: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(Digest)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    memo: Mapped[str] = mapped_column(Text)
    reference: Mapped[str | None] = mapped_column(String(10))
    deal_id: Mapped[str | None] = mapped_column(Id)
    bank_reference: Mapped[str | None] = mapped_column(Line)
    value_date: Mapped[date] = mapped_column(Date)
    received_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    waits_for: Mapped[str | None] = mapped_column(Code)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        UniqueConstraint("tenant_id", "rail", "own_account", "provider_id"),
        UniqueConstraint("tenant_id", "event_id"),
        ForeignKeyConstraint(
            ["tenant_id", "event_id"], ["webhook_event.tenant_id", "webhook_event.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"], ["webhook_endpoint.tenant_id", "webhook_endpoint.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "reference"],
            ["payment_reference.tenant_id", "payment_reference.reference"],
        ),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        Index(None, "tenant_id", "waits_for"),
        Index(None, "tenant_id", "reference"),
        Index(None, "tenant_id", "deal_id"),
    )


class ReceiptApplication(Restricted, TenantEntity):
    """That money which came in settles so much of an invoice (minor units of its currency).

    `amount_minor` less `rounding_minor` is what came in for it: a little less or more may settle
    what is outstanding. `reason` is the rung of the matching that found the invoice.
    """

    __tablename__ = "receipt_application"
    belongs_to = "invoice_id"
    __audit__ = WRITTEN_ONCE

    receipt_id: Mapped[str] = mapped_column(Id)
    invoice_id: Mapped[str] = mapped_column(Id)
    account_id: Mapped[str] = mapped_column(Id)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    rounding_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Code)
    applied_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("rounding_minor BETWEEN -1000 AND 1000", name="rounding"),
        UniqueConstraint("tenant_id", "receipt_id", "invoice_id"),
        ForeignKeyConstraint(["tenant_id", "receipt_id"], ["receipt.tenant_id", "receipt.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        Index(None, "tenant_id", "invoice_id"),
        Index(None, "tenant_id", "applied_at"),
    )
