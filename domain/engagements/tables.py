"""Engagement rows: what did we promise to deliver? A won deal becomes an engagement."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity
from domain.store.visibility import Restricted


class Engagement(Restricted, TenantEntity):
    """Work for an account; it starts fixed-fee with the deal's amount and no rate card."""

    __tablename__ = "engagement"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    account_id: Mapped[str] = mapped_column(Id)
    deal_id: Mapped[str] = mapped_column(Id)
    title: Mapped[str] = mapped_column(Line)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    billing_mode: Mapped[str] = mapped_column(Code)
    status: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "deal_id"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
    )
