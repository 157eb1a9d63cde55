"""Forecast: how much may come in, and how sure is that?"""

from datetime import date

from pydantic import Field

from domain.insight import forecasts
from domain.insight.forecast_rules import BANDS, Totals
from domain.insight.forecasts import Forecast, ForecastRequest
from domain.kernel.money import Locale, Money
from policies.gate.contract import Call, tool
from tools.crm.forecast_words import notes, summary
from tools.crm.shapes import ByName
from tools.crm.views import locale_of, viewer
from tools.shapes import MOST_LISTED, Ask, Month, NamedReference, PersonReference, RangeText, View


class ForecastQuery(Ask):
    """Which deals, and until when."""

    pipeline_id: NamedReference | None = Field(
        default=None, description="Id, code or name; left out: all."
    )
    range: RangeText | None = Field(
        default=None, description="Days from today (90d is usual, to 366d), q4 or this_quarter."
    )
    month: Month | None = Field(default=None, description="Instead of range: 2026-12.")
    owner: PersonReference | None = Field(default=None, description="E-mail, id or name.")
    by: ByName | None = Field(default=None, description="owner: also apart for each.")


class OwnersPartView(View):
    """The part of one owner, in dong."""

    owner: str
    deals: int
    expected_minor: int
    median_minor: int
    commit_80_minor: int

    def text(self) -> str:
        """One line."""
        parts = (self.median_minor, self.commit_80_minor, self.expected_minor)
        median, commit, expected = (Money(minor, "VND").text() for minor in parts)
        return f"{self.owner}: {self.deals}, {median} (80 %: {commit}; expected {expected})"


class BandView(View):
    """The part of all futures in the middle that has this probability."""

    band_pct: int
    low_minor: int
    mid_minor: int
    high_minor: int


class TotalView(View):
    """A sum of deals; commit_80_minor is reached or exceeded with at least 80 %."""

    currency: str
    deals: int
    expected_minor: int
    median_minor: int
    commit_80_minor: int
    commit_95_minor: int
    bands: list[BandView]


class TopDeal(View):
    """One of the five with the most probability x value, which is in dong."""

    id: str
    name: str
    amount_minor: int
    currency: str
    probability_pct: int
    expected_close_date: date | None = None
    weighted_minor_vnd: int


class ForecastView(View):
    """What may come in; without `total` there is nothing to forecast, and the summary says why."""

    from_date: date
    to_date: date
    summary: str
    total: TotalView | None = None
    total_usd: TotalView | None = None
    by_currency: list[TotalView] = Field(default_factory=list)
    by_owner: list[OwnersPartView] | None = None
    top_deals: list[TopDeal] = Field(default_factory=list)
    shock: str
    shock_is_assumed: bool
    rates: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """Sentences to say aloud, and what is not in them."""
        return self.telling(self.summary, *self.notes, but=("summary", "notes"))


@tool("cyberos.crm.forecast", title="Forecast sales", answer=ForecastView)
async def TOOL(call: Call, arguments: ForecastQuery) -> ForecastView:
    """Forecast what the open deals bring in: a median with 50, 80 and 95 % bands, and commits.

    Use this when somebody asks how much will close by a date, or what can safely be promised;
    read `summary` out and pass `notes` on.
    Counts open deals by their expected close date; overdue and undated ones are in notes, not in
    the sum. Returns dong and dollars apart, and everything in dong by dated rates.
    """
    days = (arguments.range or "").removesuffix("d")
    asked = ForecastRequest(
        pipeline=arguments.pipeline_id,
        owner=arguments.owner,
        days=int(days) if days.isdigit() else None,
        period=None if days.isdigit() else arguments.range,
        month=arguments.month,
        by_owner=arguments.by is not None,
    )
    on = call.day
    made = await forecasts.make(call.tx, viewer(call.principal), asked, on=on)
    view = _view(made, locale_of(call.principal))
    if (stored := made.to_store) is not None:
        call.after_commit(lambda tx: forecasts.keep(tx, stored))
    return view


def _view(made: Forecast, locale: Locale) -> ForecastView:
    return ForecastView(
        from_date=made.first,
        to_date=made.until,
        summary=summary(made, locale),
        total=_total(made.total) if made.total else None,
        total_usd=_total(made.total_usd) if made.total_usd else None,
        by_currency=[_total(one) for one in made.apart],
        top_deals=[
            TopDeal(
                id=one.deal.id,
                name=one.deal.name,
                amount_minor=one.deal.amount_minor,
                currency=one.deal.currency,
                probability_pct=one.deal.probability_pct,
                expected_close_date=one.deal.expected_close_date,
                weighted_minor_vnd=one.weighted_vnd,
            )
            for one in made.top
        ],
        by_owner=[
            OwnersPartView(
                owner=one.owner,
                deals=one.total.deals,
                expected_minor=one.total.expected_minor,
                median_minor=one.total.median_minor,
                commit_80_minor=one.total.at_least(80),
            )
            for one in made.by_owner[:MOST_LISTED]
        ]
        or None,
        shock=f"{made.shock.permille / 1_000:.2f}",
        shock_is_assumed=made.shock.is_default,
        rates=[
            f"1 {one.base} = {one.value:f} {one.quote}, {one.as_of}, {one.source}"
            for one in made.rates
        ],
        notes=notes(made, locale),
        untrusted_fields=["/top_deals/*/name"] if made.top else [],
    )


def _total(totals: Totals) -> TotalView:
    return TotalView(
        currency=totals.currency,
        deals=totals.deals,
        expected_minor=totals.expected_minor,
        median_minor=totals.median_minor,
        commit_80_minor=totals.at_least(80),
        commit_95_minor=totals.at_least(95),
        bands=[_band(totals, pct) for pct in BANDS],
    )


def _band(totals: Totals, pct: int) -> BandView:
    low, high = totals.band(pct)
    return BandView(band_pct=pct, low_minor=low, mid_minor=totals.median_minor, high_minor=high)
