"""Queries of the company: what does it say of itself as a seller, and since when?"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from domain.company.tables import SellerProfile
from domain.store.tx import Tx


async def profiles(tx: Tx) -> Sequence[SellerProfile]:
    """Every seller profile, the one that begins last first."""
    return await tx.all(select(SellerProfile).order_by(SellerProfile.effective_from.desc()))


async def profile_on(tx: Tx, day: date) -> SellerProfile | None:
    """The seller profile that is in force on a day."""
    return await tx.first(
        select(SellerProfile)
        .where(SellerProfile.effective_from <= day)
        .order_by(SellerProfile.effective_from.desc())
    )


async def beginning(tx: Tx, day: date) -> SellerProfile | None:
    """The seller profile that begins on exactly this day."""
    return await tx.first(select(SellerProfile).where(SellerProfile.effective_from == day))
