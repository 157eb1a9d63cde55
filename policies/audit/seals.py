"""Seals over damage: which damage of the chain has the owner seen and signed?

A part of the offline verifier. A seal counts with the signature of the pinned root key alone:
otherwise whoever damages a chain would seal the damage as well.
"""

from domain.identity.keys import verify
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.events import DamageSealed
from domain.store.tx import Tx
from policies.approvals.trust import Trust


async def sealed_by_root(tx: Tx, report: Report, trusted: Trust | None) -> frozenset[str]:
    """The seals that count, with a finding for each entry of them that nobody signed."""
    counting: set[str] = set()
    for seq, entry in await audit_claims.entries_of(tx, DamageSealed.EVENT):
        told = DamageSealed.read(entry)
        if trusted is None or not _signed(tx, told, str(entry.get("at")), trusted):
            report.found(f"entry {seq}", "its seal over damage is not signed by the root")
        else:
            counting |= set(told.seals.split())
    return frozenset(counting)


def _signed(tx: Tx, told: DamageSealed, at: str, trusted: Trust) -> bool:
    root = trusted.roots.get(tx.tenant_id)
    signed = DamageSealed.to_be_signed(trusted.deploy, tx.tenant_id, at, told.seals)
    try:
        return root is not None and verify(root, bytes.fromhex(told.signature), signed)
    except ValueError:
        return False
