"""History of keys, roles and policies: which were there at any time? Signatures are judged with it.

A part of the offline verifier (policies/audit/verify.py). Who was revoked since counts as
they did when they signed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import select

from domain.approvals.tables import PolicyVersion
from domain.identity import queries as identity
from domain.identity.tables import ApproverKey, PersonRole
from domain.kernel.canonical import sha256_hex
from domain.kernel.clock import from_stamp
from domain.kernel.faults import Fault
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.tx import Tx
from policies.approvals import trust
from policies.audit.role_grants import Grants
from policies.gate import floor
from policies.gate.catalogue import Catalogue
from policies.gate.events import PolicyActivated


@dataclass(slots=True)
class KeyHistory:
    """Keys, roles and policies of the tenant, as they were at any time."""

    tenant_id: str
    trusted: trust.Trust | None
    keys: Mapping[str, ApproverKey]
    roles: Mapping[str, Sequence[tuple[str, datetime, datetime | None]]]
    policies: Mapping[str, Catalogue]
    _endorsed: dict[str, bool] = field(default_factory=dict)

    def endorsed(self, key: ApproverKey) -> bool:
        """Whether endorsements lead from the key to the root, whatever was revoked since."""
        assert self.trusted is not None
        if key.key_id not in self._endorsed:
            unrevoked = {id: _unrevoked(one) for id, one in self.keys.items()}
            self._endorsed[key.key_id] = trust.endorsed(
                unrevoked[key.key_id], unrevoked, self.trusted, self.tenant_id
            )
        return self._endorsed[key.key_id]

    def revoked_by(self, key: ApproverKey, at: datetime) -> bool:
        """Whether the key, or one that vouches for it, had been revoked by then."""
        seen: set[str] = set()
        one: ApproverKey | None = key
        while one is not None and one.key_id not in seen:
            if one.revoked_at is not None and one.revoked_at <= at:
                return True
            seen.add(one.key_id)
            one = self.keys.get(one.endorsed_by)
        return False

    def roles_at(self, person_id: str, at: datetime) -> frozenset[str]:
        """The roles a person held then."""
        return frozenset(
            role
            for role, since, until in self.roles.get(person_id, ())
            if since <= at and (until is None or at < until)
        )


def _unrevoked(key: ApproverKey) -> ApproverKey:
    return ApproverKey(
        tenant_id=key.tenant_id,
        key_id=key.key_id,
        person_id=key.person_id,
        public_key=key.public_key,
        endorsed_by=key.endorsed_by,
        endorsement=key.endorsement,
        revoked_at=None,
    )


async def load_history(
    tx: Tx, report: Report, trusted: trust.Trust | None, grants: Grants
) -> KeyHistory:
    """Everything at once, with a finding for each policy that is not as it was activated."""
    roles: dict[str, list[tuple[str, datetime, datetime | None]]] = {}
    for row in await tx.all(select(PersonRole)):
        roles.setdefault(row.person_id, []).append((row.role, row.granted_at, row.revoked_at))
    # A row knows the last time a role was held; the times before it stand in the chain alone.
    for (person, role), spans in grants.roles.items():
        for since, until in spans[:-1]:
            ended = from_stamp(until) if until else None
            roles.setdefault(person, []).append((role, from_stamp(since), ended))
    return KeyHistory(
        tenant_id=tx.tenant_id,
        trusted=trusted,
        keys=await identity.keys(tx),
        roles=roles,
        policies=await _policies(tx, report),
    )


async def _policies(tx: Tx, report: Report) -> dict[str, Catalogue]:
    """Every policy that was ever in force, by its digest; each must be strong and in the chain."""
    activated = {
        PolicyActivated.read(content)
        for _, content in await audit_claims.entries_of(tx, PolicyActivated.EVENT)
    }
    found: dict[str, Catalogue] = {}
    for row in await tx.all(select(PolicyVersion).order_by(PolicyVersion.version)):
        place = f"policy {row.version}"
        if PolicyActivated.of(row.version, row.sha256) not in activated:
            report.found(place, "no entry says that it was activated")
        if sha256_hex(row.body.encode()) != row.sha256:
            report.found(place, "is not the text its digest was made of")
            continue
        try:
            catalogue = Catalogue.model_validate_json(row.body)
            floor.check(catalogue, of_the_past=True)
        except ValidationError:
            report.found(place, "is not a policy table")
        except Fault:
            report.found(place, "is weaker than the program allows")
        else:
            found[row.sha256] = catalogue
    return found
