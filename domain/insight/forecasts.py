"""Forecasts are made as a viewer sees the deals, kept, and scored when their time is over."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta, tzinfo
from decimal import Decimal

from sqlalchemy import update

from domain.deals import queries as deals
from domain.deals.queries import Filter, OpenDeal
from domain.fx import queries as fx
from domain.identity import queries as identity
from domain.insight import forecast_queries as queries
from domain.insight import forecast_rules as rules
from domain.insight.forecast_rules import LEVELS, Length, ScoredForecast, Shock, Totals
from domain.insight.tables import StoredForecast
from domain.insight.windows import ForecastRequest as ForecastRequest  # callers of make need it
from domain.insight.windows import check_range, window
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.faults import Fault
from domain.kernel.money import MAX_JSON_MINOR, Money, Rate, convert, convert_inverse
from domain.pipelines import service as pipelines
from domain.store.tx import Tx
from domain.store.visibility import Viewer

VND, USD = "VND", "USD"
SCORED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Weighed:
    """A deal in the forecast, with probability times value in dong."""

    deal: OpenDeal
    weighted_vnd: int


@dataclass(frozen=True, slots=True)
class OwnersPart:
    """What the deals of one owner may bring in, in dong; `owner` is an e-mail address."""

    owner: str
    total: Totals


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many open deals are not in the sum, and why."""

    overdue: int = 0  # expected before today, and still open
    undated: int = 0
    elsewhen: int = 0  # expected before the month asked for, or after the last day
    without_rate: int = 0
    currencies: tuple[str, ...] = ()  # those without a rate
    worthless: int = 0  # in the window, with an amount of zero
    hopeless: int = 0  # in the window, with a probability of zero
    too_large: int = 0  # amounts that leave what can be added up


@dataclass(frozen=True, slots=True)
class Forecast:
    """What may come in from `first` to `until`; `total` holds every counted deal, in dong.

    `total` is None where there is nothing to add up. `apart` holds the deals in dong and those in
    dollars by themselves, in their own currency, and `total_usd` the total in dollars.
    """

    as_of: date
    first: date
    until: date
    shock: Shock
    total: Totals | None
    total_usd: Totals | None
    apart: tuple[Totals, ...]
    top: tuple[Weighed, ...]
    left_out: LeftOut
    certain: int  # deals whose 100 % were taken as 99
    rates: tuple[Rate, ...]
    by_owner: tuple[OwnersPart, ...]
    to_store: StoredForecast | None

    @property
    def old_rates(self) -> list[Rate]:
        """The rates used that are older than what everybody takes for today's."""
        oldest = self.as_of - timedelta(days=rules.OLD_RATE_DAYS)
        return [one for one in self.rates if one.as_of < oldest]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a stored forecast; None where it cannot be said any more."""

    forecast: StoredForecast
    actual_minor: int | None


@dataclass(frozen=True, slots=True)
class ForecastRecord:
    """How good somebody's forecasts were, by how far they looked ahead."""

    lengths: tuple[Length, ...]
    waiting: int
    judged: tuple[Judged, ...]


async def make(tx: Tx, viewer: Viewer, asked: ForecastRequest, *, on: date) -> Forecast:
    """Forecast the open deals that exist for the viewer and are expected in the window.

    Nothing is written: `to_store` is the row for `keep`, if this question has none of today and
    the viewer did not ask too many others.
    Raises PIPELINE_UNKNOWN, PERSON_UNKNOWN, PERSON_INACTIVE and RANGE_INVALID.
    """
    first, until = window(asked, on)
    wanted = Filter(
        pipeline_ids=await _pipeline_ids(tx, viewer, asked.pipeline),
        owner_id=(await identity.find_owner(tx, asked.owner)).id if asked.owner else None,
    )
    shown = await deals.open_deals(tx, viewer, wanted)
    inside = [one for one in shown if _is_in(one.expected_close_date, first, until)]
    rates = await _rates(tx, {one.currency for one in inside}, on)
    in_vnd = {one.id: _in_vnd(one, rates) for one in inside}
    past = await queries.scored(tx, viewer.person_id)
    shock = rules.estimate_shock(rules.periods(rules.similar(past, (until - on).days)))

    counted = [(one, worth) for one in inside if (worth := in_vnd[one.id]) is not None]
    total = _totals(VND, [(worth, one.probability_pct) for one, worth in counted], shock)
    filters = _filters(asked, wanted)
    stored = None
    if total is not None:
        question = sha256_hex(canonical(filters))
        if await _should_store(tx, viewer.person_id, question, on):
            stored = StoredForecast(
                person_id=viewer.person_id,
                question=question,
                filters=filters,
                as_of=on,
                until=until,
                asked_at=tx.at,
                deal_ids=[one.id for one, _ in counted],
                rates={code: format(rate.value, "f") for code, rate in rates.items()},
                currency=VND,
                expected_minor=total.expected_minor,
                shock_permille=shock.permille,
                quantiles=list(total.quantiles),
                **_moments([(worth, one.probability_pct) for one, worth in counted]),
            )
    in_dollars = _in_dollars(total, rates.get(USD))
    used = {one.currency for one in inside} | ({USD} if in_dollars is not None else set())
    return Forecast(
        as_of=on,
        first=first,
        until=until,
        shock=shock,
        total=total,
        total_usd=in_dollars,
        apart=_apart(inside, shock),
        top=_top(counted),
        left_out=_left_out(shown, inside, in_vnd, rates, total, on),
        certain=sum(one.probability_pct > rules.MOST_CERTAIN_PCT for one in inside),
        rates=tuple(rates[code] for code in sorted(used & set(rates))),
        by_owner=await _by_owner(tx, counted, shock) if asked.by_owner else (),
        to_store=stored,
    )


async def keep(tx: Tx, made: StoredForecast) -> None:
    """Store a forecast, so that it can be scored. The first of a day and question stays.

    Of a person and day so many are kept as MOST_A_DAY says: who only reads fills no table.
    """
    if await _should_store(tx, made.person_id, made.question, made.as_of):
        tx.add(made)
        await tx.flush()


async def record(
    tx: Tx, viewer: Viewer, *, on: date, pipeline: str | None = None, days: int | None = None
) -> ForecastRecord:
    """How good the viewer's forecasts were, over periods that do not overlap.

    Counts those that are due and not scored yet; `judged` is for `settle`. With a pipeline, only
    forecasts of it; with `days`, only those that looked about as far ahead, else each length by
    itself. Raises PIPELINE_UNKNOWN and RANGE_INVALID.
    """
    if days is not None:
        check_range(days)
    pipeline_ids = await _pipeline_ids(tx, viewer, pipeline)
    like = {"pipelines": ",".join(sorted(pipeline_ids))} if pipeline_ids is not None else {}
    due = await queries.due(tx, on, person_id=viewer.person_id, limit=SCORED_AT_ONCE)
    judged = await _judge(tx, viewer, due)
    past = await queries.scored(tx, viewer.person_id, like=like)
    past += [_scored(one) for one in judged if _fits(one, like)]
    waiting = await queries.count_waiting(tx, viewer.person_id)
    return ForecastRecord(rules.by_length(past, days), waiting - len(judged), tuple(judged))


async def score_due(tx: Tx, *, on: date, limit: int = SCORED_AT_ONCE) -> int:
    """Score forecasts whose last day lies before that day, and say how many."""
    by_person: dict[str, list[StoredForecast]] = defaultdict(list)
    for one in await queries.due(tx, on, limit=limit):
        by_person[one.person_id].append(one)
    for person_id, forecasts in by_person.items():
        viewer = Viewer(person_id, await identity.workspaces_of(tx, person_id))
        await settle(tx, await _judge(tx, viewer, forecasts))
    return sum(map(len, by_person.values()))


async def score_night(tx: Tx, day: date, _zone: tzinfo) -> int:
    """The nightly job: score all that are due, however many."""
    scored = done = await score_due(tx, on=day)
    while done == SCORED_AT_ONCE:
        done = await score_due(tx, on=day)
        scored += done
    return scored


async def settle(tx: Tx, judged: Iterable[Judged]) -> None:
    """Write down what came of forecasts."""
    for one in judged:
        state = "void" if one.actual_minor is None else "scored"
        await tx.change(  # what somebody else scored meanwhile stays
            update(StoredForecast)
            .where(StoredForecast.id == one.forecast.id, StoredForecast.state == "open")
            .values(state=state, actual_minor=one.actual_minor, scored_at=tx.at)
        )


async def _should_store(tx: Tx, person_id: str, question: str, on: date) -> bool:
    """Whether the answer to this question is one of those that are to be stored."""
    asked = await queries.asked_on(tx, person_id, on)
    return question not in asked and len(asked) < rules.MOST_A_DAY


async def _judge(tx: Tx, viewer: Viewer, forecasts: Sequence[StoredForecast]) -> list[Judged]:
    """What came of forecasts of one viewer.

    A deal they no longer see makes its forecasts void: a score must not tell of it.
    """
    named = sorted({deal_id for one in forecasts for deal_id in one.deal_ids})
    found = {one.id: one for one in await deals.endings(tx, viewer, named)}
    return [Judged(one, _came_in(one, found)) for one in forecasts]


def _came_in(forecast: StoredForecast, found: Mapping[str, deals.Ending]) -> int | None:
    """What was won of a forecast's deals in its time, at the rates of its day, in dong."""
    first = _first_day(forecast)
    rates = {
        code: Rate(code, VND, Decimal(value), "forecast", forecast.as_of)
        for code, value in forecast.rates.items()
    }
    total = 0
    for deal_id in forecast.deal_ids:
        if (deal := found.get(deal_id)) is None:
            return None
        closed = deal.closed_date
        if deal.status != "won" or closed is None:
            continue
        if not first <= closed <= forecast.until:
            continue
        if (worth := _converted(deal.amount_minor, deal.currency, rates)) is None:
            return None
        total += worth
    return total if total <= MAX_JSON_MINOR else None


def _first_day(forecast: StoredForecast) -> date:
    """The first day of the window asked for: of its month, or the day it was made."""
    is_month = "-" in (forecast.filters.get("range") or "")
    return max(forecast.as_of, forecast.until.replace(day=1)) if is_month else forecast.as_of


def _scored(judged: Judged) -> ScoredForecast:
    one, actual = judged.forecast, judged.actual_minor
    assert actual is not None
    return ScoredForecast(
        one.as_of,
        one.until,
        one.expected_minor,
        one.common_minor,
        one.own_minor,
        tuple(one.quantiles),
        actual,
    )


def _fits(judged: Judged, like: Mapping[str, str]) -> bool:
    filters = judged.forecast.filters
    return judged.actual_minor is not None and all(filters.get(k) == v for k, v in like.items())


async def _pipeline_ids(tx: Tx, viewer: Viewer, reference: str | None) -> tuple[str, ...] | None:
    if reference is None:
        return None
    found = await pipelines.named(tx, reference, viewer.workspace_ids)
    return tuple(one.id for one in found)


async def _rates(tx: Tx, currencies: set[str], on: date) -> dict[str, Rate]:
    """The newest known rate of each currency in dong; the dollar's always, for the total."""
    rates: dict[str, Rate] = {}
    for code in sorted((currencies | {USD}) - {VND}):
        if (row := await fx.latest(tx, code, VND, on)) is not None:
            rates[code] = Rate(row.base, row.quote, Decimal(row.value), row.source, row.as_of)
    return rates


def _is_in(expected: date | None, first: date, until: date) -> bool:
    return expected is not None and first <= expected <= until


def _in_vnd(deal: OpenDeal, rates: Mapping[str, Rate]) -> int | None:
    return _converted(deal.amount_minor, deal.currency, rates)


def _converted(amount_minor: int, currency: str, rates: Mapping[str, Rate]) -> int | None:
    """An amount in dong, rounded half to even; None without a rate or beyond 2^53."""
    if currency == VND:
        return amount_minor
    if currency not in rates:
        return None
    try:
        worth = convert(Money(amount_minor, currency), VND, rates[currency]).minor
    except Fault:
        return None
    return worth if worth <= MAX_JSON_MINOR else None


def _totals(currency: str, weighed: Sequence[tuple[int, int]], shock: Shock) -> Totals | None:
    """The forecast of deals of one currency, given as amounts and per cent.

    None where nothing can come in, and for amounts that together leave what JSON keeps exact.
    """
    if not any(amount and pct for amount, pct in weighed):
        return None
    if sum(amount for amount, _ in weighed) > MAX_JSON_MINOR:
        return None
    # numpy takes longer to load than most calls to answer, so it comes when it is needed.
    from domain.insight.distribution import Chance, distribution, moments

    chances = [Chance(amount, rules.certainty(pct)) for amount, pct in weighed]
    spread = distribution(chances, shock.size)
    quantiles = tuple(spread.quantile(level / 1_000) for level in LEVELS)
    return Totals(
        currency,
        len(chances),
        moments(chances).expected,
        quantiles,
        most_minor=sum(one.amount_minor for one in chances if one.pct),
        nothing_pct=min(max(round(100 * spread.at_most(0)), 1), 99),
    )


def _moments(weighed: Sequence[tuple[int, int]]) -> dict[str, int]:
    from domain.insight.distribution import Chance, moments

    found = asdict(moments([Chance(amount, rules.certainty(pct)) for amount, pct in weighed]))
    return {"common_minor": found["common"], "own_minor": found["own"]}


def _apart(inside: Sequence[OpenDeal], shock: Shock) -> tuple[Totals, ...]:
    """The deals in dong and those in dollars, each by themselves."""
    found = (
        _totals(
            code, [(d.amount_minor, d.probability_pct) for d in inside if d.currency == code], shock
        )
        for code in (VND, USD)
    )
    return tuple(one for one in found if one is not None)


async def _by_owner(
    tx: Tx, counted: Sequence[tuple[OpenDeal, int]], shock: Shock
) -> tuple[OwnersPart, ...]:
    """The total apart by owner, most expected first; medians of parts do not add up to its own."""
    worth: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for one, minor in counted:
        worth[one.owner_id].append((minor, one.probability_pct))
    emails = await identity.emails(tx, worth)
    parts = [
        OwnersPart(emails[owner_id], total)
        for owner_id, deals in worth.items()
        if (total := _totals(VND, deals, shock)) is not None
    ]
    return tuple(sorted(parts, key=lambda one: (-one.total.expected_minor, one.owner)))


def _in_dollars(total: Totals | None, dollar: Rate | None) -> Totals | None:
    """The same forecast in dollars, each amount divided by the rate and rounded half to even."""
    if total is None or dollar is None:
        return None

    def cents(minor: int) -> int:
        return convert_inverse(Money(minor, VND), USD, dollar).minor

    quantiles = tuple(cents(one) for one in total.quantiles)
    return Totals(
        USD,
        total.deals,
        cents(total.expected_minor),
        quantiles,
        cents(total.most_minor),
        total.nothing_pct,
    )


def _top(counted: Iterable[tuple[OpenDeal, int]]) -> tuple[Weighed, ...]:
    weighed = [
        Weighed(one, Money(worth * one.probability_pct, VND).times(Decimal("0.01")).minor)
        for one, worth in counted
        if worth
    ]
    weighed.sort(key=lambda one: (-one.weighted_vnd, one.deal.id))
    return tuple(weighed[: rules.TOP])


def _left_out(
    shown: Sequence[OpenDeal],
    inside: Sequence[OpenDeal],
    in_vnd: Mapping[str, int | None],
    rates: Mapping[str, Rate],
    total: Totals | None,
    on: date,
) -> LeftOut:
    outside = [one.expected_close_date for one in shown if one.id not in in_vnd]
    no_rate = {one.id: one.currency for one in inside if one.currency not in {VND, *rates}}
    too_large = sum(worth is None for worth in in_vnd.values()) - len(no_rate)
    if total is None:  # then what could be added up is too much together
        too_large += sum(bool(in_vnd[one.id] and one.probability_pct) for one in inside)
    return LeftOut(
        overdue=sum(day is not None and day < on for day in outside),
        undated=sum(day is None for day in outside),
        elsewhen=sum(day is not None and day >= on for day in outside),
        without_rate=len(no_rate),
        currencies=tuple(sorted(set(no_rate.values()))),
        worthless=sum(one.amount_minor == 0 for one in inside),
        hopeless=sum(one.amount_minor > 0 and one.probability_pct == 0 for one in inside),
        too_large=too_large,
    )


def _filters(asked: ForecastRequest, wanted: Filter) -> dict[str, str | None]:
    """What makes two questions the same one."""
    pipeline_ids = wanted.pipeline_ids
    return {
        "pipelines": ",".join(sorted(pipeline_ids)) if pipeline_ids is not None else None,
        "owner": wanted.owner_id,
        "range": asked.asked_for,
    }
