"""Dispatch rows: what follows an action outside, how far is it, and who said what became of it?"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.ids import new_id
from domain.store.audit_kinds import CHAINED, WRITTEN_ONCE
from domain.store.schema import Code, Digest, Id, Line, TenantRow
from domain.store.visibility import Restricted

STATES = ("waiting", "leased", "done", "failed", "unknown")


class Dispatch(Restricted, TenantRow):
    """One thing to do outside after an action, with the digest of what people approved.

    `n` counts those of an action: the order in which they are done. No row that actions can be
    about, so it has an id without being an entity.
    """

    __tablename__ = "dispatch"
    belongs_to = "action_id"
    __audit__ = CHAINED

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    action_id: Mapped[str] = mapped_column(Id)
    n: Mapped[int] = mapped_column(Integer)
    tool: Mapped[str] = mapped_column(Code)
    kind: Mapped[str] = mapped_column(Code)
    entity_type: Mapped[str] = mapped_column(Code)
    entity_id: Mapped[str] = mapped_column(Id)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(Digest)
    state: Mapped[str] = mapped_column(Code)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_owner: Mapped[str | None] = mapped_column(Code)
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime | None]
    provider_ref: Mapped[str | None] = mapped_column(Line)
    error_code: Mapped[str | None] = mapped_column(Code)
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        UniqueConstraint("tenant_id", "action_id", "n"),
        ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
        ),
        Index(None, "tenant_id", "state"),
    )


class DispatchResolution(Restricted, TenantRow):
    """A resolution, signed: what became of a dispatch that was sent. Append-only."""

    __tablename__ = "dispatch_resolution"
    belongs_to = "dispatch_id"
    __audit__ = WRITTEN_ONCE

    dispatch_id: Mapped[str] = mapped_column(Id, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, primary_key=True)
    outcome: Mapped[str] = mapped_column(Code)
    reason: Mapped[str] = mapped_column(String(500))
    key_id: Mapped[str] = mapped_column(Code)
    assurance: Mapped[int] = mapped_column(Integer)
    signed_payload: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    audit_head_seq: Mapped[int] = mapped_column(BigInteger)
    audit_head_hash: Mapped[str] = mapped_column(Digest)
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("outcome in ('seen', 'closed')", name="outcome"),
        ForeignKeyConstraint(["tenant_id", "dispatch_id"], ["dispatch.tenant_id", "dispatch.id"]),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "key_id"], ["approver_key.tenant_id", "approver_key.key_id"]
        ),
    )
