"""Lead score rules: how good is a deal, from 0 to 100, and why? Points that add up, none secret.

Four features, those the specification names: how lately somebody was in touch, how the amount
compares with what was won before, how deals of the industry went, how deals of the account went.
A score is no probability. It is made only of what was known at its instant: deals that had ended
by the day before, contacts that had happened.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from statistics import median_low
from typing import NamedTuple

from domain.deals.reviews import Reviewed
from domain.kernel.folding import fold
from domain.kernel.rounding import divide

BASE = 50
HOT, WARM = 70, 40  # a score from here on is hot, or warm; below it is cold

ENOUGH_ENDED = 20  # ended deals of a workspace, both won and lost, before its history counts
ENOUGH_ALIKE = 5  # ended deals of one industry, and won deals for a usual amount
WEIGHT_OF_USUAL = 10  # how many imagined deals of the usual kind stand beside the few real ones

# Days since the last call, e-mail or meeting, up to which these points are given.
_RECENCY = ((3, 12), (7, 8), (14, 0), (30, -8))
_LONG_AGO, _NEVER = -15, -10
_NEW_DAYS = 7  # a deal this young may well have had no contact yet
_ALIKE, _UNLIKE = 8, -8
_TIMES_USUAL, _TIMES_TOO_MUCH = 3, 10
_MOST_OF_INDUSTRY, _MOST_OF_ACCOUNT = 15, 20
_POINTS_PER_RATE = 40  # points for a rate of wins that is 100 percent above the usual


class Feature(StrEnum):
    """What gave or took points; BOUNDS keeps the sum between 0 and 100."""

    RECENCY = "activity_recency"
    SIZE = "engagement_size"
    VERTICAL = "account_vertical"
    WIN_RATE = "historical_win_rate"
    BOUNDS = "bounds"


class History(StrEnum):
    """What the ended deals of the workspace can tell."""

    ENOUGH = "enough"
    TOO_FEW = "too_few"
    ALL_WON = "all_won"
    ALL_LOST = "all_lost"


class Band(StrEnum):
    """A score in one word."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Reason(NamedTuple):
    """Signed points of a feature, and the facts behind them; None where nothing is known.

    `contact_on` is the day of the last contact; `won` of `ended` deals of the kind were won.
    """

    feature: Feature
    points: int
    contact_on: date | None = None
    won: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A score with its reasons: `base` and the points of the reasons add up to it."""

    score: int
    band: Band
    history: History
    reasons: tuple[Reason, ...]
    base: int = BASE


@dataclass(slots=True)
class WinRecord:
    """How deals ended."""

    won: int = 0
    lost: int = 0

    @property
    def ended(self) -> int:
        """All of them."""
        return self.won + self.lost

    def add(self, status: str) -> None:
        """One more."""
        if status == "won":
            self.won += 1
        else:
            self.lost += 1


@dataclass(slots=True)
class Past:
    """How the deals of one workspace ended, by industry and by account."""

    whole: WinRecord = field(default_factory=WinRecord)
    industries: dict[str, WinRecord] = field(default_factory=lambda: defaultdict(WinRecord))
    accounts: dict[str, WinRecord] = field(default_factory=lambda: defaultdict(WinRecord))
    won_usd: list[int] = field(default_factory=list)

    def add(
        self, status: str, account_id: str, industry: str | None, usd_minor: int | None
    ) -> None:
        """One deal that was won or lost; its worth in US cents where a rate is known."""
        self.whole.add(status)
        self.accounts[account_id].add(status)
        if key := fold(industry or ""):
            self.industries[key].add(status)
        if status == "won" and usd_minor:
            self.won_usd.append(usd_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDealFacts:
    """An open deal at the instant of its score. Amounts in US cents, None without a rate."""

    account_id: str
    industry: str | None
    on: date
    created_on: date
    contact_on: date | None
    usd_minor: int | None
    usual_usd_minor: int | None


def history_of(past: Past) -> History:
    """Whether the past of a workspace can tell winners from losers at all."""
    if past.whole.ended < ENOUGH_ENDED:
        return History.TOO_FEW
    if past.whole.lost == 0:
        return History.ALL_WON
    return History.ALL_LOST if past.whole.won == 0 else History.ENOUGH


def usual_amount(past: Past) -> int | None:
    """The median of what was won, in US cents; None while it is too little to speak of."""
    return median_low(past.won_usd) if len(past.won_usd) >= ENOUGH_ALIKE else None


def score(present: OpenDealFacts, past: Past) -> Score:
    """The score of a deal. The same deal with the same past has the same score."""
    history = history_of(past)
    speaks = history is History.ENOUGH
    reasons = [
        _recency(present),
        _size(present),
        _rate(
            Feature.VERTICAL,
            past.industries.get(fold(present.industry or "")) if speaks else None,
            past.whole,
            enough=ENOUGH_ALIKE,
            most=_MOST_OF_INDUSTRY,
        ),
        _rate(
            Feature.WIN_RATE,
            past.accounts.get(present.account_id) if speaks else None,
            past.whole,
            enough=1,
            most=_MOST_OF_ACCOUNT,
        ),
    ]
    total = BASE + sum(reason.points for reason in reasons)
    bounded = min(max(total, 0), 100)
    if bounded != total:
        reasons.append(Reason(Feature.BOUNDS, bounded - total))
    return Score(bounded, band_of(bounded), history, tuple(reasons))


def band_of(points: int) -> Band:
    """A score in one word."""
    if points >= HOT:
        return Band.HOT
    return Band.WARM if points >= WARM else Band.COLD


def pasts(
    ended: Iterable[tuple[Reviewed, int | None]],
) -> dict[str, Past]:
    """The past of each workspace, without private deals: what they tell is not for everybody."""
    found: dict[str, Past] = defaultdict(Past)
    for deal, usd_minor in ended:
        if deal.visibility == "workspace":
            found[deal.workspace_id].add(deal.status, deal.account_id, deal.industry, usd_minor)
    return found


def _recency(present: OpenDealFacts) -> Reason:
    if present.contact_on is None:
        age = (present.on - present.created_on).days
        return Reason(Feature.RECENCY, 0 if age < _NEW_DAYS else _NEVER)
    days = (present.on - present.contact_on).days
    points = next((points for limit, points in _RECENCY if days <= limit), _LONG_AGO)
    return Reason(Feature.RECENCY, points, contact_on=present.contact_on)


def _size(present: OpenDealFacts) -> Reason:
    """An amount like those won before speaks for a deal, one far above them against it."""
    amount, usual = present.usd_minor, present.usual_usd_minor
    if not amount or not usual:
        return Reason(Feature.SIZE, 0)
    if amount > usual * _TIMES_TOO_MUCH:
        return Reason(Feature.SIZE, _UNLIKE)
    alike = usual <= amount * _TIMES_USUAL and amount <= usual * _TIMES_USUAL
    return Reason(Feature.SIZE, _ALIKE if alike else 0)


def _rate(
    feature: Feature, own: WinRecord | None, whole: WinRecord, *, enough: int, most: int
) -> Reason:
    """How much more often these deals are won than all; few of them are drawn to the usual rate."""
    if own is None or own.ended < enough:
        return Reason(feature, 0)
    # (won + w * W/N) / (n + w) - W/N, as one fraction over (n + w) * N
    total, weight = whole.ended, WEIGHT_OF_USUAL
    above = (own.won * total + weight * whole.won) - whole.won * (own.ended + weight)
    points = divide(_POINTS_PER_RATE * above, total * (own.ended + weight))
    return Reason(feature, min(max(points, -most), most), won=own.won, ended=own.ended)
