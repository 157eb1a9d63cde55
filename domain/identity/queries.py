"""Queries of identity: who is this, what may they do, and with which key do they sign?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from domain.identity.addresses import spelling
from domain.identity.tables import (
    Agent,
    ApproverKey,
    Person,
    PersonRole,
    Tenant,
    Workspace,
    WorkspaceMember,
)
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import is_id
from domain.store.prepared import prepared_query
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """An agent, the person it acts for, and the tenant of both, in one row."""

    id: str
    name: str
    scopes: frozenset[str]
    toolsets: frozenset[str]
    token_sha256: str
    expires_at: datetime
    revoked_at: datetime | None
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


_AGENT = prepared_query(
    select(
        Agent.id,
        Agent.name,
        Agent.scopes,
        Agent.toolsets,
        Agent.token_sha256,
        Agent.expires_at,
        Agent.revoked_at,
        Agent.untrusted_read_at,
        Person.id.label("person_id"),
        Person.display_name.label("person_name"),
        Person.active.label("person_active"),
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
    """People with the roles they hold now, by id; all of them, or the given ones."""
    chosen = select(Person.id, Person.email, Person.display_name, Person.active)
    held = select(PersonRole.person_id, PersonRole.role).where(PersonRole.revoked_at.is_(None))
    if ids is not None:
        wanted = list(ids)
        if not wanted:
            return {}
        chosen = chosen.where(Person.id.in_(wanted))
        held = held.where(PersonRole.person_id.in_(wanted))
    roles: dict[str, set[str]] = {}
    for person_id, role in await tx.rows(held):
        roles.setdefault(person_id, set()).add(role)
    return {
        row.id: PersonIdentity(
            row.id, row.email, row.display_name, row.active, frozenset(roles.get(row.id, ()))
        )
        for row in await tx.rows(chosen.order_by(Person.id))
    }


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
    found = await tx.first(select(Person.id).where(Person.email.in_(_spellings(email))))
    if found is None:
        raise Fault(
            "PERSON_UNKNOWN",
            Kind.NOT_FOUND,
            "Nobody has this e-mail address here.",
            "check the spelling; `cyberos person list` shows who is here.",
        )
    return (await people(tx, [found]))[found]


async def find_person(tx: Tx, reference: str) -> PersonIdentity:
    """The person behind an e-mail address or an id, here or gone. Raises PERSON_UNKNOWN."""
    if is_id(reference):
        person = (await people(tx, [reference])).get(reference)
    else:
        person = await person_by_email(tx, reference)
    if person is None:
        raise Fault(
            "PERSON_UNKNOWN",
            Kind.NOT_FOUND,
            "Nobody has this id here.",
            "Give the e-mail address of a person of the company.",
        )
    return person


async def find_owner(tx: Tx, reference: str) -> PersonIdentity:
    """The person behind an e-mail address or an id, who may own what is created.

    Raises PERSON_UNKNOWN and PERSON_INACTIVE.
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


async def agents(tx: Tx) -> Sequence[Agent]:
    """Every agent, oldest first."""
    return await tx.all(select(Agent).order_by(Agent.id))


async def agent_by_name(tx: Tx, name: str) -> Agent | None:
    """The agent with this name."""
    return await tx.first(select(Agent).where(Agent.name == name))
