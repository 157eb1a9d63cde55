"""Identity rows: tenants, workspaces, people with roles and keys, agents with scopes."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKeyConstraint, Integer, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED, GRANTED, Chained
from domain.store.schema import Code, Digest, Id, Line, TenantEntity, TenantRow


class Tenant(TenantRow):
    """A company, which everything it owns is isolated to."""

    __tablename__ = "tenant"
    __audit__ = CHAINED

    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(Line)
    locale: Mapped[str] = mapped_column(Code)
    time_zone: Mapped[str] = mapped_column(Code)
    base_currency: Mapped[str] = mapped_column(Code)
    residency: Mapped[str] = mapped_column(Code)
    created_at: Mapped[datetime]


class Workspace(TenantEntity):
    """A part of a company with pipelines and members of its own."""

    __tablename__ = "workspace"
    __audit__ = CHAINED

    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(Line)

    __table_args__ = (UniqueConstraint("tenant_id", "code"),)


class Person(TenantEntity):
    """A human being who may own, decide and sign."""

    __tablename__ = "person"
    __audit__ = CHAINED

    email: Mapped[str] = mapped_column(Line)
    display_name: Mapped[str] = mapped_column(Line)
    active: Mapped[bool] = mapped_column(Boolean, default=True)

    __table_args__ = (UniqueConstraint("tenant_id", "email"),)


class WorkspaceMember(TenantRow):
    """Who belongs to a workspace."""

    __tablename__ = "workspace_member"
    __audit__ = CHAINED

    workspace_id: Mapped[str] = mapped_column(Id, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id, primary_key=True)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
        ),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


class PersonRole(TenantRow):
    """A role a person holds: sales, am, cro, cfo, dpo or admin.

    `added` and `removed` are what the root signed when it was given; it counts with that alone.
    """

    __tablename__ = "person_role"
    __audit__ = GRANTED

    person_id: Mapped[str] = mapped_column(Id, primary_key=True)
    role: Mapped[str] = mapped_column(Code, primary_key=True)
    added: Mapped[str] = mapped_column(Line)
    removed: Mapped[str] = mapped_column(Line)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


class ApproverKey(TenantRow):
    """A public key of a person. It counts only with a valid endorsement (docs/operating.md)."""

    __tablename__ = "approver_key"
    __audit__ = GRANTED

    key_id: Mapped[str] = mapped_column(Code, primary_key=True)
    person_id: Mapped[str] = mapped_column(Id)
    algorithm: Mapped[str] = mapped_column(Code)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str] = mapped_column(Line)
    endorsed_by: Mapped[str] = mapped_column(Code)
    endorsement: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )


class OperatorKey(TenantRow):
    """A public key that signs what operators decide, and no role. The root endorsed it."""

    __tablename__ = "operator_key"
    __audit__ = GRANTED

    key_id: Mapped[str] = mapped_column(Code, primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    endorsement: Mapped[bytes] = mapped_column(LargeBinary)
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Agent(TenantEntity):
    """A program that may propose: its token is stored as a hash and it acts for one person.

    Name, person, scopes and the end of its token count as the root or an operator signed them.
    """

    __tablename__ = "agent"
    __audit__ = Chained(
        free=GRANTED.free,
        besides={"untrusted_read_at": "a mark that calls leave which only read, for a day"},
    )

    name: Mapped[str] = mapped_column(Code)
    person_id: Mapped[str] = mapped_column(Id)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    toolsets: Mapped[list[str]] = mapped_column(JSON, default=list)  # none: the default set
    token_sha256: Mapped[str] = mapped_column(Digest)
    signed_by: Mapped[str] = mapped_column(Code)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    signed_at: Mapped[datetime]  # later than it was made: renewed, under the same name
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    untrusted_read_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        ForeignKeyConstraint(["tenant_id", "person_id"], ["person.tenant_id", "person.id"]),
    )
