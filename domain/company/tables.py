"""Company rows: what stands about us on a hóa đơn? Dated, because each keeps what was true then."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, TenantEntity


class SellerProfile(TenantEntity):
    """The company as a seller from a day on, until a later row begins. Append-only."""

    __tablename__ = "seller_profile"
    __audit__ = WRITTEN_ONCE

    effective_from: Mapped[date] = mapped_column(Date)
    legal_name: Mapped[str] = mapped_column(String(400))
    tax_code: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(500))
    email: Mapped[str | None] = mapped_column(String(254))
    vat_method: Mapped[str] = mapped_column(Code)
    symbol: Mapped[str] = mapped_column(String(6))
    recorded_by: Mapped[str] = mapped_column(Code)
    signed_by: Mapped[str] = mapped_column(Code)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "effective_from"),
        CheckConstraint("vat_method IN ('credit', 'direct')", name="vat_method"),
        CheckConstraint("length(symbol) = 6", name="symbol"),
    )
