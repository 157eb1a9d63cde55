"""Layout of the XML: which fields in which order, how long, and which of them have to be there?

Form 1 of the data format 2.1.0, as public implementations quote the authority's table of fields;
there is no public schema. `21,6` in that table is read as 21 digits, six of them decimals, which
is the narrower of two readings. What the format has for adjustments, delegated issue and leasing
is not here: such a document is refused as one we do not know.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

VERSION: Final = "2.1.0"
FORM: Final = 1
TITLE: Final = "HÓA ĐƠN GIÁ TRỊ GIA TĂNG"
DATA_ID: Final = "data"
SIGNATURES: Final = "DSCKS"

# What a line is: goods or services, a gift, a discount, a note, goods with fields of their own.
KINDS: Final = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Field:
    """An element: its name, and either the elements in it or what its text may be.

    `most` is its greatest length in letters. `is_needed` says that it has to be there, `is_many`
    that it may be there more than once; `is_opaque` leaves what is in it to somebody else.
    """

    name: str
    most: int = 0
    allows: Callable[[str], bool] | None = None
    inner: tuple["Field", ...] = ()
    is_needed: bool = False
    is_many: bool = False
    is_opaque: bool = False


_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DIGITS = re.compile(r"[1-9][0-9]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TAX_CODE: Final = re.compile(r"[0-9]{10}(-[0-9]{3})?|[0-9]{12}")
# Circular 91/2026/TT-BTC, annex I: with or without a code of the authority, the year, the kind.
SYMBOL: Final = re.compile(r"[CK](?P<year>[0-9]{2})[TDLMNBGHXF][A-Z]{2}")
_RATE = re.compile(r"10%|8%|5%|0%|KCT|KKKNT")
_FLAG = re.compile(r"[01]")


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _decimal(digits: int, decimals: int) -> Callable[[str], bool]:
    """Plain digits: no exponent, no groups, no leading zeros, and no more than the format holds."""

    def allows(text: str) -> bool:
        if not _NUMBER.fullmatch(text):
            return False
        whole, _, part = text.lstrip("-").partition(".")
        return len(part) <= decimals and len(whole) + len(part) <= digits

    return allows


def _is_day(text: str) -> bool:
    try:
        return _DAY.fullmatch(text) is not None and date.fromisoformat(text).year > 2000
    except ValueError:
        return False


def _text(name: str, most: int, *, is_needed: bool = False) -> Field:
    return Field(name, most, is_needed=is_needed)


def _amount(name: str, *, is_needed: bool = False) -> Field:
    return Field(name, 22, _decimal(21, 6), is_needed=is_needed)


_EXTRA = Field(
    "TTKhac",
    inner=(
        Field(
            "TTin",
            inner=(
                _text("TTruong", 50, is_needed=True),
                Field("KDLieu", 8, _matches(re.compile("string|numeric|dateTime|date")), (), True),
                _text("DLieu", 255, is_needed=True),
            ),
            is_many=True,
        ),
    ),
)
_GENERAL = Field(
    "TTChung",
    inner=(
        Field("PBan", 6, VERSION.__eq__, is_needed=True),
        Field("THDon", 100, TITLE.__eq__, is_needed=True),
        Field("KHMSHDon", 1, str(FORM).__eq__, is_needed=True),
        Field("KHHDon", 6, _matches(SYMBOL), is_needed=True),
        Field("SHDon", 8, _matches(_DIGITS), is_needed=True),
        _text("MHSo", 20),
        Field("NLap", 10, _is_day, is_needed=True),
        Field("HDCTTChinh", 1, _matches(_FLAG), is_needed=True),
        _text("SBKe", 50),
        Field("NBKe", 10, _is_day),
        Field("DVTTe", 3, _matches(re.compile("[A-Z]{3}")), is_needed=True),
        Field("TGia", 8, _decimal(7, 2)),
        _text("HTTToan", 50, is_needed=True),
        Field("MSTTCGP", 14, _matches(TAX_CODE)),
        _EXTRA,
    ),
    is_needed=True,
)
_SELLER = Field(
    "NBan",
    inner=(
        _text("Ten", 400, is_needed=True),
        Field("MST", 14, _matches(TAX_CODE), is_needed=True),
        _text("DChi", 400, is_needed=True),
        _text("MCHang", 50),
        _text("TCHang", 400),
        _text("SDThoai", 20),
        _text("DCTDTu", 50),
        _text("STKNHang", 30),
        _text("TNHang", 400),
        _text("Fax", 20),
        _text("Website", 100),
        _EXTRA,
    ),
    is_needed=True,
)
_BUYER = Field(
    "NMua",
    inner=(
        _text("Ten", 400),
        Field("MST", 14, _matches(TAX_CODE)),
        _text("MDVQHNSach", 7),
        _text("DChi", 400),
        _text("MKHang", 50),
        _text("SDThoai", 20),
        Field("CCCDan", 12, _matches(re.compile("[0-9]{12}"))),
        Field("SHChieu", 20, _matches(re.compile("[A-Z0-9]{5,20}"))),
        _text("DCTDTu", 50),
        _text("HVTNMHang", 100),
        _text("STKNHang", 30),
        _text("TNHang", 400),
        _EXTRA,
    ),
    is_needed=True,
)
_LINE = Field(
    "HHDVu",
    inner=(
        Field("TChat", 1, KINDS.__contains__, is_needed=True),
        Field("STT", 4, _matches(_DIGITS)),
        _text("MHHDVu", 50),
        _text("THHDVu", 500, is_needed=True),
        _text("DVTinh", 50),
        _amount("SLuong"),
        _amount("DGia"),
        Field("TLCKhau", 7, _decimal(6, 4)),
        _amount("STCKhau"),
        _amount("ThTien"),
        Field("TSuat", 11, _matches(_RATE)),
        _EXTRA,
    ),
    is_needed=True,
    is_many=True,
)
_RATES = Field(
    "THTTLTSuat",
    inner=(
        Field(
            "LTSuat",
            inner=(
                Field("TSuat", 11, _matches(_RATE), is_needed=True),
                _amount("ThTien", is_needed=True),
                _amount("TThue", is_needed=True),
            ),
            is_needed=True,
            is_many=True,
        ),
    ),
    is_needed=True,
)
_FEES = Field(
    "DSLPhi",
    inner=(
        Field(
            "LPhi",
            inner=(_text("TLPhi", 100, is_needed=True), _amount("TPhi", is_needed=True)),
            is_many=True,
        ),
    ),
)
_TOTALS = Field(
    "TToan",
    inner=(
        _RATES,
        _amount("TgTCThue", is_needed=True),
        _amount("TGTKCThue"),
        _amount("TgTThue", is_needed=True),
        _FEES,
        _amount("TTCKTMai"),
        _amount("TGTKhac"),
        _amount("TgTTTBSo", is_needed=True),
        _text("TgTTTBChu", 255, is_needed=True),
        _EXTRA,
    ),
    is_needed=True,
)
_CONTENT = Field(
    "NDHDon",
    inner=(_SELLER, _BUYER, Field("DSHHDVu", inner=(_LINE,), is_needed=True), _TOTALS),
    is_needed=True,
)
INVOICE: Final = Field(
    "HDon",
    inner=(
        Field("DLHDon", inner=(_GENERAL, _CONTENT, _EXTRA), is_needed=True),
        _text("DLQRCode", 512),
        Field("MCCQT", 34, _matches(re.compile("[0-9A-Z-]{1,34}"))),
        Field(
            SIGNATURES,
            inner=tuple(
                Field(who, is_opaque=True, is_needed=who == "NBan")
                for who in ("NBan", "NMua", "CQT", "CCKSKhac")
            ),
            is_needed=True,
        ),
    ),
    is_needed=True,
)
# Where an Id may stand; who signs refers to it.
IDENTIFIED: Final = frozenset({"DLHDon", "MCCQT"})
