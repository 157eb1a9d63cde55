"""Taxpayers service: what do we know about a tax code, what is asked, and what is kept?

Three steps, because a registry is asked with no transaction open: `to_ask` reads, the registry is
asked by the gate, `keep` writes; after that `standing` gives everybody the same from the table.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.kernel.faults import Fault
from domain.store.chain import Actor
from domain.store.settings import change_setting, setting
from domain.store.tx import Tx
from domain.taxpayers import queries
from domain.taxpayers.events import AskingAboutPersons
from domain.taxpayers.registry import RegistryAnswer
from domain.taxpayers.rules import GDT_STATUSES, aged, is_fresh, status_of
from domain.taxpayers.settings import ASKS_ABOUT_PERSONS
from domain.taxpayers.tables import TaxRegistryAnswer
from domain.vn.tax_codes import TaxCodeKind, TaxCodeStatus, is_personal, read_tax_code


@dataclass(frozen=True, slots=True)
class TaxCodeStanding:
    """What is known about a canonical tax code now, from whom, and since when.

    Without `checked_at` no registry ever answered. `legal_name` and `address` are a registry's
    words. `found` is None when nobody was asked.
    """

    tax_code: str
    status: TaxCodeStatus
    found: bool | None = None
    legal_name: str | None = None
    address: str | None = None
    gdt_status: str | None = None
    source: str | None = None
    checked_at: datetime | None = None


async def ask_about_persons(tx: Tx, allow: bool, *, said_by: Actor) -> None:
    """Say whether personal numbers may be sent to a taxpayer registry; the chain tells who did."""
    await change_setting(tx, ASKS_ABOUT_PERSONS, allow)
    AskingAboutPersons(allow).record(tx, said_by)


async def to_ask(tx: Tx, typed: str) -> str | None:
    """The canonical code that has to be looked up now; None when there is nothing to ask.

    Nothing is asked about what is no tax code, while a fresh answer is there, and about a
    person's number unless the tenant allows it: that number is their identity.
    """
    try:
        tax_code = read_tax_code(typed)
    except Fault:
        return None  # whoever needs it to be one says so, in words that fit
    if tax_code.kind is TaxCodeKind.PERSON and not await setting(tx, ASKS_ABOUT_PERSONS):
        return None
    known = await queries.answer(tx, tax_code.normalised)
    if known and is_fresh(found=known.found, checked_at=known.checked_at, at=tx.at):
        return None
    return tax_code.normalised


async def keep(tx: Tx, answer: RegistryAnswer) -> None:
    """Keep what a registry said, in place of what it said before.

    Two who keep the first answer about a code at once: one of them gets an IntegrityError.
    """
    row = await queries.answer(tx, answer.tax_code, lock=True)
    if row is None:
        row = TaxRegistryAnswer(tax_code=answer.tax_code)
        tx.add(row)
    taxpayer = answer.taxpayer
    row.found = taxpayer is not None
    row.legal_name = taxpayer.name if taxpayer else None
    row.address = taxpayer.address if taxpayer else None
    row.gdt_status = taxpayer.gdt_status if taxpayer else None
    row.source = answer.source
    row.checked_at = tx.at
    await tx.flush()


async def standing(tx: Tx, tax_code: str) -> TaxCodeStanding:
    """What is known about a canonical code at this instant."""
    if is_personal(tax_code) and not await setting(tx, ASKS_ABOUT_PERSONS):
        return TaxCodeStanding(tax_code, TaxCodeStatus.UNVERIFIED)
    known = await queries.answer(tx, tax_code)
    if known is None:
        return TaxCodeStanding(tax_code, TaxCodeStatus.UNVERIFIED)
    status = status_of(
        found=known.found, gdt_status=known.gdt_status, checked_at=known.checked_at, at=tx.at
    )
    return TaxCodeStanding(
        tax_code=tax_code,
        status=status,
        found=known.found,
        legal_name=known.legal_name,
        address=known.address,
        gdt_status=known.gdt_status,
        source=known.source,
        checked_at=known.checked_at,
    )


def gdt_words(code: str | None) -> str | None:
    """Code and words of a state as the tax office writes it: our words, not a registry's."""
    return f"{code} {GDT_STATUSES[code].words}" if code is not None else None


def status_today(status: str | None, checked_at: datetime | None, at: datetime) -> str | None:
    """The status that a row keeps with its time, as it is to be read at an instant."""
    if status is None or checked_at is None:
        return status
    return aged(TaxCodeStatus(status), checked_at=checked_at, at=at).value
