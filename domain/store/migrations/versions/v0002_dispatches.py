"""Dispatches: what follows an action outside, and what people found became of it."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

from domain.dispatches.triggers import FOLLOWS_AN_ACTION, ONLY_WHILE_UNKNOWN, STEPS
from domain.store.guards import append_only, begins_as, fixed_but, never_deleted, numbered
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant, Line

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From revision 0001 to 0002."""
    _dispatch()
    _dispatch_resolution()


def _dispatch() -> None:
    guard(
        op.create_table(
            "dispatch",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            Column("action_id", Id, nullable=False),
            Column("n", Integer, nullable=False),
            Column("tool", Code, nullable=False),
            Column("kind", Code, nullable=False),
            Column("entity_type", Code, nullable=False),
            Column("entity_id", Id, nullable=False),
            Column("payload", JSON, nullable=False),
            Column("digest", Digest, nullable=False),
            Column("state", Code, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("lease_owner", Code),
            Column("lease_until", Instant()),
            Column("next_at", Instant()),
            Column("provider_ref", Line),
            Column("error_code", Code),
            Column("created_at", Instant(), nullable=False),
            Column("done_at", Instant()),
            Column("version", Integer, nullable=False),
            CheckConstraint(
                "state in ('waiting', 'leased', 'done', 'failed', 'unknown')", name="state"
            ),
            UniqueConstraint("tenant_id", "action_id", "n"),
            ForeignKeyConstraint(
                ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
            ),
            Index(None, "tenant_id", "state"),
        ),
        begins_as(state="waiting", attempts=0, version=1),
        never_deleted(),
        fixed_but(
            "state",
            "attempts",
            "lease_owner",
            "lease_until",
            "next_at",
            "provider_ref",
            "error_code",
            "done_at",
            "version",
        ),
        numbered("n", "action_id"),
        FOLLOWS_AN_ACTION,
        STEPS,
        version=1,
    )


def _dispatch_resolution() -> None:
    guard(
        op.create_table(
            "dispatch_resolution",
            Column("tenant_id", Id, primary_key=True),
            Column("dispatch_id", Id, primary_key=True),
            Column("person_id", Id, primary_key=True),
            Column("outcome", Code, nullable=False),
            Column("reason", String(500), nullable=False),
            Column("key_id", Code, nullable=False),
            Column("assurance", Integer, nullable=False),
            Column("signed_payload", Text, nullable=False),
            Column("signature", LargeBinary, nullable=False),
            Column("audit_head_seq", BigInteger, nullable=False),
            Column("audit_head_hash", Digest, nullable=False),
            Column("at", Instant(), nullable=False),
            CheckConstraint("outcome in ('seen', 'closed')", name="outcome"),
            ForeignKeyConstraint(
                ["tenant_id", "dispatch_id"], ["dispatch.tenant_id", "dispatch.id"]
            ),
            ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
            ForeignKeyConstraint(
                ["tenant_id", "key_id"], ["approver_key.tenant_id", "approver_key.key_id"]
            ),
        ),
        append_only(),
        ONLY_WHILE_UNKNOWN,
        version=1,
    )


def downgrade() -> None:
    """There is no way back: an older program must not meet rows it cannot understand."""
    raise NotImplementedError("restore a backup instead")
