"""Due: a day ends when it ends on the clock of the company, and what is no time is refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.clock import VIETNAM
from domain.tasks.rules import Due, due_of, end_of, read_due

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([VIETNAM, BERLIN, ZoneInfo("America/New_York"), UTC])
DAYS = st.dates(date(1900, 1, 1), date(9989, 12, 31))


@given(day=DAYS, zone=ZONES)
def test_a_day_is_read_back_as_it_was_typed(day, zone):
    due = due_of(day.isoformat(), zone)

    assert due.whole_day and due.text(zone) == day.isoformat() and due.day(zone) == day


@given(minutes=st.integers(0, 4_000_000_000), zone=ZONES)
def test_a_time_is_read_back_to_the_minute(minutes, zone):
    at = datetime(1950, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    local = at.astimezone(zone)
    said = Due(at, whole_day=False).text(zone)

    # Zones of long ago were off by seconds, which no clock of a task tells.
    if local.utcoffset() % timedelta(minutes=1) == timedelta(0):
        assert due_of(said, BERLIN).at == at
    assert Due(at, whole_day=False).day(zone) == local.date()


def test_a_day_of_the_changing_clock_has_its_own_length():
    assert end_of(date(2026, 10, 25), BERLIN) - end_of(date(2026, 10, 24), BERLIN) == timedelta(
        days=1
    )
    utc = [end_of(day, BERLIN).astimezone(UTC) for day in (date(2026, 10, 24), date(2026, 10, 25))]
    assert utc[1] - utc[0] == timedelta(hours=25)


def test_the_last_day_there_is_has_an_end():
    assert end_of(date.max, VIETNAM) == end_of(date(9989, 12, 31), VIETNAM)


@pytest.mark.parametrize(
    "typed",
    [
        "", "2026-13-01", "2026-02-30", "1899-12-31", "9990-01-01", "2026-12-03T25:00", "mai",
        "2026-12-03T15", "2026-12-03T15:00+7", "2026-12-03T15:00 ", "٢٠٢٦-١٢-٠٣", "2026-W49-4",
    ],
)  # fmt: skip
def test_what_is_no_time_says_how_one_is_written(typed):
    with pytest.raises(ValueError, match="2026-12-03T15:00"):
        read_due(typed)
