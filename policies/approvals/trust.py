"""Trusted keys: which are believed? Roots kept outside the database, and endorsements under them.

Whoever can write rows can insert a public key of their own. It counts for nothing unless a chain of
endorsements leads from it to a root that is pinned in a file the database cannot reach.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from domain.approvals.facts import KeyStanding
from domain.identity.keys import key_id, verify_endorsement
from domain.identity.tables import ApproverKey
from domain.kernel.faults import Fault, Kind

_LONGEST_CHAIN = 4


@dataclass(frozen=True, slots=True)
class Trust:
    """This deployment's id, and the root public key (32 bytes) of each tenant."""

    deploy: str
    roots: Mapping[str, bytes]


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


def endorsed(
    key: ApproverKey, all_keys: Mapping[str, ApproverKey], trust: Trust, tenant_id: str
) -> bool:
    """Whether a chain of valid endorsements leads from this key to the tenant's root."""
    root = trust.roots.get(tenant_id)
    if root is None:
        return False
    for _ in range(_LONGEST_CHAIN):
        if key_id(key.public_key) != key.key_id:
            return False
        by_root = key.endorsed_by == key_id(root)
        endorser = None if by_root else all_keys.get(key.endorsed_by)
        if not by_root and (endorser is None or endorser.revoked_at is not None):
            return False
        genuine = verify_endorsement(
            root if endorser is None else endorser.public_key,
            key.endorsement,
            deploy=trust.deploy,
            tenant=tenant_id,
            person=key.person_id,
            public_key=key.public_key,
        )
        if not genuine:
            return False
        if endorser is None:
            return True
        key = endorser
    return False


def standing(
    key: ApproverKey | None,
    person_id: str,
    keys: Mapping[str, ApproverKey],
    trusted: Trust,
    tenant_id: str,
) -> KeyStanding:
    """What this key of this person is worth now."""
    if key is None or key.person_id != person_id:
        return KeyStanding.UNKNOWN
    if key.revoked_at is not None:
        return KeyStanding.REVOKED
    known = endorsed(key, keys, trusted, tenant_id)
    return KeyStanding.GOOD if known else KeyStanding.UNKNOWN
