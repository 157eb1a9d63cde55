"""Queries of payments: into which accounts may customers pay, and what were they asked for?"""

from collections.abc import Sequence

from sqlalchemy import Select, select

from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store.tx import Tx


async def bank_accounts(tx: Tx) -> Sequence[BankAccount]:
    """The allow-list: every company bank account, by currency, the default of each first."""
    return await tx.all(
        select(BankAccount).order_by(
            BankAccount.currency, BankAccount.is_default.desc(), BankAccount.id
        )
    )


async def numbered(tx: Tx, bank_bin: str, account_number: str) -> BankAccount | None:
    """The company bank account with this number at this bank."""
    return await tx.first(
        select(BankAccount).where(
            BankAccount.bank_bin == bank_bin, BankAccount.account_number == account_number
        )
    )


async def default_for(tx: Tx, currency: str) -> BankAccount | None:
    """The account to be paid into when nobody names one."""
    return await tx.first(
        select(BankAccount).where(BankAccount.currency == currency, BankAccount.is_default)
    )


async def reference_of(tx: Tx, deal_id: str) -> PaymentReference | None:
    """The reference under which a deal is paid, if it has one already."""
    return await tx.first(select(PaymentReference).where(PaymentReference.deal_id == deal_id))


async def asked_to_pay(tx: Tx, deal_ids: "Select[str]") -> frozenset[str]:
    """Those of these deals whose customers were given a code."""
    return frozenset(
        await tx.all(select(PaymentReference.deal_id).where(PaymentReference.deal_id.in_(deal_ids)))
    )


async def latest_request(tx: Tx, deal_id: str) -> PaymentRequest | None:
    """The code that was handed out last for a deal."""
    return await tx.first(
        select(PaymentRequest)
        .join(PaymentReference, PaymentReference.reference == PaymentRequest.reference)
        .where(PaymentReference.deal_id == deal_id)
        .order_by(PaymentRequest.id.desc())
        .limit(1)
    )
