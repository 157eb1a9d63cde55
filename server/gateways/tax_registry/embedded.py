"""A taxpayer registry in this process, for the demo: it knows invented companies alone."""

from collections.abc import Mapping

from domain.kernel.faults import Fault, Kind
from domain.taxpayers.registry import RegistryAnswer, Taxpayer

SOURCE = "embedded"
INVENTED = "99"  # no tax office issues codes of this series


class EmbeddedTaxRegistry:
    """It answers about the taxpayers it was given, and about the invented series."""

    def __init__(self, taxpayers: Mapping[str, Taxpayer]) -> None:
        self._taxpayers = taxpayers

    async def look_up(self, tax_code: str) -> RegistryAnswer:
        """What it says about a canonical code.

        Raises TAX_REGISTRY_INVENTED for a code that may be a real one, of which it knows nothing.
        """
        found = self._taxpayers.get(tax_code)
        if found is None and not tax_code.startswith(INVENTED):
            raise Fault(
                "TAX_REGISTRY_INVENTED",
                Kind.FORBIDDEN,
                "The demo's registry knows invented companies only, so this code is unverified.",
                "tax codes of the demo begin with 99; a real company configures a registry.",
            )
        return RegistryAnswer(tax_code, SOURCE, found)
