"""Into which accounts may customers pay us? The allow-list of the tenant."""

from datetime import datetime

from sqlalchemy import Boolean, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.schema import Code, Line, TenantEntity


class BankAccount(TenantEntity):
    """A bank account of the tenant. A row appears only under an executed approval, or at init."""

    __tablename__ = "bank_account"

    bank_bin: Mapped[str] = mapped_column(String(6))
    account_number: Mapped[str] = mapped_column(String(19))
    account_name: Mapped[str] = mapped_column(Line)
    currency: Mapped[str] = mapped_column(String(3))
    is_default: Mapped[bool] = mapped_column(Boolean, default=False)
    added_by: Mapped[str] = mapped_column(Code)
    added_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "bank_bin", "account_number"),
        Index(
            "uq_bank_account_default",
            "tenant_id",
            "currency",
            unique=True,
            sqlite_where=text("is_default"),
            postgresql_where=text("is_default"),
        ),
    )
