"""Rates service: rates are recorded, and amounts put into US dollars to compare with a limit."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.fx import queries
from domain.fx.events import RateRecorded
from domain.fx.snapshot import Snapshot
from domain.fx.tables import FxRate
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.money import MAX_JSON_MINOR, Money, Rate
from domain.store.chain import SYSTEM, Actor
from domain.store.tx import Tx

USD = "USD"
_VND = "VND"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """An amount in US cents with the rates it was found by; None where no rate is known.

    `rate_id` is the id of the dollar's rate, or a digest of both ids for a third currency: it is
    another one as soon as either rate is.
    """

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
    RateRecorded.record(tx, row, said_by)
    return row


async def in_usd(tx: Tx, money: Money, on: date, *, oldest: timedelta | None = None) -> Equivalent:
    """What an amount is in US cents, for comparison with a limit and for nothing else.

    Dong are divided by the dollar's rate (dollar to dong is what is published), other currencies
    multiplied by their rate in dong first; one exact division, rounded half to even at its end.
    Without a rate, or with none younger than `oldest`, nobody knows, and whoever asks assumes the
    worst.
    """
    if money.currency == USD:
        return _within_reach(money.minor, None)
    dollar = await _latest(tx, USD, on, oldest)
    if dollar is None:
        return Equivalent(None)
    rates, rate_id = {USD: Decimal(dollar.value)}, dollar.id
    if money.currency != _VND:
        foreign = await _latest(tx, money.currency, on, oldest)
        if foreign is None:
            return Equivalent(None)
        rates[money.currency] = Decimal(foreign.value)
        rate_id = _both(dollar, foreign)
    cents = Snapshot(rates).minor(money.minor, money.currency, USD)
    return _within_reach(cents, rate_id) if cents is not None else Equivalent(None)


async def _latest(tx: Tx, base: str, on: date, oldest: timedelta | None) -> FxRate | None:
    """The newest rate in dong for that day, unless it is too old to say anything about it."""
    found = await queries.latest(tx, base, _VND, on)
    if found is not None and oldest is not None and on - found.as_of > oldest:
        return None
    return found


def _both(dollar: FxRate, foreign: FxRate) -> str:
    """A name for two rates, as long as the name of one."""
    return sha256_hex(f"{dollar.id}+{foreign.id}".encode())[: len(dollar.id)]


def _within_reach(usd_minor: int, rate_id: str | None) -> Equivalent:
    return Equivalent(usd_minor if usd_minor <= MAX_JSON_MINOR else None, rate_id)
