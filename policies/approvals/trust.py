"""Trusted keys: which are believed? Those that a root vouches for which is kept outside.

Whoever can write rows can insert a public key of their own. It counts for nothing unless the root
signed for it that is pinned in a file the database cannot reach: no approver's key makes another.
"""

import json
import os
from pathlib import Path

from domain.approvals.facts import KeyStanding
from domain.identity.keys import key_id, verify_endorsement
from domain.identity.tables import ApproverKey
from domain.kernel.faults import Fault, Kind
from domain.kernel.trust import Trust as Trust


def load(path: Path) -> Trust:
    """Read the trust file; TRUST_UNREADABLE if it is missing or is not one."""
    try:
        content = json.loads(path.read_bytes())
        roots = {tenant: bytes.fromhex(key) for tenant, key in content["roots"].items()}
        return Trust(str(content["deploy"]), roots)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Fault(
            "TRUST_UNREADABLE",
            Kind.UNAVAILABLE,
            "The file with the trusted root keys is missing or damaged.",
            "restore trust.json from the backup of the data directory.",
        ) from error


def store(path: Path, trust: Trust) -> None:
    """Write the trust file whole or not at all, readable by everybody, writable by its owner."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = {"deploy": trust.deploy, "roots": {t: k.hex() for t, k in trust.roots.items()}}
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    draft.chmod(0o644)
    os.replace(draft, path)


def endorsed(key: ApproverKey, trust: Trust, tenant_id: str) -> bool:
    """Whether the tenant's root vouches for this key. Nobody else's word counts."""
    root = trust.roots.get(tenant_id)
    return (
        root is not None
        and key_id(key.public_key) == key.key_id
        and key.endorsed_by == key_id(root)
        and verify_endorsement(
            root,
            key.endorsement,
            deploy=trust.deploy,
            tenant=tenant_id,
            person=key.person_id,
            public_key=key.public_key,
        )
    )


def standing(
    key: ApproverKey | None, person_id: str, trusted: Trust, tenant_id: str
) -> KeyStanding:
    """What this key of this person is worth now."""
    if key is None or key.person_id != person_id:
        return KeyStanding.UNKNOWN
    if key.revoked_at is not None:
        return KeyStanding.REVOKED
    return KeyStanding.GOOD if endorsed(key, trusted, tenant_id) else KeyStanding.UNKNOWN
