"""Address units: which words of an address name its ward and its district?

A unit is a sign (Phường, P., Quận, Q., TP. ...) and the name after it, up to the end of its part.
Signs are read from the end, because streets are called like anything: the ward of "12 Bà Huyện
Thanh Quan, P.7, Q.3" is found before its street is looked at. Names are not checked against a
list; a part without a sign is a name only between a ward and a province.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from domain.vn.address_words import (
    AddressWord,
    by_folded,
    has_marks,
    is_exactly,
    is_like,
    is_one_of,
    parts_of,
)


class Level(Enum):
    WARD = "ward"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Unit:
    """A sign and the name after it: `start` and `end` of the name are places in the text."""

    level: Level
    kind: str  # "Phường"; empty where the text does not say
    first: int  # the word it begins with
    after: int  # the word after the sign
    start: int
    end: int
    is_number: bool = False
    is_firm: bool = False  # the sign cannot be part of a name: "P.5", "Quận 1"


@dataclass(frozen=True, slots=True)
class Units:
    """What was found. `rest` is the number of words before the first unit."""

    ward: Unit | None = None
    district: Unit | None = None
    rest: int = 0
    has_second: bool = False  # two districts are named; this is the one nearer the end
    is_cut: bool = False  # after the last unit there are parts that say nothing


PHUONG, XA, THI_TRAN, DAC_KHU = "Phường", "Xã", "Thị trấn", "Đặc khu"
QUAN, HUYEN, THI_XA, THANH_PHO = "Quận", "Huyện", "Thị xã", "Thành phố"
_WARDS = {PHUONG, XA, THI_TRAN, DAC_KHU}
_SPELLED: Mapping[tuple[str, ...], tuple[str, tuple[str, ...]]] = {
    ("phuong",): (PHUONG, ("phường",)),
    ("xa",): (XA, ("xã",)),
    ("thi", "tran"): (THI_TRAN, ("thị", "trấn")),
    ("dac", "khu"): (DAC_KHU, ("đặc", "khu")),
    ("quan",): (QUAN, ("quận",)),
    ("huyen",): (HUYEN, ("huyện",)),
    ("thi", "xa"): (THI_XA, ("thị", "xã")),
    ("thanh", "pho"): (THANH_PHO, ("thành", "phố")),
    ("ward",): (PHUONG, ("ward",)),
}
_SHORT: Mapping[str, str] = {
    "p": PHUONG,
    "f": PHUONG,  # how the south has written it since the fifties
    "x": XA,
    "tt": THI_TRAN,
    "dk": DAC_KHU,
    "q": QUAN,
    "h": HUYEN,
    "tx": THI_XA,
    "tp": THANH_PHO,
    "dist": QUAN,
    "district": QUAN,
}
_NUMBERED = frozenset({"p", "f", "q", "dist", "district"})
_ONLY_NUMBERED = frozenset({"f", "dist", "district"})
_GLUED = re.compile("(phuong|quan|district|ward|p|f|q)([0-9]{1,2})")  # P5, Q1
# English puts the sign behind the name. A "District" may be a quận or a huyện.
_BEHIND: Mapping[str, tuple[Level, str]] = {
    "ward": (Level.WARD, PHUONG),
    "commune": (Level.WARD, XA),
    "city": (Level.DISTRICT, THANH_PHO),
    "district": (Level.DISTRICT, ""),
}
# With what follows or precedes, the sign is a piece of some other word or of a well-known street.
_NOT_BEFORE = {("xa", "lo"), ("xa", "hoi"), ("xa", "dan"), ("quan", "doi"), ("huyen", "tran")}
_NOT_AFTER = {("ba", "huyen"), ("tri", "phuong"), ("pho", "huyen")}
_ALSO_NAMES = frozenset({"quan", "xa"})  # words of names when they are typed without marks
_MOST_WORDS = 8
_MOST_SKIPPED = 3
_MOST_UNSIGNED = 5
# A part that begins so is a street, a building or a hamlet, and never a district. Words that
# districts begin with too (Cầu Giấy, Chợ Mới, Nhà Bè, Buôn Đôn) are left out.
_NO_DISTRICT = by_folded(
    "đường phố ngõ ngách hẻm kiệt hxh ql tl dt đt số tòa lầu tầng block tower building floor street"
    " road st d chung công cty khu kp kcn kdc kđt cụm thôn ấp khóm xóm gần đối tel sdt"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands between two commas: the words from `start` to before `end`."""

    words: Sequence[AddressWord]
    start: int
    end: int
    is_plain: bool  # nothing in the whole text has marks
    has_marks: bool  # something in this part has
    runs_on: bool  # what follows was already read, and no comma stands before it

    def unit(self, kind: str, sign: int, name: int, number: int = 0, *, is_firm: bool) -> Unit:
        """A unit that reaches to the end of the part; `number` is how long a glued one is."""
        start = self.words[name].end - number if number else self.words[name].start
        is_number = bool(number) or _is_small(self.words[name])
        firm = is_firm or is_number
        return Unit(_level(kind), kind, sign, name, start, self._last, is_number, firm)

    @property
    def _last(self) -> int:
        return self.words[self.end - 1].end


def units_of(words: Sequence[AddressWord], end: int, *, before_province: bool) -> Units:
    """The ward and the district that the first `end` words end with.

    `before_province` says that a province follows; otherwise parts without a sign may stand
    between the units and the end, and are left aside.
    """
    parts = _parts(words, end)
    found = _last(parts[-1]) if parts else None
    if found is None and before_province:
        return _unsigned(parts, end)
    skipped = 0
    while found is None and skipped < min(_MOST_SKIPPED, len(parts) - 1):
        skipped += 1
        found = _last(parts[-1 - skipped])
    if found is None:
        return Units(rest=end)
    if found.level is Level.WARD:
        return Units(ward=found, rest=found.first, is_cut=skipped > 0)
    return _below(words, found, is_cut=skipped > 0)


def _parts(words: Sequence[AddressWord], end: int) -> list[_Part]:
    marked = [has_marks(word.text) for word in words]
    return [
        _Part(
            words,
            first,
            after,
            is_plain=not any(marked),
            has_marks=any(marked[first:after]),
            runs_on=after < len(words) and not words[after].begins,
        )
        for first, after in parts_of(words, end)
    ]


def _below(words: Sequence[AddressWord], district: Unit, *, is_cut: bool) -> Units:
    """The ward before a district. A second district (Quận 9, TP Thủ Đức) is passed over."""
    rest, second = district.first, False
    while parts := _parts(words, rest):
        found = _last(parts[-1], below=True)
        if found is None or (found.level is Level.DISTRICT and second):
            break
        if found.level is Level.WARD:
            return Units(found, district, found.first, second, is_cut)
        rest, second = found.first, True
    return Units(None, district, district.first, False, is_cut)


def _unsigned(parts: Sequence[_Part], end: int) -> Units:
    """A ward with its sign, and after it a district without: "P. Dịch Vọng, Cầu Giấy"."""
    ward = _last(parts[-2]) if len(parts) >= 2 else None
    if ward is None or ward.level is not Level.WARD:
        return Units(rest=end)
    if not _may_be_district(parts[-1]):
        return Units(ward, rest=ward.first, is_cut=True)
    first = parts[-1].start
    return Units(ward, parts[-1].unit("", first, first, is_firm=False), ward.first)


def _may_be_district(part: _Part) -> bool:
    words = part.words[part.start : part.end]
    if len(words) > _MOST_UNSIGNED or any(word.is_number for word in words):
        return False
    return not is_one_of(words[0], _NO_DISTRICT)


def _last(part: _Part, *, below: bool = False) -> Unit | None:
    """The last unit of a part; `below` a district, the last ward rather than an unsure district."""
    behind = _behind(part)
    if behind and not (below and behind.level is Level.DISTRICT):
        return behind
    found: list[Unit] = []
    for place in range(part.start, part.end):
        if found and place < found[-1].after:
            continue  # inside the sign before
        unit = _unit(part, place)
        if unit is None:
            continue
        if found and place == found[-1].after:
            # Two signs in a row: "Phường Quán Thánh" begins with the first, "Nguyen Tri Phuong
            # Quan 10" with the second.
            if not unit.is_firm and unit.kind != found[-1].kind:
                continue
            found.pop()
        if found:
            found[-1] = replace(found[-1], end=part.words[place - 1].end)
        found.append(unit)
    wards = [unit for unit in found if unit.level is Level.WARD]
    if below and wards and not found[-1].is_firm:
        found = [replace(wards[-1], end=part.words[part.end - 1].end)]
    if not found or part.end - found[-1].after > _MOST_WORDS:
        return None
    return found[-1]


def _unit(part: _Part, place: int) -> Unit | None:
    """The unit whose sign stands at `place`, with everything up to the end of the part."""
    word = part.words[place]
    if glued := _GLUED.fullmatch(word.folded):
        sign, number = glued.groups()
        kind = _SHORT.get(sign) or _SPELLED[sign,][0]
        return part.unit(kind, place, place, len(number), is_firm=True)
    for width in (2, 1):
        name = place + width
        entry = _SPELLED.get(tuple(each.folded for each in part.words[place:name]))
        if entry is None or name >= part.end:
            continue
        if not _may_be_name(part.words[name]) or not _is_spelled(part, place, entry[1]):
            return None
        unit = part.unit(entry[0], place, name, is_firm=False)
        return unit if unit.is_number or not _after_number(part, place) else None
    if word.folded not in _SHORT or place + 1 >= part.end or not _is_short(part, place):
        return None
    return part.unit(_SHORT[word.folded], place, place + 1, is_firm=word.dotted)


def _is_spelled(part: _Part, place: int, spelled: Sequence[str]) -> bool:
    """Whether the words are a sign, as far as their marks and their neighbours tell."""
    typed = part.words[place : place + len(spelled)]
    pairs = list(zip((word.text for word in typed), spelled, strict=True))
    sign, name = typed[0].folded, part.words[place + len(spelled)]
    if (sign, name.folded) in _NOT_BEFORE or not all(is_like(*pair) for pair in pairs):
        return False
    before = part.words[place - 1] if place > part.start else None
    if before and (before.folded, sign) in _NOT_AFTER:
        return False
    if _is_small(name):
        return True
    if before and before.folded == "duong" and is_like(before.text, "đường"):
        return False  # a street can be called Huyện Trân
    if all(is_exactly(*pair) for pair in pairs):
        return True
    if any(has_marks(text) for text, _ in pairs):
        return len(pairs) > 1  # "Thi trấn"; but Phương is a name and not half a Phường
    if part.is_plain:
        return True
    if sign in _ALSO_NAMES:
        return len(pairs) > 1
    return len(pairs) > 1 or not part.has_marks or place == part.start


def _is_short(part: _Part, place: int) -> bool:
    """Whether an abbreviation is followed by what it can stand before, and written like one."""
    sign, name = part.words[place], part.words[place + 1]
    if not is_like(sign.text, "đ" if sign.folded == "dk" else ""):
        return False
    if _is_small(name):
        return sign.folded in _NUMBERED
    if not _may_be_name(name) or sign.folded in _ONLY_NUMBERED:
        return False
    # "12 le loi p ben nghe q1": without any commas a letter between names is a sign.
    return sign.dotted or place == part.start or part.runs_on or sign.folded in ("tp", "tx")


def _may_be_name(word: AddressWord) -> bool:
    return not word.is_number or _is_small(word)


def _is_small(word: AddressWord) -> bool:
    """A number as wards and districts have it. P.502 is a room."""
    return word.folded.isdecimal() and len(word.folded) <= 2


def _after_number(part: _Part, place: int) -> bool:
    """Whether only a house number stands before: "12 Xã Tắc" is a street, "Thôn 5 Xã Tắc" not."""
    before = part.words[part.start : place]
    return bool(before) and all(word.is_number or word.folded in ("so", "no") for word in before)


def _behind(part: _Part) -> Unit | None:
    """English order: "Ben Nghe Ward". With marks, a "Smart City" is a housing estate."""
    level, kind = _BEHIND.get(part.words[part.end - 1].folded, (None, ""))
    named = part.words[part.start : part.end - 1]
    if level is None or (kind == THANH_PHO and not part.is_plain):
        return None
    if not 1 <= len(named) <= _MOST_UNSIGNED or named[0].is_number:
        return None
    last = named[-1] if kind else part.words[part.end - 1]
    return Unit(level, kind, part.start, part.start, named[0].start, last.end, is_firm=True)


def _level(kind: str) -> Level:
    return Level.WARD if kind in _WARDS else Level.DISTRICT
