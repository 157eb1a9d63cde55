"""Payment codes of won deals: the VietQR that the customer pays by.

Closing confirms no account: that is a question of its own, which other people answer.
"""

from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.store.declarations import Done, Foreseen, SideEffect, WonDeal, skipped
from domain.store.tx import Tx
from domain.vn.vietqr import LARGEST_AMOUNT

KIND = "vietqr"


async def foresee(tx: Tx, deal: WonDeal) -> Foreseen:
    """The account a VietQR of this deal would name: there is one for dong alone."""
    into = await _into(tx, deal)
    if into is None:
        return Foreseen()
    number, bank = into.account.account_number, f"{into.bank.short_name} ({into.bank.bin})"
    return Foreseen(
        {
            "kind": "vietqr_if_confirmed",
            "bank_account_id": into.account.id,
            "amount_minor": str(deal.worth.minor),
        },
        {
            "vi": f"Mã VietQR nhận tiền vào tài khoản {number} tại {bank} được tạo nếu khi đó"
            " tài khoản đã được xác nhận.",
            "en": f"A VietQR into account {number} at {bank} is made if that is confirmed by then.",
        },
    )


async def collect(tx: Tx, deal: WonDeal, by: str) -> SideEffect:
    """Make the code, or say why there is none."""
    if deal.worth.currency != VND or deal.worth.minor == 0:
        return skipped(KIND, "not_an_amount_in_vnd")
    if deal.worth.minor > LARGEST_AMOUNT:
        return skipped(KIND, "amount_too_large_for_a_code")
    into = await _into(tx, deal)
    if into is None:
        return skipped(KIND, "no_default_account")
    if into.never_used:
        return skipped(KIND, "first_use_needs_people")
    asked = await requests.ask_for_deal(tx, deal.id, into.account, deal.worth, requested_by=by)
    where = f"bank={into.bank.short_name} account={into.account.account_number}"
    detail = f"{where} amount={deal.worth.minor:,} VND reference={asked.reference}"
    return SideEffect(KIND, Done.DONE, detail)


async def _into(tx: Tx, deal: WonDeal) -> Beneficiary | None:
    payable = deal.worth.currency == VND and 0 < deal.worth.minor <= LARGEST_AMOUNT
    return await beneficiaries.default(tx) if payable else None
