"""Names: what is a Vietnamese person called, by which word, and as Anh or as Chị?

A name stands in the order family, middle, given, and is kept as it was typed. The salutation is
what somebody has said: a salutation, a gender, a title in the name, a personal id. Only then
does a small model of given names guess, and only when it is sure; otherwise the pair Anh/Chị is
right for everybody. Bạn and Em are never guessed: they say how two people stand to each other.
Degrees, jobs and remarks beside a name are no part of it (`name_notes`), and where the clan stands
last a person is called by what stands before it (`clans`).
Measured error and coverage: docs/vietnam.md.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from domain.kernel import text
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.vn import name_model
from domain.vn.clans import ClanName, clan_name
from domain.vn.name_notes import without_jobs, without_notes

Gender: TypeAlias = Literal["male", "female"]

SURE_PERCENT = 93  # below it the model does not answer; how it was chosen: docs/vietnam.md
_SAID_PERCENT = 100
_MOST_OF_A_GUESS = 99
_MOST_TYPED = 200


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


class NameBasis(StrEnum):
    """What a salutation was read from, the strongest first."""

    SALUTATION = "salutation"
    GENDER = "gender"
    TITLE = "title"
    PERSONAL_ID = "personal_id"
    NAME = "name"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReading:
    """A name in its parts, and how its bearer is addressed.

    The parts are spelled as typed, without titles and notes; missing ones are "". `gender` is
    None when nothing says it. `confidence` is a whole percentage: 100 for what somebody has said,
    50 to 99 for what the model makes of the name (also when that is too little for a gender), 0
    when it makes nothing of it.
    """

    family: str
    middle: str
    given: str
    gender: Gender | None
    confidence: int
    salutation: Salutation
    source: NameBasis


def read_name(
    display: str,
    *,
    gender: str | None = None,
    salutation: Salutation | None = None,
    personal_id: str | None = None,
) -> NameReading:
    """A name as somebody typed it, with or without marks, in any case, with or without a title.

    `gender` is "male" or "female". `personal_id` counts when it has 12 digits: the fourth is
    even for men and odd for women (Decree 137/2015/ND-CP, Circular 59/2021/TT-BCA); other
    numbers say nothing.

    Raises Fault NAME_INVALID for a text without a name, GENDER_INVALID for another gender.
    """
    named, remarks = without_notes(_typed(display))
    titled, name = _without_titles(named)
    for remark in remarks:
        titled = titled or _titled(remark)
    of_clan = clan_name(name.split())
    family, middle, given = _parts(name, of_clan)
    said = _said(salutation, _gender(gender), titled, personal_id)
    if said is None:
        known, percent = _told_by(of_clan) or _guessed(family, middle.split(), given)
        said = (
            _salutation(known),
            known,
            percent,
            NameBasis.NAME if known else NameBasis.NONE,
        )
    return NameReading(
        family=family,
        middle=middle,
        given=given,
        salutation=said[0],
        gender=said[1],
        confidence=said[2],
        source=said[3],
    )


def _parts(name: str, of_clan: ClanName | None) -> tuple[str, str, str]:
    if of_clan:
        return of_clan.clan, "", of_clan.given
    if not without_jobs(name.split()):
        return "", "", name  # whoever is known by a job alone
    return split_name(name)


def said_by_title(title: str) -> Salutation | None:
    """The salutation in a title that is nothing else, such as Bà or Ms.; None for a job title."""
    gender = _titled(title)
    return _salutation(gender) if gender is not None else None


def address_as(salutation: Salutation, given: str) -> str:
    """How a letter begins: `Chị Lan`, or `Anh/Chị Lan` while nobody has said."""
    return f"{SALUTATION_TEXT[salutation]} {given}".rstrip()


# --- the parts of a name ---

# Family names of more than one word, folded; longest first. All others are one word.
_LONG_FAMILIES = (
    ("cong", "tang", "ton", "nu"),
    ("cong", "huyen", "ton", "nu"),
    ("ton", "that"),
    ("ton", "nu"),
)
# Those that are other people's family and middle name without their marks.
_MARKED_FAMILIES = frozenset({("âu", "dương"), ("hoàng", "phủ"), ("rơ", "chăm"), ("rơ", "mah")})


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


def _family_words(parts: Sequence[str]) -> int:
    folded = tuple(fold(part) for part in parts)
    for family in _LONG_FAMILIES:
        if folded[: len(family)] == family and len(parts) > len(family):
            return len(family)
    marked = tuple(unicodedata.normalize("NFC", part).lower() for part in parts[:2])
    return 2 if marked in _MARKED_FAMILIES and len(parts) > 2 else 1


def _typed(display: str) -> str:
    try:
        typed = text.line(display, _MOST_TYPED)
    except ValueError as error:
        raise _name_invalid() from error
    if not any(character.isalpha() for character in typed):
        raise _name_invalid()
    return typed


def _name_invalid() -> Fault:
    return Fault(
        "NAME_INVALID",
        Kind.INVALID,
        "This is not the name of a person.",
        "Give the name as it is written on one line, such as Nguyễn Thị Lan.",
    )


# --- what somebody has said ---

_Said: TypeAlias = tuple[Salutation, Gender | None, int, NameBasis]

_MEN: Gender = "male"
_WOMEN: Gender = "female"
_GENDER_OF: Mapping[Salutation, Gender] = {Salutation.ANH: _MEN, Salutation.CHI: _WOMEN}
_TITLES: Mapping[str, Gender | None] = {
    "anh": _MEN,
    "ông": _MEN,
    "chú": _MEN,
    "cậu": _MEN,
    "dượng": _MEN,
    "thầy": _MEN,
    "mr": _MEN,
    "chị": _WOMEN,
    "bà": _WOMEN,
    "cô": _WOMEN,
    "dì": _WOMEN,
    "mợ": _WOMEN,
    "thím": _WOMEN,
    "ms": _WOMEN,
    "mrs": _WOMEN,
    "miss": _WOMEN,
    "bác": None,
    "cụ": None,
    "bạn": None,
    "em": None,
    "anh/chị": None,
    "anh/chi": None,
    "ông/bà": None,
    "ong/ba": None,
}
# Without marks these are titles only in front of a whole name: Chi is also a given name. Chu is
# left out, for without its mark it is a family name.
_PLAIN_TITLES: Mapping[str, Gender] = {"ong": _MEN, "chi": _WOMEN, "ba": _WOMEN, "co": _WOMEN}
# Family names, folded. A word that is more often a middle or given name (Kim, Ngọc) is left out.
_FAMILY_WORDS = """
    an au ba bach ban banh be bo bui ca cai cam can cao cat cha chau che chieu chu chuc
    chung chuong co cong cu cung dam dan dang danh dao dau dien diep dieu dinh do doan doi
    dong du duong giam giang giap ha han hang ho hoa hoang hua huynh kha khau khieu khong
    khuat khuc khuong khuu kieu la lac lai lam lang lanh lau le len leo lieu lo loc lu luc
    luong luu luyen ly ma mac mach mai man mang moc mong mua nghe nghiem ngo ngu nguy nguyen
    nham nhan ninh nong on ong pham phan phi pho phung quach quan que sai sam sung ta tan
    tang tao te thach thai than thiem thieu tho tiet tieu to toan ton tong tra tram tran
    trieu trinh truong tu tuong ung uong van vang vi vien vo vu vuong vy xa xin yen
"""
_FAMILIES = frozenset(_FAMILY_WORDS.split())
# Last words that tell of a name written the Western way round, as in Linh Tran.
_FAMILIES_AT_THE_END = frozenset(
    ["nguyen", "tran", "pham", "huynh", "phan", "bui", "ngo", "nguyễn", "trần", "phạm", "bùi"]
)
_PERSONAL_ID = re.compile(r"[0-9]{12}")


def _gender(gender: str | None) -> Gender | None:
    match gender:
        case None:
            return None
        case "male":
            return _MEN
        case "female":
            return _WOMEN
    raise Fault(
        "GENDER_INVALID",
        Kind.INVALID,
        "This is not a gender that decides a salutation.",
        "Give male or female, or leave it out.",
    )


def _said(
    salutation: Salutation | None,
    gender: Gender | None,
    titled: Gender | None,
    personal_id: str | None,
) -> _Said | None:
    if salutation is not None:
        known = gender or _GENDER_OF.get(salutation)
        return salutation, known, _SAID_PERCENT, NameBasis.SALUTATION
    claims: tuple[tuple[Gender | None, NameBasis], ...] = (
        (gender, NameBasis.GENDER),
        (titled, NameBasis.TITLE),
        (_of_personal_id(personal_id), NameBasis.PERSONAL_ID),
    )
    for known, source in claims:
        if known is not None:
            return _salutation(known), known, _SAID_PERCENT, source
    return None


def _salutation(gender: Gender | None) -> Salutation:
    if gender is None:
        return Salutation.NEUTRAL
    return Salutation.ANH if gender == _MEN else Salutation.CHI


def _of_personal_id(personal_id: str | None) -> Gender | None:
    if personal_id is None or not _PERSONAL_ID.fullmatch(personal_id.strip()):
        return None
    return _WOMEN if int(personal_id.strip()[3]) % 2 else _MEN


def _titled(title: str) -> Gender | None:
    return _TITLES.get(title.strip().rstrip(".").lower())


def _told_by(of_clan: ClanName | None) -> tuple[Gender | None, int] | None:
    return (of_clan.gender, _MOST_OF_A_GUESS) if of_clan else None


def _without_titles(name: str) -> tuple[Gender | None, str]:
    """What the titles in front say, and the name behind them, degrees and jobs. What is nothing
    but titles is a name.
    """
    gender: Gender | None = None
    while True:
        named = " ".join(without_jobs(name.split())) or name
        said, rest = _without_title(named)
        gender = gender or said
        if rest == name:
            return gender, name
        name = rest


def _without_title(name: str) -> tuple[Gender | None, str]:
    """What the title in front says, and the name without it. A title alone is a name."""
    first, _, rest = name.partition(" ")
    rest = rest.strip()
    title = first.rstrip(".").lower()
    if not any(character.isalpha() for character in rest):
        return None, name
    if title in _TITLES:
        return (None, name) if title == "anh" and _is_a_name(rest) else (_TITLES[title], rest)
    following = rest.split()
    if title in _PLAIN_TITLES and len(following) > 1 and fold(following[0]) in _FAMILIES:
        return _PLAIN_TITLES[title], rest
    return None, name


def _is_a_name(rest: str) -> bool:
    """Whether Anh is part of the name: Anh Thư is a woman's, and Anh Tran the Western way round."""
    *before, last = rest.split()
    if last.lower() in _FAMILIES_AT_THE_END:
        return True
    if before:
        return False
    male, percent = name_model.confidence((), rest, marked=name_model.is_marked(rest))
    return not male and percent >= SURE_PERCENT


# --- what a name makes likely ---


def _guessed(family: str, middle: Sequence[str], given: str) -> tuple[Gender | None, int]:
    """The gender when the model is sure, and how sure it is; nothing for a foreign name."""
    marked = name_model.is_marked(compose_name(family, " ".join(middle), given))
    if not _is_vietnamese(family, middle, given):
        return None, 0
    if family and not _is_family(family):
        middle = (family, *middle)  # Thu Hà without a family name
    male, percent = name_model.confidence(middle, given, marked=marked)
    if percent < SURE_PERCENT:
        return None, percent
    return (_MEN if male else _WOMEN), percent


def _is_vietnamese(family: str, middle: Sequence[str], given: str) -> bool:
    if any(
        word.lower() == "thị" or (_is_family(family) and fold(word) == "thi") for word in middle
    ):
        return True  # whatever the given name: Trần Thị B, Bo Bo Thị Yến
    if not name_model.is_syllable(given) or given.lower() in _FAMILIES_AT_THE_END:
        return False
    if not family:
        return name_model.knows_given(given)
    if _is_family(family):
        return True
    # Without a known family name only what is typed with its marks and met as a given name.
    return (
        name_model.is_marked(f"{family} {given}")
        and name_model.knows_middle(family)
        and name_model.knows_given(given)
    )


def _is_family(family: str) -> bool:
    return fold(family) in _FAMILIES or " " in family
