"""Shapes of work and billing: what do tools of invoices take, beside what all tools take?"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints

from domain.kernel.money import MAX_JSON_MINOR
from tools.shapes import LOWER, Ask, Day, Line, Reference, ShortLine, as_month

RoleName: TypeAlias = Annotated[ShortLine, LOWER]
EngagementStatus: TypeAlias = Annotated[Literal["active", "paused", "closed"], LOWER]
VatCategoryName: TypeAlias = Annotated[
    Literal["standard", "reduced", "zero", "exempt", "not_declared"], LOWER
]
BuyerKindName: TypeAlias = Annotated[
    Literal["vn_business", "individual", "foreign", "consumer"], LOWER
]
RateMinor: TypeAlias = Annotated[int, Field(ge=1, le=MAX_JSON_MINOR)]
InvoiceStatus: TypeAlias = Annotated[Literal["draft", "sent", "void"], LOWER]
Period: TypeAlias = Annotated[
    str,
    BeforeValidator(as_month),
    StringConstraints(pattern=r"^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"),
]


class RateLine(Ask):
    """What an hour of a role costs."""

    role: RoleName = Field(description="Such as engineer.")
    phase: RoleName | None = Field(default=None, description="Only in this phase.")
    rate_minor: RateMinor = Field(description="Of one hour, in minor units.")


class TimeOfOthers(Ask):
    """Time that another program knows."""

    engagement: Reference = Field(description="Id or code.")
    member: ShortLine = Field(description="Who worked: any code of the company's own.")
    worked_on: Day = Field(description="Such as 2026-04-30.")
    hours: ShortLine = Field(description='Such as "7.50".')
    role: RoleName = Field(description="A role of the rate card.")
    phase: RoleName | None = Field(default=None, description="If the rate depends on it.")
    task: Line | None = Field(default=None, description="What was done.")
    source_id: ShortLine | None = Field(
        default=None, description="Its name in the other program: logged once."
    )
