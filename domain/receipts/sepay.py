"""SePay: how does this feed tell of a transfer, and what of it can be relied on?

Source: the vendor's pages developer.sepay.vn/en/sepay-webhooks of late 2026. `id` is the feed's
number of the transfer, by which a repeated event is known. Amounts are whole dong; a time is that
of Vietnam.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from domain.kernel.canonical import LARGEST_INTEGER
from domain.kernel.clock import VIETNAM

CURRENCY: Final = "VND"
_LONGEST_ID = 64
_LONGEST_MEMO = 2_000


class Unreadable(ValueError):
    """What came does not say what a transfer must say; the words name the field, never a value."""


@dataclass(frozen=True, slots=True)
class Named:
    """What has to be known of an event before anything of it is kept."""

    provider_id: str
    own_account: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer: which way, how much (minor units of VND), in whose words, on which day."""

    is_incoming: bool
    amount_minor: int
    memo: str
    bank_reference: str | None
    value_date: date | None


def named(event: Any) -> Named:
    """The names of an event and the digest of its content, however that was spelled.

    Raises Unreadable for what is no event at all.
    """
    if not isinstance(event, Mapping):
        raise Unreadable("no object")
    provider_id, account = event.get("id"), event.get("accountNumber")
    if isinstance(provider_id, bool) or not isinstance(provider_id, int | str):
        raise Unreadable("id")
    shown = str(provider_id)
    if not 0 < len(shown) <= _LONGEST_ID or not shown.isprintable() or not shown.strip():
        raise Unreadable("id")
    spelled = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    own_account = account if isinstance(account, str) and account.isprintable() else ""
    return Named(
        shown,
        "".join(own_account.split()).upper()[:_LONGEST_ID],
        hashlib.sha256(spelled.encode()).hexdigest(),
    )


def transfer(event: Mapping[str, Any]) -> Transfer:
    """What the event says of money. Raises Unreadable."""
    way = event.get("transferType")
    if way not in ("in", "out"):
        raise Unreadable("transferType")
    return Transfer(
        way == "in",
        _amount(event.get("transferAmount")),
        _words(event.get("content"), _LONGEST_MEMO) or _words(event.get("description"), 2_000),
        _words(event.get("referenceCode"), 255) or None,
        _day(event.get("transactionDate")),
    )


def _amount(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # `2277000.0` is a whole number of dong all the same
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST_INTEGER:
        raise Unreadable("transferAmount")
    return value


def _words(value: Any, longest: int) -> str:
    """Text as it came, without what no database keeps; empty for anything else.

    JSON can name half of a character, which no UTF-8 holds: it is left out, so that the money is
    taken down all the same.
    """
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "ignore").decode().replace("\x00", "")[:longest]


def _day(value: Any) -> date | None:
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=VIETNAM).date()
    except (TypeError, ValueError):
        return None
