"""Forecast accuracy: how good were the forecasts?"""

from pydantic import Field

from domain.insight import forecasts
from domain.insight.forecast_rules import NEEDED_PERIODS, Coverage, Length
from policies.gate.contract import Call, tool
from tools.crm.forecast_words import verdict
from tools.crm.views import locale_of, viewer
from tools.shapes import Ask, NamedReference, RangeDays, View


class AccuracyQuery(Ask):
    """Which forecasts."""

    pipeline_id: NamedReference | None = Field(
        default=None, description="Id or code: forecasts of it alone; left out: all."
    )
    range: RangeDays | None = Field(
        default=None,
        description="Such as 90d: forecasts from half to twice as far; left out: each length.",
    )


class CoverageView(View):
    """How often the outcome lay in a band."""

    band_pct: int
    inside: int
    periods: int
    covered_pct: int


class LengthView(View):
    """Forecasts that looked so far ahead. Figures from 20 periods on; losses are in dong."""

    in_currency = "VND"

    from_days: int
    to_days: int
    enough: bool
    periods: int
    bands: list[CoverageView] = Field(default_factory=list)
    pinball_minor: int | None = None
    weighted_pipeline_pinball_minor: int | None = None
    expected_minor: int | None = None
    actual_minor: int | None = None


class AccuracyView(View):
    """Length by length, shortest first; `enough` if one of them has enough history."""

    enough: bool
    needed_periods: int = NEEDED_PERIODS
    waiting: int
    summary: str
    lengths: list[LengthView] = Field(default_factory=list)

    def text(self) -> str:
        """The verdict, and the figures behind it."""
        return self.telling(self.summary, but=("summary",))


@tool("cyberos.crm.forecast_accuracy", title="Accuracy of forecasts", answer=AccuracyView)
async def TOOL(call: Call, arguments: AccuracyQuery) -> AccuracyView:
    """Say how often past forecasts held: coverage of the bands, and pinball loss.

    Use this before relying on crm_forecast, or when somebody asks whether it can be trusted;
    give the same range. Looks at the forecasts made for the person you act for, scored when their
    time was over, one for each stretch of time; a week ahead is never mixed with a quarter.
    Below 20 periods of a length it says that there is not enough history.
    Returns coverage for each band, and the loss (lower is better) beside that of the plain
    weighted pipeline.
    """
    on = call.day
    record = await forecasts.record(
        call.tx,
        viewer(call.principal),
        on=on,
        pipeline=arguments.pipeline_id,
        days=arguments.range,
    )
    view = AccuracyView(
        enough=any(one.told is not None for one in record.lengths),
        waiting=record.waiting,
        summary=verdict(record, locale_of(call.principal)),
        lengths=[_length(one) for one in record.lengths],
    )
    if record.judged:
        call.after_commit(lambda tx: forecasts.settle(tx, record.judged))
    return view


def _length(one: Length) -> LengthView:
    told = one.told
    return LengthView(
        from_days=one.from_days,
        to_days=one.to_days,
        enough=told is not None,
        periods=one.periods,
        bands=[_coverage(band) for band in told.coverage] if told else [],
        pinball_minor=told.pinball_minor if told else None,
        weighted_pipeline_pinball_minor=told.plain_pinball_minor if told else None,
        expected_minor=told.expected_minor if told else None,
        actual_minor=told.actual_minor if told else None,
    )


def _coverage(one: Coverage) -> CoverageView:
    return CoverageView(
        band_pct=one.band_pct, inside=one.inside, periods=one.periods, covered_pct=one.pct
    )
