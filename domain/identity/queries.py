"""Queries of identity: who is this, what may they do, and with which key do they sign?"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, literal, or_, select
from sqlalchemy.orm import aliased

from domain.identity import grants
from domain.identity.events import (
    AgentRenewed,
    AgentRevoked,
    KeyRevoked,
    PersonAdded,
    PersonLeft,
    RolesChanged,
    UntrustedRead,
)
from domain.identity.tables import (
    Agent,
    ApproverKey,
    OperatorKey,
    Person,
    PersonRole,
    Tenant,
    Workspace,
    WorkspaceMember,
)
from domain.kernel.email import spelling
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.kernel.ids import is_id
from domain.store.audit_claims import content_of
from domain.store.prepared import prepared_query
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

_MOST_NAMED = 5
_MOST_LOOKED_AT = 10_000  # people of one company whose names are looked through


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """An agent, the person it acts for, and the tenant of both, in one row."""

    id: str
    name: str
    scopes: frozenset[str]
    toolsets: frozenset[str]
    token_sha256: str
    signed_by: str
    signature: bytes
    created_at: datetime
    signed_at: datetime
    expires_at: datetime
    revoked: bool
    untrusted_read_at: datetime | None
    person_id: str
    person_name: str
    person_active: bool
    tenant_name: str
    locale: str
    time_zone: str
    workspace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonIdentity:
    """A person, the roles they hold now, and the workspaces they belong to."""

    id: str
    email: str
    display_name: str
    active: bool
    roles: frozenset[str]


def _told(event: str, kind: str, id: Any) -> ColumnElement[bool]:
    """Whether an entry of the chain tells of such an end.

    Asked with the row and not after it: whoever writes the database can clear an end in a row, and
    must not have it back for that.
    """
    entry, about = aliased(AuditEntry), literal(f"{kind}:") + id
    return select(entry.seq).where(entry.event == event, entry.object == about).exists()


def _told_later_of(agent: type[Agent]) -> ColumnElement[bool]:
    """Whether the chain tells of an end or a renewal behind the signature under this row."""
    entry, about = aliased(AuditEntry), literal("agent:") + agent.id
    ended = and_(entry.event == AgentRevoked.EVENT, entry.at >= agent.signed_at)
    renewed = and_(entry.event == AgentRenewed.EVENT, entry.at > agent.signed_at)
    return select(entry.seq).where(entry.object == about, or_(ended, renewed)).exists()


_AGENT = prepared_query(
    select(
        Agent.id,
        Agent.name,
        Agent.scopes,
        Agent.toolsets,
        Agent.token_sha256,
        Agent.signed_by,
        Agent.signature,
        Agent.created_at,
        Agent.signed_at,
        Agent.expires_at,
        or_(Agent.revoked_at.is_not(None), _told_later_of(Agent)).label("revoked"),
        Agent.untrusted_read_at,
        Person.id.label("person_id"),
        Person.display_name.label("person_name"),
        and_(Person.active, ~_told(PersonLeft.EVENT, "person", Person.id)).label("person_active"),
        Tenant.name.label("tenant_name"),
        Tenant.locale,
        Tenant.time_zone,
        WorkspaceMember.workspace_id,
    )
    .join(Person, Person.id == Agent.person_id)
    .join(Tenant, Tenant.tenant_id == Agent.tenant_id)
    .outerjoin(WorkspaceMember, WorkspaceMember.person_id == Agent.person_id)
    .where(Agent.id == bindparam("agent_id"))
    .order_by(WorkspaceMember.workspace_id)
)
_EMAILS = prepared_query(
    select(Person.id, Person.email).where(Person.id.in_(bindparam("ids", expanding=True)))
)


async def agent_identity(tx: Tx, agent_id: str) -> AgentIdentity | None:
    """Everything a call needs to know about its agent, in one statement."""
    found = await tx.fetch(_AGENT, agent_id=agent_id)
    if not found:
        return None
    facts = found[0]._asdict()
    del facts["workspace_id"]
    facts["scopes"] = frozenset(facts["scopes"])
    facts["toolsets"] = frozenset(facts["toolsets"])
    workspaces = tuple(row.workspace_id for row in found if row.workspace_id is not None)
    return AgentIdentity(**facts, workspace_ids=workspaces)


async def tenant(tx: Tx) -> Tenant:
    """The tenant of this transaction."""
    found = await tx.first(select(Tenant))
    assert found is not None
    return found


async def workspaces_of(tx: Tx, person_id: str) -> tuple[str, ...]:
    """The workspaces a person belongs to, oldest first."""
    found = await tx.all(
        select(WorkspaceMember.workspace_id)
        .where(WorkspaceMember.person_id == person_id)
        .order_by(WorkspaceMember.workspace_id)
    )
    return tuple(found)


async def workspaces(tx: Tx) -> Sequence[Workspace]:
    """Every workspace, oldest first."""
    return await tx.all(select(Workspace).order_by(Workspace.id))


async def people(tx: Tx, ids: Iterable[str] | None = None) -> Mapping[str, PersonIdentity]:
    """People with the roles they hold now, by id; all of them, or the given ones.

    A role that the root did not sign is none, and no role can be told where no root is known.
    Ends count as the chain tells of them too, whatever a row says.
    """
    left = _told(PersonLeft.EVENT, "person", Person.id)
    chosen = select(
        Person.id, Person.email, Person.display_name, and_(Person.active, ~left).label("active")
    )
    changes = and_(
        AuditEntry.object == literal("person:") + PersonRole.person_id,
        AuditEntry.event.in_((PersonAdded.EVENT, RolesChanged.EVENT)),
    )
    held = (
        select(PersonRole, AuditEntry.body)
        .outerjoin(AuditEntry, changes)
        .where(
            PersonRole.revoked_at.is_(None),
            ~_told(PersonLeft.EVENT, "person", PersonRole.person_id),
        )
        .order_by(AuditEntry.seq)
    )
    if ids is not None:
        wanted = list(ids)
        if not wanted:
            return {}
        chosen = chosen.where(Person.id.in_(wanted))
        held = held.where(PersonRole.person_id.in_(wanted))
    told: dict[PersonRole, list[RolesChanged]] = {}
    for row, body in await tx.rows(held):
        content = content_of(body) if body is not None else None
        told.setdefault(row, []).extend([RolesChanged.read(content)] if content else [])
    roles: dict[str, set[str]] = {}
    for row, changed in told.items():
        # What this transaction gives is signed for its instant, and not yet in the chain.
        stands = row.granted_at == tx.at or not _taken_since(row, changed)
        if stands and grants.holds(row, tx.trust):
            roles.setdefault(row.person_id, set()).add(row.role)
    return {
        row.id: PersonIdentity(
            row.id, row.email, row.display_name, row.active, frozenset(roles.get(row.id, ()))
        )
        for row in await tx.rows(chosen.order_by(Person.id))
    }


async def foreign_reads(
    tx: Tx, agent_id: str, since: datetime, until: datetime
) -> list[tuple[datetime, UntrustedRead]]:
    """When an agent read words of others in a time, and which; latest first, a few of them."""
    found = await tx.rows(
        select(AuditEntry.at, AuditEntry.body)
        .where(
            AuditEntry.object == f"agent:{agent_id}",
            AuditEntry.event == UntrustedRead.EVENT,
            AuditEntry.at >= since,
            AuditEntry.at <= until,
        )
        .order_by(AuditEntry.seq.desc())
        .limit(_MOST_NAMED)
    )
    contents = ((at, content_of(body)) for at, body in found)
    return [(at, UntrustedRead.read(content)) for at, content in contents if content]


async def holders(tx: Tx, roles: Iterable[str]) -> frozenset[str]:
    """The ids of those who may hold one of these roles; `people` says which of them do."""
    wanted = sorted(set(roles))
    held = select(PersonRole.person_id).where(
        PersonRole.role.in_(wanted), PersonRole.revoked_at.is_(None)
    )
    return frozenset(await tx.all(held)) if wanted else frozenset()


def _taken_since(row: PersonRole, changes: Sequence[RolesChanged]) -> bool:
    """Whether the chain took the role away behind the last entry that tells of this grant.

    A grant that was given, taken and given again has one signature.
    """
    mine = row.signature.hex()
    given = max((n for n, one in enumerate(changes) if one.signature == mine), default=-1)
    return any(row.role in one.taken for one in changes[given + 1 :])


async def emails(tx: Tx, ids: Iterable[str]) -> Mapping[str, str]:
    """The e-mail addresses of these people, by id."""
    wanted = sorted(set(ids))
    return {row.id: row.email for row in await tx.fetch(_EMAILS, ids=wanted)} if wanted else {}


async def names(tx: Tx, references: Iterable[str]) -> Mapping[str, str]:
    """What those are called who are written down as `agent:<id>` or `human:<id>`."""
    ids: dict[str, set[str]] = {"agent": set(), "human": set()}
    for sort, _, id in (reference.partition(":") for reference in references):
        ids.setdefault(sort, set()).add(id)
    agents = select(Agent.id, Agent.name).where(Agent.id.in_(ids["agent"]))
    humans = select(Person.id, Person.display_name.label("name")).where(Person.id.in_(ids["human"]))
    return {
        f"{sort}:{row.id}": row.name
        for sort, asked in (("agent", agents), ("human", humans))
        if ids[sort]
        for row in await tx.rows(asked)
    }


async def person_by_email(tx: Tx, email: str) -> PersonIdentity:
    """The person with this e-mail address; PERSON_UNKNOWN if there is none in the tenant."""
    found = await _by_email(tx, email)
    if found is None:
        raise Fault(
            "PERSON_UNKNOWN",
            Kind.NOT_FOUND,
            "Nobody has this e-mail address here.",
            "check the spelling; `cyberos person list` shows who is here.",
        )
    return found


async def _by_email(tx: Tx, email: str) -> PersonIdentity | None:
    found = await tx.first(select(Person.id).where(Person.email.in_(_spellings(email))))
    return (await people(tx, [found]))[found] if found is not None else None


async def find_person(tx: Tx, reference: str) -> PersonIdentity:
    """The person behind an e-mail address, an id or a name, here or gone.

    Raises PERSON_UNKNOWN, and PERSON_AMBIGUOUS for a name that several have.
    """
    person = None
    if "@" in reference:
        person = await _by_email(tx, reference)
    elif is_id(reference):
        person = (await people(tx, [reference])).get(reference)
    else:
        named = await _named(tx, reference)
        if len(named) > 1:
            raise _ambiguous(named)
        if named:
            person = (await people(tx, [named[0].id]))[named[0].id]
    if person is None:
        raise Fault(
            "PERSON_UNKNOWN",
            Kind.NOT_FOUND,
            "Nobody of the company is called so or has this id or e-mail address.",
            "Look your colleagues up with {people}, and give a name or e-mail address.",
        )
    return person


async def _named(tx: Tx, name: str) -> Sequence[Any]:
    """People whose name has these words: who has them as typed, else without their marks.

    Of those who are here, else of those who have left.
    """
    everybody = await tx.rows(
        select(Person.id, Person.email, Person.display_name, Person.active).order_by(Person.id)
    )
    for active in (True, False):
        for spelt in (_as_typed, fold):
            wanted = set(spelt(name).split())
            hits = [
                one
                for one in everybody
                if one.active is active and wanted <= set(spelt(one.display_name).split())
            ]
            if wanted and hits:
                return hits
    return ()


async def colleagues(
    tx: Tx, *, words: str | None = None, after: str | None = None, limit: int
) -> Sequence[PersonIdentity]:
    """People who are here with the roles they hold, oldest first, from behind the id `after`.

    With `words`, those whose name or e-mail address has a word that begins with each of them.
    """
    standing = select(Person.id, Person.email, Person.display_name).where(
        Person.active, ~_told(PersonLeft.EVENT, "person", Person.id)
    )
    if after is not None:
        standing = standing.where(Person.id > after)
    rows = await tx.rows(
        standing.order_by(Person.id).limit(limit if words is None else _MOST_LOOKED_AT)
    )
    wanted = fold(words).split() if words is not None else []
    ids = [one.id for one in rows if words is None or (wanted and _has_words(one, wanted))][:limit]
    found = await people(tx, ids)
    return [found[id] for id in ids]


def _has_words(person: Any, wanted: Sequence[str]) -> bool:
    there = fold(f"{person.display_name} {person.email}").split()
    return all(any(one.startswith(word) for one in there) for word in wanted)


def _as_typed(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _ambiguous(named: Sequence[Any]) -> Fault:
    shown = named[:_MOST_NAMED]
    who = ", ".join(f"{one.display_name} ({one.email})" for one in shown)
    return Fault(
        "PERSON_AMBIGUOUS",
        Kind.CONFLICT,
        f"{len(named)} people are called so: {who}{', ...' if len(named) > len(shown) else ''}.",
        "Ask which of them is meant, and give the e-mail address.",
        {"people": [{"id": one.id, "email": one.email} for one in shown]},
    )


async def find_owner(tx: Tx, reference: str) -> PersonIdentity:
    """The person behind an e-mail address, an id or a name, who may own what is created.

    Raises PERSON_UNKNOWN, PERSON_AMBIGUOUS and PERSON_INACTIVE.
    """
    person = await find_person(tx, reference)
    if not person.active:
        raise Fault(
            "PERSON_INACTIVE",
            Kind.CONFLICT,
            "This person has left and cannot own anything new.",
            "Choose another owner, or leave the owner out.",
        )
    return person


async def is_known(tx: Tx, email: str) -> bool:
    """Whether somebody has or had this e-mail address in the tenant."""
    wanted = select(Person.id).where(Person.email.in_(_spellings(email)))
    return await tx.first(wanted) is not None


def _spellings(email: str) -> list[str]:
    """How the address may be kept: in our one spelling, or as older programs kept it."""
    return [spelling(email), email.strip().lower()]


async def keys(tx: Tx, key_ids: Iterable[str] | None = None) -> Mapping[str, ApproverKey]:
    """Approver keys by their id, revoked ones too."""
    statement = select(ApproverKey).order_by(ApproverKey.enrolled_at)
    if key_ids is not None:
        statement = statement.where(ApproverKey.key_id.in_(list(key_ids)))
    return {row.key_id: row for row in await tx.all(statement)}


async def standing_keys(tx: Tx) -> Mapping[str, ApproverKey]:
    """The same without those whose end is in the chain and in their row no more."""
    ended = or_(
        _told(KeyRevoked.EVENT, "approver_key", ApproverKey.key_id),
        _told(PersonLeft.EVENT, "person", ApproverKey.person_id),
    )
    statement = select(ApproverKey).where(or_(ApproverKey.revoked_at.is_not(None), ~ended))
    return {row.key_id: row for row in await tx.all(statement.order_by(ApproverKey.enrolled_at))}


async def operator_keys(tx: Tx) -> Sequence[OperatorKey]:
    """Keys of operators, oldest first, also those that ended."""
    return await tx.all(select(OperatorKey).order_by(OperatorKey.enrolled_at))


async def agents(tx: Tx) -> Sequence[Agent]:
    """Every agent, oldest first."""
    return await tx.all(select(Agent).order_by(Agent.id))


async def agent_by_name(tx: Tx, name: str) -> Agent | None:
    """The agent with this name."""
    return await tx.first(select(Agent).where(Agent.name == name))
