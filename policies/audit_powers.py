"""Does everybody hold the powers that the chain says were given, and no others?

A part of the offline verifier: roles of people and scopes of agents are held against the entries
that were written when they were given. The end of a role is not compared with the `person.left`
that tells of it; an end that somebody wrote into the table, or took out of it, is not seen here.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from domain.identity.tables import Agent, PersonRole
from domain.kernel.clock import stamp
from domain.store import audit_verify
from domain.store.audit_verify import Report
from domain.store.tx import Tx

_FOREIGN = "holds a row this program does not write"


async def verify_roles(tx: Tx, report: Report) -> None:
    """Every role was given with its person, at that instant, and is still there."""
    given: dict[tuple[str, str], object] = {}
    for _, content in await audit_verify.told(tx, "person.added"):
        person = str(content.get("object")).removeprefix("person:")
        roles = str(audit_verify.data_of(content).get("roles", ""))
        for role in filter(None, roles.split(",")):
            given.setdefault((person, role), content.get("at"))
    try:
        rows = await tx.all(select(PersonRole).order_by(PersonRole.person_id, PersonRole.role))
    except (TypeError, ValueError):
        report.found("table person_role", _FOREIGN)
        return
    for row in rows:
        at = given.pop((row.person_id, row.role), None)
        if at is None:
            report.found(_role(row.person_id, row.role), "no entry says that it was given")
        elif at != stamp(row.granted_at):
            report.found(_role(row.person_id, row.role), "was not given when its entry says")
    for person, role in given:
        report.found(_role(person, role), "was given, and is gone")


async def verify_agents(tx: Tx, report: Report) -> None:
    """Every agent acts for the person, in the scopes and until the instant it was added with."""
    added: dict[str, Mapping[str, Any]] = {}
    ended: dict[str, object] = {}
    for _, content in await audit_verify.told(tx, "agent.added"):
        added.setdefault(str(content.get("object")), audit_verify.data_of(content))
    for _, content in await audit_verify.told(tx, "agent.revoked"):
        ended.setdefault(str(content.get("object")), content.get("at"))
    try:
        rows = await tx.all(select(Agent).order_by(Agent.id))
    except (TypeError, ValueError):
        report.found("table agent", _FOREIGN)
        return
    for row in rows:
        place, told = f"agent {row.id}", added.pop(f"agent:{row.id}", None)
        if told is None:
            report.found(place, "no entry says that it was added")
            continue
        others = sorted(name for name, value in _powers(row).items() if told.get(name) != value)
        if others:
            report.found(place, f"was added with another {', '.join(others)}")
        if (stamp(row.revoked_at) if row.revoked_at else None) != ended.get(f"agent:{row.id}"):
            report.found(place, "was not revoked when the chain says")
    for gone in added:
        report.found(gone.replace(":", " ", 1), "was added, and is gone")


def _role(person_id: str, role: str) -> str:
    return f"role {role} of person {person_id}"


def _powers(agent: Agent) -> dict[str, str]:
    """What the entry of an agent says, from its row."""
    return {
        "name": agent.name,
        "person": agent.person_id,
        "scopes": ",".join(agent.scopes),
        "expires_at": stamp(agent.expires_at),
    }
