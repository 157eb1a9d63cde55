"""Contacts service: contacts come into being and are listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.accounts import queries as accounts
from domain.contacts import queries
from domain.contacts.naming import PersonName as PersonName  # callers of create need it
from domain.contacts.naming import email_key, name_columns, salutation_columns
from domain.contacts.tables import Contact
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import outbox
from domain.store.tx import Tx
from domain.vn.names import Salutation
from domain.vn.phones import phone_e164

MOST_DUPLICATES = 10


@dataclass(frozen=True, slots=True)
class Created:
    """A new contact, and the ids of others who share its e-mail address or phone."""

    contact: Contact
    possible_duplicates: list[str]


async def create(
    tx: Tx,
    account_id: str,
    *,
    name: PersonName,
    email: str | None = None,
    phone: str | None = None,
    title: str | None = None,
    salutation: Salutation | None = None,
    is_primary: bool | None = None,
) -> Created:
    """Add a person to an account; the first one is its primary contact.

    A new primary contact takes the place of the old one. People who share an address or a phone
    are named, not refused: families and receptions do. A salutation that nobody chose is read
    from title and name.

    Raises NOT_FOUND, NAME_REQUIRED, NAME_INVALID, EMAIL_INVALID, PHONE_INVALID and
    PRIMARY_REQUIRED.
    """
    named = name_columns(name)
    addressed = salutation_columns(salutation, named["display_name"], title)
    address = email_address(email) if email is not None else None
    number = phone_e164(phone) if phone is not None else None
    if await accounts.get(tx, account_id, lock=True) is None:
        raise _no_account()
    before = await queries.primary_of(tx, account_id)
    if before is None and is_primary is False:
        raise Fault(
            "PRIMARY_REQUIRED",
            Kind.CONFLICT,
            "The first contact of an account is its primary one.",
            "Leave is_primary out.",
        )
    alike = await queries.sharing(tx, email=address, phone_e164=number, limit=MOST_DUPLICATES)

    if before is not None and is_primary:
        await step_down(tx, before)
    contact = Contact(
        id=new_id(),
        account_id=account_id,
        **named,
        email=address,
        email_key=email_key(address) if address is not None else None,
        phone_e164=number,
        title=title,
        **addressed,
        is_primary=before is None or bool(is_primary),
        created_at=tx.at,
        updated_at=tx.at,
    )
    tx.add(contact)
    await tx.flush()
    outbox.emit(tx, "contact.created", contact_id=contact.id, account_id=account_id)
    return Created(contact, list(alike))


async def of_account(
    tx: Tx, account_id: str, *, after: str | None = None, limit: int
) -> tuple[Sequence[Any], bool]:
    """A page of the contacts of an account, oldest first, and whether there are more.

    Rows have the columns of a contact. Raises NOT_FOUND for the account.
    """
    if await accounts.get(tx, account_id) is None:
        raise _no_account()
    rows = await queries.of_account(tx, account_id, after=after, limit=limit + 1)
    return rows[:limit], len(rows) > limit


async def step_down(tx: Tx, contact_id: str) -> None:
    """Make a primary contact one like the others, so that another may take its place."""
    primary = await queries.get(tx, contact_id)
    assert primary is not None
    primary.is_primary = False
    primary.updated_at = tx.at
    await tx.flush()  # before the next one steps up: an account never has two


def _no_account() -> Fault:
    return Fault(
        "NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such account.",
        "Look the id up with {accounts}.",
    )


async def check_of_account(tx: Tx, contact_id: str, account_id: str) -> None:
    """Raises NOT_FOUND for a contact that is not one of the account's."""
    contact = await queries.get(tx, contact_id)
    if contact is None or contact.account_id != account_id:
        raise Fault(
            "NOT_FOUND",
            Kind.NOT_FOUND,
            "The account has no such contact.",
            "Look the contacts up with {contacts}.",
        )
