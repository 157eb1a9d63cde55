"""History of keys, roles and policies: which were there at any time? Signatures are judged with it.

A part of the offline verifier (policies/audit/verify.py). Who was revoked since counts as
they did when they signed, by the numbers of entries and by no clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import select

from domain.approvals.tables import PolicyVersion
from domain.identity import queries as identity
from domain.identity.tables import ApproverKey
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.tx import Tx
from policies.approvals import trust
from policies.audit.role_grants import Grants
from policies.audit.signed_grants import Signatures, Signing
from policies.gate import floor
from policies.gate.catalogue import Catalogue
from policies.gate.events import PolicyActivated


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """Keys, roles and policies of the tenant, as they were at any time."""

    tenant_id: str
    trusted: trust.Trust | None
    keys: Mapping[str, ApproverKey]
    grants: Grants
    agents: Mapping[str, str]  # whom each acts for, of those whose coming was signed
    policies: Mapping[str, Catalogue]

    def person_of(self, requester: str) -> str | None:
        """In whose name asks who is named as `agent:<id>` or `human:<id>`."""
        kind, _, id = requester.partition(":")
        return self.agents.get(id) if kind == "agent" else id

    def endorsed(self, key: ApproverKey) -> bool:
        """Whether the root vouches for the key, whether or not it was revoked since."""
        assert self.trusted is not None
        return trust.endorsed(key, self.trusted, self.tenant_id)

    def ended(self, key: ApproverKey, signing: Signing) -> bool:
        """Whether the key was not there yet, or no more, when somebody signed with it."""
        _, span = self.grants.keys.get(key.key_id, ("", None))
        return span is None or not span.covers(signing)

    def roles_at(self, person_id: str, signing: Signing) -> frozenset[str]:
        """The roles a person held then."""
        return frozenset(
            role
            for (person, role), spans in self.grants.roles.items()
            if person == person_id and any(span.covers(signing) for span in spans)
        )


async def load_history(
    tx: Tx, report: Report, trusted: trust.Trust | None, grants: Grants, signatures: Signatures
) -> KeyHistory:
    """Everything at once, with a finding for each policy that is not as it was activated."""
    return KeyHistory(
        tenant_id=tx.tenant_id,
        trusted=trusted,
        keys=await identity.keys(tx),
        grants=grants,
        agents=signatures.agents,
        policies=await _policies(tx, report),
    )


async def _policies(tx: Tx, report: Report) -> dict[str, Catalogue]:
    """Every policy that was ever in force, by its digest; each must be strong and in the chain."""
    activated = [
        PolicyActivated.read(content)
        for _, content in await audit_claims.entries_of(tx, PolicyActivated.EVENT)
    ]
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
