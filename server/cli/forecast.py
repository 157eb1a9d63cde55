"""Forecast commands: can it be trusted? `cyberos forecast backtest` and `cyberos forecast picture`.

Both work on an invented history whose outcome is known; no database is opened.
"""

from pathlib import Path
from typing import Any

import typer

from domain.insight.forecast_rules import Accuracy
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from server.cli.render import answer, say

# What the bands have to cover on the history that is shipped, in per cent.
HELD_TO = {50: (40, 60), 95: (90, 99)}
_PERIODS, _SEED = 200, 2026
_FEWEST, _MOST, _JUDGED = 1, 2_000, 100

PERIODS = typer.Option(_PERIODS, "--periods", help="How many periods the history has.")
SEED = typer.Option(_SEED, "--seed", help="Another seed, another history.")
JSON = typer.Option(False, "--json", help="Answer with one JSON object.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=False, help="How good the forecast is.")
    group.command("backtest")(backtest)
    group.command("picture")(picture)
    app.add_typer(group, name="forecast")


def backtest(periods: int = PERIODS, seed: int = SEED, as_json: bool = JSON) -> None:
    """Forecast every period of a demo history and compare with what came.

    Each period is forecast with nothing but the periods before it. Exits with 1 when the 95 % band
    covers less than 90 % or more than 99 %, or the 50 % band less than 40 % or more than 60 %;
    fewer than 100 periods are not judged, because chance alone would decide.
    """
    from domain.insight.backtest import backtest as walk
    from fixtures.forecasts.history import TRUE_SHOCK, history

    _check(periods)
    found = walk(history(periods, seed))
    held = all(
        HELD_TO[one.band_pct][0] <= one.pct <= HELD_TO[one.band_pct][1]
        for one in found.forecast.coverage
        if one.band_pct in HELD_TO
    )
    if as_json:
        answer(
            {
                "periods": periods,
                "seed": seed,
                "true_shock": TRUE_SHOCK,
                "first_shock": found.first_shock.permille / 1_000,
                "last_shock": found.last_shock.permille / 1_000,
                "forecast": _figures(found.forecast),
                "independent_deals": _figures(found.independent),
                "held_to": {str(band): list(limits) for band, limits in HELD_TO.items()},
                "held": held if periods >= _JUDGED else None,
            }
        )
    else:
        say(f"{counted(periods, 'period')} (seed {seed}), each forecast from the periods before it")
        say("band  covered  if deals were independent")
        pairs = zip(found.forecast.coverage, found.independent.coverage, strict=True)
        for ours, plain in pairs:
            say(f"{ours.band_pct} %  {ours.pct:6} %  {plain.pct:6} %")
        say(
            f"pinball loss {found.forecast.pinball_minor:,} VND; of independent deals"
            f" {found.independent.pinball_minor:,}; of the weighted pipeline"
            f" {found.forecast.plain_pinball_minor:,}"
        )
        say(
            f"common shock: assumed {found.first_shock.permille / 1_000:.2f} at first, learnt"
            f" {found.last_shock.permille / 1_000:.2f} at the end; the history was made with"
            f" {TRUE_SHOCK:.2f}"
        )
    if periods >= _JUDGED and not held:
        raise typer.Exit(1)


def picture(
    svg: Path = typer.Option(..., "--svg", help="The file to write."),  # noqa: B008 - typer's way
    seed: int = SEED,
) -> None:
    """Draw one forecast and how 24 of them held, as SVG. The same seed, the same bytes."""
    from fixtures.forecasts.picture import drawn

    try:
        svg.write_text(drawn(seed), encoding="utf-8")
    except OSError as error:
        raise Fault(
            "FILE_UNWRITABLE", Kind.INVALID, "The file cannot be written.", "Choose another place."
        ) from error
    say(f"Written: {svg}")


def _check(periods: int) -> None:
    if not _FEWEST <= periods <= _MOST:
        raise Fault(
            "PERIODS_INVALID",
            Kind.INVALID,
            f"A history has {_FEWEST} to {_MOST} periods.",
            f"such as --periods {_PERIODS}.",
        )


def _figures(found: Accuracy) -> dict[str, Any]:
    return {
        "coverage_pct": {str(one.band_pct): one.pct for one in found.coverage},
        "pinball_minor": found.pinball_minor,
        "weighted_pipeline_pinball_minor": found.plain_pinball_minor,
        "enough_history": found.is_enough,
    }
