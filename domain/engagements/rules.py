"""Engagement rules: what is a rate card, which rate holds, and how long was somebody at work?

Hours are whole hundredths everywhere; `7.50` is how they are written.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import MAX_JSON_MINOR
from domain.vat.rates import VatCategory

TIME_AND_MATERIAL, FIXED_FEE = "time_and_material", "fixed_fee"
MOST_RATES = 50
LONGEST_DAY = 2_400  # hundredths of an hour
_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_MOST_CODE = 64
_HOURS = re.compile(r"([0-9]{1,2})(?:\.([0-9]{1,2}))?", re.ASCII)


class Status(StrEnum):
    """Whether work goes on: only for an active engagement is time logged."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Rate:
    """What an hour of a role costs, in minor units; without a phase, in every other phase too."""

    role: str
    rate_minor: int
    phase: str | None = None


def check_code(typed: str) -> str:
    """The code of an engagement: small letters, digits and single dashes. Raises CODE_INVALID."""
    if len(typed) > _MOST_CODE or not _CODE.fullmatch(typed):
        raise Fault(
            "CODE_INVALID",
            Kind.INVALID,
            "The code of an engagement is of small letters, digits and single dashes.",
            "such as acme-q2-2026, at most 64 characters.",
        )
    return typed


def check_card(rates: Sequence[Rate]) -> tuple[Rate, ...]:
    """A rate card: each role once in each phase, every rate above nothing.

    Raises RATE_CARD_INVALID.
    """
    if len(rates) > MOST_RATES:
        raise _card_invalid(f"A rate card has at most {MOST_RATES} lines.")
    if len({(one.role, one.phase) for one in rates}) < len(rates):
        raise _card_invalid("A rate card names each role once, or once in each phase.")
    if not all(0 < one.rate_minor <= MAX_JSON_MINOR for one in rates):
        raise _card_invalid("A rate is above nothing.")
    return tuple(rates)


def check_vat(category: VatCategory | None, evidence: str | None) -> None:
    """0 % only where a person says why it may be (ruling E5). Raises VAT_EVIDENCE_MISSING."""
    if category is VatCategory.ZERO and evidence is None:
        raise Fault(
            "VAT_EVIDENCE_MISSING",
            Kind.INVALID,
            "The VAT category zero needs its evidence.",
            "Name the contract and how payment is proven in `evidence`.",
        )


def rate_for(card: Iterable[Rate], role: str, phase: str | None) -> int | None:
    """What an hour costs: the line of role and phase, else the role's line without a phase."""
    rates = {(one.role, one.phase): one.rate_minor for one in card}
    return rates.get((role, phase), rates.get((role, None)))


def hundredths(typed: str) -> int:
    """`7.50` as 750; 0, which nobody works, for what is no number with at most two decimals."""
    match = _HOURS.fullmatch(typed)
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0


def hours_text(hundredths: int) -> str:
    """750 as `7.50`."""
    return f"{hundredths // 100}.{hundredths % 100:02}"


def hours_invalid(why: str, **facts: object) -> Fault:
    """The fault of hours that cannot have been worked."""
    return Fault("HOURS_INVALID", Kind.INVALID, why, 'such as "7.50".', facts)


def _card_invalid(why: str) -> Fault:
    return Fault(
        "RATE_CARD_INVALID", Kind.INVALID, why, "Give each role, and the phase where it differs."
    )
