"""Activity rows: what happened with a customer? Calls, e-mails, meetings, notes. Append-only."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity, unique_where
from domain.store.visibility import Restricted


class Activity(Restricted, TenantEntity):
    """One thing that happened, told once: `source_event_id` makes a repeated report a no-op."""

    __tablename__ = "activity"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    kind: Mapped[str] = mapped_column(Code)
    account_id: Mapped[str] = mapped_column(Id)
    contact_id: Mapped[str | None] = mapped_column(Id)
    deal_id: Mapped[str | None] = mapped_column(Id)
    subject: Mapped[str] = mapped_column(Line)
    body: Mapped[str] = mapped_column(Text, default="")
    occurred_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(Code)
    source_event_id: Mapped[str | None] = mapped_column(String(200))
    content_sha256: Mapped[str] = mapped_column(String(64))
    logged_by: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind in ('call', 'email', 'meeting', 'note')", name="kind"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contact.tenant_id", "contact.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        unique_where(
            "uq_activity_source_event",
            "tenant_id",
            "source",
            "source_event_id",
            where="source_event_id is not null",
        ),
        Index(None, "tenant_id", "account_id", "occurred_at"),
        Index(None, "tenant_id", "deal_id", "occurred_at"),
        Index(None, "tenant_id", "contact_id", "occurred_at"),
        Index(None, "tenant_id", "occurred_at"),
    )
