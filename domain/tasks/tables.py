"""Task rows: what was promised, by whom and until when? Tasks, and every step one went through."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKeyConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED, WRITTEN_ONCE
from domain.store.schema import Code, Id, Line, TenantEntity, TenantRow, unique_where
from domain.store.visibility import Restricted


class Task(Restricted, TenantEntity):
    """Something that somebody is to do; about a private deal it is as private as the deal.

    `due_at` is the instant from which on it is overdue: of a `whole_day` the end of that day on
    the clock of the company. `source_event_id` is what asked for it in its `source`, which has one
    open task. A module above that hangs tasks on rows of its own adds a column that refers to them.
    """

    __tablename__ = "task"
    belongs_to = "deal_id"
    __audit__ = CHAINED

    title: Mapped[str] = mapped_column(Line)
    owner_id: Mapped[str] = mapped_column(Id)
    due_at: Mapped[datetime]
    whole_day: Mapped[bool] = mapped_column(Boolean)
    account_id: Mapped[str | None] = mapped_column(Id)
    contact_id: Mapped[str | None] = mapped_column(Id)
    deal_id: Mapped[str | None] = mapped_column(Id)
    status: Mapped[str] = mapped_column(Code, default="open")
    source: Mapped[str] = mapped_column(Code)
    source_event_id: Mapped[str | None] = mapped_column(String(200))
    created_by: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        CheckConstraint("status in ('open', 'done', 'dropped')", name="status"),
        ForeignKeyConstraint(["tenant_id", "owner_id"], ["person.tenant_id", "person.id"]),
        ForeignKeyConstraint(["tenant_id", "account_id"], ["account.tenant_id", "account.id"]),
        ForeignKeyConstraint(["tenant_id", "contact_id"], ["contact.tenant_id", "contact.id"]),
        ForeignKeyConstraint(["tenant_id", "deal_id"], ["deal.tenant_id", "deal.id"]),
        unique_where(
            "uq_task_source_event",
            "tenant_id",
            "source",
            "source_event_id",
            where="source_event_id is not null and status = 'open'",
        ),
        Index(None, "tenant_id", "status", "due_at", "id"),
        Index(None, "tenant_id", "owner_id", "status", "due_at", "id"),
        Index(None, "tenant_id", "account_id", "status", "due_at", "id"),
        Index(None, "tenant_id", "deal_id", "status", "due_at", "id"),
    )
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class TaskStep(Restricted, TenantRow):
    """A step a task took. Append-only; `n` counts from 1 within the task.

    `due_at` and `whole_day` are what the task was due by once the step was taken.
    """

    __tablename__ = "task_step"
    belongs_to = "task_id"
    __audit__ = WRITTEN_ONCE

    task_id: Mapped[str] = mapped_column(Id, primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(Code)
    due_at: Mapped[datetime]
    whole_day: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(String(500))
    taken_by: Mapped[str] = mapped_column(Code)
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("kind in ('created', 'put_off', 'done', 'dropped')", name="kind"),
        ForeignKeyConstraint(["tenant_id", "task_id"], ["task.tenant_id", "task.id"]),
    )
