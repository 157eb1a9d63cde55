"""Provinces: which is meant, and what is it called on a day? 63 became 34 on 2025-07-01.

Whole provinces were merged and none was divided, so the way from old to new is certain. The way
back is not, and a code alone says nothing: 24 was Bắc Giang and is Bắc Ninh, 80 was Long An and
is Tây Ninh. Three of the 34 became cities in 2026, each on a day of its own. Sources: Resolution
202/2025/QH15 and those that `data/provinces.json` names; the codes are those of the statistics
office.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from domain.kernel.folding import fold

_CITY, _PROVINCE = "Thành phố ", "Tỉnh "
_KINDS = (_CITY, _PROVINCE)
# What else people write for an old province: spellings, and names that are shorter or older.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "01": ("HN", "TPHN"),
    "06": ("Bắc Cạn",),
    "31": ("HP", "TPHP"),
    "66": ("Đắc Lắc", "Đắc Lắk", "Đắk Lắc"),
    "67": ("Đắc Nông",),
    "77": ("BR VT", "BRVT", "BàRịa VũngTàu"),
    "79": ("HCM", "HCMC", "TPHCM", "H C M", "Sài Gòn", "SG", "TPSG"),
}
# Names that nobody has used for a province since the end of 2024: they date an address.
_NO_LONGER: Mapping[str, tuple[str, ...]] = {"46": ("Thừa Thiên Huế", "TT Huế", "Thừa Thiên")}
# Two provinces answer to it; the first is meant more often.
_VAGUE: Mapping[str, tuple[str, ...]] = {"48": ("ĐN", "TPĐN")}


@dataclass(frozen=True, slots=True)
class Province:
    """One of the 34 provinces there are since 2025-07-01."""

    code: str
    name: str  # with its kind, as of the day of the data: "Tỉnh Cao Bằng"
    type: str
    wards: int  # how many phường, xã and đặc khu it has
    old: tuple[str, ...]  # codes of the old provinces it was made of
    city_since: date | None = None  # when it became a city; None for what always was what it is
    resolution: str | None = None  # which made it one

    def is_new_city(self, on: date | None) -> bool:
        """Whether it had become a city by that day; without a day, by the day of the data."""
        return self.city_since is not None and (on is None or on >= self.city_since)

    def name_on(self, on: date | None) -> str:
        """What it is called on a day since 2025-07-01, with its kind."""
        if self.city_since is None or self.is_new_city(on):
            return self.name
        return _PROVINCE + bare(self.name)


@dataclass(frozen=True, slots=True)
class OldProvince:
    """One of the 63 provinces there were until 2025-06-30."""

    code: str
    name: str  # with its kind, as on the last day
    has_city: bool  # a city below it had its name, so "Thành phố X" is a district
    now: Province
    # Folded names of the wards of that city, where its name is one of a city of today: those that
    # are wards today as well, and those that are none.
    wards_kept: frozenset[str] = frozenset()
    wards_gone: frozenset[str] = frozenset()

    @property
    def kept_its_name(self) -> bool:
        """Whether a province is called so today too, so that the name tells no era."""
        return bare(self.name) == bare(self.now.name)


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a province, as words with their marks."""

    words: tuple[str, ...]
    province: OldProvince
    is_old: bool  # only an address from before 2025-07-01 has it
    is_vague: bool = False


def provinces() -> Sequence[Province]:
    """The 34 of today, by code."""
    return _loaded()[0]


def old_provinces() -> Sequence[OldProvince]:
    """The 63 of before, by code."""
    return _loaded()[1]


@cache
def spellings() -> Mapping[tuple[str, ...], Spelling]:
    """Every way to write a province without its kind, by its folded words."""
    found: dict[tuple[str, ...], Spelling] = {}

    def add(name: str, province: OldProvince, *, is_old: bool, is_vague: bool = False) -> None:
        words = tuple(name.replace("-", " ").split())
        for way in (words, ("".join(words),)):
            key = tuple(fold(word) for word in way)
            spelling = Spelling(way, province, is_old, is_vague)
            assert found.setdefault(key, spelling) == spelling, f"two provinces are called {way}"

    for province in old_provinces():
        for name in (bare(province.name), *_ALSO.get(province.code, ())):
            add(name, province, is_old=not province.kept_its_name)
        for name in _NO_LONGER.get(province.code, ()):
            add(name, province, is_old=True)
        for name in _VAGUE.get(province.code, ()):
            add(name, province, is_old=False, is_vague=True)
    return found


def bare(name: str) -> str:
    """The name without its kind: "Cao Bằng"."""
    return next((name.removeprefix(kind) for kind in _KINDS if name.startswith(kind)), name)


@cache
def _loaded() -> tuple[tuple[Province, ...], tuple[OldProvince, ...]]:
    content = json.loads(files("domain.vn").joinpath("data", "provinces.json").read_bytes())
    new = tuple(map(_province, content["new"]))
    now = {code: province for province in new for code in province.old}
    old = tuple(
        OldProvince(
            row["code"],
            row["name"],
            row.get("city", False),
            now[row["code"]],
            frozenset(map(fold, row.get("wards_kept", ()))),
            frozenset(map(fold, row.get("wards_gone", ()))),
        )
        for row in content["old"]
    )
    return new, old


def _province(row: Mapping[str, Any]) -> Province:
    since = row.get("city_since")
    day = date.fromisoformat(since) if since else None
    return Province(**{**row, "old": tuple(row["old"]), "city_since": day})
