"""Store rows: what is kept beside business rows? Chain, outbox, idempotency, the deployment.

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

from domain.store.audit_kinds import CHAINED, Chained, Derived, Unchained
from domain.store.schema import Base, Code, Digest, Id, Line, TenantEntity, TenantRow

_CHAIN = Derived("the chain itself: hashes, commitments and checkpoints are made again from it")


class Deployment(Base):
    """This installation. Its id is part of every signed byte, so staging cannot sign for live."""

    __tablename__ = "deployment"
    __audit__ = Unchained("the first entry of each chain and the trust file name the installation")

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    deploy: Mapped[str] = mapped_column(Id)
    created_at: Mapped[datetime]


class GuardTool(Base):
    """Which tools open a guard that asks for an approved action: what the program says of itself.

    Written by `cyberos migrate` and nobody else, so that no tool's name stands in a trigger.
    """

    __tablename__ = "guard_tool"
    __audit__ = Derived("made from the tools by `cyberos migrate`; doctor and verifier compare it")

    guard: Mapped[str] = mapped_column(Code, primary_key=True)
    tool: Mapped[str] = mapped_column(Code, primary_key=True)


class TenantDirectory(Base):
    """Which tenants there are: read by people's and worker processes, never by an agent's."""

    __tablename__ = "tenant_directory"
    __audit__ = Unchained("a list of chains for processes; a chain that it leaves out is named")

    tenant_id: Mapped[str] = mapped_column(Id, primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    position: Mapped[int] = mapped_column(Integer)


class AuditHead(TenantRow):
    """Where the tenant's chain ends. Locked by whoever appends, so the chain has no gaps.

    `messages` were put into the outbox so far: numbered under the same lock, for the same reason.
    """

    __tablename__ = "audit_head"
    __audit__ = _CHAIN

    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Digest)
    messages: Mapped[int] = mapped_column(BigInteger, default=0)


class AuditEntry(TenantRow):
    """One link: the canonical bytes of the entry, and the hash over them and the link before."""

    __tablename__ = "audit_entry"
    __audit__ = _CHAIN

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
    __audit__ = _CHAIN

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    field: Mapped[str] = mapped_column(Code, primary_key=True)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    body: Mapped[str | None] = mapped_column(Text)
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "seq"], ["audit_entry.tenant_id", "audit_entry.seq"]),
    )


class AuditRow(TenantRow):
    """What a transaction left in one chained row: a salted digest, None if the row was deleted.

    The entry `seq` binds its rows in the order of `n`, from 1 (domain/store/commitments.py).
    """

    __tablename__ = "audit_row"
    __audit__ = _CHAIN

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    table_name: Mapped[str] = mapped_column(Code)
    row_key: Mapped[str] = mapped_column(Line)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "seq"], ["audit_entry.tenant_id", "audit_entry.seq"]),
        Index(None, "tenant_id", "table_name", "row_key", "seq"),
    )


class OutboxMessage(TenantRow):
    """What happened, for whoever subscribes to it; kept whether anybody does or not.

    `seq` counts in the order of the commits. An id does not: it is drawn before.
    """

    __tablename__ = "outbox"
    __audit__ = Chained(written_once=True, may_go=True)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(Id)
    topic: Mapped[str] = mapped_column(Code)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "tenant_id", "topic", "seq"),)


class TenantSetting(TenantRow):
    """What a company decided of a module, as JSON text; without a row the module's default holds.

    The module that declares the setting reads and writes it (domain/store/settings.py).
    """

    __tablename__ = "tenant_setting"
    __audit__ = CHAINED

    name: Mapped[str] = mapped_column(Code, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - read by SQLAlchemy


class NumberSeries(TenantRow):
    """The last number that was taken of a series; whoever takes one holds it to the end.

    So a number that was taken and not kept is taken again, and no series has a hole.
    """

    __tablename__ = "number_series"
    __audit__ = CHAINED

    series: Mapped[str] = mapped_column(Code, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class OutboxCursor(TenantRow):
    """The last message a subscriber has done with, and how often it failed at the next one."""

    __tablename__ = "outbox_cursor"
    __audit__ = Unchained("how far each subscriber has come")

    subscriber: Mapped[str] = mapped_column(Code, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None]


class DeadLetter(TenantRow):
    """A message at which a subscriber has failed too often; it is settled when a retry succeeds."""

    __tablename__ = "dead_letter"
    __audit__ = Unchained("messages that a subscriber could not take, for people to look at")

    subscriber: Mapped[str] = mapped_column(Code, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[str] = mapped_column(Id)
    topic: Mapped[str] = mapped_column(Code)
    code: Mapped[str] = mapped_column(Code)
    failures: Mapped[int] = mapped_column(Integer)
    died_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class IdempotencyKey(TenantEntity):
    """What a call answered the first time, so that its repetition answers the same."""

    __tablename__ = "idempotency_key"
    __audit__ = Unchained("answers kept to be repeated; nothing is decided by them")

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
    __audit__ = Unchained("counters")

    principal: Mapped[str] = mapped_column(Code, primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    tool: Mapped[str] = mapped_column(Code, primary_key=True)
    outcome: Mapped[str] = mapped_column(Code, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
