"""Payment requests: what was a customer asked to pay, and how do we know the money again?"""

from dataclasses import dataclass

from domain.kernel.money import Money
from domain.payments import queries, references
from domain.payments.tables import BankAccount, PaymentRequest
from domain.store import outbox
from domain.store.tx import Tx
from domain.vn import vietqr


@dataclass(frozen=True, slots=True)
class PaymentCode:
    """A code that can be handed out: what it says, and its payload."""

    payload: str
    amount: Money
    reference: str | None


def transfer(account: BankAccount, amount: Money, reference: str | None) -> PaymentCode:
    """The VietQR for so many dong into a company bank account. Raises VIETQR_INVALID."""
    payload = vietqr.encode(
        vietqr.Transfer(
            bin=account.bank_bin,
            account="".join(account.account_number.split()),
            amount=amount.minor,
            add_info=reference,
        )
    )
    return PaymentCode(payload, amount, reference)


async def ask_for_deal(
    tx: Tx, deal_id: str, account: BankAccount, amount: Money, *, requested_by: str
) -> PaymentCode:
    """The code a deal is paid by, kept with the deal; the same question has the same code.

    A deal has one reference for good, so that its money is known whichever of its codes was paid.
    """
    reference = await references.of_deal(tx, deal_id)
    asked, is_new = await ask_under(tx, reference, account, amount, requested_by=requested_by)
    if is_new:
        outbox.emit(tx, "deal.payment_requested", deal_id=deal_id, reference=reference)
    return asked


async def ask_under(
    tx: Tx, reference: str, account: BankAccount, amount: Money, *, requested_by: str
) -> tuple[PaymentCode, bool]:
    """The code that is paid under a reference, kept; and whether it is another than the last."""
    asked = transfer(account, amount, reference)
    latest = await queries.latest_request(tx, reference)
    if latest is not None and latest.payload == asked.payload:
        return asked, False
    tx.add(
        PaymentRequest(
            reference=reference,
            bank_account_id=account.id,
            amount_minor=amount.minor,
            currency=amount.currency,
            payload=asked.payload,
            requested_by=requested_by,
            created_at=tx.at,
        )
    )
    await tx.flush()
    return asked, True
