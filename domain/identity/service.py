"""Identity service: tenants, people, keys and agents come into being and go."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select, update

from domain.identity import grants, queries, tokens
from domain.identity.events import agent_terms
from domain.identity.grants import Signature
from domain.identity.role_changes import SignedRoles
from domain.identity.roles import ROLES
from domain.identity.tables import (
    Agent,
    OperatorKey,
    Person,
    PersonRole,
    Tenant,
    Workspace,
    WorkspaceMember,
)
from domain.identity.tables import ApproverKey as ApproverKey
from domain.kernel.email import spelling
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
) -> tuple[Person, SignedRoles]:
    """Add a person with their roles, signed by the root, as a member of the given workspaces.

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
    signed = _signed(tx, person.id, wanted, [])
    for role in wanted:
        tx.add(_given(tx, person.id, role, signed))
    for workspace_id in workspaces:
        tx.add(WorkspaceMember(workspace_id=workspace_id, person_id=person.id))
    await tx.flush()
    return person, signed


async def change_roles(
    tx: Tx, person_id: str, *, add: Iterable[str], remove: Iterable[str]
) -> SignedRoles | None:
    """Give somebody who stays further roles and take others, now; what really changed, if
    anything, with the signature of the root.

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
    if not given and not taken:
        return None
    signed = _signed(tx, person_id, given, taken)
    for role in given:
        if role not in held:
            tx.add(_given(tx, person_id, role, signed))
            continue
        row = held[role]  # since when they held it before is in the chain
        row.granted_at, row.revoked_at = tx.at, None
        row.added, row.removed, row.signature = signed.added, signed.removed, signed.signature
    for role in taken:
        held[role].revoked_at = tx.at
    await tx.flush()
    return signed


def _given(tx: Tx, person_id: str, role: str, signed: SignedRoles) -> PersonRole:
    return PersonRole(
        person_id=person_id,
        role=role,
        added=signed.added,
        removed=signed.removed,
        signature=signed.signature,
        granted_at=tx.at,
    )


def _signed(tx: Tx, person_id: str, given: list[str], taken: list[str]) -> SignedRoles:
    by = grants.signer(tx)
    added, removed = ",".join(given), ",".join(taken)
    change = grants.role_change(tx, by.deploy, person_id, added=added, removed=removed)
    return SignedRoles(person_id, added, removed, by.key_id, by.sign(change.to_be_signed))


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


async def revoke_key(tx: Tx, key: ApproverKey) -> None:
    """A key of a person who stays counts for nothing any more, now."""
    key.revoked_at = tx.at
    await tx.flush()


async def enrol_operator(tx: Tx, *, key_id: str, public_key: bytes) -> Signature:
    """Keep a public key that may sign what operators decide, with the root's signature."""
    signature = grants.OperatorEnrolled.of(key_id, public_key).sign(tx)
    tx.add(
        OperatorKey(
            key_id=key_id,
            public_key=public_key,
            endorsement=signature.value,
            enrolled_at=tx.at,
        )
    )
    await tx.flush()
    return signature


async def revoke_operators(tx: Tx) -> list[str]:
    """Every operator key ends now; the ids of those that ended."""
    live = [one for one in await queries.operator_keys(tx) if one.revoked_at is None]
    for key in live:
        key.revoked_at = tx.at
    await tx.flush()
    return [key.key_id for key in live]


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
    _check_life(tx, expires_at)
    if await queries.agent_by_name(tx, name) is not None:
        raise Fault(
            "AGENT_EXISTS",
            Kind.CONFLICT,
            "There is an agent of this name.",
            "`cyberos agent renew` gives it another token; or choose another name.",
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
        signed_at=tx.at,
        expires_at=expires_at,
    )
    agent_terms(agent).sign_row(tx, agent)
    tx.add(agent)
    await tx.flush()
    return agent, clear


async def renew_agent(tx: Tx, agent: Agent, expires_at: datetime) -> str:
    """Give an agent another token, also one that expired or was revoked; the one before opens
    nothing any more. The token in clear is this answer and nowhere else.
    """
    _check_life(tx, expires_at)
    clear = tokens.issue(tx.tenant_id, agent.id)
    agent.token_sha256 = tokens.digest(clear)
    agent.expires_at, agent.revoked_at = expires_at, None
    await _sign_anew(tx, agent)
    return clear


async def show_tools(tx: Tx, agent: Agent, toolsets: Iterable[str]) -> None:
    """Let an agent be shown these sets of tools, or the default set; its token stays."""
    agent.toolsets = sorted(set(toolsets))
    await _sign_anew(tx, agent)


async def _sign_anew(tx: Tx, agent: Agent) -> None:
    assert tx.at != agent.created_at, "an agent is renewed later than it was made"
    agent.signed_at, agent.version = tx.at, agent.version + 1
    agent_terms(agent).sign_row(tx, agent)
    await tx.flush()


def _check_life(tx: Tx, expires_at: datetime) -> None:
    if not tx.at < expires_at <= tx.at + LONGEST_TOKEN_LIFE:
        raise Fault("EXPIRY_INVALID", Kind.INVALID, "A token lives at most 366 days.")


async def known_agent(tx: Tx, name: str) -> Agent:
    """The agent of this name; AGENT_UNKNOWN if there is none."""
    agent = await queries.agent_by_name(tx, name)
    if agent is None:
        raise Fault(
            "AGENT_UNKNOWN",
            Kind.NOT_FOUND,
            "There is no agent of this name.",
            "`cyberos agent list` names them.",
        )
    return agent


async def revoke_agent(tx: Tx, name: str) -> Agent:
    """End an agent's token now; it stays in the list and in the audit."""
    agent = await known_agent(tx, name)
    if agent.revoked_at is None:
        agent.revoked_at = tx.at
        agent.version += 1
    await tx.flush()
    return agent


async def mark_untrusted_read(tx: Tx, agent_id: str) -> None:
    """Taint the agent, which has read untrusted input."""
    marked = update(Agent).where(Agent.id == agent_id).values(untrusted_read_at=tx.at)
    await tx.change(marked, marks_only=True)
