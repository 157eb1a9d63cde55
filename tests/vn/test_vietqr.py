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
    add_info=st.none() | st.from_regex(r"[!-~][ -~]{0,24}", fullmatch=True),
)
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


def field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def code(
    *,
    version: str = "01",
    method: str = "12",
    guid: str = "A000000727",
    beneficiary: str = field("00", "970436") + field("01", "0011001932418"),
    service: str = field("02", "QRIBFTTA"),
    tail: str = "5303704540550000" + "5802VN",
) -> str:
    """A code with a right checksum; without arguments it is a good one."""
    napas = field("00", guid) + field("01", beneficiary) + service
    return signed(field("00", version) + field("01", method) + field("38", napas) + tail)


@pytest.mark.parametrize(
    "payload",
    [
        code(version="02"),
        code(method="13"),
        code(guid="A000000728"),
        code(service=field("02", "QRPUSHXX")),
        code(service=""),
        code(service=field("02", "QRIBFTTA") + field("03", "X")),
        code(beneficiary=field("00", "970436")),
        code(beneficiary=field("01", "0011001932418") + field("01", "970436")),
        code(beneficiary=field("00", "970436") + field("01", "1") + field("02", "QRIBFTTA")),
        code(beneficiary=field("00", "97043A") + field("01", "1")),
        code(beneficiary=field("00", "970436") + field("01", "0011-0019")),
        code(beneficiary=field("00", "970436") + field("01", "1" * 20)),
        code(beneficiary=field("00", "970436") + "0199" + "1" * 10),  # longer than what holds it
        code(beneficiary=field("00", "970436") + field("01", "1") + "0"),  # something is left over
        code(tail="5303840540550000" + "5802VN"),
        code(tail="5303704540550000" + "5802US"),
        code(tail="5303704" + "5802VN" + "5303704"),
        code(tail="5303704" + field("54", "10.5") + "5802VN"),
        code(tail="5303704" + field("54", "0") + "5802VN"),
        code(tail="5303704" + field("54", "00000000010000") + "5802VN"),
        code(tail="5303704" + "5400" + "5802VN"),  # an empty amount
        code(tail="5303704" + "5802VN" + "5900"),  # an empty name
        code(tail="5303704" + "5802VN" + field("62", "0899abc")),
        code(tail="5303704" + "5802VN" + "5999abc"),
        code().removesuffix(code()[-4:]) + "0000",
        code(tail="5303704540550000" + field("55", "01") + "5802VN"),
        code(tail="5303704540550000" + field("55", "02") + field("56", "5000") + "5802VN"),
        code(tail="5303704540550000" + field("55", "03") + field("57", "5") + "5802VN"),
        code(tail="5303704" + "5802VN" + field("62", "0800" + "0800")),
        f"99{code()[2:]}",
        signed("000201010211" + "53037045802VN"),  # nobody to be paid
    ],
)
def test_a_code_with_one_thing_wrong_is_refused_although_its_checksum_is_right(payload):
    assert read(code()) == Transfer("970436", "0011001932418", 50_000)
    assert read(payload) == "VIETQR_UNREADABLE"


@pytest.mark.parametrize("bank", ["970407", "970422", "970436", "970415", "963388"])
@pytest.mark.parametrize(
    "tail",
    [
        "53037045802VN",
        "5303704540550000" + "5802VN" + field("62", field("08", "HD1")),
        "53037045802VN" + field("59", "TCB") + field("60", "Hanoi"),
        field("26", field("00", "vn.momo") + field("01", "1")) + "53037045802VN",
    ],
)
def test_the_case_of_the_checksum_says_nothing(bank, tail):
    for last in range(20):  # some checksums have letters
        beneficiary = field("00", bank) + field("01", f"1901234567890{last:02d}")
        large = code(beneficiary=beneficiary, tail=tail)
        small = large[:-4] + large[-4:].lower()

        assert decode(small) == decode(large)
        assert decode(large[:-1] + large[-1].lower()) == decode(large)


def test_a_code_of_an_issuer_that_prints_small_letters_is_read():
    payload = (
        "00020101021138580010A000000727012800069704070114190123456789010208QRIBFTTA"
        "53037045802VN6304c465"
    )

    assert decode(payload) == Transfer("970407", "19012345678901")


@pytest.mark.parametrize(
    "payload",
    [
        code(tail="5303704540550000" + "5802VN" + field("62", "0800")),
        code(tail="5303704540550000" + "5802VN" + "6200"),
        code(tail="5303704540550000" + "5802VN" + field("62", "0800" + field("07", "T1"))),
        signed(code()[:-8].replace(field("01", "12"), "", 1)),
        code(beneficiary=field("01", "0011001932418") + field("00", "970436")),
        signed(
            "000201010212"
            + field(
                "38",
                field("02", "QRIBFTTA")
                + field("01", field("00", "970436") + field("01", "0011001932418"))
                + field("00", "A000000727"),
            )
            + "5303704540550000"
            + "5802VN"
        ),
    ],
)
def test_what_carries_no_information_is_no_reason_to_refuse(payload):
    assert decode(payload) == Transfer("970436", "0011001932418", 50_000)


@pytest.mark.parametrize("nothing", [None, "", " ", "   "])
def test_a_memo_that_says_nothing_is_none(nothing):
    assert encode(Transfer("970436", "1", 1, nothing)) == encode(Transfer("970436", "1", 1))


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
