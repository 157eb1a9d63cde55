"""Invoices of won deals: what was won is drafted, and people are told so before they sign.

Nothing is sent: that is a question of its own, which other people answer.
"""

from domain.invoices import drafting
from domain.invoices.rules import FLAT
from domain.store.declarations import Done, Foreseen, SideEffect, WonDeal, skipped
from domain.store.tx import Tx

KIND = "inv"


async def foresee(_tx: Tx, deal: WonDeal) -> Foreseen:
    """A draft of the deal's worth before tax; none of a deal that is worth nothing."""
    if deal.worth.minor == 0:
        return Foreseen()
    return Foreseen(
        {
            "kind": KIND,
            "invoice": FLAT,
            "subtotal_minor": str(deal.worth.minor),
            "currency": deal.worth.currency,
        },
        {
            "vi": "Một hóa đơn nháp cùng trị giá (chưa gồm VAT) sẽ được lập; không gửi đi.",
            "en": "An invoice of the same amount before VAT is drafted; it is not sent.",
        },
    )


async def draft(tx: Tx, deal: WonDeal, by: str) -> SideEffect:
    """Draft it."""
    if deal.worth.minor == 0:
        return skipped(KIND, "nothing_to_bill")
    assert deal.closed_on is not None, "the deal is closed"
    invoice = await drafting.draft_of_deal(
        tx, deal.id, account_id=deal.account_id, title=deal.name, worth=deal.worth,
        on=deal.closed_on, by=by,
    )  # fmt: skip
    return SideEffect(KIND, Done.DONE, f"invoice={invoice.label} status=draft", invoice.id)
