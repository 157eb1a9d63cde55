"""Baseline of the platform: chain, outbox, idempotency, counters, the installation. Frozen."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

from domain.store.guards import append_only, begins_as, final, fixed, fixed_but, never_deleted
from domain.store.migrations.columns import create_table
from domain.store.migrations.triggers import guard
from domain.store.schema import Code, Digest, Id, Instant, Line
from domain.store.triggers import (
    AGENT_SAYS,
    COUNTS_MESSAGE,
    EMBEDDED_BODY,
    EMBEDDED_HEAD,
    LINKED,
    MOVES_HEAD,
    NEXT_MESSAGE,
    NEXT_NUMBER,
    ONLY_ERASE,
    SERVED_HEAD,
)


def create() -> None:
    """Make these tables, in an order in which each is there before it is referred to."""
    _audit_entry()
    _audit_head()
    _call_counter()
    _dead_letter()
    _deployment()
    _guard_tool()
    _idempotency_key()
    _outbox()
    _outbox_cursor()
    _tenant_directory()
    _tenant_setting()
    _audit_blob()
    _audit_row()


def _audit_entry() -> None:
    guard(
        create_table(
            "audit_entry",
            Column("tenant_id", Id, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("at", Instant(), nullable=False),
            Column("event", Line, nullable=False),
            Column("object", Line, nullable=False),
            Column("action_id", Id),
            Column("body", Text, nullable=False),
            Column("hash", Digest, nullable=False),
            Index(None, "tenant_id", "object"),
            Index(None, "tenant_id", "action_id"),
        ),
        append_only(),
        NEXT_NUMBER,
        EMBEDDED_BODY,
        LINKED,
        AGENT_SAYS,
        MOVES_HEAD,
        version=1,
    )


def _audit_head() -> None:
    guard(
        create_table(
            "audit_head",
            Column("tenant_id", Id, primary_key=True),
            Column("seq", BigInteger, nullable=False),
            Column("hash", Digest, nullable=False),
            Column("messages", BigInteger, nullable=False),
        ),
        EMBEDDED_HEAD,
        SERVED_HEAD,
        never_deleted(),
        version=1,
    )


def _call_counter() -> None:
    create_table(
        "call_counter",
        Column("tenant_id", Id, primary_key=True),
        Column("principal", Code, primary_key=True),
        Column("day", String(10), primary_key=True),
        Column("tool", Code, primary_key=True),
        Column("outcome", Code, primary_key=True),
        Column("count", BigInteger, nullable=False),
    )


def _dead_letter() -> None:
    guard(
        create_table(
            "dead_letter",
            Column("tenant_id", Id, primary_key=True),
            Column("subscriber", Code, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("message_id", Id, nullable=False),
            Column("topic", Code, nullable=False),
            Column("code", Code, nullable=False),
            Column("failures", Integer, nullable=False),
            Column("died_at", Instant(), nullable=False),
            Column("settled_at", Instant()),
        ),
        fixed_but("code", "failures", "settled_at"),
        final("settled_at"),
        never_deleted(),
        version=1,
    )


def _deployment() -> None:
    create_table(
        "deployment",
        Column("id", Integer, primary_key=True),
        Column("deploy", Id, nullable=False),
        Column("created_at", Instant(), nullable=False),
    )


def _guard_tool() -> None:
    create_table(
        "guard_tool",
        Column("guard", Code, primary_key=True),
        Column("tool", Code, primary_key=True),
    )


def _idempotency_key() -> None:
    create_table(
        "idempotency_key",
        Column("tenant_id", Id, primary_key=True),
        Column("id", Id, primary_key=True),
        Column("principal", Code, nullable=False),
        Column("tool", Code, nullable=False),
        Column("key", String(128), nullable=False),
        Column("args_sha256", Digest, nullable=False),
        Column("result", JSON, nullable=False),
        Column("created_at", Instant(), nullable=False),
        UniqueConstraint("tenant_id", "principal", "tool", "key"),
    )


def _outbox() -> None:
    guard(
        create_table(
            "outbox",
            Column("tenant_id", Id, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("id", Id, nullable=False),
            Column("topic", Code, nullable=False),
            Column("payload", JSON, nullable=False),
            Column("created_at", Instant(), nullable=False),
            Index(None, "tenant_id", "topic", "seq"),
        ),
        fixed(),
        NEXT_MESSAGE,
        COUNTS_MESSAGE,
        version=1,
    )


def _outbox_cursor() -> None:
    create_table(
        "outbox_cursor",
        Column("tenant_id", Id, primary_key=True),
        Column("subscriber", Code, primary_key=True),
        Column("seq", BigInteger, nullable=False),
        Column("failures", Integer, nullable=False),
        Column("retry_at", Instant()),
    )


def _tenant_directory() -> None:
    create_table(
        "tenant_directory",
        Column("tenant_id", Id, primary_key=True),
        Column("code", Code, nullable=False, unique=True),
        Column("position", Integer, nullable=False),
    )


def _tenant_setting() -> None:
    guard(
        create_table(
            "tenant_setting",
            Column("tenant_id", Id, primary_key=True),
            Column("name", Code, primary_key=True),
            Column("value", Text, nullable=False),
            Column("version", Integer, nullable=False),
        ),
        begins_as(version=1),
        fixed_but("value", "version"),
        never_deleted(),
        version=1,
    )


def _audit_blob() -> None:
    guard(
        create_table(
            "audit_blob",
            Column("tenant_id", Id, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("field", Code, primary_key=True),
            Column("salt", LargeBinary),
            Column("body", Text),
            Column("erased_at", Instant()),
            ForeignKeyConstraint(
                ["tenant_id", "seq"], ["audit_entry.tenant_id", "audit_entry.seq"]
            ),
        ),
        ONLY_ERASE,
        never_deleted(),
        version=1,
    )


def _audit_row() -> None:
    guard(
        create_table(
            "audit_row",
            Column("tenant_id", Id, primary_key=True),
            Column("seq", BigInteger, primary_key=True),
            Column("n", Integer, primary_key=True),
            Column("table_name", Code, nullable=False),
            Column("row_key", Line, nullable=False),
            Column("salt", LargeBinary),
            Column("digest", LargeBinary),
            ForeignKeyConstraint(
                ["tenant_id", "seq"], ["audit_entry.tenant_id", "audit_entry.seq"]
            ),
            Index(None, "tenant_id", "table_name", "row_key", "seq"),
        ),
        append_only(),
        version=1,
    )
