"""Entries: what is written into the books? Lines with roles, amounts and what they are about."""

from dataclasses import dataclass, field
from datetime import date

from domain.kernel.money import Money
from domain.ledger.roles import Role

BOOK = "VND"  # the books of a company in Vietnam are kept in dong


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """What a line is about, for whoever sums the books by it. All may be left out.

    `party_id` is the account of a customer or supplier, `project_id` an engagement; document and
    id name a row by its table. The service period is when the work was or will be done.
    """

    party_id: str | None = None
    project_id: str | None = None
    department: str | None = None
    product_id: str | None = None
    document_kind: str | None = None
    document_id: str | None = None
    service_from: date | None = None
    service_to: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry, in minor units of its currency and in the books.

    `book_minor` is the same in dong, above zero on the debit side and below it on the credit side.
    A line of a difference of exchange has no amount in its currency, and one in the books.
    """

    role: Role
    currency: str
    debit_minor: int
    credit_minor: int
    book_minor: int
    about: Dimensions = field(default_factory=Dimensions)


def debit(role: Role, amount: Money, about: Dimensions, *, book_minor: int | None = None) -> Line:
    """A line on the debit side, or on the other one for an amount below zero.

    `book_minor` is what the amount is in dong, of the same sign; left out for amounts in dong.
    """
    book = amount.minor if book_minor is None else book_minor
    return Line(role, amount.currency, max(amount.minor, 0), max(-amount.minor, 0), book, about)


def credit(role: Role, amount: Money, about: Dimensions, *, book_minor: int | None = None) -> Line:
    """A line on the credit side, or on the other one for an amount below zero."""
    book = None if book_minor is None else -book_minor
    return debit(role, -amount, about, book_minor=book)


@dataclass(frozen=True, slots=True)
class Source:
    """What an entry was posted for: a row, by its table and its id. It is posted once."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class Delta:
    """What is posted for a source later: `cause` names what led to it, and does so once.

    The first entry stays as it was; a delta of another day is an event of that day.
    """

    on: date
    lines: tuple[Line, ...]
    cause: str
