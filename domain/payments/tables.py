"""Payment rows: which accounts may customers pay into, and what were they asked to pay?"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import DECIDED, WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity, TenantRow, unique_where
from domain.store.visibility import Restricted


class BankAccount(TenantEntity):
    """A bank account of the tenant. A row appears only under an executed approval, or at init.

    `first_used_at` is set once, when people confirmed the first code that sends money there, and
    `retired_at` once, when people took the account off the list; after that nothing changes.
    """

    __tablename__ = "bank_account"
    __audit__ = DECIDED

    bank_bin: Mapped[str] = mapped_column(String(6))
    account_number: Mapped[str] = mapped_column(String(19))
    account_name: Mapped[str] = mapped_column(Line)
    currency: Mapped[str] = mapped_column(String(3))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    added_by: Mapped[str] = mapped_column(Code)
    added_at: Mapped[datetime]
    first_used_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("retired_at IS NULL OR NOT is_default", name="retired"),
        UniqueConstraint("tenant_id", "bank_bin", "account_number"),
        unique_where(
            "uq_bank_account_default",
            "tenant_id",
            "currency",
            where="is_default",
        ),
    )


class PaymentReference(Restricted, TenantRow):
    """The one reference under which a deal is paid, or an invoice that came of none. Append-only.

    The invoice of a deal takes over the deal's, so that its money is known whichever of the two was
    asked for first. An invoice names its reference; a reference names its deal.
    """

    __tablename__ = "payment_reference"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    reference: Mapped[str] = mapped_column(String(10), primary_key=True)
    deal_id: Mapped[str | None] = mapped_column(Id)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("length(reference) = 10", name="length"),
        UniqueConstraint("tenant_id", "deal_id"),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
    )


class PaymentRequest(Restricted, TenantEntity):
    """A VietQR that was handed out: who was asked to pay what into which account. Append-only."""

    __tablename__ = "payment_request"
    belongs_to = "reference"
    __audit__ = WRITTEN_ONCE

    reference: Mapped[str] = mapped_column(String(10))
    bank_account_id: Mapped[str] = mapped_column(Id)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    payload: Mapped[str] = mapped_column(String(512))
    requested_by: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("currency = 'VND'", name="currency"),
        ForeignKeyConstraint(
            ["tenant_id", "reference"],
            ["payment_reference.tenant_id", "payment_reference.reference"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "bank_account_id"], ["bank_account.tenant_id", "bank_account.id"]
        ),
        Index(None, "tenant_id", "reference", "id"),
    )
