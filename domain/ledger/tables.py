"""Journal rows: what stands in the books? Entries and their lines, written once and balanced."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity
from domain.store.visibility import Restricted, Terms


class JournalEntry(Restricted, TenantEntity):
    """The head of an entry, which comes after its lines: the database adds them up before it.

    A source is posted once with an empty `cause`, and once more for each cause of an adjustment.
    Entries name documents of deals that not everybody may see, so no person sees one: what the
    books say is told in sums.
    """

    __tablename__ = "journal_entry"
    __audit__ = WRITTEN_ONCE

    on_date: Mapped[date] = mapped_column(Date)
    source_kind: Mapped[str] = mapped_column(Code)
    source_id: Mapped[str] = mapped_column(Id)
    cause: Mapped[str] = mapped_column(Code)
    line_count: Mapped[int] = mapped_column(Integer)
    memo: Mapped[str | None] = mapped_column(Line)
    fx_rate_id: Mapped[str | None] = mapped_column(Id)
    posted_by: Mapped[str] = mapped_column(Code)
    posted_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "id", "line_count"),
        UniqueConstraint("tenant_id", "source_kind", "source_id", "cause"),
        ForeignKeyConstraint(["tenant_id", "fx_rate_id"], ["fx_rate.tenant_id", "fx_rate.id"]),
        Index(None, "tenant_id", "on_date"),
    )

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """No person sees it."""
        return false()


class JournalLine(Restricted, TenantEntity):
    """One line of an entry: `position` counts from 1 to `line_count`, which its head repeats.

    So nothing can be added to an entry, even by two who write at once: every place is taken, and
    a line that counts differently belongs to no head.
    """

    __tablename__ = "journal_line"
    __audit__ = WRITTEN_ONCE

    entry_id: Mapped[str] = mapped_column(Id)
    position: Mapped[int] = mapped_column(Integer)
    line_count: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(Code)
    currency: Mapped[str] = mapped_column(String(3))
    debit_minor: Mapped[int] = mapped_column(BigInteger)
    credit_minor: Mapped[int] = mapped_column(BigInteger)
    book_minor: Mapped[int] = mapped_column(BigInteger)
    party_id: Mapped[str | None] = mapped_column(Id)
    project_id: Mapped[str | None] = mapped_column(Id)
    department: Mapped[str | None] = mapped_column(Code)
    product_id: Mapped[str | None] = mapped_column(Id)
    document_kind: Mapped[str | None] = mapped_column(Code)
    document_id: Mapped[str | None] = mapped_column(Id)
    service_from: Mapped[date | None] = mapped_column(Date)
    service_to: Mapped[date | None] = mapped_column(Date)

    __table_args__ = (
        UniqueConstraint("tenant_id", "entry_id", "position"),
        # Lines come first, so that the head can be refused; they may not stay without one.
        ForeignKeyConstraint(
            ["tenant_id", "entry_id", "line_count"],
            ["journal_entry.tenant_id", "journal_entry.id", "journal_entry.line_count"],
            deferrable=True,
            initially="DEFERRED",
        ),
        Index(None, "tenant_id", "document_id"),
        Index(None, "tenant_id", "party_id"),
    )

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """No person sees it."""
        return false()
