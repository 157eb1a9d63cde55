"""Role changes: which bytes does the root key sign when somebody gets a role or loses one?"""

from dataclasses import dataclass

from domain.kernel.canonical import canonical

PREFIX = b"cyberos.roles.v1\x00"


@dataclass(frozen=True, slots=True)
class SignedRoles:
    """What somebody was given and lost, joined by commas, and the signature of the key that says
    so.
    """

    person_id: str
    added: str
    removed: str
    root_key: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """One change of the roles of one person; lists are sorted and joined by commas.

    `at` is the instant of the transaction, so that an old change cannot be replayed.
    """

    deploy: str
    tenant: str
    person: str
    added: str
    removed: str
    at: str

    @property
    def to_be_signed(self) -> bytes:
        """Prefix, a zero byte, RFC 8785."""
        return PREFIX + canonical(
            {
                "v": 1,
                "typ": "roles",
                "deploy": self.deploy,
                "tenant": self.tenant,
                "person": self.person,
                "added": self.added,
                "removed": self.removed,
                "at": self.at,
            }
        )
