"""Names of arguments: which one was meant by a name that comes near?

A tool about one row takes `id`, others name whose id it is; the one is taken for the other where
nothing else can be meant. Any other near name is refused with the one that was meant: what a value
is for must not be guessed.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from policies.gate.contract import Arguments

_ID = "id"
_LONGEST = 40
_ALIKE = 0.75
_SHORTEST = 3  # of a part of a name that says something
# Whoever tries to say that people agreed, or who is calling, is helped to nothing.
_NO_ARGUMENT = re.compile(
    "confirm|approv|consent|sign|force|sudo|bypass|tenant|principal|requester|role|scope|token"
)
_NEVER_MEANT = frozenset({"confirm_unusual"})
# What people call an argument whose name looks like nothing of the kind.
_ALSO = {
    "close_date": "expected_close_date",
    "due_date": "due",
    "from": "since",
    "name": "display_name",
    "phone_number": "phone",
    "probability": "probability_pct",
    "search": "query",
    "stage": "to_stage",
    "tax_code": "vn_mst",
    "tax_id": "vn_mst",
    "to": "until",
    "type": "account_type",
}


def as_meant(raw: Mapping[str, Any], shape: type[Arguments]) -> dict[str, Any]:
    """The arguments, with `deal_id` for `id` or `id` for `deal_id` under the name that is taken."""
    known, typed = shape.model_fields, dict(raw)
    if _ID in known and _ID not in typed:
        meant = [name for name in typed if name.endswith("_id") and name not in known]
        if meant == [_of(shape)]:
            typed[_ID] = typed.pop(meant[0])
    elif _ID in typed and _ID not in known:
        needed = [name for name, field in known.items() if field.is_required()]
        ids = [name for name in needed if name.endswith("_id")]
        if len(ids) == 1 and ids[0] not in typed:
            typed[ids[0]] = typed.pop(_ID)
    return typed


def with_guess(problem: dict[str, str], shape: type[Arguments]) -> dict[str, str]:
    """A problem of an unknown argument, with the name that was meant if one comes near."""
    if problem["problem"] != "is not an argument of this tool":
        return problem
    found = _guess(problem["field"], list(shape.model_fields))
    if found is None:
        return problem
    return {**problem, "problem": f"{problem['problem']}; did you mean {found}?", "meant": found}


def _guess(name: str, known: list[str]) -> str | None:
    if not re.fullmatch("[a-z_]+", name) or len(name) > _LONGEST or _NO_ARGUMENT.search(name):
        return None
    known = [one for one in known if one not in _NEVER_MEANT]
    if _ALSO.get(name) in known:
        return _ALSO[name]
    # A whole part of a name (`amount`, `mst`) says more than letters in common.
    parts = [
        one
        for one in known
        if name in one.split("_") or (len(one) >= _SHORTEST and one in name.split("_"))
    ]
    parts += [one for one in known if one.startswith(f"{name}_") and one not in parts]
    close = get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return next(iter(parts or close), None)


def _of(shape: type[Arguments]) -> str:
    """Whose id it is that a tool takes as `id`: `GetDeal` shows a deal."""
    words = "".join(f"_{one.lower()}" if one.isupper() else one for one in shape.__name__)
    return f"{words.rsplit('_', 1)[-1]}_id"
