"""Account rows: which companies and persons do we do business with?"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED
from domain.store.schema import Code, Folded, Id, Line, TenantEntity


class Account(TenantEntity):
    """A customer or prospect; `folded` is its name as the search sees it."""

    __tablename__ = "account"
    __audit__ = CHAINED

    name: Mapped[str] = mapped_column(Line)
    folded: Mapped[str] = mapped_column(Folded)
    search_key: Mapped[int] = mapped_column(BigInteger)
    account_type: Mapped[str] = mapped_column(Code)
    vn_mst: Mapped[str | None] = mapped_column(String(20))
    vn_mst_status: Mapped[str | None] = mapped_column(Code)
    vn_mst_checked_at: Mapped[datetime | None]
    vn_mst_source: Mapped[str | None] = mapped_column(Line)
    legal_name: Mapped[str | None] = mapped_column(String(400))
    industry: Mapped[str | None] = mapped_column(Line)
    address: Mapped[str | None] = mapped_column(String(500))
    lead_source: Mapped[str | None] = mapped_column(Code)
    owner_id: Mapped[str | None] = mapped_column(Id)
    custom_fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["person.tenant_id", "person.id"]),
        Index(None, "tenant_id", "folded", "id"),
        Index("uq_account_vn_mst", "tenant_id", "vn_mst", unique=True),
        Index("uq_account_search_key", "search_key", unique=True),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
