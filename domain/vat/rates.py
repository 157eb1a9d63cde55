"""Rates of value added tax: which one does a category have on a day, and what is it called?

The law is a table (data/rates.toml) with a source on each row. 0 %, KCT (exempt) and KKKNT (not
declared) all make no tax and are three different things: a hóa đơn lists each by itself.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from domain.kernel.faults import Fault, Kind


class VatCategory(StrEnum):
    """What a supply is to the law; the rate follows from it and from the day."""

    STANDARD = "standard"
    REDUCED = "reduced"
    ZERO = "zero"
    EXEMPT = "exempt"
    NOT_DECLARED = "not_declared"


@dataclass(frozen=True, slots=True)
class VatRate:
    """A rate: its name on a hóa đơn, its size in hundredths of a percent, and the law behind it."""

    code: str
    basis_points: int
    source: str


@dataclass(frozen=True, slots=True)
class _Period:
    """From when until when, both days included, a category has a rate."""

    category: VatCategory
    rate: VatRate
    since: date
    until: date


def rate_on(category: VatCategory, day: date) -> VatRate:
    """The rate of a category on a day: the tax point, not the day somebody asks.

    Raises Fault VAT_RATE_UNKNOWN for a day before the first that the table knows.
    """
    for period in _loaded()[1]:
        if period.category is category and period.since <= day <= period.until:
            return period.rate
    raise _unknown(f"No rate of {category.value} is known for that day.")


def rate_named(code: str) -> VatRate:
    """The rate that is called so on a hóa đơn: `10%`, `8%`, `5%`, `0%`, `KCT` or `KKKNT`.

    Raises Fault VAT_RATE_UNKNOWN.
    """
    rate = _loaded()[0].get(code)
    if rate is None:
        raise _unknown("There is no such rate.")
    return rate


def _unknown(message: str) -> Fault:
    names = list(_loaded()[0])
    hint = f"Rates are {', '.join(names)}."
    return Fault("VAT_RATE_UNKNOWN", Kind.INVALID, message, hint, {"rates": names})


@lru_cache(maxsize=1)
def _loaded() -> tuple[Mapping[str, VatRate], tuple[_Period, ...]]:
    table = tomllib.loads(files("domain.vat").joinpath("data", "rates.toml").read_text("utf-8"))
    rates = {row["code"]: VatRate(**row) for row in table["code"]}
    return rates, tuple(_period(rates, row) for row in table["period"])


def _period(rates: Mapping[str, VatRate], row: Mapping[str, Any]) -> _Period:
    rate = replace(rates[row["code"]], source=row["source"])
    return _Period(VatCategory(row["category"]), rate, row["since"], row.get("until", date.max))
