"""Billing rules: what must a buyer of each kind have, so that a hóa đơn can be made out to it?"""

from enum import StrEnum

from domain.kernel import text
from domain.kernel.countries import VIETNAM
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.vn.tax_codes import is_personal, read_tax_code

# As a hóa đơn has room: its letter goes to the address that stands on it.
MOST_NAME, MOST_ADDRESS, MOST_EMAIL, MOST_FOREIGN_ID = 400, 400, 50, 40


class BuyerKind(StrEnum):
    """What a buyer is to the law: it decides what stands on the hóa đơn."""

    VN_BUSINESS = "vn_business"
    INDIVIDUAL = "individual"
    FOREIGN = "foreign"
    CONSUMER = "consumer"


def check_country(kind: BuyerKind, country: str) -> None:
    """A business has a Vietnamese tax code exactly if it is in Vietnam. Raises BUYER_INVALID."""
    if kind is BuyerKind.FOREIGN and country == VIETNAM:
        raise _invalid(
            "A foreign buyer is not in Vietnam.", "Use vn_business or individual, or its country."
        )
    if kind is BuyerKind.VN_BUSINESS and country != VIETNAM:
        raise _invalid("A Vietnamese business is in Vietnam.", "Use foreign, or the country VN.")


def check_tax_id(kind: BuyerKind, typed: str | None) -> str | None:
    """The tax code as it is kept; of a foreigner whatever their country writes.

    Only the form is looked at: whether a code is valid today is asked when something is sent.

    Raises VN_MST_INVALID and BUYER_INVALID.
    """
    if typed is None:
        return None
    match kind:
        case BuyerKind.CONSUMER:
            raise _invalid("A consumer has no tax code.", "Leave tax_id out.")
        case BuyerKind.FOREIGN:
            return _line("tax_id", typed, MOST_FOREIGN_ID)
        case BuyerKind.INDIVIDUAL:
            return read_tax_code(typed).normalised
        case BuyerKind.VN_BUSINESS:
            return _of_business(read_tax_code(typed).normalised)


def effective_tax_id(kind: BuyerKind, own: str | None, of_account: str | None) -> str | None:
    """The code that stands on a hóa đơn: the profile's own, else the account's; a consumer none."""
    return None if kind is BuyerKind.CONSUMER else own or of_account


def check_complete(kind: BuyerKind, tax_id: str | None) -> None:
    """A business in Vietnam without any tax code can be sent nothing. Raises BUYER_MST_MISSING."""
    if kind is BuyerKind.VN_BUSINESS and tax_id is None:
        raise Fault(
            "BUYER_MST_MISSING",
            Kind.INVALID,
            "A Vietnamese business needs a tax code, and the account has none.",
            "Give tax_id, or the account's vn_mst.",
        )
    if kind is BuyerKind.VN_BUSINESS and tax_id is not None:
        _of_business(tax_id)


def check_address(typed: str) -> str:
    """One line of address. Raises BUYER_INVALID."""
    return _line("address", typed, MOST_ADDRESS)


def check_email(typed: str) -> str:
    """The address invoices go to. Raises EMAIL_INVALID and BUYER_INVALID."""
    address = email_address(typed)
    if len(address) > MOST_EMAIL:
        raise _invalid(
            f"A hóa đơn has room for an e-mail address of {MOST_EMAIL} letters.",
            "Give a shorter one that is read there too.",
        )
    return address


def check_name(typed: str | None) -> str | None:
    """The name on the hóa đơn, if it is another than the account's. Raises BUYER_INVALID."""
    return _line("name", typed, MOST_NAME) if typed is not None else None


def _of_business(code: str) -> str:
    # Since 2025-07-01 a household business has the personal number as its code.
    if is_personal(code) or len(code.replace("-", "")) in (10, 13):
        return code
    raise _invalid("This tax code fits no business in Vietnam.", "It has 10, 12 or 13 digits.")


def _line(name: str, typed: str, most: int) -> str:
    try:
        return text.line(typed, most)
    except ValueError as error:
        raise _invalid(f"The {name} {error}.", "Give it on one line.") from None


def _invalid(why: str, hint: str) -> Fault:
    return Fault("BUYER_INVALID", Kind.INVALID, why, hint)
