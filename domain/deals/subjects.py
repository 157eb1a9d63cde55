"""Subjects: which account do an account, a contact and a deal agree on that something is about?"""

from domain.accounts import queries as accounts
from domain.contacts import queries as contacts
from domain.deals import queries as deals
from domain.kernel.faults import Fault, Kind
from domain.store.tx import Tx
from domain.store.visibility import Viewer


async def account_of(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str | None,
    contact_id: str | None,
    deal_id: str | None,
) -> str | None:
    """The account that those of the three agree on which are given; None where none is.

    Raises NOT_FOUND for what does not exist for the viewer, and ACCOUNT_MISMATCH.
    """
    found: set[str] = set()
    if deal_id is not None:
        deal = await deals.get(tx, deal_id, viewer)
        if deal is None:
            raise _not_found("deal", "{deals}")
        found.add(deal.account_id)
    if contact_id is not None:
        contact = await contacts.get(tx, contact_id)
        if contact is None:
            raise _not_found("contact", "{contacts}")
        found.add(contact.account_id)
    if account_id is not None:
        if await accounts.get(tx, account_id) is None:
            raise _not_found("account", "{accounts}")
        found.add(account_id)
    if len(found) > 1:
        raise Fault(
            "ACCOUNT_MISMATCH",
            Kind.CONFLICT,
            "Account, contact and deal do not belong together.",
            "Leave account_id out, or give a contact and a deal of the same account.",
        )
    return found.pop() if found else None


def _not_found(what: str, where: str) -> Fault:
    return Fault(
        "NOT_FOUND", Kind.NOT_FOUND, f"There is no such {what}.", f"Look the id up with {where}."
    )
