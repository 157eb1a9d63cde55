"""Into which of our accounts may customers pay?"""

from collections.abc import Sequence

from sqlalchemy import select, update

from domain.payments.tables import BankAccount
from domain.store.tx import Tx


async def bank_accounts(tx: Tx) -> Sequence[BankAccount]:
    """The allow-list: every account of ours, by currency, the default of each first."""
    return await tx.all(
        select(BankAccount).order_by(
            BankAccount.currency, BankAccount.is_default.desc(), BankAccount.id
        )
    )


async def numbered(tx: Tx, bank_bin: str, account_number: str) -> BankAccount | None:
    """The account of ours with this number at this bank."""
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


async def clear_default(tx: Tx, currency: str) -> None:
    """Make room for another default account."""
    await tx.change(
        update(BankAccount)
        .where(BankAccount.currency == currency, BankAccount.is_default)
        .values(is_default=False)
    )
