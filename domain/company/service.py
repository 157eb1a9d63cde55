"""Company service: what stands about the seller on a hóa đơn is recorded, each time from a day on.

An invoice shows what was in force on its day, so nothing is ever overwritten.
"""

from dataclasses import dataclass
from datetime import date

from domain.company import queries, rules
from domain.company.events import SellerProfileRecorded
from domain.company.rules import VatMethod
from domain.company.tables import SellerProfile as SellerProfile
from domain.identity.grants import Signature
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store.chain import Actor
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """The company as a seller from a day on, as somebody typed it."""

    effective_from: date
    legal_name: str
    tax_code: str
    address: str
    vat_method: VatMethod
    symbol: str
    email: str | None = None


async def profile_on(tx: Tx, day: date) -> SellerProfile | None:
    """What stands about us on an invoice of this day; None before the first profile.

    PROFILE_UNSIGNED for one that neither root nor operator signed: it names who gets the money.
    """
    row = await queries.profile_on(tx, day)
    if row is not None and not await SellerProfileRecorded.of(row).counts(tx, row.recorded_at, row):
        raise Fault(
            "PROFILE_UNSIGNED",
            Kind.FORBIDDEN,
            "The seller's profile of that day is signed by nobody who may, so it is not used.",
            "an operator looks at it with `cyberos audit verify`.",
        )
    return row


async def record(tx: Tx, seller: Seller, *, said_by: Actor) -> tuple[SellerProfile, bool]:
    """The profile from its day on, and whether it is new; saying the same again changes nothing.

    Raises VN_MST_INVALID, SYMBOL_INVALID, EMAIL_INVALID, PROFILE_INVALID, and PROFILE_CONFLICT when
    another one begins on that day.
    """
    row = SellerProfile(
        id=new_id(),
        effective_from=seller.effective_from,
        legal_name=rules.check_words("legal name", seller.legal_name, rules.MOST_NAME),
        tax_code=rules.check_seller_code(seller.tax_code),
        address=rules.check_words("address", seller.address, rules.MOST_ADDRESS),
        email=email_address(seller.email) if seller.email is not None else None,
        vat_method=seller.vat_method.value,
        symbol=rules.check_symbol(seller.symbol, seller.effective_from),
        recorded_by=f"{said_by.kind}:{said_by.id}",
        recorded_at=tx.at,
    )
    there = await queries.beginning(tx, seller.effective_from)
    if there is not None:
        if _content(there) == _content(row):
            return there, False
        raise Fault(
            "PROFILE_CONFLICT",
            Kind.CONFLICT,
            "Another profile begins on that day.",
            "A profile never changes; record the correction with another --from day.",
            {"effective_from": seller.effective_from.isoformat()},
        )
    told = SellerProfileRecorded.of(row)
    told.sign_row(tx, row)
    tx.add(row)
    await tx.flush()
    told.record(tx, said_by, Signature(row.signed_by, row.signature))
    return row, True


def _content(row: SellerProfile) -> tuple[str | None, ...]:
    return row.legal_name, row.tax_code, row.address, row.email, row.vat_method, row.symbol
