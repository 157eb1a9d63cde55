"""KPI rules: how is each key figure counted? From the rows behind it, in whole numbers.

A share of nothing is no share: where there is nothing to count, there is no value and the reason
why. Values are decimals in text, so that no JSON reader makes another number of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from enum import StrEnum

from domain.deals.reviews import Reviewed
from domain.fx.snapshot import Snapshot
from domain.kernel.rounding import divide


class Name(StrEnum):
    """The ten numbers of the specification (CRM-241 to CRM-250); the first in two currencies."""

    PIPELINE_VALUE = "pipeline_value"
    PIPELINE_VALUE_USD = "pipeline_value_usd"
    STAGE_MOVE_P95 = "stage_move_p95"
    WIN_RATE = "win_rate"
    DEAL_CYCLE = "deal_cycle_median_days"
    LEAD_SCORING_PRECISION = "lead_scoring_precision"
    NBA_ACCEPTANCE = "nba_acceptance"
    AUTO_LOG_DURABILITY = "auto_log_durability"
    HOADON_SUCCESS = "hoadon_emission_success"
    MST_VALIDATION = "mst_validation_rate"
    ACL_VIOLATIONS = "acl_violations"


class Status(StrEnum):
    """Whether there is a number; NOT_MEASURED is nothing that this database could tell."""

    MEASURED = "measured"
    NO_DATA = "no_data"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One number. `rows` are the ids behind it; a share is `counted` of `of`.

    `unrated` are currencies that could not be converted and are left out, `missing` those whose
    rate is not known (without the dollar's nothing becomes dollars). `beside` is the number
    this one has to be compared with.
    """

    name: Name
    status: Status
    value: str | None = None
    counted: int | None = None
    of: int | None = None
    rows: tuple[str, ...] = ()
    by_pipeline: Mapping[str, str] = field(default_factory=dict)
    unrated: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    beside: str | None = None


def not_measured(name: Name) -> Kpi:
    """A number that needs what this database does not hold."""
    return Kpi(name=name, status=Status.NOT_MEASURED)


def percent(counted: int, of: int) -> str | None:
    """A share in percent with one decimal; None of nothing."""
    if of == 0:
        return None
    tenths = divide(1_000 * counted, of)
    return f"{tenths // 10}.{tenths % 10}"


def share(name: Name, counted: int, rows: Sequence[str], *, beside: str | None = None) -> Kpi:
    """`counted` of the rows."""
    value = percent(counted, len(rows))
    return Kpi(
        name=name,
        status=Status.NO_DATA if value is None else Status.MEASURED,
        value=value,
        counted=counted,
        of=len(rows),
        rows=tuple(rows),
        beside=beside,
    )


def pipeline_value(name: Name, deals: Sequence[Reviewed], rates: Snapshot, currency: str) -> Kpi:
    """Amount times probability of the open deals, summed per currency and then converted once."""
    value, unrated = _worth(deals, rates, currency)
    counted = [deal for deal in deals if deal.currency not in unrated]
    parts = {
        code: str(_worth(of_code, rates, currency)[0])
        for code, of_code in _by_pipeline(counted).items()
    }
    return Kpi(
        name=name,
        status=Status.MEASURED if counted else Status.NO_DATA,
        value=str(value) if counted else None,
        counted=len(counted),
        of=len(deals),
        rows=tuple(deal.id for deal in counted),
        by_pipeline=parts,
        unrated=unrated,
        missing=rates.missing((*unrated, currency)) if unrated else (),
    )


def win_rate(ended: Sequence[Reviewed]) -> Kpi:
    """Won of won and lost, and the same of each pipeline."""
    won = sum(deal.status == "won" for deal in ended)
    whole = share(Name.WIN_RATE, won, [deal.id for deal in ended])
    return _with_parts(whole, ended, _win_percent)


def deal_cycle(ended: Sequence[Reviewed], zone: tzinfo) -> Kpi:
    """The median of the days from a deal's creation to its end.

    What was entered after it had ended (imported, or typed later) took no known time and is left
    out; `counted` of `of` says how many were not.
    """
    timed = [deal for deal in ended if _cycle(deal, zone) >= 0]

    def days(deals: Sequence[Reviewed]) -> str | None:
        return _median([_cycle(deal, zone) for deal in deals])

    value = days(timed)
    whole = Kpi(
        name=Name.DEAL_CYCLE,
        status=Status.NO_DATA if value is None else Status.MEASURED,
        value=value,
        counted=len(timed),
        of=len(ended),
        rows=tuple(deal.id for deal in timed),
    )
    return _with_parts(whole, timed, days)


def lead_scoring_precision(ended: Sequence[Reviewed], hot: Mapping[str, bool]) -> Kpi:
    """Of the deals that were hot when they ended, how many were won; the rate of all beside it.

    `hot` says it of every deal that had a score; a good number is one above the rate beside it.
    """
    scored = [deal for deal in ended if deal.id in hot]
    chosen = [deal for deal in scored if hot[deal.id]]
    won = sum(deal.status == "won" for deal in chosen)
    usual = percent(sum(deal.status == "won" for deal in scored), len(scored))
    rows = [deal.id for deal in chosen]
    return share(Name.LEAD_SCORING_PRECISION, won, rows, beside=usual)


def _worth(
    deals: Iterable[Reviewed], rates: Snapshot, currency: str
) -> tuple[int, tuple[str, ...]]:
    hundredfold: dict[str, int] = defaultdict(int)
    for deal in deals:
        hundredfold[deal.currency] += deal.amount_minor * deal.probability_pct
    total, unrated = 0, []
    for code, worth in sorted(hundredfold.items()):
        converted = rates.minor(divide(worth, 100), code, currency)
        if converted is None:
            unrated.append(code)
        else:
            total += converted
    return total, tuple(unrated)


def _by_pipeline(deals: Iterable[Reviewed]) -> dict[str, list[Reviewed]]:
    found: dict[str, list[Reviewed]] = defaultdict(list)
    for deal in deals:
        found[deal.pipeline].append(deal)
    return dict(sorted(found.items()))


def _with_parts(
    whole: Kpi, deals: Sequence[Reviewed], value: Callable[[Sequence[Reviewed]], str | None]
) -> Kpi:
    parts = {code: value(of_code) for code, of_code in _by_pipeline(deals).items()}
    return replace(whole, by_pipeline={code: one for code, one in parts.items() if one is not None})


def _win_percent(deals: Sequence[Reviewed]) -> str | None:
    return percent(sum(deal.status == "won" for deal in deals), len(deals))


def _cycle(deal: Reviewed, zone: tzinfo) -> int:
    assert deal.closed_date is not None
    return (deal.closed_date - deal.created_at.astimezone(zone).date()).days


def _median(days: Sequence[int]) -> str | None:
    if not days:
        return None
    ordered = sorted(days)
    twice = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return f"{twice // 2}.5" if twice % 2 else str(twice // 2)
