"""Payment requests: what was a customer asked to pay, and how do we know the money again?"""

from dataclasses import dataclass

from domain.kernel.money import Money
from domain.payments import queries
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store import outbox
from domain.store.tx import Tx
from domain.vn import vietqr
from domain.vn.references import new_reference


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
    there = await queries.reference_of(tx, deal_id)
    if there is None:
        there = PaymentReference(reference=new_reference(), deal_id=deal_id, created_at=tx.at)
        tx.add(there)
        await tx.flush()
    asked = transfer(account, amount, there.reference)
    latest = await queries.latest_request(tx, deal_id)
    if latest is None or latest.payload != asked.payload:
        tx.add(
            PaymentRequest(
                reference=there.reference,
                bank_account_id=account.id,
                amount_minor=amount.minor,
                currency=amount.currency,
                payload=asked.payload,
                requested_by=requested_by,
                created_at=tx.at,
            )
        )
        await tx.flush()
        outbox.emit(tx, "deal.payment_requested", deal_id=deal_id, reference=there.reference)
    return asked
