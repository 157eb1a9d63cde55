"""Next action rules: what should be done about a deal, and why? The same every time.

A suggestion has an id that is derived from its deal, its rule and the state that gave rise to it.
So one that was dismissed stays away until its reason changes, and then it is another one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from domain.deals.reviews import Reviewed
from domain.kernel.canonical import canonical
from domain.kernel.clock import stamp
from domain.kernel.ids import derived_id
from domain.kernel.rounding import divide
from domain.vn.tax_codes import is_personal, masked

STAGNATION_DAYS = (7, 14, 30)
LIVES = timedelta(days=7)  # how long a suggestion may be acted on before it has to be made anew
COLLECT_FOR_DAYS = 90  # after that a won deal is a matter of receivables
INVOICE_SOON_PCT = 50  # from this probability on an invoice is near enough to ask for a tax code
SETTLES = timedelta(days=3)  # a proposal is written, a next step agreed, within this time

OFFER_STAGES = frozenset({"proposal", "terms"})
INVOICED_TYPES = frozenset({"sole_proprietor", "llc", "jsc", "fdi"})
CONFIRMED = "valid"


class Rule(StrEnum):
    """Why something should be done, most pressing first."""

    COLLECTION_DUE = "collection_due"
    PROPOSAL_NOT_SENT = "proposal_not_sent"
    EXPECTED_CLOSE_PAST = "expected_close_past"
    STAGNATION = "stagnation"
    TAX_CODE_MISSING = "tax_code_missing"
    TAX_CODE_UNCONFIRMED = "tax_code_unconfirmed"
    MISSING_PRIMARY_CONTACT = "missing_primary_contact"
    NO_NEXT_STEP = "no_next_step"


class NextStep(StrEnum):
    """What can be done about it. Which tool does it is for the tools to say."""

    CREATE_TASK = "create_task"
    UPDATE_DEAL = "update_deal"
    CHECK_TAX_CODE = "check_tax_code"
    ASK_TO_PAY = "ask_to_pay"


# Rule -> the step that is proposed; to propose another one, change its line. Where a step lacks
# what it needs (nobody knows whom to name, or a person's tax number is not to be looked up), a task
# is proposed in its place.
STEPS: Mapping[Rule, NextStep] = {
    Rule.COLLECTION_DUE: NextStep.ASK_TO_PAY,
    Rule.PROPOSAL_NOT_SENT: NextStep.CREATE_TASK,
    Rule.EXPECTED_CLOSE_PAST: NextStep.UPDATE_DEAL,
    Rule.STAGNATION: NextStep.CREATE_TASK,
    Rule.TAX_CODE_MISSING: NextStep.CREATE_TASK,
    Rule.TAX_CODE_UNCONFIRMED: NextStep.CHECK_TAX_CODE,
    Rule.MISSING_PRIMARY_CONTACT: NextStep.UPDATE_DEAL,
    Rule.NO_NEXT_STEP: NextStep.CREATE_TASK,
}

_ORDER = {rule: place for place, rule in enumerate(Rule)}


@dataclass(frozen=True, slots=True)
class DealEvent:
    """Something that happened and can be looked up: the id of its row, and when."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DealSituation:
    """A deal as the rules see it.

    `contact` is the last call, e-mail or meeting, `mail` the last e-mail, `is_planned` whether a
    task is open that says what comes next; `vnd_minor` is what is at stake in dong, None where no
    rate is known.
    """

    deal: Reviewed
    contact: DealEvent | None = None
    mail: DealEvent | None = None
    is_planned: bool = False
    account_contact_id: str | None = None
    asked_to_pay: bool = False  # its customer was given a code
    vnd_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """One thing to do about a deal. `days` is how long its reason has been there.

    `state` is what makes it this reason and no other.
    """

    state: tuple[str, ...]
    rule: Rule
    deal: Reviewed
    days: int
    evidence: tuple[str, ...]
    stake_minor: int
    vnd_minor: int | None
    expires_at: datetime
    contact_id: str | None = None

    @property
    def id(self) -> str:
        """The same for the same reason; made when somebody asks, as of thousands few are shown."""
        return derived_id(canonical([self.deal.id, self.rule.value, list(self.state)]))

    @property
    def step(self) -> NextStep:
        """What is to be done."""
        step = STEPS[self.rule]
        if self.rule is Rule.MISSING_PRIMARY_CONTACT and self.contact_id is None:
            return NextStep.CREATE_TASK
        if step is NextStep.CHECK_TAX_CODE and is_personal(self.deal.vn_mst or ""):
            return NextStep.CREATE_TASK
        return step


@dataclass(frozen=True, slots=True)
class _Reason:
    """That a rule holds: for how many days, and the state that makes it this reason."""

    days: int
    state: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    contact_id: str | None = None


def stake(deal: Reviewed) -> int:
    """What is at stake in minor units of the deal: its expected worth, or all of it once won."""
    if deal.status == "won":
        return deal.amount_minor
    return divide(deal.amount_minor * deal.probability_pct, 100)


def suggestions(situation: DealSituation, at: datetime, on: date) -> list[Suggestion]:
    """What should be done about a deal at an instant, on a day; the most pressing first."""
    deal = situation.deal
    found = []
    for rule, holds in _RULES.items():
        reason = holds(situation, at, on)
        if reason is None:
            continue
        found.append(
            Suggestion(
                state=reason.state,
                rule=rule,
                deal=deal,
                days=max(reason.days, 0),
                evidence=(deal.id, *reason.evidence),
                stake_minor=stake(deal),
                vnd_minor=situation.vnd_minor,
                expires_at=at + LIVES,
                contact_id=reason.contact_id,
            )
        )
    return found


def ranked(found: Iterable[Suggestion]) -> list[Suggestion]:
    """The most at stake first, in dong; what has no known rate comes after, by its rule."""

    def place(one: Suggestion) -> tuple[bool, int, int, str]:
        known = one.vnd_minor is not None
        return not known, -(one.vnd_minor or 0), _ORDER[one.rule], one.deal.id

    return sorted(found, key=place)


def best_of_each(found: Sequence[Suggestion]) -> list[Suggestion]:
    """The first of each deal, in the same order."""
    first: dict[str, Suggestion] = {}
    for one in found:
        first.setdefault(one.deal.id, one)
    return list(first.values())


def last_touch(situation: DealSituation) -> DealEvent:
    """When the deal last went on: somebody was in touch, or it came into its stage."""
    deal = situation.deal
    moved = DealEvent(deal.stage_id, max(deal.stage_entered_at, deal.created_at))
    if situation.contact is None or situation.contact.at < moved.at:
        return moved
    return situation.contact


# --- the rules: silence, or a reason ---


def _collection_due(situation: DealSituation, _at: datetime, on: date) -> _Reason | None:
    deal = situation.deal
    if deal.status != "won" or deal.closed_date is None or deal.amount_minor == 0:
        return None
    if situation.asked_to_pay:
        return None  # whether the money came is not known here
    days = (on - deal.closed_date).days
    # The code that is scanned is a Vietnamese one and pays in dong only.
    if deal.currency != "VND" or not 0 <= days <= COLLECT_FOR_DAYS:
        return None
    return _Reason(days, (deal.closed_date.isoformat(),))


def _proposal_not_sent(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    deal = situation.deal
    waiting = at - deal.stage_entered_at
    if deal.status != "open" or deal.stage not in OFFER_STAGES or waiting < SETTLES:
        return None
    if situation.mail is not None and situation.mail.at >= deal.stage_entered_at:
        return None
    return _Reason(waiting.days, (deal.stage_id, stamp(deal.stage_entered_at)))


def _expected_close_past(situation: DealSituation, _at: datetime, on: date) -> _Reason | None:
    deal = situation.deal
    if deal.status != "open" or deal.expected_close_date is None or deal.expected_close_date >= on:
        return None
    return _Reason((on - deal.expected_close_date).days, (deal.expected_close_date.isoformat(),))


def _stagnation(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    if situation.deal.status != "open":
        return None
    touched = last_touch(situation)
    days = (at - touched.at).days
    reached = [limit for limit in STAGNATION_DAYS if days >= limit]
    if not reached:
        return None
    return _Reason(days, (str(reached[-1]), stamp(touched.at)), _contact_evidence(situation))


def _tax_code_missing(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    deal = situation.deal
    if not _invoiced_soon(deal) or deal.vn_mst is not None:
        return None
    return _Reason((at - deal.stage_entered_at).days, (deal.account_id,), (deal.account_id,))


def _tax_code_unconfirmed(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    deal = situation.deal
    if not _invoiced_soon(deal) or deal.vn_mst is None or deal.vn_mst_status == CONFIRMED:
        return None
    # Masked, because an id is a digest that can be tried out, and this may be a person's number.
    state = (deal.account_id, masked(deal.vn_mst) or "", deal.vn_mst_status or "")
    return _Reason((at - deal.stage_entered_at).days, state, (deal.account_id,))


def _missing_primary_contact(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    deal = situation.deal
    if deal.status != "open" or deal.primary_contact_id is not None:
        return None
    candidate = situation.account_contact_id
    evidence = (deal.account_id,) if candidate is None else (deal.account_id, candidate)
    return _Reason((at - deal.created_at).days, (candidate or "",), evidence, candidate)


def _no_next_step(situation: DealSituation, at: datetime, _on: date) -> _Reason | None:
    """In touch lately, and nothing was written down about what comes next."""
    if situation.deal.status != "open":
        return None
    touched = last_touch(situation)
    quiet = at - touched.at
    if not SETTLES <= quiet < timedelta(days=STAGNATION_DAYS[0]):
        return None
    if situation.is_planned:
        return None
    return _Reason(quiet.days, (stamp(touched.at),), _contact_evidence(situation))


def _invoiced_soon(deal: Reviewed) -> bool:
    likely = deal.status == "open" and deal.probability_pct >= INVOICE_SOON_PCT
    return (likely or deal.status == "won") and deal.account_type in INVOICED_TYPES


def _contact_evidence(situation: DealSituation) -> tuple[str, ...]:
    return (situation.contact.id,) if situation.contact is not None else ()


_RULES: dict[Rule, Callable[[DealSituation, datetime, date], _Reason | None]] = {
    Rule.COLLECTION_DUE: _collection_due,
    Rule.PROPOSAL_NOT_SENT: _proposal_not_sent,
    Rule.EXPECTED_CLOSE_PAST: _expected_close_past,
    Rule.STAGNATION: _stagnation,
    Rule.TAX_CODE_MISSING: _tax_code_missing,
    Rule.TAX_CODE_UNCONFIRMED: _tax_code_unconfirmed,
    Rule.MISSING_PRIMARY_CONTACT: _missing_primary_contact,
    Rule.NO_NEXT_STEP: _no_next_step,
}
