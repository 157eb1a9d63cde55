"""Rate rows: what was a currency worth? Rates with source, kind and day, never changed."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, TenantEntity


class FxRate(TenantEntity):
    """One unit of `base` costs `value` units of `quote`; the value is an exact decimal in text.

    `column` is the column of the source's table that it stands in (columns.py): a bank buys and
    sells at different rates on one day. Limits use it as the root or an operator signed it.
    """

    __tablename__ = "fx_rate"
    __audit__ = WRITTEN_ONCE

    base: Mapped[str] = mapped_column(String(3))
    quote: Mapped[str] = mapped_column(String(3))
    value: Mapped[str] = mapped_column(String(40))
    as_of: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(Code)
    column: Mapped[str] = mapped_column(Code)
    signed_by: Mapped[str] = mapped_column(Code)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "\"column\" IN ('central', 'mid', 'cash_buy', 'transfer_buy', 'sell')", name="column"
        ),
        UniqueConstraint("tenant_id", "base", "quote", "as_of", "source", "column"),
    )
