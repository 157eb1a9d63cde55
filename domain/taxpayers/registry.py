"""Taxpayer registry port: who can say whether a tax code belongs to somebody?"""

from dataclasses import dataclass
from typing import Protocol

from domain.kernel.faults import Fault, Kind

LONGEST_NAME = 400  # what an e-invoice can carry, of a name and of an address
LONGEST_ADDRESS = 400


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """Whom a registry found. Name and address are untrusted input, cleaned.

    `gdt_status` is a code of `domain/taxpayers/rules.py`, None for words that are none of them.
    """

    name: str
    address: str
    gdt_status: str | None


@dataclass(frozen=True, slots=True)
class RegistryAnswer:
    """What a registry said about a canonical tax code; `taxpayer` is None when nobody has it."""

    tax_code: str
    source: str
    taxpayer: Taxpayer | None


class TaxRegistry(Protocol):
    """A registry of taxpayers. Called with no transaction open, and never for long."""

    async def look_up(self, tax_code: str) -> RegistryAnswer:
        """What it says about a canonical code (`NNNNNNNNNN` or `NNNNNNNNNN-NNN`).

        Raises a Fault TAX_REGISTRY_... when it does not answer, or not as agreed.
        """
        ...


class NoRegistry:
    """Nobody to ask: what is said of every tax code then is that nobody verified it."""

    async def look_up(self, tax_code: str) -> RegistryAnswer:
        """Raises TAX_REGISTRY_NOT_CONFIGURED, always."""
        raise Fault(
            "TAX_REGISTRY_NOT_CONFIGURED",
            Kind.FORBIDDEN,
            "No taxpayer registry is configured here, so tax codes stay unverified.",
            "an operator can set CYBEROS_MST_REGISTRY_URL; until then check the code by hand.",
        )
