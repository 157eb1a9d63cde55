"""A phone number is dialled as it is today, or refused; nothing else ever happens to it."""

import json
from importlib.resources import files

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


# As they stood before 2017, with the area set apart -> as they are dialled.
LANDLINES = (
    ("(08) 3825 5555", "+842838255555"),
    ("+84 8 3825 5555", "+842838255555"),
    ("(84-8) 38 225 678", "+842838225678"),
    ("(+84 8) 38 225 678", "+842838225678"),
    ("(848) 38225678", "+842838225678"),
    ("+84 (0)8 3825 5555", "+842838255555"),
    ("0084.8.38255555", "+842838255555"),
    ("08-3930 1234", "+842839301234"),
    ("08. 38.255.555", "+842838255555"),
    ("+84.8.6291 1234", "+842862911234"),
    ("(08) 5404 1234", "+842854041234"),
    ("(08) 38 25 55 55", "+842838255555"),
    ("(04) 3936 0750", "+842439360750"),
    ("+84 4 3936 0750", "+842439360750"),
    ("(84-4) 39360750", "+842439360750"),
    ("0439360750", "+842439360750"),
    ("(038) 3844 444", "+842383844444"),
    ("(84-38) 3844444", "+842383844444"),
    ("(037) 385 2852", "+842373852852"),
    ("(031) 384 1999", "+842253841999"),
    ("0313841999", "+842253841999"),
    ("(0511) 382 1234", "+842363821234"),
    ("0511.3821234", "+842363821234"),
    ("(0320) 384 1234", "+842203841234"),
    ("020-3841234", "+842143841234"),
)
# Digits that may be either, or an old code with no number behind it.
NOT_LANDLINES = (
    "08 38 25 55 55",
    "038-3844444",
    "(08) 825 5555",
    "(04) 1936 0750",
    "(0320) 123 456",
    "0203841234",
)
MOBILES = (
    "0838 255 555",
    "083 825 5555",
    "+84 838 255 555",
    "(+84) 838 255 555",
    "(0838) 255 555",
    "0383 844 444",
    "038 384 4444",
    "038-384-4444",
    "+84 38 384 4444",
    "0838255555",
    "0703 123 456",
    "\u202a+84 838 255 555\u202c",
)
AREAS = json.loads(files("domain.vn").joinpath("data", "area_codes.json").read_bytes())["codes"]
WRITINGS = (
    "(0{code}) {left} {right}",
    "(0{code}){left}{right}",
    "(0{code})-{left}-{right}",
    "(84-{code}) {left}{right}",
    "(84 {code}) {left}.{right}",
    "(+84 {code}) {left} {right}",
    "+84 ({code}) {left} {right}",
    "+84 (0{code}) {left} {right}",
    "0({code}) {left} {right}",
    "(0084-{code}) {left} {right}",
)


@pytest.mark.parametrize(("typed", "e164"), LANDLINES)
def test_a_landline_of_before_2017_is_dialled_with_the_area_code_of_today(typed, e164):
    phone = read_phone(typed)

    assert (phone.e164, phone.kind, phone.migrated) == (e164, "fixed", True)


@given(
    st.sampled_from(AREAS),
    st.sampled_from(WRITINGS),
    st.from_regex("[2-8][0-9]{7}", fullmatch=True),
)
def test_every_area_code_in_brackets_says_where_the_landline_is(area, writing, digits):
    subscriber = digits[: 10 - len(area["new"])]
    typed = writing.format(code=area["old"], left=subscriber[:4], right=subscriber[4:])

    phone = read_phone(typed)

    assert (phone.e164, phone.kind) == (f"+84{area['new']}{subscriber}", "fixed")


@pytest.mark.parametrize("typed", MOBILES)
def test_a_mobile_of_today_is_no_landline_of_before_2017(typed):
    phone = read_phone(typed)

    assert (phone.kind, phone.migrated) == ("mobile", False)
    assert phone.e164[3:] == "".join(filter(str.isdigit, typed)).removeprefix("84").removeprefix(
        "0"
    )


@pytest.mark.parametrize("typed", NOT_LANDLINES)
def test_what_may_be_either_is_asked_back_and_never_guessed(typed):
    with pytest.raises(Fault) as caught:
        read_phone(typed)

    assert caught.value.code == "PHONE_INVALID"
