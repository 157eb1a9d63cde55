"""What is this person called, how is she addressed, and are phone and e-mail usable?"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum

from domain.kernel import text
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold


class Salutation(StrEnum):
    """How a person wants to be addressed; chosen by somebody, never guessed from an age."""

    ANH = "anh"
    CHI = "chi"
    BAN = "ban"
    EM = "em"
    NEUTRAL = "neutral"


SALUTATION_TEXT: Mapping[Salutation, str] = {
    Salutation.ANH: "Anh",
    Salutation.CHI: "Chị",
    Salutation.BAN: "Bạn",
    Salutation.EM: "Em",
    Salutation.NEUTRAL: "Anh/Chị",  # the formal pair: right for everybody, wrong for nobody
}

# Family names of more than one word, folded; longest first. All others are one word.
_LONG_FAMILIES = (
    ("cong", "tang", "ton", "nu"),
    ("cong", "huyen", "ton", "nu"),
    ("ton", "that"),
    ("ton", "nu"),
)


def split_name(display: str) -> tuple[str, str, str]:
    """`(family, middle, given)` of a name in Vietnamese order, spelled as it was typed.

    The first word is the family name, the last the given name by which a person is addressed,
    what is between them the middle name. A single word is a given name; missing parts are "".
    """
    parts = display.split()
    if len(parts) < 2:
        return "", "", "".join(parts)
    family = _family_words(parts)
    return " ".join(parts[:family]), " ".join(parts[family:-1]), parts[-1]


def compose_name(family: str, middle: str, given: str) -> str:
    """The name as it is written: family, middle, given; what is missing leaves no gap."""
    return " ".join(f"{family} {middle} {given}".split())


def address_as(salutation: Salutation, given: str) -> str:
    """How a letter begins: `Chị Lan`, or `Anh/Chị Lan` while nobody has said."""
    return f"{SALUTATION_TEXT[salutation]} {given}".rstrip()


def _family_words(parts: list[str]) -> int:
    folded = tuple(fold(part) for part in parts)
    for family in _LONG_FAMILIES:
        if folded[: len(family)] == family and len(parts) > len(family):
            return len(family)
    return 1


# --- phone numbers ---

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
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def phone_e164(raw: str) -> str:
    """A typed phone number in E.164, `+84903123456`; without a country code it is Vietnamese.

    Old eleven-digit mobile numbers become the ten-digit numbers they were changed into in 2018.
    Letters are refused (an O is not a 0), and so are service numbers (1800, 1900), which nobody
    can dial with +84.

    Raises Fault PHONE_INVALID.
    """
    import phonenumbers

    dialled = _DASHES.sub("-", unicodedata.normalize("NFKC", raw[: _MOST_TYPED + 1])).strip()
    if len(raw) > _MOST_TYPED or not _DIALLED.fullmatch(dialled):
        raise _phone_invalid()
    try:
        number = phonenumbers.parse(dialled, "VN")
    except phonenumbers.NumberParseException as error:
        raise _phone_invalid() from error
    national = str(number.national_number)
    is_vietnamese = number.country_code == _VIETNAM
    if is_vietnamese and len(national) == _OLD_MOBILE_DIGITS and national[:3] in _MIGRATED:
        number.national_number = int(_MIGRATED[national[:3]] + national[3:])
    is_service = is_vietnamese and national.startswith(_SERVICE_PREFIXES)
    if is_service or not phonenumbers.is_valid_number(number):
        raise _phone_invalid()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _phone_invalid() -> Fault:
    return Fault(
        "PHONE_INVALID",
        Kind.INVALID,
        "This is not a phone number that can be reached.",
        "Give one number in digits, such as 0903 123 456 or +84 24 3825 5555, without extension.",
    )


# --- e-mail ---

_MAX_EMAIL = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_MAX_LOCAL = 64
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[^\W\d_](?:[^\W_]|-){{0,61}}[^\W_]")


def email_address(raw: str) -> str:
    """A typed e-mail address: NFC, its domain in lower case. Only the shape is checked.

    Raises Fault EMAIL_INVALID.
    """
    try:
        typed = text.line(raw, _MAX_EMAIL)
    except ValueError as error:
        raise _email_invalid() from error
    local, _, domain = typed.rpartition("@")
    domain = domain.lower()
    if not local or len(local) > _MAX_LOCAL:
        raise _email_invalid()
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise _email_invalid()
    return f"{local}@{domain}"


def _email_invalid() -> Fault:
    return Fault(
        "EMAIL_INVALID",
        Kind.INVALID,
        "This is not one e-mail address.",
        "Give the bare address, such as lan@example.vn, without a name or brackets.",
    )
