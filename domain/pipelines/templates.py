"""Pipeline templates: which does a workspace start with? Four shapes as data.

A workspace copies a template and may change the copy within what `rules.check_pipeline` allows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Outcome = Literal["won", "lost", "cancelled"]


class StageCategory(StrEnum):
    """What standing in a stage means for revenue; LOST means an end without any."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class StageTemplate:
    """One step of a pipeline.

    `probability_pct` is 0 to 100 and becomes the deal's on entering. `outcome` is None while
    the deal is open and else the status of a deal that ended here. `required_fields` are facts
    of the deal (`rules.DEAL_FACTS`) that must be known before it may move forward to this stage.
    """

    code: str
    name_vi: str
    name_en: str
    probability_pct: int
    category: StageCategory
    outcome: Outcome | None
    position: int
    required_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that is allowed, between two open stages; closing a deal is never a move."""

    from_code: str
    to_code: str
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class LostReason:
    """Why a deal was lost, as a code that can be counted."""

    code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class PipelineTemplate:
    """A whole pipeline ready to copy; its transitions are `default_transitions(stages)`."""

    code: str
    name_vi: str
    name_en: str
    stages: tuple[StageTemplate, ...]
    lost_reasons: tuple[LostReason, ...]


def default_transitions(stages: Sequence[StageTemplate]) -> tuple[Transition, ...]:
    """Any open stage to the next one or to any before it; skipping forward needs a reason."""
    codes = [
        stage.code
        for stage in sorted(stages, key=lambda stage: stage.position)
        if stage.category == StageCategory.OPEN
    ]
    return tuple(
        Transition(start, end, needs_reason=there > here + 1)
        for here, start in enumerate(codes)
        for there, end in enumerate(codes)
        if there != here
    )


def _stages(*steps: tuple[str, str, str, int, tuple[str, ...]]) -> tuple[StageTemplate, ...]:
    """The open steps as given, followed by the three ends every pipeline has."""
    opened = tuple(
        StageTemplate(code, vi, en, probability, StageCategory.OPEN, None, position, required)
        for position, (code, vi, en, probability, required) in enumerate(steps, start=1)
    )
    after = len(opened)
    return (
        *opened,
        StageTemplate(
            "closed_won", "Thắng", "Closed Won", 100, StageCategory.WON, "won", after + 1
        ),
        StageTemplate(
            "closed_lost", "Thua", "Closed Lost", 0, StageCategory.LOST, "lost", after + 2
        ),
        StageTemplate(
            "cancelled", "Huỷ", "Cancelled", 0, StageCategory.LOST, "cancelled", after + 3
        ),
    )


# A proposal without an amount is no proposal; a negotiation has somebody to negotiate with and
# a day by which it should end, or the forecast is fiction.
_PRICED = ("amount_minor",)
_OFFERED = ("amount_minor", "primary_contact_id")
_NEGOTIATED = ("amount_minor", "expected_close_date", "primary_contact_id")

_PRICE = LostReason("price", "Giá cao", "Price too high")
_COMPETITOR = LostReason("competitor", "Chọn đối thủ", "Chose a competitor")
_NO_BUDGET = LostReason("no_budget", "Không có ngân sách", "No budget")
_NO_DECISION = LostReason("no_decision", "Không ra quyết định", "No decision")
_TIMING = LostReason("timing", "Chưa đúng thời điểm", "Wrong time")
_NO_FIT = LostReason("no_fit", "Không phù hợp nhu cầu", "Does not fit the need")
_NO_RESPONSE = LostReason("no_response", "Không phản hồi", "No response")
_TERMS = LostReason("terms", "Không thống nhất điều khoản", "Terms not agreed")
_CONFLICT = LostReason("conflict", "Xung đột lợi ích", "Conflict of interest")
_NOT_QUALIFIED = LostReason("not_qualified", "Không đủ điều kiện", "Not qualified")
_WRONG_CONTACT = LostReason("wrong_contact", "Sai người liên hệ", "Wrong contact")
_OTHER = LostReason("other", "Lý do khác", "Other")

SALES = PipelineTemplate(
    code="sales",
    name_vi="Bán hàng",
    name_en="Sales",
    stages=_stages(
        ("qualifying", "Đánh giá", "Qualifying", 10, ()),
        ("discovery", "Khám phá", "Discovery", 25, ()),
        ("proposal", "Đề xuất", "Proposal", 50, _PRICED),
        ("negotiation", "Đàm phán", "Negotiation", 75, _NEGOTIATED),
    ),
    lost_reasons=(
        _PRICE,
        _COMPETITOR,
        _NO_BUDGET,
        _NO_DECISION,
        _TIMING,
        _NO_FIT,
        _NO_RESPONSE,
        _OTHER,
    ),
)

PARTNER = PipelineTemplate(
    code="partner",
    name_vi="Đối tác",
    name_en="Partner",
    stages=_stages(
        ("identified", "Nhận diện", "Identified", 10, ()),
        ("evaluation", "Thẩm định", "Evaluation", 30, ()),
        ("terms", "Thống nhất điều khoản", "Terms", 50, ("primary_contact_id",)),
        ("signing", "Chờ ký kết", "Signing", 80, ("primary_contact_id", "expected_close_date")),
    ),
    lost_reasons=(_TERMS, _CONFLICT, _COMPETITOR, _NO_FIT, _TIMING, _NO_RESPONSE, _OTHER),
)

INBOUND = PipelineTemplate(
    code="inbound",
    name_vi="Khách tự đến",
    name_en="Inbound",
    stages=_stages(
        ("new_request", "Yêu cầu mới", "New request", 10, ()),
        ("contacted", "Đã liên hệ", "Contacted", 25, ("primary_contact_id",)),
        ("proposal", "Đề xuất", "Proposal", 50, _OFFERED),
        ("negotiation", "Đàm phán", "Negotiation", 75, _NEGOTIATED),
    ),
    lost_reasons=(
        _NOT_QUALIFIED,
        _PRICE,
        _COMPETITOR,
        _NO_BUDGET,
        _NO_FIT,
        _NO_RESPONSE,
        _OTHER,
    ),
)

OUTBOUND = PipelineTemplate(
    code="outbound",
    name_vi="Chủ động tiếp cận",
    name_en="Outbound",
    stages=_stages(
        ("prospecting", "Tìm kiếm", "Prospecting", 5, ()),
        ("approached", "Đã tiếp cận", "Approached", 10, ("primary_contact_id",)),
        ("meeting", "Gặp mặt", "Meeting", 30, ("primary_contact_id",)),
        ("proposal", "Đề xuất", "Proposal", 50, _OFFERED),
        ("negotiation", "Đàm phán", "Negotiation", 75, _NEGOTIATED),
    ),
    lost_reasons=(
        _NO_RESPONSE,
        _WRONG_CONTACT,
        _NO_BUDGET,
        _COMPETITOR,
        _PRICE,
        _TIMING,
        _OTHER,
    ),
)

TEMPLATES: Mapping[str, PipelineTemplate] = {
    template.code: template for template in (SALES, PARTNER, INBOUND, OUTBOUND)
}
