"""Signing keys: whose key signs for a seller? The port of whoever signs, light to import."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from domain.einvoices.signing import Signer


class SigningKeys(Protocol):
    """The keys of this installation. No agent's process opens one."""

    def of(self, tax_code: str) -> "Signer":
        """The key of the seller with this tax code, open. Raises SIGNING_KEY_..."""
        ...
