"""Tax code check for e-invoices: may an e-invoice go to this tax code?"""

from datetime import datetime

from pydantic import Field

from domain.vn.tax_codes import TaxCodeStatus, masked
from policies.gate.contract import Call, tool
from tools.shapes import Ask, ShortLine, View, untrusted_in
from tools.tax_codes import checked, prefetch


class ValidateBuyer(Ask):
    """Which tax code."""

    mst_string: ShortLine = Field(description="10 digits, 13 of a branch, 12 of a person.")


class TaxpayerInfo(View):
    """Whose it is, as the registry says."""

    mst: str
    kind: str
    status: str = Field(description="valid, invalid, stale or unverified.")
    checksum_ok: bool | None = None
    name: str | None = None
    address: str | None = None
    gdt_status: str | None = None
    source: str | None = None
    checked_at: datetime | None = None


class ValidatedBuyer(View):
    """Whether it is valid, and whose it is."""

    valid: bool
    taxpayer_info: TaxpayerInfo
    hints: list[str] = Field(default_factory=list)
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A sentence, what is known, and a line for each hint."""
        info = self.taxpayer_info
        return self.telling(f"{info.mst} is {info.status}.", but=("hints",), then=self.hints)


@tool(
    "cyberos.inv.validate_mst",
    title="Validate a tax code for an invoice",
    answer=ValidatedBuyer,
    prefetch=prefetch(lambda arguments: arguments.mst_string),
)
async def TOOL(call: Call, arguments: ValidateBuyer) -> ValidatedBuyer:
    """Check the tax code (MST) of a buyer or seller before an e-invoice is made.

    Use this when an invoice is prepared; in the sales pipeline crm_validate_mst says the same.
    An e-invoice to a company needs valid: stale, unverified and invalid block it. For individuals a
    right format is enough, and their number is not looked up.
    Returns valid and taxpayer_info with status, registered name and address, source and time.
    """
    found = await checked(call, arguments.mst_string)
    standing = found.standing
    info = TaxpayerInfo(
        mst=masked(found.tax_code.normalised) or "",
        kind=found.tax_code.kind.value,
        status=standing.status.value,
        checksum_ok=found.tax_code.checksum_ok,
        name=standing.legal_name,
        address=standing.address,
        gdt_status=found.gdt_status,
        source=standing.source,
        checked_at=standing.checked_at,
    )
    return ValidatedBuyer(
        valid=standing.status is TaxCodeStatus.VALID,
        taxpayer_info=info,
        hints=found.hints,
        untrusted_fields=untrusted_in(info, ("name", "address"), at="/taxpayer_info"),
    )
