"""Engagement rows: what did we promise to deliver at which rates, and what was worked for it?"""

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

from domain.engagements.rules import TIME_AND_MATERIAL
from domain.store.audit_kinds import CHAINED, DECIDED, WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity
from domain.store.visibility import Restricted


class Engagement(Restricted, TenantEntity):
    """Work for an account: of a won deal, or by itself under a code.

    That of a deal begins fixed-fee with the deal's amount; one by itself is billed by time and
    has no amount. `card` is the number of its rate card, 0 for none.
    """

    __tablename__ = "engagement"
    belongs_to = "deal_id"
    __audit__ = DECIDED

    account_id: Mapped[str] = mapped_column(Id)
    deal_id: Mapped[str | None] = mapped_column(Id)
    code: Mapped[str | None] = mapped_column(Code)
    title: Mapped[str] = mapped_column(Line)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    billing_mode: Mapped[str] = mapped_column(Code)
    status: Mapped[str] = mapped_column(Code)
    vat_category: Mapped[str | None] = mapped_column(Code)
    vat_evidence: Mapped[str | None] = mapped_column(String(500))
    card: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=1)
    set_by: Mapped[str | None] = mapped_column(Code)
    set_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "deal_id"),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("deal_id IS NOT NULL OR code IS NOT NULL", name="code"),
        CheckConstraint("status IN ('active', 'paused', 'closed')", name="status"),
        CheckConstraint("vat_category <> 'zero' OR vat_evidence IS NOT NULL", name="evidence"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        Index(None, "tenant_id", "account_id", "id"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy

    @property
    def bills_time(self) -> bool:
        """Whether what is billed is the time that was worked."""
        return self.billing_mode == TIME_AND_MATERIAL


class EngagementRate(Restricted, TenantEntity):
    """What an hour of a role costs, on one of an engagement's rate cards. Append-only.

    A change is a new card: what was worked before keeps the rate it was worked at. A line without
    a phase holds for every phase that has no line of its own.
    """

    __tablename__ = "engagement_rate"
    belongs_to = "engagement_id"
    __audit__ = WRITTEN_ONCE

    engagement_id: Mapped[str] = mapped_column(Id)
    card: Mapped[int] = mapped_column(Integer)
    position: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(Code)
    phase: Mapped[str | None] = mapped_column(Code)
    rate_minor: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("tenant_id", "engagement_id", "card", "position"),
        UniqueConstraint("tenant_id", "engagement_id", "card", "role", "phase"),
        CheckConstraint("rate_minor > 0", name="rate"),
        ForeignKeyConstraint(
            ["tenant_id", "engagement_id"], ["engagement.tenant_id", "engagement.id"]
        ),
    )


class TimeEntry(Restricted, TenantEntity):
    """Hours of one member on one day, in hundredths, at the rate they were worked at.

    Under the id that another program knows them by (`source_id`) an engagement has them once.
    """

    __tablename__ = "time_entry"
    belongs_to = "engagement_id"
    __audit__ = CHAINED

    engagement_id: Mapped[str] = mapped_column(Id)
    member: Mapped[str] = mapped_column(Code)
    worked_on: Mapped[date] = mapped_column(Date)
    hours_hundredths: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(Code)
    phase: Mapped[str | None] = mapped_column(Code)
    rate_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    task: Mapped[str | None] = mapped_column(Line)
    source_id: Mapped[str | None] = mapped_column(Code)
    recorded_by: Mapped[str] = mapped_column(Code)
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        UniqueConstraint("tenant_id", "engagement_id", "source_id"),
        CheckConstraint("hours_hundredths BETWEEN 1 AND 2400", name="hours"),
        CheckConstraint("rate_minor > 0", name="rate"),
        ForeignKeyConstraint(
            ["tenant_id", "engagement_id"], ["engagement.tenant_id", "engagement.id"]
        ),
        Index(None, "tenant_id", "engagement_id", "worked_on", "id"),
        Index(None, "tenant_id", "member", "worked_on"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy
