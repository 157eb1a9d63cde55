"""Principals: who is calling? Built from rows, on every call anew."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from domain.identity import queries
from domain.identity.events import agent_terms
from domain.identity.tokens import Token, invalid_token
from domain.kernel.faults import Fault, Kind
from domain.store.tx import Tx
from policies.gate.contract import Principal, PrincipalKind

TAINT_LASTS = timedelta(hours=24)
MARK_STAYS_FRESH = timedelta(hours=1)  # else every read of an agent would be a write


async def agent(tx: Tx, token: Token) -> Principal:
    """The agent with this token; TOKEN_INVALID unless it is valid at this instant.

    From then on the transaction sees what the person may see for whom the agent acts.
    """
    found = await queries.agent_identity(tx, token.agent_id)
    stored = found.token_sha256 if found else "0" * 64  # an unknown agent costs the same time
    if not token.matches(stored) or found is None:
        raise invalid_token()
    if not await agent_terms(found).counts(tx, found.signed_at, found):
        raise invalid_token()  # a row that nobody signed is no agent
    if found.revoked or found.expires_at <= tx.at or not found.person_active:
        raise invalid_token()
    marked = tx.at - found.untrusted_read_at if found.untrusted_read_at is not None else None
    principal = Principal(
        kind=PrincipalKind.AGENT,
        id=found.id,
        name=found.name,
        tenant_id=tx.tenant_id,
        tenant_name=found.tenant_name,
        person_id=found.person_id,
        person_name=found.person_name,
        scopes=found.scopes,
        toolsets=found.toolsets,
        roles=frozenset(),  # an agent has none, whoever it acts for
        workspace_ids=found.workspace_ids,
        # The last read may be as much younger than its mark as a mark stays fresh.
        tainted=marked is not None and marked < TAINT_LASTS + MARK_STAYS_FRESH,
        mark_is_fresh=marked is not None and marked < MARK_STAYS_FRESH,
        locale=found.locale,
        zone=ZoneInfo(found.time_zone),
    )
    tx.look_as(principal.viewer)
    return principal


async def person(tx: Tx, person_id: str) -> Principal:
    """A person, with the roles they hold now; NOT_FOUND if there is none."""
    found = (await queries.people(tx, [person_id])).get(person_id)
    if found is None:
        raise Fault("NOT_FOUND", Kind.NOT_FOUND, "There is no such person.")
    tenant = await queries.tenant(tx)
    return Principal(
        kind=PrincipalKind.PERSON,
        id=found.id,
        name=found.display_name,
        tenant_id=tx.tenant_id,
        tenant_name=tenant.name,
        person_id=found.id,
        person_name=found.display_name,
        scopes=frozenset(),
        roles=found.roles,
        workspace_ids=await queries.workspaces_of(tx, found.id),
        locale=tenant.locale,
        zone=ZoneInfo(tenant.time_zone),
    )
