"""Money: how much, and in what? Whole minor units with a currency; rates with source and date.

Exponents are those of ISO 4217 (list one). The dictionary holds the dong, the ariary and the
twenty currencies of Vietcombank's published rate table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, Self

from domain.kernel.faults import Fault, Kind
from domain.kernel.rounding import Rounding, divide, nearest_thousand, ratio

Locale = Literal["vi", "en"]

MAX_MINOR = 2**63 - 1  # what a signed 64-bit column holds
MAX_JSON_MINOR = 2**53 - 1  # what every JSON reader keeps exact (RFC 8259, section 6)

# Decimals of each currency: how many digits of a minor amount stand behind the point.
EXPONENTS: Mapping[str, int] = {
    "VND": 0,
    "AUD": 2,
    "CAD": 2,
    "CHF": 2,
    "CNY": 2,
    "DKK": 2,
    "EUR": 2,
    "GBP": 2,
    "HKD": 2,
    "INR": 2,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "MGA": 2,  # in daily life an ariary has five parts; ISO 4217 still gives it two digits
    "MYR": 2,
    "NOK": 2,
    "RUB": 2,
    "SAR": 2,
    "SEK": 2,
    "SGD": 2,
    "THB": 2,
    "USD": 2,
}

_MARKS: Mapping[Locale, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}  # groups, decimals


def currency_code(text: str) -> str:
    """The ISO code for what was typed, in any letter case.

    Raises Fault CURRENCY_UNKNOWN, which names the currencies there are.
    """
    code = text.strip().upper()
    if code not in EXPONENTS:
        raise Fault(
            "CURRENCY_UNKNOWN",
            Kind.INVALID,
            "This currency is not in the dictionary.",
            f"Use one of {', '.join(EXPONENTS)}.",
            {"currencies": list(EXPONENTS)},
        )
    return code


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: `minor` units (dong, cents) of an ISO 4217 currency, 64-bit.

    Raises Fault CURRENCY_UNKNOWN and AMOUNT_INVALID (out of 64 bits), TypeError for a minor
    amount that is not an int.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:  # neither True nor 1.0 is an amount
            raise TypeError("a minor amount is an int")
        if self.currency not in EXPONENTS:
            currency_code("")
        if abs(self.minor) > MAX_MINOR:
            raise _out_of_bounds(MAX_MINOR)

    @classmethod
    def zero(cls, currency: str) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str, locale: Locale | None = None) -> Self:
        """Read an amount in major units: `25200.50` is 2,520,050 cents.

        Without a locale only plain digits with a decimal point are read. With one, the groups
        and decimals of that locale and its currency mark are read too; nothing is guessed,
        because `1.000` is a thousand in Hanoi and one in London.

        Raises Fault AMOUNT_INVALID.
        """
        code = currency_code(currency)
        group, point = _MARKS[locale] if locale else ("", ".")
        digits = _without_mark(text, code, locale)
        match = re.fullmatch(_amount_pattern(group, point, EXPONENTS[code]), digits)
        if match is None:
            raise Fault(
                "AMOUNT_INVALID",
                Kind.INVALID,
                f"This is not an amount in {code}.",
                f"Write digits only, with at most {EXPONENTS[code]} decimals.",
                {"currency": code, "decimals": EXPONENTS[code]},
            )
        decimals = (match["decimals"] or "").ljust(EXPONENTS[code], "0")
        units = match["whole"].replace(group, "") if group else match["whole"]
        return cls(int(f"{match['sign']}{units}{decimals}"), code)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact: 2,520,050 cents are `Decimal("25200.50")`."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])

    @property
    def json_minor(self) -> int:
        """The minor amount as a JSON number. Raises Fault AMOUNT_INVALID above 2^53-1."""
        if abs(self.minor) > MAX_JSON_MINOR:
            raise _out_of_bounds(MAX_JSON_MINOR)
        return self.minor

    def times(self, factor: Decimal, rounding: Rounding = Rounding.HALF_EVEN) -> Self:
        """The amount multiplied, rounded once to a whole minor unit.

        Raises Fault AMOUNT_INVALID when the product leaves 64 bits.
        """
        numerator, denominator = _ratio(factor)
        return self._with(divide(self.minor * numerator, denominator, rounding))

    def text(self, locale: Locale = "en") -> str:
        """For people: `750.000.000 ₫` (vi) or `VND 750,000,000` (en), always exact."""
        places = EXPONENTS[self.currency]
        group, point = _MARKS[locale]
        units, cents = divmod(abs(self.minor), 10**places)
        shown = f"{units:,}".replace(",", group)
        if places:
            shown += f"{point}{cents:0{places}}"
        if self.minor < 0:
            shown = f"-{shown}"
        if locale == "en":
            return f"{self.currency} {shown}"
        return f"{shown} {'₫' if self.currency == 'VND' else self.currency}"

    def rounded_text(self, locale: Locale = "en") -> str:
        """As `text`, dong to the nearest 1,000. A string on purpose: nobody can add it up."""
        if self.currency != "VND":
            return self.text(locale)
        return self._with(nearest_thousand(self.minor)).text(locale)

    def __add__(self, other: "Money") -> Self:
        _check_same(self, other)
        return self._with(self.minor + other.minor)

    def __sub__(self, other: "Money") -> Self:
        _check_same(self, other)
        return self._with(self.minor - other.minor)

    def __neg__(self) -> Self:
        return self._with(-self.minor)

    def __lt__(self, other: "Money") -> bool:
        _check_same(self, other)
        return self.minor < other.minor

    def __le__(self, other: "Money") -> bool:
        _check_same(self, other)
        return self.minor <= other.minor

    def __gt__(self, other: "Money") -> bool:
        return not self <= other

    def __ge__(self, other: "Money") -> bool:
        return not self < other

    def _with(self, minor: int) -> Self:
        return type(self)(minor, self.currency)


@dataclass(frozen=True, slots=True)
class Rate:
    """One unit of `base` costs `value` units of `quote`, said by `source` for the day `as_of`.

    Units are major units: USD to VND at 25880 means 25,880 dong for a dollar.
    Raises Fault CURRENCY_UNKNOWN and RATE_INVALID.
    """

    base: str
    quote: str
    value: Decimal
    source: str
    as_of: date

    def __post_init__(self) -> None:
        for code in (self.base, self.quote):
            if code not in EXPONENTS:
                currency_code("")
        if self.base == self.quote or not self.value.is_finite() or self.value <= 0:
            raise Fault(
                "RATE_INVALID",
                Kind.INVALID,
                "A rate is a number above zero between two different currencies.",
                "Look the rate up at its source again.",
                {"base": self.base, "quote": self.quote},
            )
        _ratio(self.value)


def convert(money: Money, to: str, rate: Rate, rounding: Rounding = Rounding.HALF_EVEN) -> Money:
    """The amount in another currency, multiplied by a rate of exactly that direction.

    An amount that is already in `to` comes back as it is. A rate of the opposite direction is
    refused: buying and selling differ, so whoever inverts a rate says so with `convert_inverse`.

    Raises Fault RATE_MISMATCH and AMOUNT_INVALID.
    """
    if money.currency == to:
        return money
    _check_direction(rate, base=money.currency, quote=to)
    numerator, denominator = _ratio(rate.value)
    return _rescaled(money, to, numerator, denominator, rounding)


def convert_inverse(
    money: Money, to: str, rate: Rate, rounding: Rounding = Rounding.HALF_EVEN
) -> Money:
    """The amount in another currency, divided by a rate of the opposite direction, exactly.

    For equivalents such as an approval threshold in USD for an amount in VND, where only the
    USD to VND rate is published. Raises Fault RATE_MISMATCH and AMOUNT_INVALID.
    """
    if money.currency == to:
        return money
    _check_direction(rate, base=to, quote=money.currency)
    numerator, denominator = _ratio(rate.value)
    return _rescaled(money, to, denominator, numerator, rounding)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts of one currency; zero of it when there are none.

    Raises Fault CURRENCY_MISMATCH.
    """
    result = Money.zero(currency)
    for amount in amounts:
        result += amount
    return result


def _rescaled(money: Money, to: str, numerator: int, denominator: int, rounding: Rounding) -> Money:
    exact = money.minor * numerator * 10 ** EXPONENTS[to]
    return Money(divide(exact, denominator * 10 ** EXPONENTS[money.currency], rounding), to)


def _check_same(left: Money, right: Money) -> None:
    if left.currency != right.currency:
        raise Fault(
            "CURRENCY_MISMATCH",
            Kind.INVALID,
            f"{left.currency} and {right.currency} cannot be added or compared.",
            "Convert one of them with a dated rate first.",
            {"currencies": [left.currency, right.currency]},
        )


def _check_direction(rate: Rate, *, base: str, quote: str) -> None:
    if (rate.base, rate.quote) != (base, quote):
        raise Fault(
            "RATE_MISMATCH",
            Kind.INVALID,
            f"A rate from {base} to {quote} is needed, this one is from {rate.base} to"
            f" {rate.quote}.",
            "Use a rate of that direction; rates are never inverted silently.",
            {"needed": [base, quote], "given": [rate.base, rate.quote]},
        )


def _ratio(factor: Decimal) -> tuple[int, int]:
    try:
        return ratio(factor)
    except ValueError as error:
        raise Fault(
            "NUMBER_INVALID",
            Kind.INVALID,
            f"The factor or rate {error}.",
            "Use a number of ordinary size.",
        ) from error


def _out_of_bounds(bound: int) -> Fault:
    return Fault(
        "AMOUNT_INVALID",
        Kind.INVALID,
        f"The amount is beyond {bound} minor units.",
        "Check the number of zeros.",
        {"max_minor": bound},
    )


def _without_mark(text: str, code: str, locale: Locale | None) -> str:
    digits = text.strip()
    if locale == "en":
        return digits.removeprefix(code).lstrip()
    if locale == "vi":
        marks = ("₫", "đ", "VND") if code == "VND" else (code,)
        for mark in marks:
            if digits.endswith(mark):
                return digits.removesuffix(mark).rstrip()
    return digits


def _amount_pattern(group: str, point: str, places: int) -> str:
    whole = r"[0-9]{1,19}"
    if group:
        whole += rf"|[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}}){{1,6}}"
    decimals = rf"(?:{re.escape(point)}(?P<decimals>[0-9]{{1,{places}}}))?" if places else ""
    return rf"(?P<sign>-?)(?P<whole>{whole}){decimals or '(?P<decimals>)'}"
