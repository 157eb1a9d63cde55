"""Ledger rules: which lines does an event make, and are the lines of an entry an entry?

Two events are booked so far: an invoice was accepted, and a receipt was applied to one. Values come
in and lines go out; what is not known here is not asked for.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import EXPONENTS, MAX_JSON_MINOR, Money
from domain.kernel.rounding import Rounding, divide, ratio
from domain.ledger.entries import BOOK, Dimensions, Line, credit, debit
from domain.ledger.roles import Role

TOLERANCE_MINOR = 1_000  # dong that a receipt may differ from what it settles, either way


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One line of an accepted invoice: net amount and its VAT, in minor units; less than 0 too.

    The revenue is performed on `service_to`, or at once where no period is named.
    """

    net_minor: int
    vat_minor: int
    project_id: str | None = None
    department: str | None = None
    product_id: str | None = None
    service_from: date | None = None
    service_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedInvoice:
    """An invoice that the tax authority took. `rate` is in dong for one unit of the currency."""

    document_id: str
    party_id: str
    on: date
    currency: str
    lines: tuple[Sold, ...]
    rate: Decimal | None = None
    document_kind: str = "invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedReceipt:
    """Money in the bank that settles a part of an invoice.

    `received_minor` came in, `settled_minor` is what the invoice is lessened by; they differ within
    the tolerance, either way.
    """

    receipt_id: str
    document_id: str
    party_id: str
    currency: str
    received_minor: int
    settled_minor: int
    document_kind: str = "invoice"
    receipt_kind: str = "receipt"


def accepted(invoice: AcceptedInvoice) -> tuple[Line, ...]:
    """Receivable against revenue and output VAT, whatever has been paid (ghi nhận doanh thu).

    What is performed after the day of the invoice is deferred. In a foreign currency the whole is
    converted once, half up, and shared among the credits by largest remainder: both sides are
    equal to the dong.

    Raises RATE_MISSING for a foreign currency without a rate, and LEDGER_NOTHING for an invoice of
    nothing.
    """
    about = Dimensions(
        party_id=invoice.party_id,
        document_kind=invoice.document_kind,
        document_id=invoice.document_id,
    )
    vat = sum(line.vat_minor for line in invoice.lines)
    credits = [
        *((_earned(line, invoice.on), line.net_minor, _of(line, about)) for line in invoice.lines),
        (Role.OUTPUT_VAT, vat, about),
    ]
    credits = [one for one in credits if one[1]]
    if not credits:
        raise Fault(
            "LEDGER_NOTHING",
            Kind.INVALID,
            "The invoice has no amounts, so there is nothing to post.",
            "Give it a line with an amount.",
        )
    total, parts = in_books([minor for _, minor, _ in credits], invoice.currency, invoice.rate)
    whole = sum(minor for _, minor, _ in credits)
    due = [debit(Role.RECEIVABLE, Money(whole, invoice.currency), about, book_minor=total)]
    return (
        *(due if whole else ()),
        *(
            credit(role, Money(minor, invoice.currency), of, book_minor=part)
            for (role, minor, of), part in zip(credits, parts, strict=True)
        ),
    )


def applied(receipt: AppliedReceipt) -> tuple[Line, ...]:
    """Bank against receivable, and a small difference to the rounding role.

    Raises LEDGER_CURRENCY for other currencies than the dong, whose difference of exchange nobody
    books here yet, and LEDGER_ROUNDING for a difference that is no rounding.
    """
    if receipt.currency != BOOK:
        raise Fault(
            "LEDGER_CURRENCY",
            Kind.CONFLICT,
            "Receipts in a foreign currency cannot be posted yet.",
            "keep the receipt waiting; an accountant books it with its difference of exchange.",
            {"currency": receipt.currency},
        )
    difference = receipt.settled_minor - receipt.received_minor
    if receipt.received_minor <= 0 or receipt.settled_minor <= 0 or _is_large(difference):
        raise Fault(
            "LEDGER_ROUNDING",
            Kind.CONFLICT,
            "The receipt and what it settles differ by more than a rounding.",
            "settle what came in, and leave the rest open.",
            {"tolerance_minor": TOLERANCE_MINOR},
        )
    of_invoice = Dimensions(
        party_id=receipt.party_id,
        document_kind=receipt.document_kind,
        document_id=receipt.document_id,
    )
    of_receipt = Dimensions(
        party_id=receipt.party_id,
        document_kind=receipt.receipt_kind,
        document_id=receipt.receipt_id,
    )
    rest = debit(Role.ROUNDING, Money(difference, BOOK), of_invoice)
    return (
        debit(Role.BANK, Money(receipt.received_minor, BOOK), of_receipt),
        *((rest,) if difference else ()),
        credit(Role.RECEIVABLE, Money(receipt.settled_minor, BOOK), of_invoice),
    )


def in_books(
    amounts: Sequence[int], currency: str, rate: Decimal | None
) -> tuple[int, tuple[int, ...]]:
    """The sum of amounts in dong, and the share of each, which add up to it.

    The sum is rounded once, half up. Every share is next to its exact worth: each is rounded down,
    and the dong that are left go to the largest remainders, of equal ones to the first.

    Raises RATE_MISSING without a rate for a foreign currency.
    """
    if currency == BOOK:
        return sum(amounts), tuple(amounts)
    if rate is None:
        raise Fault(
            "RATE_MISSING",
            Kind.CONFLICT,
            "An amount in a foreign currency is booked by a rate, and there is none.",
            "an operator records it: cyberos rate add --source bank --column transfer_buy.",
            {"currency": currency},
        )
    above, below = ratio(rate)
    below *= 10 ** EXPONENTS[currency]
    total = divide(sum(amounts) * above, below, Rounding.HALF_UP)
    shares = [divmod(amount * above, below) for amount in amounts]
    left = total - sum(share for share, _ in shares)
    by_remainder = sorted(range(len(shares)), key=lambda n: -shares[n][1])
    lifted = set(by_remainder[:left])
    return total, tuple(share + (n in lifted) for n, (share, _) in enumerate(shares))


def check(lines: Sequence[Line]) -> None:
    """Whether lines are an entry. Raises LEDGER_UNBALANCED with what is wrong, and LEDGER_AMOUNT.

    The database refuses the same, whoever writes (triggers.py).
    """
    by_currency: dict[str, int] = defaultdict(int)
    for line in lines:
        by_currency[line.currency] += line.debit_minor - line.credit_minor
        if not _is_line(line):
            raise Fault(
                "LEDGER_AMOUNT",
                Kind.INVALID,
                "A line stands on one side, with an amount that the books hold too.",
                "Give each line one amount above zero, and in dong the same in the books.",
                {"role": line.role.value},
            )
    unequal = sorted(currency for currency, minor in by_currency.items() if minor)
    book = sum(line.book_minor for line in lines)
    if len(lines) < 2 or unequal or book:
        raise Fault(
            "LEDGER_UNBALANCED",
            Kind.INVALID,
            "Debits and credits of an entry are equal, in each currency and in the books.",
            "Add the line that is missing.",
            {"lines": len(lines), "currencies": unequal, "book_minor": book},
        )


def _is_line(line: Line) -> bool:
    amounts = line.debit_minor, line.credit_minor, abs(line.book_minor)
    return (
        line.currency in EXPONENTS
        and all(type(one) is int and 0 <= one <= MAX_JSON_MINOR for one in amounts)
        and any(amounts)
        and not (line.debit_minor and (line.credit_minor or line.book_minor < 0))
        and not (line.credit_minor and line.book_minor > 0)
        and (line.currency != BOOK or line.book_minor == line.debit_minor - line.credit_minor)
    )


def _earned(line: Sold, on: date) -> Role:
    is_performed = line.service_to is None or line.service_to <= on
    return Role.REVENUE if is_performed else Role.DEFERRED_REVENUE


def _of(line: Sold, about: Dimensions) -> Dimensions:
    return Dimensions(
        party_id=about.party_id,
        project_id=line.project_id,
        department=line.department,
        product_id=line.product_id,
        document_kind=about.document_kind,
        document_id=about.document_id,
        service_from=line.service_from,
        service_to=line.service_to,
    )


def _is_large(difference: int) -> bool:
    return abs(difference) > TOLERANCE_MINOR
