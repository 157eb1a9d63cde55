"""Contact updates: what is named changes, the rest stays."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from domain.accounts import queries as accounts
from domain.contacts import queries, service
from domain.contacts.finding import findable
from domain.contacts.naming import (
    PersonName,
    SalutationSource,
    email_key,
    name_columns,
    salutation_columns,
)
from domain.contacts.tables import Contact
from domain.kernel.email import email_address
from domain.kernel.faults import Fault, Kind
from domain.store import edits, outbox
from domain.store.tx import Tx
from domain.vn.names import Salutation
from domain.vn.phones import phone_e164

_NAME = ("display_name", "family_name", "middle_name", "given_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactChanges:
    """The fields to set; None leaves a field alone.

    A display name without parts is split again; parts without a display name make a new one.
    """

    display_name: str | None = None
    family_name: str | None = None
    middle_name: str | None = None
    given_name: str | None = None
    email: str | None = None
    phone: str | None = None
    title: str | None = None
    salutation: Salutation | None = None
    is_primary: bool | None = None


@dataclass(frozen=True, slots=True)
class UpdatedContact:
    """The contact as it is now, the fields that were something else, and who shares its reach."""

    contact: Contact
    changed: tuple[str, ...]
    possible_duplicates: list[str]


async def update(
    tx: Tx,
    contact_id: str,
    changes: ContactChanges,
    *,
    clear: tuple[str, ...] = (),
    expected_version: int | None = None,
) -> UpdatedContact:
    """Change fields of a contact, all of them or none; those in `clear` become empty.

    A salutation that nobody chose is read again when name or title change; clearing a chosen one
    lets it be read. A new primary contact takes the place of the old one.

    Raises NOTHING_GIVEN, CLEAR_CONFLICT, NOT_FOUND, VERSION_CONFLICT, NAME_INVALID,
    EMAIL_INVALID, PHONE_INVALID and PRIMARY_REQUIRED.
    """
    values = edits.wanted(asdict(changes), clear)
    contact = await _locked(tx, contact_id, with_account="is_primary" in values)
    edits.check_version(expected_version, contact.version, "contact", "{contacts}")
    fields = {**_names(contact, values), **_reach(values)}
    if "title" in values:
        fields["title"] = {"title": values["title"]}
    fields["salutation"] = _salutation(contact, values, fields)
    alike = await _alike(tx, contact, fields)
    if "is_primary" in values:
        await _seat(tx, contact, values["is_primary"])
        fields["is_primary"] = {"is_primary": values["is_primary"]}

    changed = edits.put(contact, fields)
    if changed:
        contact.findable = findable(contact.display_name, contact.title, contact.email)
        contact.updated_at = tx.at
        await tx.flush()
        outbox.emit(
            tx,
            "contact.updated",
            contact_id=contact.id,
            account_id=contact.account_id,
            fields=list(changed),
        )
    return UpdatedContact(contact, changed, alike)


async def _locked(tx: Tx, contact_id: str, *, with_account: bool) -> Contact:
    """The contact, held until the end; before it its account, of which one contact is primary."""
    if with_account and (account_id := await queries.account_of(tx, contact_id)) is not None:
        await accounts.get(tx, account_id, lock=True)
    contact = await queries.get(tx, contact_id, lock=True)
    if contact is None:
        raise Fault(
            "NOT_FOUND",
            Kind.NOT_FOUND,
            "There is no such contact.",
            "Look the id up with {contacts}.",
        )
    return contact


def _names(contact: Contact, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The columns of a name that is new in whole or in parts."""
    if not values.keys() & set(_NAME):
        return {}
    there = {} if values.get("display_name") else {part: getattr(contact, part) for part in _NAME}
    becomes = {**there, **values}
    whole = PersonName(
        values.get("display_name"),
        becomes.get("family_name"),
        becomes.get("middle_name"),
        becomes.get("given_name"),
    )
    columns = name_columns(whole)
    fields: dict[str, dict[str, Any]] = {part: {part: columns[part]} for part in _NAME}
    fields["display_name"]["folded"] = columns["folded"]
    return fields


def _reach(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    fields: dict[str, dict[str, Any]] = {}
    if "email" in values:
        typed = values["email"]
        address = email_address(typed) if typed is not None else None
        key = email_key(address) if address is not None else None
        fields["email"] = {"email": address, "email_key": key}
    if "phone" in values:
        typed = values["phone"]
        fields["phone_e164"] = {"phone_e164": phone_e164(typed) if typed is not None else None}
    return fields


def _salutation(
    contact: Contact, values: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What somebody chose stays until somebody chooses or clears; the rest is read anew."""
    chosen: Salutation | None = values.get("salutation")
    explicit = contact.salutation_source == SalutationSource.EXPLICIT
    touched = values.keys() & {*_NAME, "title"} and not explicit
    if chosen is None and "salutation" not in values and not touched:
        return {}
    display = fields.get("display_name", {}).get("display_name", contact.display_name)
    title = fields.get("title", {}).get("title", contact.title)
    return salutation_columns(chosen, display, title)


async def _alike(tx: Tx, contact: Contact, fields: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Others with the e-mail address or phone that is new here."""
    email = fields.get("email", {}).get("email")
    phone = fields.get("phone_e164", {}).get("phone_e164")
    found = await queries.sharing(
        tx, email=email, phone_e164=phone, limit=service.MOST_DUPLICATES + 1
    )
    return [id for id in found if id != contact.id][: service.MOST_DUPLICATES]


async def _seat(tx: Tx, contact: Contact, is_primary: bool) -> None:
    """Let the primary contact of the account step down for this one."""
    if contact.is_primary and not is_primary:
        raise Fault(
            "PRIMARY_REQUIRED",
            Kind.CONFLICT,
            "An account with contacts has a primary one.",
            "Make another contact primary; this one then steps down by itself.",
        )
    before = await queries.primary_of(tx, contact.account_id)
    if is_primary and before is not None and before != contact.id:
        await service.step_down(tx, before)
