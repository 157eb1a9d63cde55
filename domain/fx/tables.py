"""Rate rows: what was a currency worth? Rates with source and day, never changed."""

from datetime import date, datetime

from sqlalchemy import Date, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, TenantEntity


class FxRate(TenantEntity):
    """One unit of `base` costs `value` units of `quote`; the value is an exact decimal in text."""

    __tablename__ = "fx_rate"
    __audit__ = WRITTEN_ONCE

    base: Mapped[str] = mapped_column(String(3))
    quote: Mapped[str] = mapped_column(String(3))
    value: Mapped[str] = mapped_column(String(40))
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Code)
    recorded_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "base", "quote", "as_of", "source"),)
