"""Does every code that was handed out say what the books say, into an account people confirmed?

A part of the offline verifier. A payload is read as a bank's app would read it, so that whoever
edits an account number in the database, or in the payload, is found.
"""

from sqlalchemy import String, select, type_coerce

from domain.approvals.tables import PendingAction
from domain.kernel.faults import Fault
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store.audit_verify import Report
from domain.store.tx import Tx
from domain.vn import vietqr
from domain.vn.references import is_reference

GENERATE = ("cyberos.crm.generate_vietqr", "cyberos.inv.generate_vietqr")


async def verify_payment_requests(tx: Tx, report: Report) -> None:
    """Every account in use was confirmed, every reference is one, every payload says the same."""
    confirmed = set(
        await tx.all(
            select(PendingAction.entity_id).where(
                PendingAction.tool.in_(GENERATE), PendingAction.state == "succeeded"
            )
        )
    )
    used = type_coerce(BankAccount.first_used_at, String).label("used")
    accounts = {
        row.id: row
        for row in await tx.rows(
            select(BankAccount.id, BankAccount.bank_bin, BankAccount.account_number, used)
        )
    }
    for id, account in accounts.items():
        if (account.used is not None) != (id in confirmed):
            what = "is in use and nobody confirmed that" if account.used else "was confirmed once"
            report.found(f"bank account {id}", what)
    for reference in await tx.all(select(PaymentReference.reference)):
        if not is_reference(reference):
            report.found(f"payment reference {reference}", "its check character is wrong")
    for row in await tx.rows(
        select(
            PaymentRequest.id,
            PaymentRequest.reference,
            PaymentRequest.bank_account_id,
            PaymentRequest.amount_minor,
            PaymentRequest.payload,
        ).order_by(PaymentRequest.id)
    ):
        account = accounts.get(row.bank_account_id)
        if account is None or _read(row.payload) != (
            account.bank_bin,
            "".join(account.account_number.split()),
            row.amount_minor,
            row.reference,
        ):
            report.found(f"payment request {row.id}", "its code does not say what its row says")


def _read(payload: str) -> tuple[str, str, int | None, str | None] | None:
    try:
        code = vietqr.decode(payload)
    except Fault:
        return None
    return code.bin, code.account, code.amount, code.add_info
