"""Queries of contacts: whom do we know at an account, and do we know this person already?"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select

from domain.contacts.naming import email_key
from domain.contacts.tables import Contact
from domain.store import search
from domain.store.prepared import prepared_query
from domain.store.references import referred
from domain.store.searchable import Searchable
from domain.store.tx import Tx

_LISTED = (
    Contact.id,
    Contact.account_id,
    Contact.family_name,
    Contact.middle_name,
    Contact.given_name,
    Contact.display_name,
    Contact.email,
    Contact.phone_e164,
    Contact.title,
    Contact.salutation,
    Contact.salutation_source,
    Contact.is_primary,
    Contact.created_at,
    Contact.updated_at,
    Contact.version,
)
SEARCHED = Searchable(
    table="contact",
    shown=("id", "account_id", "display_name", "folded", "email_key"),
    filters=("account_id",),
    words="findable",
)
_ACCOUNT = referred("account", "name", by=Contact.account_id)
_SHOWN = prepared_query(
    select(*_LISTED, _ACCOUNT.columns.name.label("account_name"))
    .join(_ACCOUNT.table, _ACCOUNT.condition)
    .where(Contact.id.in_(bindparam("ids", expanding=True)))
)
_REACH = (Contact.id, Contact.account_id, Contact.display_name, Contact.folded, Contact.email_key)
# In no order: for one by id SQLite would read every contact of the company.
_WITH_PHONE = prepared_query(
    select(*_REACH).where(Contact.phone_e164 == bindparam("phone")).limit(bindparam("limit"))
)
_WITH_EMAIL = prepared_query(
    select(*_REACH).where(Contact.email_key == bindparam("email_key")).limit(bindparam("limit"))
)
_COUNT = prepared_query(
    select(func.count(Contact.id).label("contacts")).where(
        Contact.account_id == bindparam("account_id")
    )
)


async def get(tx: Tx, contact_id: str, *, lock: bool = False) -> Contact | None:
    """One contact of this tenant; `lock` holds it until the end."""
    return await tx.get(Contact, contact_id, lock=lock)


async def account_of(tx: Tx, contact_id: str) -> str | None:
    """The id of the account a contact belongs to."""
    return await tx.first(select(Contact.account_id).where(Contact.id == contact_id))


async def of_account(tx: Tx, account_id: str, *, after: str | None, limit: int) -> Sequence[Any]:
    """The contacts of an account in the order they were added, from behind `after`."""
    statement = select(*_LISTED).where(Contact.account_id == account_id)
    if after is not None:
        statement = statement.where(Contact.id > after)
    return await tx.rows(statement.order_by(Contact.id).limit(limit))


async def primary_of(tx: Tx, account_id: str) -> str | None:
    """The id of the account's primary contact."""
    return await tx.first(
        select(Contact.id).where(Contact.account_id == account_id, Contact.is_primary)
    )


async def primaries(tx: Tx) -> Mapping[str, str]:
    """The primary contact of every account that has one, by account."""
    rows = await tx.rows(select(Contact.account_id, Contact.id).where(Contact.is_primary))
    return {row.account_id: row.id for row in rows}


async def sharing(
    tx: Tx, *, email: str | None, phone_e164: str | None, limit: int
) -> Sequence[str]:
    """Contacts with the same e-mail address, however spelled, or the same phone, oldest first."""
    same: list[ColumnElement[bool]] = []
    if email is not None:
        same.append(Contact.email_key == email_key(email))
    if phone_e164 is not None:
        same.append(Contact.phone_e164 == phone_e164)
    if not same:
        return ()
    return await tx.all(select(Contact.id).where(or_(*same)).order_by(Contact.id).limit(limit))


async def count(tx: Tx, account_id: str) -> int:
    """How many contacts an account has."""
    return int((await tx.fetch(_COUNT, account_id=account_id))[0].contacts)


async def counts(tx: Tx, account_id: str, _reader: object) -> Mapping[str, int]:
    """The same as part of an overview: contacts are hidden from nobody."""
    return {"contacts": await count(tx, account_id)}


async def shown(tx: Tx, ids: Sequence[str]) -> Mapping[str, Any]:
    """These contacts as a search shows them, each with the name of its account, by id."""
    return {row.id: row for row in await tx.fetch(_SHOWN, ids=list(ids))} if ids else {}


async def with_phone(tx: Tx, phone: str, *, limit: int) -> Sequence[Any]:
    """Id, account, name and address of the contacts with this number, in no order."""
    return await tx.fetch(_WITH_PHONE, phone=phone, limit=limit)


async def with_email(tx: Tx, email: str, *, limit: int) -> Sequence[Any]:
    """The same of those with this e-mail address, however it is spelled."""
    return await tx.fetch(_WITH_EMAIL, email_key=email_key(email), limit=limit)


async def with_words(
    tx: Tx, words: Sequence[str], *, account_id: str | None = None, limit: int
) -> Sequence[Any]:
    """The same of those with these words in name, title or e-mail address, in no order."""
    return await search.candidates(tx, SEARCHED, words, account_id=account_id, limit=limit)
