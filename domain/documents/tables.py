"""Document rows: which files did we make or receive, and until when are they kept?"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.documents.rules import KINDS, LONGEST_PATH
from domain.store.audit_kinds import WRITTEN_ONCE
from domain.store.schema import Code, Digest, Id, TenantEntity
from domain.store.visibility import Restricted


class Document(Restricted, TenantEntity):
    """One file in the blob store, under its path. Append-only.

    `dated_on` is the day the document bears, `locked_until` the last one on which nobody may
    delete it. A document about a private deal, such as its invoice, is as private as the deal.
    """

    __tablename__ = "document"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    kind: Mapped[str] = mapped_column(Code)
    entity_type: Mapped[str] = mapped_column(Code)
    entity_id: Mapped[str] = mapped_column(Id)
    deal_id: Mapped[str | None] = mapped_column(Id)
    path: Mapped[str] = mapped_column(String(LONGEST_PATH))
    media_type: Mapped[str] = mapped_column(Code)
    sha256: Mapped[str] = mapped_column(Digest)
    size: Mapped[int] = mapped_column(BigInteger)
    dated_on: Mapped[date] = mapped_column(Date)
    locked_until: Mapped[date] = mapped_column(Date)
    created_by_action: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("locked_until >= dated_on", name="locked_until"),
        UniqueConstraint("tenant_id", "path"),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "created_by_action"], ["pending_action.tenant_id", "pending_action.id"]
        ),
        Index(None, "tenant_id", "entity_id"),
    )
