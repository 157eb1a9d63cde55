"""Grants of roles and keys: does everybody hold those that the chain tells of, and no others?

A part of the offline verifier: people, their roles and keys, and the scopes of agents are held
against the entries that were written when they came, changed and ended. Roles begin and end with
the signature of the pinned root key alone. Before and after are numbers of entries: an instant is
a claim of whoever wrote it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from domain.identity.events import (
    AgentAdded,
    AgentRenewed,
    AgentRevoked,
    KeyEnrolled,
    KeyRevoked,
    PersonAdded,
    PersonLeft,
    RolesChanged,
)
from domain.identity.grants import Signature
from domain.identity.keys import key_id, verify
from domain.identity.role_changes import RoleChange
from domain.identity.tables import Agent, ApproverKey, Person, PersonRole
from domain.kernel.clock import stamp
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.tx import Tx
from policies.approvals.trust import Trust
from policies.audit.signed_grants import Place, Signatures, Span

_FOREIGN = "holds a row this program does not write"

Role = tuple[str, str]


@dataclass(slots=True)
class Grants:
    """What the chain tells: who held which role when, whose key is whose, who left."""

    roles: dict[Role, list[Span]] = field(default_factory=dict)
    keys: dict[str, tuple[str, Span]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)

    def give(self, role: Role, place: Place) -> None:
        """The role begins, if it is not held already."""
        spans = self.roles.setdefault(role, [])
        if not spans or spans[-1].until is not None:
            spans.append(Span(place))

    def take(self, role: Role, place: Place) -> None:
        """The role ends, if it is held."""
        spans = self.roles.get(role)
        if spans and spans[-1].until is None:
            spans[-1].until = place

    def end_key(self, key_id: str, place: Place) -> None:
        """The key ends, if it has not."""
        _, span = self.keys.get(key_id, ("", None))
        if span is not None and span.until is None:
            span.until = place


async def load_grants(
    tx: Tx, report: Report, trusted: Trust | None, signatures: Signatures
) -> Grants:
    """Read the grants out of the chain, with a finding for each change nobody signed."""
    grants = Grants()
    for seq, event, content in await _events(tx):
        place = Place(seq, str(content.get("at")))
        match event:
            case PersonAdded.EVENT | RolesChanged.EVENT:
                changed = RolesChanged.read(content)
                if event == PersonAdded.EVENT:
                    if changed.person_id in grants.people:
                        report.found(f"entry {seq}", "adds somebody who was added before")
                        continue
                    grants.people.add(changed.person_id)
                if trusted is not None and not _signed(tx, changed, place.at, trusted):
                    report.found(f"entry {seq}", "its change of roles is not signed by the root")
                    continue
                for role in changed.given:
                    grants.give((changed.person_id, role), place)
                for role in changed.taken:
                    grants.take((changed.person_id, role), place)
            case KeyEnrolled.EVENT:
                key = KeyEnrolled.read(content)
                grants.keys.setdefault(key.key_id, (key.person_id, Span(place)))
            case KeyRevoked.EVENT:
                if signatures.signed(content, KeyRevoked, seq):
                    grants.end_key(KeyRevoked.read(content).id, place)
            case _:
                left = PersonLeft.read(content)
                if not signatures.signed(content, PersonLeft, seq):
                    continue  # who lets a good key end unseen could undo what it signed
                grants.left.add(left.id)
                for role in left.roles:
                    grants.take((left.id, role), place)
                for key_id in left.keys:
                    grants.end_key(key_id, place)
    return grants


async def _events(tx: Tx) -> list[tuple[int, str, Mapping[str, Any]]]:
    """Everything about people, in the order of the chain."""
    found: list[tuple[int, str, Mapping[str, Any]]] = []
    for kind in (PersonAdded, RolesChanged, KeyEnrolled, KeyRevoked, PersonLeft):
        entries = await audit_claims.entries_of(tx, kind.EVENT)
        found += [(seq, kind.EVENT, content) for seq, content in entries]
    return sorted(found, key=lambda each: each[0])


def _signed(tx: Tx, told: RolesChanged, at: str, trusted: Trust) -> bool:
    root = trusted.roots.get(tx.tenant_id)
    change = RoleChange(
        deploy=trusted.deploy,
        tenant=tx.tenant_id,
        person=told.person_id,
        added=told.added,
        removed=told.removed,
        at=at,
    )
    try:
        signature = bytes.fromhex(told.signature)
    except ValueError:
        return False
    named = root is not None and told.root_key == key_id(root)
    return named and root is not None and verify(root, signature, change.to_be_signed)


async def verify_people(tx: Tx, report: Report, grants: Grants) -> None:
    """Everybody is there who was added, and nobody works who left."""
    rows = {row.id: row for row in await tx.rows(select(Person.id, Person.active))}
    for id, row in sorted(rows.items()):
        if id not in grants.people:
            report.found(f"person {id}", "no entry says that they were added")
        elif bool(row.active) == (id in grants.left):
            said = "left" if id in grants.left else "are there"
            report.found(f"person {id}", f"the chain says that they {said}")
    for id in sorted(grants.people - rows.keys()):
        report.found(f"person {id}", "was added, and is gone")


async def verify_roles(tx: Tx, report: Report, grants: Grants) -> None:
    """Every role was given and ended when its entries say, and is still there."""
    given = dict(grants.roles)
    try:
        rows = await tx.all(select(PersonRole).order_by(PersonRole.person_id, PersonRole.role))
    except (TypeError, ValueError):
        report.found("table person_role", _FOREIGN)
        return
    for row in rows:
        place, spans = _role(row.person_id, row.role), given.pop((row.person_id, row.role), None)
        if spans is None:
            report.found(place, "no entry says that it was given")
            continue
        if spans[-1].since.at != stamp(row.granted_at):
            report.found(place, "was not given when its entry says")
        if _end(spans[-1]) != (stamp(row.revoked_at) if row.revoked_at else None):
            report.found(place, "did not end when the chain says")
    for person, role in given:
        report.found(_role(person, role), "was given, and is gone")


async def verify_keys(tx: Tx, report: Report, grants: Grants) -> None:
    """Every key was enrolled for its person and ended when its entries say."""
    there = dict(grants.keys)
    try:
        rows = await tx.all(select(ApproverKey).order_by(ApproverKey.key_id))
    except (TypeError, ValueError):
        report.found("table approver_key", _FOREIGN)
        return
    for row in rows:
        place, (person, span) = f"key {row.key_id}", there.pop(row.key_id, (None, None))
        if person is None:
            report.found(place, "no entry says that it was enrolled")
        elif person != row.person_id:
            report.found(place, f"was enrolled for person {person}")
        ended = stamp(row.revoked_at) if row.revoked_at else None
        if ended != (_end(span) if span else None):
            report.found(place, "did not end when the chain says")
    for key in there:
        report.found(f"key {key}", "was enrolled, and is gone")


async def verify_agents(tx: Tx, report: Report) -> None:
    """Every agent acts for the person, in the scopes and until the instant that it was added with,
    or renewed with last; and for the person it was added for.
    """
    added: dict[str, AgentAdded] = {}
    signed: dict[str, tuple[Signature, object]] = {}
    ended: dict[str, object] = {}
    told = [
        (seq, event, content)
        for event in (AgentAdded.EVENT, AgentRenewed.EVENT, AgentRevoked.EVENT)
        for seq, content in await audit_claims.entries_of(tx, event)
    ]
    for _, event, content in sorted(told, key=lambda each: each[0]):
        terms = AgentAdded.read(content)  # an end names the agent in the same place
        signature = Signature.read(content), content.get("at")
        if event == AgentAdded.EVENT:
            added.setdefault(terms.id, terms)
            signed.setdefault(terms.id, signature)
        elif event == AgentRevoked.EVENT:
            ended.setdefault(terms.id, content.get("at"))
        elif terms.id in added and _same_agent(added[terms.id], terms):
            added[terms.id], signed[terms.id] = terms, signature
            ended.pop(terms.id, None)
    try:
        rows = await tx.all(select(Agent).order_by(Agent.id))
    except (TypeError, ValueError):
        report.found("table agent", _FOREIGN)
        return
    for row in rows:
        place, entry = f"agent {row.id}", added.pop(row.id, None)
        if entry is None:
            report.found(place, "no entry says that it was added")
            continue
        others = sorted(
            name for name, value in AgentAdded.of(row).told.items() if entry.told.get(name) != value
        )
        if others:
            report.found(place, f"was added with another {', '.join(others)}")
        if signed[row.id] != (Signature(row.signed_by, row.signature), stamp(row.signed_at)):
            report.found(place, "does not keep the signature of its last entry")
        if (stamp(row.revoked_at) if row.revoked_at else None) != ended.get(row.id):
            report.found(place, "was not revoked when the chain says")
    for gone in added:
        report.found(f"agent {gone}", "was added, and is gone")


def _same_agent(before: AgentAdded, after: AgentAdded) -> bool:
    return all(before.told.get(name) == after.told.get(name) for name in ("name", "person"))


def _end(span: Span) -> str | None:
    return span.until.at if span.until else None


def _role(person_id: str, role: str) -> str:
    return f"role {role} of person {person_id}"
