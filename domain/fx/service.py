"""Rates service: rates are recorded, found for the books, and amounts put into US dollars.

What is compared with a limit and what is booked are rates of different columns (columns.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.fx import queries
from domain.fx.columns import RateColumn
from domain.fx.events import RateRecorded
from domain.fx.snapshot import Snapshot
from domain.fx.tables import FxRate as FxRate
from domain.identity.grants import Signature
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.money import MAX_JSON_MINOR, Money, Rate
from domain.store.chain import SYSTEM, Actor
from domain.store.tx import Tx

USD = "USD"
_VND = "VND"
BANK = "bank"  # the source of the book rate: the bank that the company mostly uses
# A long weekend is four days. A rate from before a longer break says nothing about the day after.
_BOOKED_FOR = timedelta(days=5)
_FURTHEST = Decimal("0.1")  # no currency that we book by moved as much between two records


@dataclass(frozen=True, slots=True)
class Equivalent:
    """An amount in US cents with the rates it was found by; None where no rate is known.

    `rate_id` is the id of the dollar's rate, or a digest of both ids for a third currency: it is
    another one as soon as either rate is.
    """

    usd_minor: int | None
    rate_id: str | None = None


async def record(
    tx: Tx,
    rate: Rate,
    *,
    column: RateColumn = RateColumn.MID,
    said_by: Actor = SYSTEM,
    even_so: bool = True,
) -> FxRate:
    """Keep what a source said for a day, in one of its columns. The same again changes nothing.

    A rate decides who has to sign, so root or operator sign it, and the chain tells of it. Unless
    whoever says it means it `even_so`, it must not be far from the last one: a digit too many makes
    every amount a small one.

    Raises RATE_CONFLICT when the source said something else in that column for that day before, and
    RATE_FAR.
    """
    value = format(rate.value, "f")
    there = await queries.recorded(tx, rate.base, rate.quote, rate.as_of, rate.source, column)
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
    if not even_so:
        await check_near(tx, rate)
    row = FxRate(
        id=new_id(),
        base=rate.base,
        quote=rate.quote,
        value=value,
        as_of=rate.as_of,
        source=rate.source,
        column=column,
        recorded_at=tx.at,
    )
    told = RateRecorded.of(row)
    told.sign_row(tx, row)
    tx.add(row)
    await tx.flush()
    told.record(tx, said_by, Signature(row.signed_by, row.signature))
    return row


async def check_near(tx: Tx, rate: Rate) -> None:
    """Raise RATE_FAR if the last rate of the currency, of whichever source, says something else."""
    last = await queries.latest(tx, rate.base, rate.quote, rate.as_of)
    if last is None or abs(rate.value - Decimal(last.value)) <= Decimal(last.value) * _FURTHEST:
        return
    raise Fault(
        "RATE_FAR",
        Kind.CONFLICT,
        f"This rate differs by more than {_FURTHEST:.0%} from the last one, {last.value} of "
        f"{last.as_of.isoformat()}.",
        "look at every digit, then add --even-so.",
        {"base": rate.base, "last": last.value, "as_of": last.as_of.isoformat()},
    )


async def book_rate(tx: Tx, currency: str, on: date) -> FxRate:
    """The rate in dong by which a receivable in a foreign currency is booked on a day.

    It is what the company's own bank pays for money on account (Circular 99/2025/TT-BTC): the
    newest `transfer_buy` of the source `bank`, not more than five days old.

    Raises RATE_MISSING: nobody books by a guess.
    """
    found = await queries.newest_said(
        tx, currency, _VND, on, source=BANK, column=RateColumn.TRANSFER_BUY
    )
    if found is None or on - found.as_of > _BOOKED_FOR or not await _counts(tx, found):
        raise Fault(
            "RATE_MISSING",
            Kind.CONFLICT,
            "The bank's transfer-buying rate for that day is not on record, so nothing is booked.",
            "an operator records it: cyberos rate add --source bank --column transfer_buy.",
            {"currency": currency, "on": on.isoformat()},
        )
    return found


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


async def behind(tx: Tx, rate_id: str, currency: str, on: date) -> Sequence[FxRate]:
    """The rates with which an amount was put into dollars on a day, the dollar's first.

    None where others have been recorded for that day since: then nobody shows the wrong ones.
    """
    if (dollar := await queries.rate(tx, rate_id)) is not None:
        return (dollar,)
    both = [await queries.latest(tx, base, _VND, on) for base in (USD, currency)]
    found = [one for one in both if one is not None]
    return found if len(found) == len(both) and _both(*found) == rate_id else ()


async def _latest(tx: Tx, base: str, on: date, oldest: timedelta | None) -> FxRate | None:
    """The newest rate in dong for that day, unless it is too old to say anything about it, or
    nobody signed it: then nobody knows, and no older one is looked for.
    """
    found = await queries.latest(tx, base, _VND, on)
    if found is not None and oldest is not None and on - found.as_of > oldest:
        return None
    return found if found is not None and await _counts(tx, found) else None


async def _counts(tx: Tx, rate: FxRate) -> bool:
    return await RateRecorded.of(rate).counts(tx, rate.recorded_at, rate)


def _both(dollar: FxRate, foreign: FxRate) -> str:
    """A name for two rates, as long as the name of one."""
    return sha256_hex(f"{dollar.id}+{foreign.id}".encode())[: len(dollar.id)]


def _within_reach(usd_minor: int, rate_id: str | None) -> Equivalent:
    return Equivalent(usd_minor if usd_minor <= MAX_JSON_MINOR else None, rate_id)
