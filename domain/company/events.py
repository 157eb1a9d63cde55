"""Audit events of the company, for who writes them and who verifies them."""

from dataclasses import dataclass
from typing import ClassVar, Self

from domain.company.tables import SellerProfile
from domain.identity.grants import SignedGrant


@dataclass(frozen=True, slots=True)
class SellerProfileRecorded(SignedGrant):
    """What the company says of itself as a seller from a day on. Root or operator sign it."""

    EVENT: ClassVar = "company.profile_recorded"
    KIND: ClassVar = "seller_profile"

    @classmethod
    def of(cls, row: SellerProfile) -> Self:
        """What is to be told of a row."""
        told = {
            "effective_from": row.effective_from.isoformat(),
            "legal_name": row.legal_name,
            "tax_code": row.tax_code,
            "address": row.address,
            "email": row.email or "",
            "vat_method": row.vat_method,
            "symbol": row.symbol,
        }
        return cls(row.id, told)
