"""Deal rows: what might we sell? Deals, their members, and every stage they went through."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    and_,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED, WRITTEN_ONCE, Chained
from domain.store.schema import Code, Id, Line, TenantEntity, TenantRow
from domain.store.visibility import Restricted, Terms, among


class Deal(Restricted, TenantEntity):
    """An opportunity with an account; amounts in minor units of `currency`."""

    __tablename__ = "deal"
    __audit__ = Chained(free="while it is open")

    workspace_id: Mapped[str] = mapped_column(Id)
    account_id: Mapped[str] = mapped_column(Id)
    primary_contact_id: Mapped[str | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Line)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    pipeline_id: Mapped[str] = mapped_column(Id)
    stage_id: Mapped[str] = mapped_column(Id)
    stage_entered_at: Mapped[datetime]
    probability_pct: Mapped[int] = mapped_column(Integer)
    probability_manual: Mapped[bool] = mapped_column(Boolean, default=False)
    expected_close_date: Mapped[date | None] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Code, default="open")
    closed_date: Mapped[date | None] = mapped_column(Date)
    lost_reason: Mapped[str | None] = mapped_column(String(500))
    visibility: Mapped[str] = mapped_column(Code, default="workspace")
    owner_id: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("probability_pct between 0 and 100", name="probability"),
        CheckConstraint("status in ('open', 'won', 'lost', 'cancelled')", name="status"),
        CheckConstraint("visibility in ('workspace', 'private')", name="visibility"),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "primary_contact_id"], ["contact.tenant_id", "contact.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
        ),
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "stage_id"],
            ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
        ),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["person.tenant_id", "person.id"]),
        Index(None, "tenant_id", "status", "id"),
        Index(None, "tenant_id", "account_id", "id"),
        Index(None, "tenant_id", "pipeline_id", "stage_id", "id"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """Their own, those they are listed on, and what is not private in their workspaces."""
        shared = and_(row.visibility == "workspace", row.workspace_id.in_(viewer.workspace_ids))
        listed = among(DealMember, row, deal_id=row.id, person_id=viewer.person_id, removed_at=None)
        return or_(shared, row.owner_id == viewer.person_id, listed)


class DealMember(Restricted, TenantRow):
    """A person who may see a private deal beside its owner, until they are taken off it."""

    __tablename__ = "deal_member"
    belongs_to = "deal_id"
    __audit__ = CHAINED

    deal_id: Mapped[str] = mapped_column(Id, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, primary_key=True)
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


class StageMove(Restricted, TenantRow):
    """A step a deal took. Append-only; `n` counts from 1 within the deal.

    `undoes` is the `n` of the step that this one takes back; the chance of winning before a step
    is kept, so that taking it back can bring the chance back too.
    """

    __tablename__ = "stage_move"
    belongs_to = "deal_id"
    __audit__ = WRITTEN_ONCE

    deal_id: Mapped[str] = mapped_column(Id, primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    from_stage_id: Mapped[str | None] = mapped_column(Id)
    to_stage_id: Mapped[str] = mapped_column(Id)
    reason: Mapped[str | None] = mapped_column(String(500))
    moved_by: Mapped[str] = mapped_column(Code)
    at: Mapped[datetime]
    undoes: Mapped[int | None] = mapped_column(Integer)
    from_probability_pct: Mapped[int | None] = mapped_column(Integer)
    from_probability_manual: Mapped[bool | None] = mapped_column(Boolean)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        ForeignKeyConstraint(["tenant_id", "to_stage_id"], ["stage.tenant_id", "stage.id"]),
    )
