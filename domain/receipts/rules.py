"""Rules of receipts: what becomes of an event, and which money is whose?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from domain.kernel.clock import VIETNAM
from domain.receipts import sepay
from domain.receipts.sepay import Transfer, Unreadable

NEW: Final = "new"  # nobody has read it
RECEIVED: Final = "received"  # a receipt was made of it
IGNORED: Final = "ignored"  # no money of ours came in; `reason` says why
UNSIGNED: Final = "endpoint_unsigned"  # nobody who may let this address speak
UNREADABLE: Final = "unreadable"  # it does not say what a transfer must say; `reason` is the field

OUTGOING: Final = "outgoing"
# Why a receipt waits, before anybody has asked which invoice it pays.
ACCOUNT_UNKNOWN: Final = "account_unknown"
UNMATCHED: Final = "unmatched"
# No feed tells of a transfer later than this; a day before is a fault of its clock or its form.
LONGEST_UNTOLD: Final = timedelta(days=366)
OFTEN: Final = 8  # so many failures are worth a line to an operator; it is tried on


@dataclass(frozen=True, slots=True)
class Reading:
    """What an event comes to: the state, the reason, and the money if some came in."""

    state: str
    reason: str | None = None
    transfer: Transfer | None = None


def read(event: Mapping[str, Any]) -> Reading:
    """What a SePay event comes to. Money that leaves is not ours to apply."""
    try:
        transfer = sepay.transfer(event)
    except Unreadable as why:
        return Reading(UNREADABLE, str(why))
    if not transfer.is_incoming:
        return Reading(IGNORED, OUTGOING)
    return Reading(RECEIVED, None, transfer)


def value_date(transfer: Transfer, received_at: datetime) -> date:
    """The day of the bank if it names one that can be, else the day in Vietnam we heard of it.

    Money is booked on that day: one that has not come yet would keep it out of every balance, and
    one of long ago would put it into years whose books are closed.
    """
    heard = received_at.astimezone(VIETNAM).date()
    said = transfer.value_date
    return said if said is not None and heard - LONGEST_UNTOLD <= said <= heard else heard


def is_ours(own_account: str, accounts: Collection[str]) -> bool:
    """Whether money went into one of the company's accounts, as their numbers are written down."""
    return own_account in {"".join(number.split()).upper() for number in accounts}
