"""Tax code checks: how do tools check a tax code, and what do they say about it?
For every namespace the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.taxpayers import service
from domain.taxpayers.registry import RegistryAnswer, TaxRegistry
from domain.taxpayers.service import TaxCodeStanding
from domain.vn.tax_codes import TaxCode, TaxCodeStatus, checksum_ok, is_personal, read_tax_code
from policies.gate.contract import Call, Ports, Prefetch


@dataclass(frozen=True, slots=True)
class Checked:
    """A tax code, what is known about it, and what the viewer should do about that."""

    tax_code: TaxCode
    standing: TaxCodeStanding
    hints: list[str]

    @property
    def gdt_status(self) -> str | None:
        """Code and words of the tax office."""
        return service.gdt_words(self.standing.gdt_status)


def prefetch(typed: Callable[[Any], str | None]) -> Prefetch:
    """Ask the taxpayer registry about the code that `typed` finds in the arguments."""

    async def question(call: Call, arguments: Any) -> str | None:
        return await service.to_ask(call.tx, typed(arguments) or "")

    return Prefetch(question, ask, service.keep, lambda arguments: typed(arguments) is not None)


async def ask(ports: Ports, tax_code: str) -> RegistryAnswer:
    """What the registry says. Raises TAX_REGISTRY_... when it does not."""
    return await ports[TaxRegistry].look_up(tax_code)


async def checked(call: Call, typed: str) -> Checked:
    """The one check behind every validate_mst.

    Raises VN_MST_INVALID, and TAX_REGISTRY_... when the registry failed and never answered before.
    """
    tax_code = read_tax_code(typed)
    standing = await service.standing(call.tx, tax_code.normalised)
    failed = call.port_error is not None and call.port_error.kind is Kind.UNAVAILABLE
    if failed and standing.checked_at is None:
        assert call.port_error is not None
        raise _unverified(call.port_error)
    return Checked(tax_code, standing, hints(standing, call.port_error))


def hints(
    standing: TaxCodeStanding, port_error: Fault | None, *, typed_name: str | None = None
) -> list[str]:
    """What somebody should know who uses this code: `CODE: what, and what to do`."""
    said = [f"{port_error.code}: {port_error.message}"] if port_error is not None else []
    if about := _about_status(standing):
        said.append(about)
    if not said and standing.status is TaxCodeStatus.UNVERIFIED:
        said.append("MST_UNVERIFIED: no registry was asked about this code.")
    if standing.status is not TaxCodeStatus.VALID and checksum_ok(standing.tax_code) is False:
        said.append("MST_CHECKSUM: the check digit is wrong, nearly always a typing mistake.")
    if typed_name and standing.legal_name and fold(typed_name) != fold(standing.legal_name):
        said.append("NAME_DIFFERS: name stays as typed; documents use legal_name.")
    return said


def _about_status(standing: TaxCodeStanding) -> str | None:
    words = service.gdt_words(standing.gdt_status)
    match standing.status:
        case TaxCodeStatus.INVALID if standing.found:
            return f"TAXPAYER_NOT_OPERATING: the tax office says {words}. No e-invoice to it."
        case TaxCodeStatus.INVALID:
            return (
                "MST_NOT_FOUND: the registry has nobody with this code. It lags about a month; "
                "compare the registration certificate."
            )
        case TaxCodeStatus.STALE:
            return "MST_STALE: it was valid at checked_at, more than 7 days ago. Ask again later."
        case TaxCodeStatus.UNVERIFIED if standing.found is None:
            if not is_personal(standing.tax_code):
                return None
            return (
                "MST_OF_A_PERSON: the format is right, which is enough for individuals; a "
                "personal number is not looked up."
            )
        case TaxCodeStatus.UNVERIFIED if standing.found is False:
            return "MST_NOT_FOUND: nobody had this code at checked_at. Ask again later."
        case TaxCodeStatus.UNVERIFIED if words is None:
            return "TAXPAYER_STATE_UNKNOWN: the registry names a state that we do not know."
        case TaxCodeStatus.UNVERIFIED:
            return f"TAXPAYER_STATE_OPEN: the tax office last said {words}. Check by hand."
        case _:
            return None


def _unverified(fault: Fault) -> Fault:
    """The same fault, and what that means for the code."""
    return Fault(
        fault.code,
        fault.kind,
        fault.message,
        f"{fault.hint} Meanwhile the code may be used; its status is unverified.",
        {**fault.facts, "status": TaxCodeStatus.UNVERIFIED.value},
    )
