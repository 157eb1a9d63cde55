"""Queries of payments: into which accounts may customers pay, and what were they asked for?"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, select

from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM


async def bank_accounts(tx: Tx) -> Sequence[BankAccount]:
    """The allow-list: every company bank account, by currency, the default of each first."""
    return await tx.all(
        select(BankAccount).order_by(
            BankAccount.currency, BankAccount.is_default.desc(), BankAccount.id
        )
    )


async def bank_account(tx: Tx, account_id: str) -> BankAccount | None:
    """A company bank account by its id."""
    return await tx.get(BankAccount, account_id)


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
    of_code = PaymentRequest.reference == PaymentReference.reference
    found = await tx.all(
        select(PaymentReference.deal_id)
        .join(PaymentRequest, of_code)
        .where(PaymentReference.deal_id.in_(deal_ids))
    )
    return frozenset(id for id in found if id is not None)


async def without_deal(tx: Tx, *, after: str, limit: int) -> Sequence[str]:
    """References by which no deal is paid, in their order from behind one."""
    return await tx.all(
        select(PaymentReference.reference)
        .where(PaymentReference.deal_id.is_(None), PaymentReference.reference > after)
        .order_by(PaymentReference.reference)
        .limit(limit)
    )


async def latest_request(tx: Tx, reference: str) -> PaymentRequest | None:
    """The code that was handed out last under a reference."""
    return await tx.first(
        select(PaymentRequest)
        .where(PaymentRequest.reference == reference)
        .order_by(PaymentRequest.id.desc())
    )


async def deals_of(tx: Tx, references: Iterable[str]) -> dict[str, str | None]:
    """Those of these references that are ours, with the deal of each; None for one of no deal."""
    asked = select(PaymentReference.reference, PaymentReference.deal_id)
    with tx.looking_as(SYSTEM):
        rows = await tx.rows(asked.where(PaymentReference.reference.in_(list(references))))
    return {row.reference: row.deal_id for row in rows}
