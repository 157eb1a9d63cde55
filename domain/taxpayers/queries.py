"""Queries of taxpayers: what was answered about this tax code the last time it was asked?"""

from sqlalchemy import select

from domain.store.tx import Tx
from domain.taxpayers.tables import TaxRegistryAnswer


async def answer(tx: Tx, tax_code: str, *, lock: bool = False) -> TaxRegistryAnswer | None:
    """The last answer about a canonical code; `lock` holds it until the end."""
    wanted = select(TaxRegistryAnswer).where(TaxRegistryAnswer.tax_code == tax_code)
    return await tx.first(wanted.with_for_update() if lock else wanted)
