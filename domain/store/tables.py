"""What does the store keep beside business rows? Chain, outbox, idempotency, reads, the deployment.

These rows are written by `domain/store` alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.schema import Base, Code, Digest, Id, Line, TenantEntity, TenantRow


class Deployment(Base):
    """This installation. Its id is part of every signed byte, so staging cannot sign for live."""

    __tablename__ = "deployment"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    deploy: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]


class GuardTool(Base):
    """Which tools open a guard that asks for an approved action: what the program says of itself.

    Written by `cyberos migrate` and nobody else, so that no tool's name stands in a trigger.
    """

    __tablename__ = "guard_tool"

    guard: Mapped[str] = mapped_column(Code, primary_key=True)
    tool: Mapped[str] = mapped_column(Code, primary_key=True)


class TenantDirectory(Base):
    """Which tenants there are: read by people's and worker processes, never by an agent's."""

    __tablename__ = "tenant_directory"

    tenant_id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    position: Mapped[int] = mapped_column(Integer)


class AuditHead(TenantRow):
    """Where the tenant's chain ends. Locked by whoever appends, so the chain has no gaps."""

    __tablename__ = "audit_head"

    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Digest)


class AuditEntry(TenantRow):
    """One link: the canonical bytes of the entry, and the hash over them and the link before."""

    __tablename__ = "audit_entry"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(Line)
    object: Mapped[str] = mapped_column(Line)
    action_id: Mapped[str | None] = mapped_column(Id)
    body: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Digest)

    __table_args__ = (Index(None, "tenant_id", "object"), Index(None, "tenant_id", "action_id"))


class AuditBlob(TenantRow):
    """What an entry only commits to: erasable without breaking the chain."""

    __tablename__ = "audit_blob"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    field: Mapped[str] = mapped_column(Code, primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "seq"], ["audit_entry.tenant_id", "audit_entry.seq"]),
    )


class OutboxMessage(TenantEntity):
    """An effect that will leave this transaction after it has been committed."""

    __tablename__ = "outbox"

    topic: Mapped[str] = mapped_column(Code)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    dispatched_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0)

    __table_args__ = (Index(None, "tenant_id", "dispatched_at", "id"),)


class IdempotencyKey(TenantEntity):
    """What a call answered the first time, so that its repetition answers the same."""

    __tablename__ = "idempotency_key"

    principal: Mapped[str] = mapped_column(Code)
    tool: Mapped[str] = mapped_column(Code)
    key: Mapped[str] = mapped_column(String(128))
    args_sha256: Mapped[str] = mapped_column(Digest)
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "principal", "tool", "key"),)


class CallCounter(TenantRow):
    """How often a principal called a tool on a day, and with what outcome: counted, not chained."""

    __tablename__ = "call_counter"

    principal: Mapped[str] = mapped_column(Code, primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    tool: Mapped[str] = mapped_column(Code, primary_key=True)
    outcome: Mapped[str] = mapped_column(Code, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
