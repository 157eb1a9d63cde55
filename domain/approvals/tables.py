"""Approval rows: what waits for people, how did they vote, and what became of it?"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import DECIDED, WRITTEN_ONCE
from domain.store.schema import Code, Digest, Id, Line, TenantEntity, TenantRow, unique_where
from domain.store.visibility import Restricted, Terms, subject_seen

STATES = (
    "pending", "approved", "executing", "unknown",
    "succeeded", "failed", "rejected", "expired", "cancelled", "stale",
)  # fmt: skip
_LIVE = "state in ('pending', 'approved', 'executing', 'unknown')"


class PendingAction(Restricted, TenantEntity):
    """An exact call that waits for named people; its bound columns never change."""

    __tablename__ = "pending_action"
    __audit__ = DECIDED

    tool: Mapped[str] = mapped_column(Code)
    tool_schema_sha256: Mapped[str] = mapped_column(Digest)
    args_json: Mapped[str] = mapped_column(Text)
    args_sha256: Mapped[str] = mapped_column(Digest)
    entity_type: Mapped[str] = mapped_column(Code)
    entity_id: Mapped[str] = mapped_column(Id)
    entity_version: Mapped[int] = mapped_column(Integer)
    entity_digest: Mapped[str] = mapped_column(Digest)
    effects: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    display: Mapped[dict[str, Any]] = mapped_column(JSON)
    summary: Mapped[str] = mapped_column(Text)
    summary_sha256: Mapped[str] = mapped_column(Digest)
    claim: Mapped[str | None] = mapped_column(String(500))
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    amount_usd_minor: Mapped[int | None] = mapped_column(BigInteger)
    fx_rate_id: Mapped[str | None] = mapped_column(Id)
    policy_version: Mapped[int] = mapped_column(Integer)
    policy_sha256: Mapped[str] = mapped_column(Digest)
    slots: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    slots_needed: Mapped[int] = mapped_column(Integer)
    self_rule: Mapped[str] = mapped_column(Code)
    min_assurance: Mapped[int] = mapped_column(Integer)
    taint: Mapped[int] = mapped_column(Integer, default=0)
    requester: Mapped[str] = mapped_column(Code)
    requester_person: Mapped[str] = mapped_column(Id)
    nonce: Mapped[str] = mapped_column(Digest)
    dedupe_key: Mapped[str] = mapped_column(Digest)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Code)
    state_seq: Mapped[int] = mapped_column(Integer, default=1)
    lease_owner: Mapped[str | None] = mapped_column(Code)
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    idem_key: Mapped[str] = mapped_column(Code)
    provider_ref: Mapped[str | None] = mapped_column(Line)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error_code: Mapped[str | None] = mapped_column(Code)
    closed_by: Mapped[str | None] = mapped_column(Code)
    closed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("slots_needed > 0", name="slots_needed"),
        UniqueConstraint("tenant_id", "idem_key"),
        ForeignKeyConstraint(["tenant_id", "requester_person"], ["person.tenant_id", "person.id"]),
        # A looping agent gets its old action back instead of filling the inbox.
        unique_where(
            "uq_pending_action_live",
            "tenant_id",
            "dedupe_key",
            where=_LIVE,
        ),
        Index(None, "tenant_id", "state", "expires_at"),
        Index(None, "tenant_id", "entity_id"),
        Index(None, "tenant_id", "requester", "created_at"),
        Index(None, "tenant_id", "requester_person", "state", "closed_at"),
    )

    @classmethod
    def seen_if(cls, row: Any, viewer: Terms) -> ColumnElement[bool]:
        """Whoever asked for it sees it, and whoever may see what it is about."""
        about = subject_seen(row, row.entity_type, row.entity_id, viewer, of=PendingAction)
        return or_(row.requester_person == viewer.person_id, about)


class Approval(Restricted, TenantRow):
    """One person's signed vote on one action: approve or reject. Append-only."""

    __tablename__ = "approval"
    belongs_to = "action_id"
    __audit__ = WRITTEN_ONCE

    action_id: Mapped[str] = mapped_column(Id, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, primary_key=True)
    slot: Mapped[str] = mapped_column(Code)
    decision: Mapped[str] = mapped_column(Code)
    method: Mapped[str] = mapped_column(Code)
    key_id: Mapped[str] = mapped_column(Code)
    assurance: Mapped[int] = mapped_column(Integer)
    signed_payload: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str | None] = mapped_column(String(500))
    audit_head_seq: Mapped[int] = mapped_column(BigInteger)
    audit_head_hash: Mapped[str] = mapped_column(Digest)
    at: Mapped[datetime]
    # All digests under the one signature, and which is this one's; None when it was signed alone.
    batch: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    batch_index: Mapped[int | None] = mapped_column(Integer)

    __table_args__ = (
        CheckConstraint("decision in ('approve', 'reject')", name="decision"),
        ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "key_id"], ["approver_key.tenant_id", "approver_key.key_id"]
        ),
        unique_where(
            "uq_approval_slot",
            "tenant_id",
            "action_id",
            "slot",
            where="decision = 'approve'",
        ),
    )


class Resolution(Restricted, TenantRow):
    """A resolution, signed: what became of an action that was sent. Append-only."""

    __tablename__ = "resolution"
    belongs_to = "action_id"
    __audit__ = WRITTEN_ONCE

    action_id: Mapped[str] = mapped_column(Id, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, primary_key=True)
    outcome: Mapped[str] = mapped_column(Code)
    reason: Mapped[str] = mapped_column(String(500))
    method: Mapped[str] = mapped_column(Code)
    key_id: Mapped[str] = mapped_column(Code)
    assurance: Mapped[int] = mapped_column(Integer)
    signed_payload: Mapped[str] = mapped_column(Text)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    audit_head_seq: Mapped[int] = mapped_column(BigInteger)
    audit_head_hash: Mapped[str] = mapped_column(Digest)
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("outcome in ('seen', 'closed')", name="outcome"),
        ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "key_id"], ["approver_key.tenant_id", "approver_key.key_id"]
        ),
    )


class ExecutionAttempt(Restricted, TenantRow):
    """One try to carry an action out."""

    __tablename__ = "execution_attempt"
    belongs_to = "action_id"
    __audit__ = DECIDED

    action_id: Mapped[str] = mapped_column(Id, primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Code)
    provider_ref: Mapped[str | None] = mapped_column(Line)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
        ),
    )


class PolicyVersion(TenantRow):
    """Which policy table was in force from when on."""

    __tablename__ = "policy_version"
    __audit__ = WRITTEN_ONCE

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(Digest)
    body: Mapped[str] = mapped_column(Text)
    signed_by: Mapped[str | None] = mapped_column(Code)  # none: the program ships it
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)
    activated_by: Mapped[str] = mapped_column(Code)
    activated_at: Mapped[datetime]
