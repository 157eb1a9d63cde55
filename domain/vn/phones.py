"""Phone numbers: which was typed? Vietnamese numbers in E.164, as they are dialled today."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.kernel.faults import Fault, Kind
from domain.vn.area_codes import NotALandlineError, landline_of_today

# Mobile prefixes that lost a digit between 2018-09-15 and 2018-11-14 (Circular
# 11/2018/TT-BTTTT). National numbers without the leading 0.
_MIGRATED: Mapping[str, str] = {
    "120": "70",
    "121": "79",
    "122": "77",
    "123": "83",
    "124": "84",
    "125": "85",
    "126": "76",
    "127": "81",
    "128": "78",
    "129": "82",
    "162": "32",
    "163": "33",
    "164": "34",
    "165": "35",
    "166": "36",
    "167": "37",
    "168": "38",
    "169": "39",
    "186": "56",
    "188": "58",
    "199": "59",
}
_VIETNAM = 84
_OLD_MOBILE_DIGITS = 10
_SERVICE_PREFIXES = ("1800", "1900")
_MOST_TYPED = 40
_DIALLED = re.compile(r"[0-9+().\-/ ]+")
# What telephones and spreadsheets put around a number that is copied from them.
_UNSEEN = (
    " \t\r\n\u00a0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_DASHES = re.compile("[\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be reached. `e164` of a service number (1800, 1900) is its national form,
    because nobody can dial it with a country code.
    """

    e164: str
    national: str
    kind: str  # mobile, fixed, service or other
    migrated: bool  # whether it was typed as it was before 2018


def read_phone(raw: str) -> Phone:
    """A typed number; without a country code it is Vietnamese.

    Old eleven-digit mobile numbers become the ten-digit numbers they were changed into in 2018,
    landlines with an area code of before 2017 have that of today. Letters are refused (an O is
    not a 0). Raises Fault PHONE_INVALID, also for what may be a mobile of today or a landline of
    then: a wrong guess is somebody else's number.
    """
    import phonenumbers  # loaded with its tables when a first number is read

    typed = raw.strip(_UNSEEN)
    dialled = _DASHES.sub("-", unicodedata.normalize("NFKC", typed[: _MOST_TYPED + 1])).strip()
    if len(typed) > _MOST_TYPED or not _DIALLED.fullmatch(dialled):
        raise _invalid()
    try:
        number = phonenumbers.parse(dialled, "VN")
    except phonenumbers.NumberParseException as error:
        raise _invalid() from error
    national = str(number.national_number)
    is_vietnamese = number.country_code == _VIETNAM
    migrated = is_vietnamese and len(national) == _OLD_MOBILE_DIGITS and national[:3] in _MIGRATED
    if migrated:
        number.national_number = int(_MIGRATED[national[:3]] + national[3:])
    elif is_vietnamese:
        is_known = phonenumbers.is_valid_number(number)
        try:
            landline = landline_of_today(dialled, national, is_known=is_known)
        except NotALandlineError:
            raise _unsure() from None
        if landline is not None:
            number.national_number, migrated = int(landline), True
    if not phonenumbers.is_valid_number(number):
        raise _invalid()
    shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    if is_vietnamese and national.startswith(_SERVICE_PREFIXES):
        return Phone(national, shown, "service", migrated=False)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, shown, _kind(phonenumbers, number), migrated)


def phone_e164(raw: str) -> str:
    """A typed number of a person in E.164, `+84903123456`; nobody has a service number.

    Raises Fault PHONE_INVALID.
    """
    phone = read_phone(raw)
    if phone.kind == "service":
        raise _invalid()
    return phone.e164


def _kind(phonenumbers: Any, number: Any) -> str:
    sort = phonenumbers.number_type(number)
    kinds = phonenumbers.PhoneNumberType
    if sort == kinds.MOBILE:
        return "mobile"
    return "fixed" if sort == kinds.FIXED_LINE else "other"


def _unsure() -> Fault:
    return Fault(
        "PHONE_INVALID",
        Kind.INVALID,
        "This looks like a landline with its area code of before 2017, and is none for certain.",
        "Ask for it: write a landline with the code of today, such as +84 28 3825 5555, and a "
        "mobile in one piece, such as 0838255555.",
    )


def _invalid() -> Fault:
    return Fault(
        "PHONE_INVALID",
        Kind.INVALID,
        "This is not a phone number that can be reached.",
        "Give one number in digits, such as 0903 123 456 or +84 24 3825 5555, without extension.",
    )
