"""Address parser: where does this address lie, in the provinces of then and of today?"""

from pydantic import Field

from domain.vn.addresses import parse_address
from policies.gate.contract import Call, tool
from tools.shapes import Ask, Day, LongLine, View


class Parse(Ask):
    """An address."""

    address: LongLine = Field(description="As it was written, in one line.")
    on: Day | None = Field(
        default=None, description="Whose provinces count as those of today; today if left out."
    )


class AddressView(View):
    """An address in parts. `era` is old (63 provinces), new (34, since 2025-07-01) or either."""

    street: str | None = None
    ward: str | None = None
    district: str | None = None
    province_code: str | None = None
    province: str | None = None
    era: str
    province_code_now: str | None = None
    province_now: str | None = None
    notes: list[str]
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A sentence, and the parts."""
        parts = (self.ward, self.district, self.province)
        place = ", ".join(part for part in parts if part) or "No province found"
        today = f", today {self.province_now}" if self.province_now != self.province else ""
        return self.telling(f"{place} ({self.era}{today})")


@tool("cyberos.vn.parse_address", title="Parse an address", answer=AddressView)
async def TOOL(call: Call, arguments: Parse) -> AddressView:
    """Split a Vietnamese address into street, ward, district and province, with its era.

    Use this to learn the province of an address and what that province is called today.
    Provinces were merged and districts abolished on 2025-07-01, and three became cities in 2026;
    wards are not mapped.
    Returns the parts and, under `notes`, codes for whatever is not certain.
    """
    found = parse_address(arguments.address, on=arguments.on or call.day)
    view = AddressView(
        street=found.street,
        ward=found.ward,
        district=found.district,
        province_code=found.province_code,
        province=found.province,
        era=found.era,
        province_code_now=found.province_code_now,
        province_now=found.province_now,
        notes=[note.value for note in found.notes],
    )
    foreign = [f"/{name}" for name in ("street", "ward", "district") if getattr(view, name)]
    return view.model_copy(update={"untrusted_fields": foreign})
