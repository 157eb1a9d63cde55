"""Webhook endpoints: which address and which secret name whom? Made once, shown once, hashed.

The last part of the address holds the tenant and the row, so both are known before any row is
read, as with the token of an agent; its secret part makes it unguessable. The feed shows a second
secret in a header, because addresses end up in logs of others.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from domain.kernel.ids import is_id
from domain.receipts.tables import WebhookEndpoint

SEPAY = "sepay"
RAILS = (SEPAY,)
_SECRET_BYTES = 32
_LONGEST = 200
# What a path is looked up as that names nobody: so that it takes as long as one that does.
_NOBODY = "0" * 26
_NEVER = "0" * 64


@dataclass(frozen=True, slots=True)
class EndpointKey:
    """The last part of a path: whose endpoint it names, and its hash."""

    tenant_id: str
    endpoint_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """Both secrets of a new endpoint in clear, which exist nowhere else."""

    path: str
    key: str


def make(tenant_id: str, endpoint_id: str, rail: str) -> Secrets:
    """New secrets for an endpoint."""
    unguessable = secrets.token_urlsafe(_SECRET_BYTES)
    return Secrets(
        f"/webhook/{rail}/{tenant_id}_{endpoint_id}_{unguessable}",
        secrets.token_urlsafe(_SECRET_BYTES),
    )


def parse(endpoint_key: str) -> EndpointKey:
    """Whom the last part of a path names; nobody if it is none of ours."""
    parts = endpoint_key.split("_", 2)
    sha256 = digest(endpoint_key)
    if len(endpoint_key) <= _LONGEST and len(parts) == 3 and is_id(parts[0]) and is_id(parts[1]):
        return EndpointKey(parts[0], parts[1], sha256)
    return EndpointKey(_NOBODY, _NOBODY, sha256)


def opens(row: WebhookEndpoint | None, rail: str, key: EndpointKey, shown: str) -> bool:
    """Whether address and secret are those of a live endpoint, found out in one and the same time.

    Every comparison is made, whatever the others came to.
    """
    same_key = _same(key.sha256, row.endpoint_key_sha256 if row else _NEVER)
    same_secret = _same(digest(shown), row.secret_sha256 if row else _NEVER)
    is_live = row is not None and row.revoked_at is None and row.rail == rail
    return same_key & same_secret & is_live


def digest(clear: str) -> str:
    """What is stored of a secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(clear.encode("utf-8", "surrogatepass")).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
