"""Tax code check: does this tax code belong to a company that operates?"""

from datetime import datetime

from pydantic import Field

from domain.vn.tax_codes import TaxCodeStatus, masked
from policies.gate.contract import Call, tool
from tools.shapes import Ask, ShortLine, View, untrusted_in
from tools.tax_codes import checked, prefetch


class ValidateTaxCode(Ask):
    """Which tax code."""

    mst: ShortLine = Field(description="10 digits, 13 of a branch, 12 of a person.")


class ValidatedTaxCode(View):
    """What is known about the code. `valid` is status valid."""

    valid: bool
    status: str = Field(description="valid, invalid, stale or unverified.")
    mst: str
    kind: str
    format_ok: bool = True
    checksum_ok: bool | None = None
    name: str | None = None
    address: str | None = None
    gdt_status: str | None = None
    source: str | None = None
    checked_at: datetime | None = None
    hints: list[str] = Field(default_factory=list)
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A sentence, what is known, and a line for each hint."""
        return self.telling(
            f"{self.mst} is {self.status}.", but=("mst", "status", "hints"), then=self.hints
        )


@tool(
    "cyberos.crm.validate_mst",
    title="Validate a tax code",
    answer=ValidatedTaxCode,
    prefetch=prefetch(lambda arguments: arguments.mst),
)
async def TOOL(call: Call, arguments: ValidateTaxCode) -> ValidatedTaxCode:
    """Check a Vietnamese tax code (mã số thuế, MST) with the taxpayer registry.

    Use this before relying on a customer's tax code, or to get the registered name.
    crm_create_account checks by itself. When the registry fails, an older answer is stale, and
    without one the call fails with TAX_REGISTRY_ and the reason.
    A person's 12 digits are not looked up: a right format is enough. Only valid allows an e-invoice
    to a company.
    """
    found = await checked(call, arguments.mst)
    standing = found.standing
    view = ValidatedTaxCode(
        valid=standing.status is TaxCodeStatus.VALID,
        status=standing.status.value,
        mst=masked(found.tax_code.normalised) or "",
        kind=found.tax_code.kind.value,
        checksum_ok=found.tax_code.checksum_ok,
        name=standing.legal_name,
        address=standing.address,
        gdt_status=found.gdt_status,
        source=standing.source,
        checked_at=standing.checked_at,
        hints=found.hints,
    )
    return view.model_copy(update={"untrusted_fields": untrusted_in(view, ("name", "address"))})
