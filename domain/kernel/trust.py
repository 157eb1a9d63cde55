"""Trust: whose signatures count in this installation? Pinned outside the database, handed along."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Trust:
    """This deployment's id, and the root public key (32 bytes) of each tenant."""

    deploy: str
    roots: Mapping[str, bytes]


class Signer(Protocol):
    """Whoever signs the grants that a transaction gives or takes: the root, or an operator."""

    @property
    def deploy(self) -> str:
        """The installation it is signed for."""
        ...

    @property
    def key_id(self) -> str:
        """Which key signs."""
        ...
