"""Telling: how does the text of an answer say what its structure holds?

Many clients show a model the text alone, others the structure alone, so each has to be whole
(docs/decisions/0052). The text is the structure told in lines: one for a row, `word value` for a
field, words of others in quotation marks, amounts with their currency, instants on the clock of
the company. What belongs to a row stands under it, further in. Nothing and false are not told.

A view says in `leads` which fields come first and need no word, in `repeats` which say once more
what another one says, and in `untold` which are for programs alone, and why.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from domain.kernel.clock import VIETNAM, instant
from domain.kernel.money import EXPONENTS, Money
from domain.kernel.quoting import plain_line, quoted

# Quotation marks in the text say what these pointers and this mark say in the structure.
MARKS = frozenset({"untrusted_fields", "untrusted"})
LONGEST = 1_000
_INDENT = " "
_PLAIN = re.compile(r"[\w.@:+/%#\-]+")
# Fields whose words may be anybody's: quoted also when they look like a code of ours.
_NAMES = frozenset({
    "account_name", "address", "add_info", "bank", "buyer", "custom_fields", "deal_name",
    "description", "display_name", "district", "evidence", "family_name", "first_name",
    "given_name", "greeting", "industry", "last_name", "lead_source", "legal_name", "lost_reason",
    "member", "memo", "middle_name", "name", "phase", "reason", "role", "street", "subject",
    "summary", "task", "text", "title", "ward",
})  # fmt: skip
# How a field is told in fewer letters than its name has.
_FORMS: Mapping[str, str] = {
    "account_id": "account {}",
    "account_name": "with {}",
    "band_pct": "{}% band",
    "closed_date": "closed {}",
    "contact_id": "contact {}",
    "covered_pct": "{}% covered",
    "days_in_stage": "{} days in stage",
    "deal_id": "deal {}",
    "email": "{}",
    "engagement_id": "engagement {}",
    "expected_close_date": "close {}",
    "hours": "{} h",
    "overdue_days": "{} days overdue",
    "phone_e164": "{}",
    "pipeline_id": "pipeline id {}",
    "primary_contact_id": "primary contact {}",
    "probability_pct": "{}%",
    "stage_id": "stage id {}",
    "version": "v{}",
}

Tell = Callable[[Any, str | None, ZoneInfo], str]


def told(view: BaseModel, *, but: Sequence[str] = (), zone: ZoneInfo = VIETNAM) -> str:
    """A view in lines: its own fields in one, and under it what belongs to it, without some."""
    line, below = _parts(view, frozenset(but), None, zone)
    return "\n".join([line, *_indented(below)] if line else below)


def _parts(
    view: BaseModel, but: frozenset[str], currency: str | None, zone: ZoneInfo
) -> tuple[str, list[str]]:
    own = getattr(view, "currency", None) or getattr(type(view), "in_currency", None) or currency
    facts: list[str] = []
    below: list[str] = []
    for name, tell, repeated in _plan(type(view)):
        value = getattr(view, name)
        if value is None or value is False or value == "" or name in but:
            continue
        if name == "currency" and any(
            getattr(view, one) is not None for one in _amounts(type(view))
        ):
            continue  # it stands beside them
        if repeated is not None and getattr(view, repeated) is not None:
            continue
        if tell is not None and not isinstance(value, (list, tuple, BaseModel)):
            facts.append(tell(value, own, zone))
        else:
            _nested(name, value, own, zone, facts, below)
    for name, value in (view.model_extra or {}).items():
        facts.append(f"{_words(name)} {_scalar(name, value, zone)}")
    return _joined(facts), below


def _joined(facts: Sequence[str]) -> str:
    """What leads is set apart by blanks, the rest by commas."""
    return ", ".join(fact for fact in facts if fact)


def _nested(
    name: str,
    value: Any,
    currency: str | None,
    zone: ZoneInfo,
    facts: list[str],
    below: list[str],
) -> None:
    """A list, or a view in a view: on the same line where it is short, else under it."""
    if isinstance(value, BaseModel):
        if getattr(value, "untrusted", False):  # a text of others, and where it is from
            source, words = str(getattr(value, "source", "")), str(getattr(value, "text", ""))
            facts.append(f"{_words(name)} (untrusted, {source}) {quoted(words, LONGEST)}")
            return
        line, more = _parts(value, frozenset(), currency, zone)
        below += [f"{_words(name)}: {line}", *_indented(more)]
        return
    if not value:
        return
    if isinstance(value[0], BaseModel):
        below.append(f"{_words(name)}:")
        for one in value:
            line, more = _parts(one, frozenset(), currency, zone)
            below += _indented([line, *_indented(more)])
        return
    items = [_scalar(name, one, zone) for one in value]
    if all(_PLAIN.fullmatch(str(one)) for one in value):
        facts.append(f"{_words(name)} {' '.join(items)}")
    else:
        below += [f"{_words(name)}:", *_indented(plain_line(str(one)) for one in value)]


def _indented(said: Any) -> Iterator[str]:
    return (f"{_INDENT}{line}" for line in said)


@cache
def _amounts(shape: type[BaseModel]) -> tuple[str, ...]:
    """The fields that are amounts in the currency of the view."""
    return tuple(
        name for name in shape.model_fields if name.endswith("_minor") and _fixed(name) is None
    )


@cache
def _plan(shape: type[BaseModel]) -> tuple[tuple[str, Tell | None, str | None], ...]:
    """In which order the fields of a view are told, and how: worked out once for each class."""
    leads: tuple[str, ...] = getattr(shape, "leads", ())
    untold, repeats = dict(getattr(shape, "untold", ())), dict(getattr(shape, "repeats", ()))
    names = [name for name in leads if name in shape.model_fields]
    names += [name for name in shape.model_fields if name not in leads]
    return tuple(
        (name, _teller(name, is_lead=name in leads), repeats.get(name))
        for name in names
        if name not in untold and name not in MARKS and not shape.model_fields[name].exclude
    )


def _fixed(name: str) -> str | None:
    """The currency that the name of an amount says itself."""
    return next((code for code in ("USD", "VND") if code.lower() in name.split("_")), None)


def _teller(name: str, *, is_lead: bool) -> Tell:
    """How a field of this name is told."""
    form = "{}" if is_lead else _FORMS.get(name, f"{_words(name)} {{}}")
    if name.endswith("_minor") or "_minor_" in name:
        fixed = _fixed(name)
        word = " ".join("as" if one.upper() == fixed else one for one in _words(name).split())
        word = "" if name == "amount_minor" or is_lead or not word else f"{word} "
        return lambda value, currency, _: word + _amount(value, fixed or currency)
    return lambda value, _, zone: (
        _words(name) if value is True else form.format(_scalar(name, value, zone))
    )


def _amount(minor: int, currency: str | None) -> str:
    """`VND 750,000,000`; in a currency that nobody told, the number as it is."""
    if currency is None or currency not in EXPONENTS:
        return f"amount_minor {minor}"
    return Money(minor, currency).text()


def _scalar(name: str, value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        return instant(value, zone)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        if name not in _NAMES and _PLAIN.fullmatch(value):
            return value
        return quoted(value, LONGEST)
    if isinstance(value, Mapping):
        return json.dumps(_plain(value), ensure_ascii=False, separators=(", ", ": "))
    return str(value)


def _plain(value: Any) -> Any:
    """The same structure, each text in it on one line."""
    if isinstance(value, str):
        return plain_line(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _words(name: str) -> str:
    """A field's name as words: `is_primary` is primary, `total_minor` is total."""
    short = name.removeprefix("is_").removesuffix("_minor").removesuffix("_date")
    return short.replace("_minor_", "_").replace("_", " ")
