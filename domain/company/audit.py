"""Audit laws of the company: was every seller profile recorded by an operator?"""

from typing import Any

from sqlalchemy import select

from domain.company.events import SellerProfileRecorded
from domain.company.tables import SellerProfile
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx

_PROFILE = (
    *(SellerProfile.id, SellerProfile.effective_from, SellerProfile.legal_name),
    *(SellerProfile.tax_code, SellerProfile.address, SellerProfile.email),
    *(SellerProfile.vat_method, SellerProfile.symbol),
)


async def profiles_were_recorded(tx: Tx, report: Report, _: Approved) -> None:
    """Every seller profile is what the entry says that tells of it."""
    told: dict[str, Any] = {}
    for _seq, entry in await entries_of(tx, SellerProfileRecorded.EVENT):
        event = SellerProfileRecorded.read(entry)
        told.setdefault(event.id, event.told)
    async for page in pages(tx, select(*_PROFILE), SellerProfile.id):
        for row in page:
            if row.id not in told:
                report.found(f"seller profile {row.id}", "is there, and no entry tells of it")
            elif told[row.id] != SellerProfileRecorded.of(row).told:
                report.found(f"seller profile {row.id}", "is not what its entry says")
