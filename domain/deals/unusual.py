"""Unusual deals: is an amount far from what is usual, or a close date over already?

Usual is the median of what the asker may see, so that a refusal tells nothing of hidden deals.
"""

from collections.abc import Sequence
from datetime import date
from statistics import median_low

from domain.deals import queries
from domain.identity import queries as identity
from domain.kernel.money import Money
from domain.kernel.unusual import Doubt, settle
from domain.store.tx import Tx
from domain.store.visibility import Viewer

TIMES = 100  # zeros too many come in threes, and cents for whole dong in twos
# A first deal of a customer is judged by those of others, if it is no small one and they are some.
_FEWEST_OF_COMPANY = 3
_LEAST_OF_COMPANY = 10_000_000  # minor units
_MOST_LOOKED_AT = 200


async def look_at_new(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str,
    amount_minor: int,
    currency: str | None,
    expected_close_date: date | None,
    on: date,
    confirmed: bool,
) -> list[str]:
    """What to say of unusual values of a new deal, if they were confirmed. Raises UNUSUAL."""
    doubts = _of_date(expected_close_date, on)
    if amount_minor:
        code = currency or (await identity.tenant(tx)).base_currency
        doubts = [*await _of_amount(tx, viewer, account_id, amount_minor, code), *doubts]
    return settle(doubts, confirmed=confirmed)


async def look_at_change(
    tx: Tx,
    viewer: Viewer,
    deal_id: str,
    *,
    amount_minor: int | None,
    currency: str | None = None,
    expected_close_date: date | None,
    on: date,
    confirmed: bool,
) -> list[str]:
    """The same of what changes in a deal; what it has already is nothing new."""
    if amount_minor is None and expected_close_date is None:
        return []
    deal = await queries.get(tx, deal_id, viewer)
    if deal is None:
        return []
    doubts: Sequence[Doubt] = ()
    if expected_close_date != deal.expected_close_date:
        doubts = _of_date(expected_close_date, on)
    code = currency or deal.currency
    if amount_minor and (amount_minor, code) != (deal.amount_minor, deal.currency):
        found = await _of_amount(tx, viewer, deal.account_id, amount_minor, code, deal_id)
        doubts = [*found, *doubts]
    return settle(doubts, confirmed=confirmed)


def is_unusual(amount_minor: int, usual: Sequence[int]) -> bool:
    """Whether an amount is a hundred times the median of these, or more."""
    return bool(usual) and amount_minor >= TIMES * median_low(usual)


def _of_date(day: date | None, on: date) -> list[Doubt]:
    if day is None or day >= on:
        return []
    return [Doubt("expected_close_date", f"is before today, {on}", "the year and the month")]


async def _of_amount(
    tx: Tx,
    viewer: Viewer,
    account_id: str,
    amount_minor: int,
    currency: str,
    deal_id: str | None = None,
) -> list[Doubt]:
    """The customer's deals count, or those of all customers while it has none."""
    whose = "this customer's"
    usual = await queries.amounts(
        tx, viewer, currency, account_id=account_id, besides=deal_id, limit=_MOST_LOOKED_AT
    )
    if not usual and amount_minor >= _LEAST_OF_COMPANY:
        whose = "the company's"
        usual = await queries.amounts(tx, viewer, currency, besides=deal_id, limit=_MOST_LOOKED_AT)
        usual = usual if len(usual) >= _FEWEST_OF_COMPANY else []
    if not is_unusual(amount_minor, usual):
        return []
    # A currency we do not know is refused by whoever writes the deal.
    typed, middle = (Money(minor, currency).text() for minor in (amount_minor, median_low(usual)))
    problem = f"({typed}) is {TIMES} times {whose} usual ({middle}) or more"
    return [Doubt("amount_minor", problem, "the unit: dong have no decimals, dollars are cents")]
