"""Rate columns: which kind of quotation is a rate? What a bank buys at is not what it sells at."""

from enum import StrEnum
from typing import Final


class RateColumn(StrEnum):
    """The column of a source's table that a rate stands in."""

    CENTRAL = "central"  # the central bank's (tỷ giá trung tâm)
    MID = "mid"  # one figure for all purposes, as most feeds have it
    CASH_BUY = "cash_buy"
    TRANSFER_BUY = (
        "transfer_buy"  # what a bank pays for money on account: receivables are booked so
    )
    SELL = "sell"


# What amounts are compared by. Others are asked only where a currency has none of these, so that a
# rate which is recorded for the books does not move a limit.
FOR_COMPARISON: Final = (RateColumn.CENTRAL, RateColumn.MID)
