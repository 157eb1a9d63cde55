"""A phone number is dialled as it is today, or refused; nothing else ever happens to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.vn.phones import read_phone

TYPED = st.text(max_size=60) | st.from_regex(r"\+?[0-9 ().-]{3,24}", fullmatch=True)


@given(TYPED)
def test_no_text_breaks_the_reader_and_what_it_reads_it_reads_again(text):
    try:
        phone = read_phone(text)
    except Fault as refused:
        code = refused.code
    else:
        assert read_phone(phone.e164).e164 == phone.e164
        return
    assert code == "PHONE_INVALID"


@pytest.mark.parametrize(
    ("typed", "e164", "kind", "migrated"),
    [
        ("0903 123 456", "+84903123456", "mobile", False),
        ("0168 312 3456", "+84383123456", "mobile", True),
        ("+84 168 312 3456", "+84383123456", "mobile", True),
        ("024 3825 5555", "+842438255555", "fixed", False),
        ("1800 1091", "18001091", "service", False),
        ("+1 650 253 0000", "+16502530000", "other", False),
    ],
)
def test_each_kind_has_one_form(typed, e164, kind, migrated):
    phone = read_phone(typed)

    assert (phone.e164, phone.kind, phone.migrated) == (e164, kind, migrated)


@pytest.mark.parametrize(
    "typed",
    ["lan@example.vn", "O912345678", "", "0" * 40_000, "☎ 0912345678", "0912345678 / 0987654321"],
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(Fault) as caught:
        read_phone(typed)

    assert caught.value.code == "PHONE_INVALID"
