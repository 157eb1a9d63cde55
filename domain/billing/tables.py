"""Billing rows: what stands about an account on its hóa đơn, and who is sent it?"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED
from domain.store.schema import Code, Id, TenantEntity


class BillingProfile(TenantEntity):
    """The buyer that an account is, and where its invoices go. An account has at most one.

    Without a tax code of its own it has the account's. `changed_by` and `changed_at` tell of the
    last change: whoever signs a sending is shown who last said where it goes.
    """

    __tablename__ = "billing_profile"
    __audit__ = CHAINED

    account_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Code)
    name: Mapped[str | None] = mapped_column(String(400))
    country: Mapped[str] = mapped_column(String(2))
    tax_id: Mapped[str | None] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(500))
    email: Mapped[str] = mapped_column(String(254))
    currency: Mapped[str] = mapped_column(String(3))
    terms_days: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer, default=1)
    changed_by: Mapped[str] = mapped_column(Code)
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "account_id"),
        CheckConstraint(
            "kind IN ('vn_business', 'individual', 'foreign', 'consumer')", name="kind"
        ),
        CheckConstraint("terms_days BETWEEN 0 AND 365", name="terms_days"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
