"""Reachability of contacts: do phone numbers and e-mail addresses arrive in one form, and only
usable ones?
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.vn.phones import phone_e164

# The eleven-digit prefixes of Circular 11/2018/TT-BTTTT and what they became.
MIGRATION = {
    "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078",
    "0123": "083", "0124": "084", "0125": "085", "0127": "081", "0129": "082",
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036",
    "0167": "037", "0168": "038", "0169": "039",
    "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "e164"),
    [
        ("0084912345678", "+84912345678"),
        ("0903 123 456", "+84903123456"),
        ("0903123456\n", "+84903123456"),
        ("091 234 56 78", "+84912345678"),
        ("0903.123.456", "+84903123456"),
        ("0903–123–456", "+84903123456"),
        ("\u00a00903\u00a0123\u00a0456", "+84903123456"),
        ("０９１２３４５６７８", "+84912345678"),
        ("024 3825 5555", "+842438255555"),
        ("(024) 3825-5555", "+842438255555"),
        ("+84 28 3815 5555", "+842838155555"),
        ("0922345678", "+84922345678"),
        ("0993456789", "+84993456789"),
        ("0888123456", "+84888123456"),
        ("0773456789", "+84773456789"),
        ("0861234567", "+84861234567"),
        ("01683123456", "+84383123456"),
        ("+841683123456", "+84383123456"),
        ("+65 8123 4567", "+6581234567"),
        ("0903" + "-" * 30 + "123456", "+84903123456"),
    ],
)
def test_a_number_is_stored_as_it_is_dialled_from_anywhere(typed, e164):
    assert phone_e164(typed) == e164
    assert phone_e164(e164) == e164


@pytest.mark.parametrize(("old", "new"), MIGRATION.items())
def test_every_old_mobile_prefix_becomes_its_new_one(old, new):
    # the phone library knows which sub-ranges are in use; one of these is, for every prefix
    for rest in ("3123456", "8123456", "9123456", "2123456"):
        try:
            expected = phone_e164(f"{new}{rest}")
        except Fault:
            continue
        assert phone_e164(f"{old}{rest}") == expected == f"+84{new[1:]}{rest}"
        return
    pytest.fail("no sub-range of this prefix is in use")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "O912345678",  # a letter O: the phone library alone would take it for a zero
        "0903 123 456 ext 1",
        "tel:0903123456",
        "0903123456;0904123456",
        "0903123456/0904123456",
        "٠٩١٢٣٤٥٦٧٨",
        "12345",
        "+84",
        "0551234567",  # possible, but no such sub-range was given out
        "01823456789",  # 0182 was never migrated, whatever some public lists say
        "18001091",
        "19001234",
        "1900 123 456",
        "+84 1800 1091",
        "0" * 41,
        "+" * 30,
    ],
)
def test_what_nobody_can_dial_is_refused_and_not_repeated(typed):
    with pytest.raises(Fault) as caught:
        phone_e164(typed)

    assert (caught.value.code, caught.value.kind) == ("PHONE_INVALID", Kind.INVALID)
    assert len(typed) < 5 or typed not in str(caught.value)


@given(st.text(max_size=50) | st.text(alphabet="0123456789+()-. ", max_size=50))
def test_any_text_is_a_number_or_a_refusal(typed):
    try:
        stored = phone_e164(typed)
    except Fault as fault:
        stored = fault.code

    assert stored == "PHONE_INVALID" or re.fullmatch(r"\+[0-9]{6,15}", stored)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Lan@Example.VN", "Lan@example.vn"),
        (" lan@example.vn ", "lan@example.vn"),
        ("a" * 64 + "@" + "b." * 93 + "vnm", "a" * 64 + "@" + "b." * 93 + "vnm"),
        ("a+tag@mail.example.co", "a+tag@mail.example.co"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("nguye\u0302\u0303n@co\u0302ng-ty.vn", "nguyễn@công-ty.vn"),
        ("ｌａｎ＠Ｅｘａｍｐｌｅ．ｖｎ", "lan@example.vn"),
        ("lan@\u212aim.vn", "lan@kim.vn"),
    ],
)
def test_an_address_keeps_its_local_part_and_lowers_its_domain(typed, stored):
    assert email_address(typed) == stored
    assert email_address(stored) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "lan",
        "@example.vn",
        "lan@",
        "lan@example",
        "a..b@example.vn",
        ".a@example.vn",
        "a@-example.vn",
        "a@example-.vn",
        "a@example.vn.",
        "a@example.v",
        "a@1.2.3.4",
        "a b@example.vn",
        "a@b@example.vn",
        '"a"@example.vn',
        "<a@example.vn>",
        "Lan <a@example.vn>",
        "a@example.vn,b@example.vn",
        "a@example.vn\r\nBcc: b@example.vn",
        "a\u202e@example.vn",
        "a\u200b@example.vn",
        "a＠b@example.vn",
        "a@exam\u2488ple.vn\u00a8",
        "a@\u0130stanbul.vn",
        "\ufdfa" * 20 + "@example.vn",
        "a" * 65 + "@example.vn",
        "a@" + "b" * 64 + ".vn",
        "a" * 64 + "@" + "b." * 93 + "vnm" + "n",
        "a@" + "b." * 130 + "vn",
    ],
)
def test_what_is_not_one_address_is_refused_and_not_repeated(typed):
    with pytest.raises(Fault) as caught:
        email_address(typed)

    assert (caught.value.code, caught.value.kind) == ("EMAIL_INVALID", Kind.INVALID)
    assert "Bcc" not in str(caught.value)


@given(st.emails() | st.text(max_size=60))
def test_an_address_never_smuggles_a_second_line(typed):
    try:
        stored = email_address(typed)
    except Fault:
        return
    assert stored.isprintable()
    assert stored.count("@") == 1
    assert not set(stored) & set(' ,;<>"\r\n')
