"""Rates are recorded, and amounts are put into US dollars to be compared with a limit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.fx import queries
from domain.fx.tables import FxRate
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.money import EXPONENTS, MAX_JSON_MINOR, Money, Rate
from domain.kernel.rounding import divide, ratio
from domain.store.chain import SYSTEM, Actor, Event
from domain.store.tx import Tx

USD = "USD"
_VND = "VND"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """An amount in US cents with the rate it was found by; None where no rate is known."""

    usd_minor: int | None
    rate_id: str | None = None


async def record(tx: Tx, rate: Rate, *, said_by: Actor = SYSTEM) -> FxRate:
    """Keep what a source said for a day. Saying the same again changes nothing.

    A rate decides who has to sign, so the chain tells of it and of who brought it.

    Raises RATE_CONFLICT when the source said something else for that day before.
    """
    value = format(rate.value, "f")
    there = await queries.recorded(tx, rate.base, rate.quote, rate.as_of, rate.source)
    if there is not None and Decimal(there.value) != rate.value:
        raise Fault(
            "RATE_CONFLICT",
            Kind.CONFLICT,
            "This source has another rate for that day on record.",
            "A rate never changes; record a correction under a source of its own.",
            {"base": rate.base, "quote": rate.quote, "as_of": rate.as_of.isoformat()},
        )
    if there is not None:
        return there
    row = FxRate(
        id=new_id(),
        base=rate.base,
        quote=rate.quote,
        value=value,
        as_of=rate.as_of,
        source=rate.source,
        recorded_at=tx.at,
    )
    tx.add(row)
    await tx.flush()
    tx.record(
        Event(
            "fx.recorded",
            said_by,
            object=f"fx_rate:{row.id}",
            data={
                "base": row.base,
                "quote": row.quote,
                "value": value,
                "as_of": rate.as_of.isoformat(),
                "source": row.source,
            },
        )
    )
    return row


async def in_usd(tx: Tx, money: Money, on: date) -> Equivalent:
    """What an amount is in US cents, for comparison with a limit and for nothing else.

    Without a rate nobody knows, and whoever asks assumes the worst.
    """
    if money.currency == USD:
        return _within_reach(money.minor, None)
    dollar = await queries.latest(tx, USD, _VND, on)
    if dollar is None:
        return Equivalent(None)
    rates = {USD: dollar.value}
    if money.currency != _VND:
        foreign = await queries.latest(tx, money.currency, _VND, on)
        if foreign is None:
            return Equivalent(None)
        rates[money.currency] = foreign.value
    return _within_reach(_usd_minor(money, rates), dollar.id)


async def dollars(tx: Tx, on: date) -> Callable[[Money], int | None]:
    """What many amounts are in US cents, as `in_usd` says it, by one statement for all of them."""
    rates = await queries.all_latest(tx, _VND, on)

    def equivalent(money: Money) -> int | None:
        if money.currency == USD:
            return _within_reach(money.minor, None).usd_minor
        if USD not in rates or (money.currency != _VND and money.currency not in rates):
            return None
        return _within_reach(_usd_minor(money, rates), None).usd_minor

    return equivalent


def _usd_minor(money: Money, rates: Mapping[str, str]) -> int:
    """Dong are divided by the dollar's rate (dollar to dong is what is published), other currencies
    multiplied by their rate in dong first; one exact division, rounded half to even at its end.
    """
    numerator, denominator = money.minor * 10 ** EXPONENTS[USD], 10 ** EXPONENTS[money.currency]
    if money.currency != _VND:
        above, below = ratio(Decimal(rates[money.currency]))
        numerator, denominator = numerator * above, denominator * below
    above, below = ratio(Decimal(rates[USD]))
    return divide(numerator * below, denominator * above)


def _within_reach(usd_minor: int, rate_id: str | None) -> Equivalent:
    return Equivalent(usd_minor if usd_minor <= MAX_JSON_MINOR else None, rate_id)
