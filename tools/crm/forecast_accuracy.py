"""How good were the forecasts?"""

from pydantic import Field

from domain.insight import forecasts
from domain.insight.forecast_rules import NEEDED_PERIODS, Coverage
from policies.contract import Call, tool
from tools.crm.forecast_words import verdict
from tools.crm.views import locale_of, reader
from tools.shapes import Ask, Reference, View


class Wanted(Ask):
    """Which forecasts."""

    pipeline_id: Reference | None = Field(
        default=None, description="Id or code: forecasts of it alone; left out: all."
    )


class CoverageView(View):
    """How often the outcome lay in a band."""

    band_pct: int
    inside: int
    periods: int
    covered_pct: int


class AccuracyView(View):
    """Figures are there from 20 periods on; pinball losses are in dong, lower is better."""

    enough: bool
    periods: int
    needed_periods: int = NEEDED_PERIODS
    waiting: int
    summary: str
    bands: list[CoverageView] = Field(default_factory=list)
    pinball_minor: int | None = None
    weighted_pipeline_pinball_minor: int | None = None
    expected_minor: int | None = None
    actual_minor: int | None = None

    def text(self) -> str:
        """The verdict."""
        return self.summary


@tool("cyberos.crm.forecast_accuracy", title="Accuracy of forecasts", answer=AccuracyView)
async def TOOL(call: Call, arguments: Wanted) -> AccuracyView:
    """Say how often past forecasts held: coverage of the bands, and pinball loss.

    Use this before relying on crm_forecast, or when somebody asks whether it can be trusted.
    Looks at the forecasts made for the person you act for, scored when their time was over, one
    for each stretch of time. Below 20 periods it says that there is not enough history.
    Returns coverage for each band, and the loss beside that of the plain weighted pipeline.
    """
    on = call.at.astimezone(call.principal.zone).date()
    record = await forecasts.record(
        call.tx, reader(call.principal), on=on, pipeline=arguments.pipeline_id
    )
    found = record.accuracy
    told = found if found is not None and found.is_enough else None
    view = AccuracyView(
        enough=told is not None,
        periods=found.periods if found else 0,
        waiting=record.waiting,
        summary=verdict(record, locale_of(call.principal)),
        bands=[_coverage(one) for one in told.coverage] if told else [],
        pinball_minor=told.pinball_minor if told else None,
        weighted_pipeline_pinball_minor=told.plain_pinball_minor if told else None,
        expected_minor=told.expected_minor if told else None,
        actual_minor=told.actual_minor if told else None,
    )
    if record.judged:
        call.later(lambda tx: forecasts.settle(tx, record.judged))
    return view


def _coverage(one: Coverage) -> CoverageView:
    return CoverageView(
        band_pct=one.band_pct, inside=one.inside, periods=one.periods, covered_pct=one.pct
    )
