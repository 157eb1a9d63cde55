"""Area codes: which landline of before 2017 was typed, and how is it dialled today?

Every area code but four changed in 2017 (Decision 2036/QĐ-BTTTT): 08 became 028, 038 became 0238.
Mobiles have most of the old ones today, so digits alone may be either; brackets, or a code of one
digit that stands by itself, say that a landline is meant.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

# National numbers of ten digits: those of Hà Nội and Hồ Chí Minh have eight behind their code.
_DIGITS = 10
_FIRST_OF_A_SUBSCRIBER = frozenset("23456789")
# Prefixes that tables of phone numbers keep for mobiles, and that no network has.
_NO_NETWORK = ("30", "31")
_TODAY = "2"  # every area code begins with it today, and a few did before
_PREFIXES = frozenset({"", "0", "84", "840", "0084", "00840"})
_PARTS = re.compile(r"[0-9]+|[^0-9]+")


class NotALandlineError(ValueError):
    """An area code of before 2017 is there, and what follows is no number of its area; or nobody
    can tell whether it is one.
    """


@dataclass(frozen=True, slots=True)
class _Apart:
    """The first digits of a national number, as far as the writing sets them apart."""

    code: str
    gap: str  # what stands between them and the rest
    rest: tuple[str, ...]  # the groups of digits behind
    later: str  # what stands between those

    @property
    def is_bracketed(self) -> bool:
        return ")" in self.gap

    @property
    def is_in_pairs(self) -> bool:
        return all(len(group) == 2 for group in self.rest)

    @property
    def is_dashed(self) -> bool:
        """Whether a dash or a slash stands here and nowhere behind."""
        return any(sign in self.gap and sign not in self.later for sign in "-/")


def landline_of_today(typed: str, national: str, *, is_known: bool) -> str | None:
    """The national digits of today of a landline that is written as before 2017; else None.

    `typed` has digits and what stands between them, `national` its digits without country code
    and leading zero, and `is_known` says that they are a number of today. Raises
    NotALandlineError where a wrong guess would be somebody else's number.
    """
    codes = _codes()
    apart = _apart(typed, national)
    code = apart.code if apart and apart.code in codes else None
    is_mobile = is_known and not national.startswith(_NO_NETWORK)
    if apart and code:
        if apart.is_bracketed or not is_mobile:
            return _moved(code, national)
        if len(code) == 1 and not apart.is_in_pairs:
            return _moved(code, national)
        if len(code) == 1 or (apart.is_dashed and len(code) + 7 == len(national)):
            raise NotALandlineError
    if is_mobile or national.startswith(_TODAY):
        return None
    fitting = [
        old
        for old, new in codes.items()
        if national.startswith(old) and (len(new) + len(national) - len(old) == _DIGITS)
    ]
    return _moved(fitting[0], national) if fitting else None


def _moved(code: str, national: str) -> str:
    subscriber = national[len(code) :]
    moved = _codes()[code] + subscriber
    if len(moved) != _DIGITS or subscriber[0] not in _FIRST_OF_A_SUBSCRIBER:
        raise NotALandlineError
    return moved


def _apart(typed: str, national: str) -> _Apart | None:
    """What is set apart at the beginning of the national number, if anything is."""
    parts = _PARTS.findall(typed)
    digits = "".join(part for part in parts if part.isdigit())
    if not digits.endswith(national) or digits.removesuffix(national) not in _PREFIXES:
        return None
    skipped = len(digits) - len(national)
    groups: list[str] = []
    gaps: list[str] = []
    for part, following in pairwise([*parts, ""]):
        if not part.isdigit():
            continue
        kept = part[skipped:]
        skipped = max(0, skipped - len(part))
        if kept:
            groups.append(kept)
            gaps.append("" if following.isdigit() else following)
    if len(groups) < 2:
        return None
    return _Apart(groups[0], gaps[0], tuple(groups[1:]), "".join(gaps[1:]))


@cache
def _codes() -> Mapping[str, str]:
    """The area codes of today by those of before 2017, without the leading zero."""
    content = json.loads(files("domain.vn").joinpath("data", "area_codes.json").read_bytes())
    return {row["old"]: row["new"] for row in content["codes"]}
