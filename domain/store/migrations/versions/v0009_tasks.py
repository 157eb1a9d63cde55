"""Tasks, and every step one went through."""

from alembic import op
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
)

from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted, numbered
from domain.store.migrations.columns import unique_where
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Id, Instant, Line

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SETTLED = ("due_at", "whole_day", "status", "version")


def upgrade() -> None:
    """From revision 0008 to 0009."""
    task = op.create_table(
        "task",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("title", Line, nullable=False),
        Column("owner_id", Id, nullable=False),
        Column("due_at", Instant(), nullable=False),
        Column("whole_day", Boolean, nullable=False),
        Column("account_id", Id),
        Column("contact_id", Id),
        Column("deal_id", Id),
        Column("status", Code, nullable=False),
        Column("source", Code, nullable=False),
        Column("source_event_id", String(200)),
        Column("created_by", Code, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("version", Integer, nullable=False),
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
    guard(
        task,
        begins_as(status="open", version=1),
        fixed_but(*_SETTLED),
        final("status", unless="open"),
        never_deleted(),
        version=1,
    )
    step = op.create_table(
        "task_step",
        Column("tenant_id", Id, primary_key=True),
        Column("task_id", Id, primary_key=True),
        Column("n", Integer, primary_key=True),
        Column("kind", Code, nullable=False),
        Column("due_at", Instant(), nullable=False),
        Column("whole_day", Boolean, nullable=False),
        Column("note", String(500)),
        Column("taken_by", Code, nullable=False),
        Column("at", Instant(), nullable=False),
        CheckConstraint("kind in ('created', 'put_off', 'done', 'dropped')", name="kind"),
        ForeignKeyConstraint(["tenant_id", "task_id"], ["task.tenant_id", "task.id"]),
    )
    guard(step, append_only(), numbered("n", "task_id"), version=1)


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
