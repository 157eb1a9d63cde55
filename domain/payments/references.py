"""Payment references: under which code is a deal or an invoice paid, whatever else is asked for?"""

from domain.payments import queries
from domain.payments.tables import PaymentReference
from domain.store.tx import Tx
from domain.vn.references import new_reference


async def of_deal(tx: Tx, deal_id: str) -> str:
    """The reference of a deal; drawn when it is first asked for, and kept for good."""
    there = await queries.reference_of(tx, deal_id)
    return there.reference if there is not None else await _drawn(tx, deal_id)


async def of_its_own(tx: Tx) -> str:
    """A new reference of no deal, for an invoice to name."""
    return await _drawn(tx, None)


async def _drawn(tx: Tx, deal_id: str | None) -> str:
    drawn = PaymentReference(reference=new_reference(), deal_id=deal_id, created_at=tx.at)
    tx.add(drawn)
    await tx.flush()
    return drawn.reference
