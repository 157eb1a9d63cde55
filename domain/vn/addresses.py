"""Addresses: where is it, in the provinces of then and of today?

Until 2025-06-30 an address ended with ward, district and one of 63 provinces; since 2025-07-01
(Resolution 202/2025/QH15) it ends with ward and one of 34, three of which became cities in 2026.
Both are in use, so what was typed is kept as it is, what can be read is read, and whatever is not
certain is named. Wards stay text: 471 old wards were divided, and only a map could say which half
an address lies in.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.kernel.text import block
from domain.vn.address_units import DAC_KHU, THI_TRAN, Unit, Units, units_of
from domain.vn.address_words import (
    AddressWord,
    by_folded,
    has_remark,
    is_like,
    is_one_of,
    parts_of,
    tidy,
    words_of,
)
from domain.vn.provinces import OldProvince, Spelling, spellings

MOST_CHARS = 500
_MOST_DECOMPOSED = 4  # code points that one letter may take
_MOST_NAME_WORDS = 4  # Bà Rịa Vũng Tàu
_MOST_PARTS_BACK = 4
_POSTAL_CODE = (5, 6)
_KINDS = (
    ("province", ("tỉnh",)),
    ("province", ("t",)),
    ("city", ("tp",)),
    ("city", ("thành", "phố")),
    ("city", ("thủ", "đô")),
)
# A name after one of these is the name of something else: Xa lộ Hà Nội, Huyện Điện Biên.
_NAMES_ELSE = by_folded(
    "đường phố lộ cầu ngõ hẻm chợ ga khu trường viện ty phường xã quận huyện trấn street road"
    " đ p q h x f tt tx ql kcn"
)
# A number after one of these is its own, and no house number: "Quận 1 Hồ Chí Minh".
_NUMBERED = {"phuong", "p", "f", "ward", "quan", "q", "district", "dist"}
_NUMBERED |= {"thon", "ap", "to", "khu", "pho", "kp", "khom", "doi", "xom", "ban"}


class AddressNote(StrEnum):
    """What is not certain about a reading."""

    PROVINCE_NOT_FOUND = "PROVINCE_NOT_FOUND"
    PROVINCE_UNSURE = "PROVINCE_UNSURE"  # an abbreviation of two, or glued to other words
    PROVINCE_FROM_CITY = "PROVINCE_FROM_CITY"  # only the city of the same name was given
    PROVINCE_CODE_UNSURE = "PROVINCE_CODE_UNSURE"  # it had another code before 2025-07-01
    ERA_UNSURE = "ERA_UNSURE"  # nothing, or things that disagree, tell old from new
    ERA_BY_FORM = "ERA_BY_FORM"  # new since no district is named; it may have been left out
    WARD_NOT_FOUND = "WARD_NOT_FOUND"
    WARD_NOT_MAPPED = "WARD_NOT_MAPPED"  # the ward may have been merged, divided or renamed
    DISTRICT_UNSURE = "DISTRICT_UNSURE"  # it has no kind, or two are named
    TEXT_NOT_READ = "TEXT_NOT_READ"  # behind the province or the ward, or in brackets


@dataclass(frozen=True, slots=True)
class Address:
    """What was typed and what can be read in it.

    `era` is 'old' (63 provinces, until 2025-06-30), 'new' (34, since 2025-07-01) or 'either'.
    `province_code` and `province` belong to that era: never keep a code without its era, since
    the same code means another province in the other. When the era is 'either', the province is
    one that kept its name, called as on the day of the reading, and the code is None if it did
    not keep that too. Huế is called "Thành phố Huế" in both eras, as on the last day of the old
    one.
    `province_now` is as certain as the province is: no old province was divided. `ward_now` is
    set only for a đặc khu, which exists today; every other ward may be a former one.
    """

    original: str  # exactly as it was typed
    street: str | None  # what stands before the first unit: number, street, hamlet, building
    ward: str | None  # "Phường Bến Nghé": the kind spelled out, the name as typed
    district: str | None  # only old addresses have one
    province_code: str | None
    province: str | None
    era: str
    province_code_now: str | None
    province_now: str | None
    ward_now: str | None
    notes: tuple[AddressNote, ...]

    @property
    def certain(self) -> bool:
        """Whether nothing is left open, the ward of today included."""
        return not self.notes

    @property
    def province_certain(self) -> bool:
        """Whether `province_now` is, which is what most addresses can tell."""
        return self.province_now is not None and AddressNote.PROVINCE_UNSURE not in self.notes


@dataclass(frozen=True, slots=True)
class _Place:
    """A province in the text, from the word `first` to before `after`."""

    first: int
    after: int
    spelling: Spelling
    is_signed: bool = False  # with its kind, or in a form that is nothing else
    is_city_of: bool = False  # it names the city below the province
    is_unsure: bool = False
    is_last: bool = True
    is_of_today: bool = False  # what stands before it is in the province of today only

    @property
    def province(self) -> OldProvince:
        return self.spelling.province


def parse_address(text: str, *, on: date | None = None) -> Address:
    """Read a Vietnamese address of either era. Nothing leaves the program.

    Any case, with or without marks, abbreviated or not. `on` is the day whose map counts as that
    of today; without it, the newest we know. What is not found is None and named in `notes`; a
    province nobody knows is no fault. Raises the Fault ADDRESS_INVALID for a text that
    is empty, has control or direction-changing characters, or is longer than 500 characters.
    """
    typed = _checked(text)
    words = words_of(typed)
    place = _city_or_district(words, typed, _province(words), on)
    before = _without_country(words, len(words))
    also = None
    if place:
        also = _named_before(words, place)
        before = also.first if also else place.after if place.is_city_of else place.first
    units = units_of(words, before, before_province=place is not None)
    is_renamed = place is not None and also is not None and also.province != place.province
    if is_renamed and units.district:
        place = also  # an old address to which somebody added the province of today
    ward, district = _name(typed, units.ward), _name(typed, units.district)
    era, doubt = _era(place, units, is_renamed=is_renamed)
    notes = [*doubt, *_doubts(place, units, era)]
    if has_remark(typed) or units.is_cut or (place and not place.is_last):
        notes.append(AddressNote.TEXT_NOT_READ)
    province = place.province if place else None
    code, name = (province.code, province.name) if province else (None, None)
    now = province.now.name_on(on) if province else None
    if province and era == "new":
        code, name = province.now.code, now
    elif province and era == "either":
        name = now
        if code != province.now.code:
            code = None
            notes.append(AddressNote.PROVINCE_CODE_UNSURE)
    return Address(
        original=text,
        street=_street(typed, words, units),
        ward=ward,
        district=district,
        province_code=code,
        province=name,
        era=era,
        province_code_now=province.now.code if province else None,
        province_now=now,
        ward_now=ward if era == "new" and units.ward and units.ward.kind == DAC_KHU else None,
        notes=tuple(notes),
    )


def _checked(text: str) -> str:
    """The text composed and stripped, its lines kept."""
    try:
        # Before stripping: what is stored is the text as it came, blanks included.
        if len(text) > MOST_CHARS and len(_composed(text)) > MOST_CHARS:
            raise ValueError(f"is longer than {MOST_CHARS} characters")
        return block(text, MOST_CHARS)
    except ValueError as error:
        raise Fault(
            "ADDRESS_INVALID",
            Kind.INVALID,
            f"The address {error}.",
            f"Send the address as it is written, visible characters only, 1 to {MOST_CHARS}.",
        ) from error


def _composed(text: str) -> str:
    if len(text) > MOST_CHARS * _MOST_DECOMPOSED:  # no work on an unbounded text
        return text
    return unicodedata.normalize("NFC", text)


def _era(
    place: _Place | None, units: Units, *, is_renamed: bool
) -> tuple[str, tuple[AddressNote, ...]]:
    """Old or new, and the doubt about it.

    A district, a thị trấn or a province that has gone says old, a đặc khu or an old province
    inside a new one says new. Without such signs a phường or xã directly before its province is
    the form of today, and also that of an old address without its district; with a ward that is
    only a number ("Phường 5"), which says nothing without a district, that is left open.
    """
    kind = units.ward.kind if units.ward else ""
    is_new = kind == DAC_KHU or (place is not None and place.is_of_today)
    district = units.district
    if kind == THI_TRAN or (place and place.spelling.is_old):
        return "old", (AddressNote.ERA_UNSURE,) if is_new else ()
    if district:  # without a sign it may as well be a housing estate of today
        is_guess = not (district.kind or district.is_firm)
        return "old", (AddressNote.ERA_UNSURE,) if is_new or is_guess else ()
    if is_new:
        return "new", ()
    if is_renamed:
        return "new", (AddressNote.ERA_BY_FORM,)
    if place and place.is_last and units.ward and not (units.ward.is_number or units.is_cut):
        return "new", (AddressNote.ERA_BY_FORM,)
    return "either", (AddressNote.ERA_UNSURE,)


def _doubts(place: _Place | None, units: Units, era: str) -> Iterator[AddressNote]:
    if place is None:
        yield AddressNote.PROVINCE_NOT_FOUND
    elif place.is_unsure:
        yield AddressNote.PROVINCE_UNSURE
    elif place.is_city_of:
        yield AddressNote.PROVINCE_FROM_CITY
    if units.ward is None:
        yield AddressNote.WARD_NOT_FOUND
    elif era != "new":
        yield AddressNote.WARD_NOT_MAPPED
    if units.district and (units.has_second or not units.district.kind):
        yield AddressNote.DISTRICT_UNSURE


def _name(typed: str, unit: Unit | None) -> str | None:
    return f"{unit.kind} {tidy(typed[unit.start : unit.end])}".strip() if unit else None


def _street(typed: str, words: Sequence[AddressWord], units: Units) -> str | None:
    end = words[units.rest].start if units.rest < len(words) else len(typed)
    return tidy(typed[:end]) or None


def _province(words: Sequence[AddressWord]) -> _Place | None:
    """The province the text ends with, or one that stands by itself with its kind before that."""
    parts = parts_of(words, _without_country(words, len(words)))
    for back, (start, end) in enumerate(reversed(parts[-_MOST_PARTS_BACK:])):
        place = _place(words, start, end)
        if place and back == 0:
            return place
        if place and place.is_signed and place.first == start and not place.is_city_of:
            return replace(place, is_last=False)
    return None


def _city_or_district(
    words: Sequence[AddressWord], typed: str, place: _Place | None, on: date | None
) -> _Place | None:
    """The place, where a city of today has the name of one that was below its province.

    TP. Bắc Ninh was a district until 2025 and is a city since 2026: a ward that exists no more
    was in the first, a ward that was never in the first is in the second.
    """
    if place is None or not place.is_city_of:
        return place
    province = place.province
    if not (province.kept_its_name and province.now.is_new_city(on)):
        return place
    units = units_of(words, place.first, before_province=True)
    ward = units.ward
    name = fold(typed[ward.start : ward.end]) if ward else ""
    if name in province.wards_gone:
        return place
    is_named = ward is not None and not ward.is_number and not units.is_cut
    return replace(
        place,
        is_city_of=False,
        is_of_today=is_named and units.district is None and name not in province.wards_kept,
    )


def _named_before(words: Sequence[AddressWord], place: _Place) -> _Place | None:
    """The part before, if it says the province again, or the old one that is inside it today."""
    parts = parts_of(words, place.first)
    also = _place(words, *parts[-1]) if parts else None
    if also is None or also.first != parts[-1][0] or also.is_city_of or place.spelling.is_old:
        return None
    if also.province == place.province:
        # A city of that name is its district: "Vĩnh Long, Vĩnh Long".
        return also if also.is_signed or not also.province.has_city else None
    return also if also.province.now == place.province.now else None


def _place(words: Sequence[AddressWord], start: int, end: int) -> _Place | None:
    """The province that a part ends with."""
    name_end, behind = end, words[end - 1].folded
    if behind in ("city", "province") and end - start > 1:
        name_end -= 1
    first = start + 1 if _is_postal(words[start]) and end - start > 1 else start
    for width in range(min(_MOST_NAME_WORDS, name_end - first), 0, -1):
        name = words[name_end - width : name_end]
        spelling = spellings().get(tuple(word.folded for word in name))
        if spelling and all(map(is_like, (word.text for word in name), spelling.words)):
            bare = _Place(name_end - width, end, spelling)
            place = _signed(words, first, bare, behind if name_end < end else "")
            # The postal code goes along with its province, not with the street.
            return replace(place, first=start) if place and place.first == first else place
    return None


def _signed(words: Sequence[AddressWord], first: int, place: _Place, behind: str) -> _Place | None:
    """The province with its kind before it; None if the name is that of something else."""
    kind, sign = _kind(words, first, place.first)
    kind = behind or kind
    short = len(place.spelling.words) == 1 and place.spelling.words[0].isupper()
    is_unsure = place.spelling.is_vague
    if not kind and sign > first:
        if _is_elsewhere(words, first, sign):
            return None
        is_unsure |= not short and not words[sign - 1].folded[-1:].isdigit()
    return replace(
        place,
        first=sign,
        is_signed=bool(kind) or short,
        is_city_of=kind == "city" and place.province.has_city,
        is_unsure=is_unsure,
    )


def _kind(words: Sequence[AddressWord], first: int, name: int) -> tuple[str, int]:
    """The kind before a name and the word it begins with."""
    for kind, spelled in _KINDS:
        at = name - len(spelled)
        if at < first:
            continue
        typed = words[at:name]
        is_kind = all(
            word.folded == fold(part) and is_like(word.text, part)
            for word, part in zip(typed, spelled, strict=True)
        )
        if is_kind and (spelled != ("t",) or typed[0].dotted):
            return kind, at
    return "", name


def _is_elsewhere(words: Sequence[AddressWord], first: int, name: int) -> bool:
    """Whether the word before says that a street or a ward is called like the province."""
    before = words[name - 1]
    if before.is_number:
        return name - 2 < first or words[name - 2].folded not in _NUMBERED
    return is_one_of(before, _NAMES_ELSE)


def _without_country(words: Sequence[AddressWord], end: int) -> int:
    """Where the words end without country and postal code."""
    after = end
    while after > 1:
        last = words[after - 1]
        if last.folded in ("vn", "vietnam") or _is_postal(last):
            after -= 1
        elif (words[after - 2].folded, last.folded) == ("viet", "nam"):
            after -= 2
        else:
            break
    return after


def _is_postal(word: AddressWord) -> bool:
    return word.folded.isdecimal() and len(word.folded) in _POSTAL_CODE
