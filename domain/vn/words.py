"""Amounts in words: how is a number written out in Vietnamese? Then the words of its currency.

The words stand on a hóa đơn beside the digits, and nobody knows which of the two to believe when
they disagree, so they are made here, from integers, and read back by the tests. Source: Decree
254/2026/ND-CP, annex 8, for the units above a billion and the examples; the spelling variants are
regional or a matter of taste, and all of them are in use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import EXPONENTS

LARGEST = 10**21 - 1  # beyond a thousand billion billions there is no customary word
_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_BILLION = 10**9

# Currency: what its units and its hundredths are called.
UNITS: Mapping[str, tuple[str, str]] = {
    "VND": ("đồng", ""),
    "USD": ("đô la Mỹ", "xu"),
    "EUR": ("ơ-rô", "xu"),
    "GBP": ("bảng Anh", "xu"),
    "JPY": ("yên Nhật", ""),
    "KRW": ("won Hàn Quốc", ""),
    "CNY": ("nhân dân tệ", "phân"),
    "SGD": ("đô la Singapore", "xu"),
    "AUD": ("đô la Úc", "xu"),
    "CAD": ("đô la Canada", "xu"),
    "HKD": ("đô la Hồng Kông", "xu"),
    "CHF": ("phơ-răng Thụy Sĩ", "xu"),
    "THB": ("bạt Thái", "xu"),
}


_VARIANTS = (("linh", "lẻ"), ("nghìn", "ngàn"), ("tư", "bốn"), (True, False))


@dataclass(frozen=True, slots=True)
class Style:
    """Which of the variants in use; the defaults are those of most hóa đơn."""

    zero_tens: Literal["linh", "lẻ"] = "linh"
    thousand: Literal["nghìn", "ngàn"] = "nghìn"
    four: Literal["tư", "bốn"] = "tư"
    exactly: bool = False  # "chẵn" behind an amount without a fraction

    def __post_init__(self) -> None:
        chosen = (self.zero_tens, self.thousand, self.four, self.exactly)
        if any(one not in known for one, known in zip(chosen, _VARIANTS, strict=True)):
            raise Fault(
                "STYLE_UNKNOWN",
                Kind.INVALID,
                "There is no such way of writing amounts.",
                "zero_tens is linh or lẻ, thousand nghìn or ngàn, four tư or bốn, exactly a yes.",
            )


_USUAL = Style()


def amount_in_words(minor: int, currency: str, style: Style = _USUAL) -> str:
    """`Một trăm linh năm nghìn đồng` for 105,000 VND; a negative amount begins with `Âm`.

    `minor` is in minor units (dong, cents). Raises Fault AMOUNT_TOO_LARGE and
    CURRENCY_WITHOUT_WORDS.
    """
    if currency not in UNITS:
        raise Fault(
            "CURRENCY_WITHOUT_WORDS",
            Kind.INVALID,
            "Nobody told us how this currency is written in Vietnamese words.",
            f"Currencies with words are {', '.join(UNITS)}.",
        )
    unit, part = UNITS[currency]
    whole, fraction = divmod(abs(minor), 10 ** EXPONENTS[currency])
    words = [number_in_words(whole, style), unit]
    if fraction:
        words += ["và", number_in_words(fraction, style), part]
    elif style.exactly:
        words.append("chẵn")
    if minor < 0:
        words.insert(0, "âm")
    text = " ".join(words)
    return text[0].upper() + text[1:]


def number_in_words(number: int, style: Style = _USUAL) -> str:
    """A whole number in small letters, `âm` before a negative one.

    Raises Fault AMOUNT_TOO_LARGE beyond 10^21 - 1.
    """
    if abs(number) > LARGEST:
        raise Fault(
            "AMOUNT_TOO_LARGE",
            Kind.INVALID,
            "The number is too large to be written in words.",
            "The largest has 21 digits.",
        )
    words = _read(abs(number), style) or [_DIGITS[0]]
    return " ".join(["âm", *words] if number < 0 else words)


def _read(number: int, style: Style) -> list[str]:
    """The words of a number, none for zero. What stands before `tỷ` is a number of its own."""
    billions, rest = divmod(number, _BILLION)
    words = [*_read(billions, style), "tỷ"] if billions else []
    for size, name in ((10**6, "triệu"), (10**3, style.thousand), (1, "")):
        group, rest = divmod(rest, size)
        if group:
            words += _group(group, style, full=bool(words))
            words += [name] if name else []
    return words


def _group(group: int, style: Style, *, full: bool) -> list[str]:
    """Three digits; `full` also reads leading zeros, as every group but the first is read."""
    hundreds, tens, ones = group // 100, group // 10 % 10, group % 10
    words = [_DIGITS[hundreds], "trăm"] if hundreds or full else []
    if tens == 0:
        if ones:
            words += [style.zero_tens, _DIGITS[ones]] if words else [_DIGITS[ones]]
        return words
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones:
        words.append(_ones(tens, ones, style))
    return words


def _ones(tens: int, ones: int, style: Style) -> str:
    """One, four and five sound different behind a ten."""
    if ones == 5:
        return "lăm"
    if tens > 1 and ones == 1:
        return "mốt"
    if tens > 1 and ones == 4:
        return style.four
    return _DIGITS[ones]
