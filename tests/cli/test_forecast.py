"""`cyberos forecast`: the bands on a history with truth, and the picture of them."""

import json
from pathlib import Path

from typer.testing import CliRunner

from server.cli.commands import application

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "forecast.svg"


def run(*arguments: str):
    return CliRunner().invoke(application(), ["forecast", *arguments])


def test_the_backtest_says_how_often_the_bands_held_and_the_same_again():
    first = run("backtest", "--periods", "30", "--json")
    second = run("backtest", "--periods", "30", "--json")

    said = json.loads(first.stdout)
    assert first.exit_code == 0 and first.stdout == second.stdout
    assert said["forecast"]["coverage_pct"].keys() == {"50", "80", "95"}
    assert said["held"] is None, "thirty periods are not judged"
    assert said["first_shock"] == 0.3


def test_the_shipped_history_keeps_the_bands():
    result = run("backtest", "--periods", "120", "--json")

    said = json.loads(result.stdout)
    assert result.exit_code == 0 and said["held"] is True
    assert said["independent_deals"]["coverage_pct"]["95"] < 90


def test_a_history_of_no_periods_is_refused():
    assert "PERIODS_INVALID" in str(run("backtest", "--periods", "0").exception)


def test_the_picture_in_the_documentation_is_the_one_the_command_draws(tmp_path):
    drawn = tmp_path / "forecast.svg"

    assert run("picture", "--svg", str(drawn)).exit_code == 0
    assert drawn.read_text(encoding="utf-8") == PICTURE.read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    result = run("picture", "--svg", str(tmp_path / "nowhere" / "x.svg"))

    assert "FILE_UNWRITABLE" in str(result.exception)
