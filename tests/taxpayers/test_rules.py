"""Taxpayer rules: what does an answer of the registry mean, and until when?"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.taxpayers.rules import GDT_STATUSES, gdt_status, is_fresh, status_of
from domain.vn.tax_codes import TaxCodeStatus

AT = datetime(2026, 11, 21, tzinfo=UTC)
WEEK, DAY, MOMENT = timedelta(days=7), timedelta(days=1), timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("NNT đang hoạt động", "00"),
        ("NNT ĐANG HOẠT ĐỘNG  (đã được cấp GCN ĐKT)", "00"),
        ("00", "00"),
        ("NNT đang hoạt động (được cấp thông báo MST)", "04"),
        ("NNT ngừng hoạt động và đã đóng MST", "01"),
        ("NNT không hoạt động tại địa chỉ đã đăng ký", "06"),
        ("NNT không đang hoạt động", None),
        ("10", None),
        ("", None),
    ],
)
def test_a_state_is_known_by_its_code_or_its_exact_words(words, code):
    assert gdt_status(words) == code


def test_only_who_operates_is_valid():
    valid = [one.code for one in GDT_STATUSES.values() if one.means is TaxCodeStatus.VALID]

    assert valid == ["00", "02", "04"]
    assert GDT_STATUSES["09"].means is TaxCodeStatus.UNVERIFIED


@pytest.mark.parametrize(
    ("found", "gdt", "age", "status"),
    [
        (True, "00", WEEK, "valid"),
        (True, "00", WEEK + MOMENT, "stale"),
        (True, "01", WEEK, "invalid"),
        (True, "01", WEEK + MOMENT, "invalid"),
        (True, None, timedelta(), "unverified"),
        (True, "09", timedelta(), "unverified"),
        (False, None, DAY, "invalid"),
        (False, None, DAY + MOMENT, "unverified"),
    ],
)
def test_an_answer_ages(found, gdt, age, status):
    assert status_of(found=found, gdt_status=gdt, checked_at=AT - age, at=AT) == status


@given(st.timedeltas(timedelta(), timedelta(days=60)), st.booleans())
def test_only_a_fresh_answer_is_valid(age, found):
    checked_at = AT - age
    for gdt in (*GDT_STATUSES, None):
        status = status_of(found=found, gdt_status=gdt, checked_at=checked_at, at=AT)
        if status is TaxCodeStatus.VALID:
            assert found and is_fresh(found=True, checked_at=checked_at, at=AT)
            assert age <= WEEK
