"""Queries of billing: how are accounts billed, and where do their invoices go?"""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from domain.billing.tables import BillingProfile
from domain.store.tx import Tx


async def of_account(tx: Tx, account_id: str) -> BillingProfile | None:
    """The billing profile of an account as it is kept."""
    return await tx.first(select(BillingProfile).where(BillingProfile.account_id == account_id))


async def of_accounts(tx: Tx, account_ids: Iterable[str]) -> Mapping[str, BillingProfile]:
    """The same of several, by the id of the account."""
    among = BillingProfile.account_id.in_(sorted(set(account_ids)))
    return {row.account_id: row for row in await tx.all(select(BillingProfile).where(among))}
