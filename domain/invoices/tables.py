"""Invoice rows: what do we ask a customer to pay, line by line, and which hours stand behind it?"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.invoices.labels import Label
from domain.store.audit_kinds import Chained
from domain.store.schema import Code, Id, Line, TenantEntity, TenantRow, unique_where
from domain.store.visibility import Restricted


class Invoice(Restricted, TenantEntity):
    """An invoice; amounts in minor units of `currency`. That of a private deal is as private.

    It is called INV-<label_year>-<label_month>-<label_no>, by the month it is for. From the moment
    its e-invoice is signed (`locked_at`) its content is fixed, unless the authority refuses it.
    With it are
    fixed the rate it is booked by and the bank account on its page.
    What is still to be paid is worked out of the receipts, and so is no column.
    """

    __tablename__ = "invoice"
    belongs_to = "deal_id"
    __audit__ = Chained(free="while it is a draft")

    account_id: Mapped[str] = mapped_column(Id)
    engagement_id: Mapped[str | None] = mapped_column(Id)
    deal_id: Mapped[str | None] = mapped_column(Id)
    label_year: Mapped[int] = mapped_column(Integer)
    label_month: Mapped[int] = mapped_column(Integer)
    label_no: Mapped[int] = mapped_column(Integer)
    period: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(Code)
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    vat_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    rounding: Mapped[str] = mapped_column(Code)
    vat_category: Mapped[str | None] = mapped_column(Code)
    status: Mapped[str] = mapped_column(Code, default="draft")
    payment_reference: Mapped[str] = mapped_column(String(10))
    terms_days: Mapped[int | None] = mapped_column(Integer)
    due_at: Mapped[date | None] = mapped_column(Date)
    issued_on: Mapped[date | None] = mapped_column(Date)
    fx_rate_id: Mapped[str | None] = mapped_column(Id)
    bank_account_id: Mapped[str | None] = mapped_column(Id)
    locked_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    sent_by: Mapped[str | None] = mapped_column(Code)
    created_by: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
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
    )
    # The version is that of the content, which locking leaves alone: so we count it ourselves.
    __mapper_args__ = {  # noqa: RUF012 - read by SQLAlchemy
        "version_id_col": version,
        "version_id_generator": False,
    }

    @property
    def label(self) -> str:
        """What it is called: `INV-2026-04-001`."""
        return Label(self.label_year, self.label_month, self.label_no).text


class InvoiceLine(Restricted, TenantEntity):
    """A line of an invoice. One of time is rate x hours of one role, phase and rate, rounded once.

    Hours in hundredths, rate and amounts in minor units; `vat_rate` as a hóa đơn calls it.
    """

    __tablename__ = "invoice_line"
    belongs_to = "invoice_id"
    __audit__ = Chained(may_go=True, free="while it is a draft")

    invoice_id: Mapped[str] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(Code)
    description: Mapped[str] = mapped_column(Line)
    role: Mapped[str | None] = mapped_column(Code)
    phase: Mapped[str | None] = mapped_column(Code)
    hours_hundredths: Mapped[int | None] = mapped_column(Integer)
    rate_minor: Mapped[int | None] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    vat_rate: Mapped[str] = mapped_column(Code)
    vat_minor: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("kind IN ('time', 'flat')", name="kind"),
        CheckConstraint(
            "kind <> 'time' OR (role IS NOT NULL AND hours_hundredths > 0 AND rate_minor > 0)",
            name="time",
        ),
        CheckConstraint("position > 0", name="position"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index(None, "tenant_id", "invoice_id", "position"),
    )


class InvoiceTime(Restricted, TenantRow):
    """That an invoice bills a time entry, on which line; without a line it was left out of it.

    No entry stands on two lines. One that was left out is free for another invoice.
    """

    __tablename__ = "invoice_time"
    belongs_to = "invoice_id"
    __audit__ = Chained(may_go=True, free="while it is a draft")

    invoice_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    line_id: Mapped[str | None] = mapped_column(Id)

    __table_args__ = (
        unique_where("uq_invoice_time_live", "tenant_id", "entry_id", where="line_id IS NOT NULL"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "line_id"], ["invoice_line.tenant_id", "invoice_line.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "entry_id"], ["time_entry.tenant_id", "time_entry.id"]),
        Index(None, "tenant_id", "line_id"),
    )
