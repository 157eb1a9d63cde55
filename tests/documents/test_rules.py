"""Rules of documents: which paths are ours, and how long is a document kept?"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.documents import rules
from domain.kernel.faults import Fault

OURS = [
    "inv/2026/04/INV-2026-04-001.pdf",
    "einv/2026/12/1C26TAA-00000123-REPLY.xml",
    "inv/2026/01/01J0000000000000000000000A.pdf",
]
NOT_OURS = [
    "",
    "inv/2026/04/../../../etc/passwd",
    "inv/2026/04/..pdf",
    "inv/2026/04/A..pdf",
    "inv/2026/04/.A.pdf",
    "/inv/2026/04/A.pdf",
    "inv//2026/04/A.pdf",
    "inv/2026/13/A.pdf",
    "inv/2026/00/A.pdf",
    "inv/26/04/A.pdf",
    "inv/2026/04/a.pdf",
    "inv/2026/04/-A.pdf",
    "inv/2026/04/A-.pdf",
    "inv/2026/04/A.PDF",
    "inv/2026/04/A.exe",
    "inv/2026/04/A.pdf\n",
    "inv/2026/04/A\x00.pdf",
    "inv\\2026\\04\\A.pdf",
    "inv/2026/04/%2E%2E.pdf",
    "inv/2026/04/Ａ.pdf",
    "inv/２026/04/A.pdf",
    "inv/2026/04/" + "A" * 60 + ".pdf",
]


@pytest.mark.parametrize("path", OURS)
def test_a_path_of_ours_is_taken(path):
    rules.check_path(path)


@pytest.mark.parametrize("path", NOT_OURS)
def test_another_path_is_refused(path):
    with pytest.raises(Fault) as caught:
        rules.check_path(path)

    assert caught.value.code == "PATH_INVALID"


@given(st.text(max_size=70))
def test_whatever_is_taken_stays_where_it_belongs_and_fits_into_a_backup(text):
    path = f"inv/2026/04/{text}"
    if rules.is_path(path):
        assert path.isascii() and ".." not in path and path.count("/") == 3
        assert len(f"documents/{'0' * 26}/{path}") < 100  # what a tar header has room for


def test_a_path_is_made_of_the_day_and_the_label():
    assert rules.path_of("inv", date(2026, 4, 30), "INV-2026-04-001", "pdf") == OURS[0]
    with pytest.raises(Fault):
        rules.path_of("inv", date(2026, 4, 30), "../x", "pdf")


@pytest.mark.parametrize(
    ("day", "year_end", "until"),
    [
        (date(2026, 1, 1), "12-31", date(2036, 12, 31)),
        (date(2026, 12, 31), "12-31", date(2036, 12, 31)),
        (date(2026, 3, 31), "03-31", date(2036, 3, 31)),
        (date(2026, 4, 1), "03-31", date(2037, 3, 31)),
        (date(2028, 2, 29), "06-30", date(2038, 6, 30)),
    ],
)
def test_it_is_kept_for_ten_years_after_its_accounting_year(day, year_end, until):
    assert rules.locked_until(day, year_end) == until


@given(
    st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    st.sampled_from(["12-31", "03-31", "06-30", "09-30"]),
)
def test_it_is_never_kept_for_less_than_ten_years_nor_for_more_than_eleven(day, year_end):
    until = rules.locked_until(day, year_end)

    assert f"{until:%m-%d}" == year_end
    assert (day.year + 10, day.month, day.day) <= (until.year, until.month, until.day)
    assert (until.year, until.month, until.day) < (day.year + 11, day.month, day.day)


@pytest.mark.parametrize("value", ["12-30", "02-28", "31-12", "", None, 12])
def test_an_accounting_year_ends_with_a_quarter(value):
    with pytest.raises(Fault) as caught:
        rules.check_year_end(value)

    assert caught.value.code == "SETTING_INVALID"
