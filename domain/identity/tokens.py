"""Agent tokens: whose is this? Made once, shown once, stored as a hash."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import is_id

_PREFIX = "cyb"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Token:
    """`cyb_<tenant>_<agent>_<secret>`: the tenant is known before any row is read."""

    tenant_id: str
    agent_id: str
    sha256: str

    def matches(self, stored_sha256: str) -> bool:
        """Compare with what is stored, in a time that tells nothing."""
        return hmac.compare_digest(self.sha256.encode(), stored_sha256.encode())


def issue(tenant_id: str, agent_id: str) -> str:
    """A new token in clear, which exists nowhere else."""
    return f"{_PREFIX}_{tenant_id}_{agent_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def parse(clear: str) -> Token:
    """Take a token apart; TOKEN_INVALID, and nothing of it in the message, when it is none."""
    parts = clear.strip().split("_", 3)
    well_formed = (
        clear.isascii()
        and len(clear) <= 200
        and len(parts) == 4
        and parts[0] == _PREFIX
        and is_id(parts[1])
        and is_id(parts[2])
        and len(parts[3]) >= 32
    )
    if not well_formed:
        raise invalid_token()
    return Token(parts[1], parts[2], digest(clear.strip()))


def digest(clear: str) -> str:
    """What is stored of a token. The secret has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(clear.encode()).hexdigest()


def invalid_token() -> Fault:
    """The one answer to every token that does not open anything, whatever the reason."""
    return Fault(
        "TOKEN_INVALID",
        Kind.FORBIDDEN,
        "The agent token is missing, unknown, expired or revoked.",
        "an operator makes it anew with `cyberos agent renew`, or adds an agent with `cyberos agent"
        " add`, and sets CYBEROS_AGENT_TOKEN_FILE.",
    )
