"""E-invoice rows: which hóa đơn belongs to an invoice, and what became of it?"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import Chained
from domain.store.schema import Code, Digest, Id, Line, TenantEntity
from domain.store.visibility import Restricted


class EInvoice(Restricted, TenantEntity):
    """One hóa đơn: its number, the signed bytes as they left, and the answer as it came.

    Number and date stay with an invoice for ever; what was refused is signed anew under the same.
    Amounts in minor units of `currency`, as the XML has them. That of a private deal is as private.
    """

    __tablename__ = "einvoice"
    belongs_to = "invoice_id"
    __audit__ = Chained(free="until it is accepted")

    invoice_id: Mapped[str] = mapped_column(Id)
    form: Mapped[int] = mapped_column(Integer)
    symbol: Mapped[str] = mapped_column(String(6))
    year: Mapped[int] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    issued_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_minor: Mapped[int] = mapped_column(BigInteger)
    vat_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Code)
    message_id: Mapped[str] = mapped_column(String(46))
    xml: Mapped[bytes] = mapped_column(LargeBinary)
    xml_sha256: Mapped[str] = mapped_column(Digest)
    reply: Mapped[bytes | None] = mapped_column(LargeBinary)
    provider_reference: Mapped[str | None] = mapped_column(Line)
    refusal_code: Mapped[str | None] = mapped_column(Code)
    action_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
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
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
