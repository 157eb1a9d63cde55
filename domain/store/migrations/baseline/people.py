"""Baseline of people: companies, what waits for people and what they signed. Frozen."""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
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

from domain.approvals.triggers import (
    AGENT_CANCELS,
    ASKED_BY,
    EMBEDDED_LIFETIME,
    EXECUTOR_EXECUTES,
    ONLY_WHILE_PENDING,
    ONLY_WHILE_UNKNOWN,
    QUORUM,
    SERVED_LIFETIME,
    SLOTS_COUNTED,
    STEPS,
)
from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted, numbered
from domain.store.migrations.columns import create_table, unique_where
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant, Line


def create() -> None:
    """Make these tables, in an order in which each is there before it is referred to."""
    _person()
    _policy_version()
    _tenant()
    _workspace()
    _agent()
    _approver_key()
    _operator_key()
    _pending_action()
    _person_role()
    _workspace_member()
    _approval()
    _execution_attempt()
    _resolution()


def _person() -> None:
    create_table(
        "person",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("email", Line, nullable=False),
        Column("display_name", Line, nullable=False),
        Column("active", Boolean, nullable=False),
        UniqueConstraint("tenant_id", "email"),
    )


def _policy_version() -> None:
    guard(
        create_table(
            "policy_version",
            Column("tenant_id", Id, primary_key=True),
            Column("version", Integer, primary_key=True),
            Column("sha256", Digest, nullable=False),
            Column("body", Text, nullable=False),
            Column("signed_by", Code),
            Column("signature", LargeBinary),
            Column("activated_by", Code, nullable=False),
            Column("activated_at", Instant(), nullable=False),
        ),
        append_only(),
        version=1,
    )


def _tenant() -> None:
    create_table(
        "tenant",
        Column("tenant_id", Id, primary_key=True),
        Column("code", Code, nullable=False),
        Column("name", Line, nullable=False),
        Column("locale", Code, nullable=False),
        Column("time_zone", Code, nullable=False),
        Column("base_currency", Code, nullable=False),
        Column("residency", Code, nullable=False),
        Column("created_at", Instant(), nullable=False),
    )


def _workspace() -> None:
    create_table(
        "workspace",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("code", Code, nullable=False),
        Column("name", Line, nullable=False),
        UniqueConstraint("tenant_id", "code"),
    )


def _agent() -> None:
    create_table(
        "agent",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("name", Code, nullable=False),
        Column("person_id", Id, nullable=False),
        Column("scopes", JSON, nullable=False),
        Column("toolsets", JSON, nullable=False),
        Column("token_sha256", Digest, nullable=False),
        Column("signed_by", Code, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("signed_at", Instant(), nullable=False),
        Column("expires_at", Instant(), nullable=False),
        Column("revoked_at", Instant()),
        Column("untrusted_read_at", Instant()),
        Column("version", Integer, nullable=False),
        UniqueConstraint("tenant_id", "name"),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


def _approver_key() -> None:
    guard(
        create_table(
            "approver_key",
            Column("tenant_id", Id, primary_key=True),
            Column("key_id", Code, primary_key=True),
            Column("person_id", Id, nullable=False),
            Column("algorithm", Code, nullable=False),
            Column("public_key", LargeBinary, nullable=False),
            Column("label", Line, nullable=False),
            Column("endorsed_by", Code, nullable=False),
            Column("endorsement", LargeBinary, nullable=False),
            Column("enrolled_at", Instant(), nullable=False),
            Column("revoked_at", Instant()),
            ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
        ),
        fixed_but("revoked_at"),
        final("revoked_at"),
        never_deleted(),
        version=1,
    )


def _operator_key() -> None:
    guard(
        create_table(
            "operator_key",
            Column("tenant_id", Id, primary_key=True),
            Column("key_id", Code, primary_key=True),
            Column("public_key", LargeBinary, nullable=False),
            Column("endorsement", LargeBinary, nullable=False),
            Column("enrolled_at", Instant(), nullable=False),
            Column("revoked_at", Instant()),
        ),
        fixed_but("revoked_at"),
        final("revoked_at"),
        never_deleted(),
        version=1,
    )


def _what_is_signed() -> tuple[Column[Any], ...]:
    return (
        Column("tool", Code, nullable=False),
        Column("tool_schema_sha256", Digest, nullable=False),
        Column("args_json", Text, nullable=False),
        Column("args_sha256", Digest, nullable=False),
        Column("entity_type", Code, nullable=False),
        Column("entity_id", Id, nullable=False),
        Column("entity_version", Integer, nullable=False),
        Column("entity_digest", Digest, nullable=False),
        Column("effects", JSON, nullable=False),
        Column("display", JSON, nullable=False),
        Column("summary", Text, nullable=False),
        Column("summary_sha256", Digest, nullable=False),
        Column("claim", String(500)),
        Column("amount_minor", BigInteger),
        Column("currency", String(3)),
        Column("amount_usd_minor", BigInteger),
        Column("fx_rate_id", Id),
        Column("policy_version", Integer, nullable=False),
        Column("policy_sha256", Digest, nullable=False),
        Column("slots", JSON, nullable=False),
        Column("slots_needed", Integer, nullable=False),
        Column("self_rule", Code, nullable=False),
        Column("min_assurance", Integer, nullable=False),
        Column("taint", Integer, nullable=False),
        Column("requester", Code, nullable=False),
        Column("requester_person", Id, nullable=False),
        Column("nonce", Digest, nullable=False),
        Column("dedupe_key", Digest, nullable=False),
        Column("created_at", Instant(), nullable=False),
        Column("expires_at", Instant(), nullable=False),
    )


_GUARDS_OF_ACTION = (
    begins_as(
        state="pending",
        state_seq=1,
        attempt=0,
        error_code=None,
        closed_by=None,
        closed_at=None,
        lease_owner=None,
        lease_until=None,
        provider_ref=None,
        result=None,
    ),
    never_deleted(),
    fixed_but(
        "state",
        "state_seq",
        "error_code",
        "closed_by",
        "closed_at",
        "lease_owner",
        "lease_until",
        "attempt",
        "provider_ref",
        "result",
    ),
    AGENT_CANCELS,
    ASKED_BY,
    EMBEDDED_LIFETIME,
    EXECUTOR_EXECUTES,
    QUORUM,
    SERVED_LIFETIME,
    SLOTS_COUNTED,
    STEPS,
)


def _pending_action() -> None:
    guard(
        create_table(
            "pending_action",
            Column("tenant_id", Id, primary_key=True),
            Column("id", Id, primary_key=True),
            *_what_is_signed(),
            Column("state", Code, nullable=False),
            Column("state_seq", Integer, nullable=False),
            Column("lease_owner", Code),
            Column("lease_until", Instant()),
            Column("attempt", Integer, nullable=False),
            Column("idem_key", Code, nullable=False),
            Column("provider_ref", Line),
            Column("result", JSON),
            Column("error_code", Code),
            Column("closed_by", Code),
            Column("closed_at", Instant()),
            CheckConstraint(
                "state in ('pending', 'approved', 'executing', 'unknown', 'succeeded', 'failed',"
                " 'rejected', 'expired', 'cancelled', 'stale')",
                name="state",
            ),
            CheckConstraint("slots_needed > 0", name="slots_needed"),
            UniqueConstraint("tenant_id", "idem_key"),
            ForeignKeyConstraint(
                ["tenant_id", "requester_person"], ["person.tenant_id", "person.id"]
            ),
            unique_where(
                "uq_pending_action_live",
                "tenant_id",
                "dedupe_key",
                where="state in ('pending', 'approved', 'executing', 'unknown')",
            ),
            Index(None, "tenant_id", "state", "expires_at"),
            Index(None, "tenant_id", "entity_id"),
            Index(None, "tenant_id", "requester", "created_at"),
            Index(None, "tenant_id", "requester_person", "state", "closed_at"),
        ),
        *_GUARDS_OF_ACTION,
        version=1,
    )


def _person_role() -> None:
    create_table(
        "person_role",
        Column("tenant_id", Id, primary_key=True),
        Column("person_id", Id, primary_key=True),
        Column("role", Code, primary_key=True),
        Column("added", Line, nullable=False),
        Column("removed", Line, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("granted_at", Instant(), nullable=False),
        Column("revoked_at", Instant()),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


def _workspace_member() -> None:
    create_table(
        "workspace_member",
        Column("tenant_id", Id, primary_key=True),
        Column("workspace_id", Id, primary_key=True),
        Column("person_id", Id, primary_key=True),
        ForeignKeyConstraint(
            ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


def _approval() -> None:
    guard(
        create_table(
            "approval",
            Column("tenant_id", Id, primary_key=True),
            Column("action_id", Id, primary_key=True),
            Column("person_id", Id, primary_key=True),
            Column("slot", Code, nullable=False),
            Column("decision", Code, nullable=False),
            Column("method", Code, nullable=False),
            Column("key_id", Code, nullable=False),
            Column("assurance", Integer, nullable=False),
            Column("signed_payload", Text, nullable=False),
            Column("signature", LargeBinary, nullable=False),
            Column("reason", String(500)),
            Column("audit_head_seq", BigInteger, nullable=False),
            Column("audit_head_hash", Digest, nullable=False),
            Column("at", Instant(), nullable=False),
            Column("batch", JSON),
            Column("batch_index", Integer),
            CheckConstraint("decision in ('approve', 'reject')", name="decision"),
            ForeignKeyConstraint(
                ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
            ),
            ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
            ForeignKeyConstraint(
                ["tenant_id", "key_id"], ["approver_key.tenant_id", "approver_key.key_id"]
            ),
            unique_where(
                "uq_approval_slot", "tenant_id", "action_id", "slot", where="decision = 'approve'"
            ),
        ),
        append_only(),
        ONLY_WHILE_PENDING,
        version=1,
    )


def _execution_attempt() -> None:
    guard(
        create_table(
            "execution_attempt",
            Column("tenant_id", Id, primary_key=True),
            Column("action_id", Id, primary_key=True),
            Column("n", Integer, primary_key=True),
            Column("started_at", Instant(), nullable=False),
            Column("ended_at", Instant()),
            Column("outcome", Code),
            Column("provider_ref", Line),
            ForeignKeyConstraint(
                ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
            ),
        ),
        numbered("n", "action_id"),
        final("ended_at"),
        never_deleted(),
        version=1,
    )


def _resolution() -> None:
    guard(
        create_table(
            "resolution",
            Column("tenant_id", Id, primary_key=True),
            Column("action_id", Id, primary_key=True),
            Column("person_id", Id, primary_key=True),
            Column("outcome", Code, nullable=False),
            Column("reason", String(500), nullable=False),
            Column("method", Code, nullable=False),
            Column("key_id", Code, nullable=False),
            Column("assurance", Integer, nullable=False),
            Column("signed_payload", Text, nullable=False),
            Column("signature", LargeBinary, nullable=False),
            Column("audit_head_seq", BigInteger, nullable=False),
            Column("audit_head_hash", Digest, nullable=False),
            Column("at", Instant(), nullable=False),
            CheckConstraint("outcome in ('seen', 'closed')", name="outcome"),
            ForeignKeyConstraint(
                ["tenant_id", "action_id"], ["pending_action.tenant_id", "pending_action.id"]
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
