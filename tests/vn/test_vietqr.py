"""A VietQR is written as every bank reads it, and read so strictly that no dong goes astray."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.vn.vietqr import CARD, LARGEST_AMOUNT, Transfer, checksum, decode, encode, memo
from tests.vn.examples import examples

EXAMPLES = examples("vietqr_examples")
TRANSFERS = st.builds(
    Transfer,
    bin=st.from_regex(r"[0-9]{6}", fullmatch=True),
    account=st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
    amount=st.none() | st.integers(1, LARGEST_AMOUNT),
    add_info=st.none() | st.from_regex(r"[ -~]{1,25}", fullmatch=True),
)
NAPAS = "00020101021238570010A00000072701270006970436011300110019324180208QRIBFTTA"
GOOD = Transfer("970436", "0011001932418", 10_000, "HD1")


def transfer(given: dict) -> Transfer:
    amount = int(given["amount"]) if given["amount"] is not None else None
    return Transfer(given["bin"], given["account"], amount, given["add_info"], given["service"])


def read(payload: str) -> Transfer | str:
    """The transfer, or the code of the refusal."""
    try:
        return decode(payload)
    except Fault as fault:
        return fault.code


def signed(body: str) -> str:
    """A payload with a right checksum, whatever stands in it."""
    return f"{body}6304{checksum(f'{body}6304')}"


@pytest.mark.parametrize("example", EXAMPLES["encode"], ids=lambda one: one["id"])
def test_it_writes_what_others_write_and_reads_it_back(example):
    assert encode(transfer(example["input"])) == example["payload"]
    assert decode(example["payload"]) == transfer(example["input"])


@pytest.mark.parametrize("example", EXAMPLES["decode"], ids=lambda one: one["id"])
def test_it_reads_codes_from_the_wild_or_refuses_them(example):
    if example["read"] is not None:
        assert decode(example["payload"]) == transfer(example["read"])
        return
    with pytest.raises(Fault) as caught:
        decode(example["payload"])
    assert caught.value.code == "VIETQR_UNREADABLE"


@pytest.mark.parametrize("example", EXAMPLES["refuse"], ids=lambda one: one["id"])
def test_it_makes_no_code_of_what_banks_would_cut_or_drop(example):
    with pytest.raises(Fault) as caught:
        encode(transfer(example["input"]))
    assert caught.value.code == "VIETQR_INVALID"


@given(TRANSFERS)
def test_what_is_written_is_read_back(transfer):
    assert decode(encode(transfer)) == transfer


@given(TRANSFERS, st.data())
def test_one_wrong_character_is_never_read_as_another_transfer(transfer, data):
    payload = encode(transfer)
    place = data.draw(st.integers(0, len(payload) - 1))
    wrong = data.draw(st.characters(min_codepoint=32, max_codepoint=126))

    assert read(payload[:place] + wrong + payload[place + 1 :]) in (transfer, "VIETQR_UNREADABLE")


@given(st.text(max_size=600))
def test_no_text_breaks_the_reader(text):
    assert read(text) == "VIETQR_UNREADABLE"


def test_a_code_one_digit_short_inside_is_refused_although_its_checksum_is_right():
    inner = "0006970403011200110123456780208QRIBFTTA"  # says 12, holds 13
    payload = signed(f"00020101021138550010A0000007270127{inner}53037045802VN")

    with pytest.raises(Fault):
        decode(payload)


@pytest.mark.parametrize(
    "body",
    [
        "000201010211000201",  # a tag twice
        "00020101021153037045802VN",  # no beneficiary
        "01021100020138570010A000000727",  # does not begin as such a code does
        "00020101021138570010A00000072701270006970436011300110019324180208QRPUSHXX53037045802VN",
        "00020101021138570010A00000072701270006970436011300110019324180208QRIBFTTA53038405802US",
        NAPAS + "5303704540410.55802VN",
        "00020101021338570010A00000072701270006970436011300110019324180208QRIBFTTA53037045802VN",
    ],
)
def test_a_code_that_is_no_transfer_of_dong_is_refused(body):
    with pytest.raises(Fault) as caught:
        decode(signed(body))
    assert caught.value.code == "VIETQR_UNREADABLE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"bin": "97043"},
        {"bin": "97043６"},
        {"account": ""},
        {"account": "1" * 20},
        {"account": "0011-0019"},
        {"amount": 0},
        {"amount": -1},
        {"amount": LARGEST_AMOUNT + 1},
        {"amount": True},
        {"add_info": ""},
        {"add_info": "dòng\nmới"},
        {"service": "QRPUSH"},
        {"service": CARD, "account": "12AB"},
    ],
)
def test_each_wrong_field_is_named(wrong):
    with pytest.raises(Fault) as caught:
        encode(Transfer(**{**{name: getattr(GOOD, name) for name in GOOD.__slots__}, **wrong}))

    assert caught.value.code == "VIETQR_INVALID"
    assert any(problem.startswith(tuple(wrong)) for problem in caught.value.facts["problems"])


def test_a_memo_that_does_not_fit_is_offered_back_as_one_that_does():
    with pytest.raises(Fault) as caught:
        encode(Transfer("970436", "1", 1, "Thanh toán hóa đơn của Đặng Văn Ánh"))

    suggestion = caught.value.facts["suggestion"]
    assert suggestion == "Thanh toan hoa don cua Da"
    assert suggestion in caught.value.hint
    assert decode(encode(Transfer("970436", "1", 1, suggestion))).add_info == suggestion


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(Fault) as caught:
        encode(Transfer("1", "-", 0, "đ", "x"))

    assert len(caught.value.facts["problems"]) == 5


@pytest.mark.parametrize(("text", "crc"), [("123456789", "29B1"), ("", "FFFF"), ("A", "B915")])
def test_the_checksum_is_the_one_of_emvco(text, crc):
    assert checksum(text) == crc


@given(st.text(max_size=200))
def test_a_memo_fits_every_bank(text):
    made = memo(text)

    assert len(made) <= 25
    assert memo(made) == made
    if made:
        encode(Transfer("970436", "1", 1, made))


def test_a_memo_keeps_the_words_and_drops_the_marks():
    assert memo("Thanh toán HĐ/2026: Đặng Văn Ánh") == "Thanh toan HD 2026 Dang V"
