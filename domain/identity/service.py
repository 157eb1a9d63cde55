"""Identity service: tenants, people, keys and agents come into being and go."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update

from domain.identity import queries, tokens
from domain.identity.addresses import spelling
from domain.identity.roles import ROLES
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
from domain.kernel.ids import new_id
from domain.store.descriptor import modules
from domain.store.tx import Tx

LONGEST_TOKEN_LIFE = timedelta(days=366)


async def add_tenant(
    tx: Tx,
    *,
    code: str,
    name: str,
    locale: str = "vi",
    time_zone: str = "Asia/Ho_Chi_Minh",
    base_currency: str = "VND",
) -> Tenant:
    """Write the tenant's own row, the first one that belongs to it."""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Fault("TIME_ZONE_UNKNOWN", Kind.INVALID, "There is no such time zone.") from error
    if locale not in {"vi", "en"}:
        raise Fault("LOCALE_UNKNOWN", Kind.INVALID, "The locale is 'vi' or 'en'.")
    row = Tenant(
        tenant_id=tx.tenant_id,
        code=code,
        name=name,
        locale=locale,
        time_zone=time_zone,
        base_currency=base_currency,
        residency="vn-hanoi-1",
        created_at=tx.at,
    )
    tx.add(row)
    await tx.flush()
    return row


async def add_workspace(tx: Tx, *, code: str, name: str) -> Workspace:
    """Open a part of the company with pipelines and members of its own."""
    row = Workspace(id=new_id(), code=code, name=name)
    tx.add(row)
    await tx.flush()
    return row


async def add_person(
    tx: Tx, *, email: str, display_name: str, roles: Iterable[str], workspaces: Iterable[str]
) -> Person:
    """Add a person with their roles, as a member of the given workspaces.

    PERSON_EXISTS also for somebody who left: what they signed must stay theirs.
    """
    wanted = sorted(set(roles))
    if unknown := [role for role in wanted if role not in ROLES]:
        raise _role_unknown(len(unknown))
    if await queries.is_known(tx, email):
        raise person_exists()
    person = Person(id=new_id(), email=spelling(email), display_name=display_name)
    tx.add(person)
    await tx.flush()
    for role in wanted:
        tx.add(PersonRole(person_id=person.id, role=role, granted_at=tx.at))
    for workspace_id in workspaces:
        tx.add(WorkspaceMember(workspace_id=workspace_id, person_id=person.id))
    await tx.flush()
    return person


async def change_roles(
    tx: Tx, person_id: str, *, add: Iterable[str], remove: Iterable[str]
) -> tuple[list[str], list[str]]:
    """Give somebody who stays further roles and take others, now; what really changed.

    Raises ROLE_UNKNOWN, PERSON_INACTIVE.
    """
    if unknown := sorted({*add, *remove} - ROLES):
        raise _role_unknown(len(unknown))
    person = await tx.first(select(Person).where(Person.id == person_id))
    if person is None or not person.active:
        raise Fault(
            "PERSON_INACTIVE",
            Kind.CONFLICT,
            "This person has left, so they hold no roles.",
            "add somebody who is there with `cyberos person add`.",
        )
    held = {
        row.role: row
        for row in await tx.all(select(PersonRole).where(PersonRole.person_id == person_id))
    }
    given = [role for role in sorted(set(add)) if role not in held or held[role].revoked_at]
    taken = [role for role in sorted(set(remove)) if role in held and not held[role].revoked_at]
    for role in given:
        if role in held:  # since when they held it before is in the chain
            held[role].granted_at, held[role].revoked_at = tx.at, None
        else:
            tx.add(PersonRole(person_id=person_id, role=role, granted_at=tx.at))
    for role in taken:
        held[role].revoked_at = tx.at
    await tx.flush()
    return given, taken


def _role_unknown(count: int) -> Fault:
    return Fault(
        "ROLE_UNKNOWN",
        Kind.INVALID,
        "A role is not known.",
        f"roles are {', '.join(sorted(ROLES))}.",
        {"count": count},
    )


def person_exists() -> Fault:
    """An e-mail address belongs to one person for good."""
    return Fault(
        "PERSON_EXISTS",
        Kind.CONFLICT,
        "Somebody with this e-mail address is here, or was before they left.",
        "`cyberos person list` shows them; use another address.",
    )


async def leave(tx: Tx, person_id: str) -> tuple[list[str], list[str]]:
    """Take a person's roles and keys away, now; the person stays in the list and in the audit.

    Gives the roles and the ids of the keys that ended, nothing the second time.
    """
    person = await tx.first(select(Person).where(Person.id == person_id))
    assert person is not None
    person.active = False
    held = await tx.all(
        select(PersonRole)
        .where(PersonRole.person_id == person_id, PersonRole.revoked_at.is_(None))
        .order_by(PersonRole.role)
    )
    keys = await tx.all(
        select(ApproverKey)
        .where(ApproverKey.person_id == person_id, ApproverKey.revoked_at.is_(None))
        .order_by(ApproverKey.key_id)
    )
    for role in held:
        role.revoked_at = tx.at
    for key in keys:
        key.revoked_at = tx.at
    await tx.flush()
    return [one.role for one in held], [one.key_id for one in keys]


async def enrol_key(
    tx: Tx,
    person_id: str,
    *,
    key_id: str,
    public_key: bytes,
    label: str,
    endorsed_by: str,
    endorsement: bytes,
) -> None:
    """Keep a public key with the signature that vouches for it."""
    tx.add(
        ApproverKey(
            key_id=key_id,
            person_id=person_id,
            algorithm="ed25519",
            public_key=public_key,
            label=label,
            endorsed_by=endorsed_by,
            endorsement=endorsement,
            enrolled_at=tx.at,
        )
    )
    await tx.flush()


def known_scopes() -> frozenset[str]:
    """What an agent may be given: the scopes of every module."""
    return frozenset(scope for module in modules() for scope in module.scopes)


async def add_agent(
    tx: Tx,
    *,
    name: str,
    person_id: str,
    scopes: Iterable[str],
    expires_at: datetime,
    toolsets: Iterable[str] = (),
) -> tuple[Agent, str]:
    """Add an agent and make its token; the token in clear is in this answer and nowhere else.

    `scopes` say what it may do, `toolsets` what it is shown of that; none: the default set.
    """
    wanted, known = sorted(set(scopes)), known_scopes()
    if not wanted or set(wanted) - known:
        raise Fault(
            "SCOPE_UNKNOWN",
            Kind.INVALID,
            "The agent needs at least one scope, and only known ones.",
            f"scopes are {', '.join(sorted(known))}.",
        )
    if not tx.at < expires_at <= tx.at + LONGEST_TOKEN_LIFE:
        raise Fault("EXPIRY_INVALID", Kind.INVALID, "A token lives at most 366 days.")
    if await queries.agent_by_name(tx, name) is not None:
        raise Fault(
            "AGENT_EXISTS", Kind.CONFLICT, "There is an agent of this name.", "choose another."
        )
    agent_id = new_id()
    clear = tokens.issue(tx.tenant_id, agent_id)
    agent = Agent(
        id=agent_id,
        name=name,
        person_id=person_id,
        scopes=wanted,
        toolsets=sorted(set(toolsets)),
        token_sha256=tokens.digest(clear),
        created_at=tx.at,
        expires_at=expires_at,
    )
    tx.add(agent)
    await tx.flush()
    return agent, clear


async def revoke_agent(tx: Tx, name: str) -> Agent:
    """End an agent's token now; it stays in the list and in the audit."""
    agent = await queries.agent_by_name(tx, name)
    if agent is None:
        raise Fault("AGENT_UNKNOWN", Kind.NOT_FOUND, "There is no agent of this name.")
    if agent.revoked_at is None:
        agent.revoked_at = tx.at
        agent.version += 1
    await tx.flush()
    return agent


async def mark_untrusted_read(tx: Tx, agent_id: str) -> None:
    """Taint the agent, which has read untrusted input."""
    marked = update(Agent).where(Agent.id == agent_id).values(untrusted_read_at=tx.at)
    await tx.change(marked, marks_only=True)
