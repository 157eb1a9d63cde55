"""Accounts service: accounts come into being, are found, and shown with what belongs to them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.accounts import queries
from domain.accounts.custom_fields import check_custom_fields
from domain.accounts.rules import AccountType, check_tax_code
from domain.accounts.settings import CUSTOM_FIELDS
from domain.accounts.tables import Account
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.kernel.ids import new_id
from domain.store import outbox, search
from domain.store.settings import setting
from domain.store.tx import Tx
from domain.taxpayers import service as taxpayers

MOST_FOLDED = 512  # letters such as ligatures grow when they are folded
MOST_TYPED = 200


class AccountCard(NamedTuple):
    """An account as it is shown; `owner` is an e-mail address.

    A list has neither custom fields nor what the taxpayer registry said: `legal_name` is a
    registry's words, `vn_mst_checked_at` when they were said, `vn_mst_source` by whom.
    """

    id: str
    name: str
    account_type: str
    vn_mst: str | None
    vn_mst_status: str | None
    industry: str | None
    address: str | None
    lead_source: str | None
    owner_id: str | None
    owner: str | None
    created_at: datetime
    version: int
    custom_fields: Mapping[str, Any] | None = None
    legal_name: str | None = None
    vn_mst_checked_at: datetime | None = None
    vn_mst_source: str | None = None


async def create(
    tx: Tx,
    *,
    name: str,
    account_type: AccountType,
    on: date,
    vn_mst: str | None = None,
    industry: str | None = None,
    address: str | None = None,
    lead_source: str | None = None,
    owner: str | None = None,
    custom_fields: Mapping[str, Any] | None = None,
) -> AccountCard:
    """Add an account. `owner` is an e-mail address or the id of a person.

    Raises VN_MST_INVALID, ACCOUNT_EXISTS (`facts["account_id"]` has the tax code already),
    PERSON_UNKNOWN, PERSON_INACTIVE and CUSTOM_FIELDS_INVALID.
    """
    tax_code = check_tax_code(account_type, vn_mst, on) if vn_mst is not None else None
    if tax_code is not None and (known := await queries.with_tax_code(tx, tax_code)):
        raise exists(known)
    owned_by = await identity.find_owner(tx, owner) if owner is not None else None
    schema = await setting(tx, CUSTOM_FIELDS)
    fields = check_custom_fields(schema, custom_fields or {}) if custom_fields or schema else {}

    account = Account(
        id=new_id(),
        name=name,
        folded=folded(name),
        search_key=search.new_key(),
        account_type=account_type.value,
        vn_mst=tax_code,
        industry=industry,
        address=address,
        lead_source=lead_source,
        owner_id=owned_by.id if owned_by else None,
        custom_fields=fields,
        created_at=tx.at,
        updated_at=tx.at,
        **await said_of(tx, tax_code),
    )
    tx.add(account)
    await tx.flush()
    outbox.emit(tx, "account.created", account_id=account.id)
    return _full_card(tx, account, {account.owner_id: owned_by.email} if owned_by else {})


async def check_again(tx: Tx, account_id: str) -> AccountCard:
    """Bring what an account says of its tax code up to what the taxpayer registry last said.

    Raises NOT_FOUND and VN_MST_MISSING.
    """
    account = await queries.get(tx, account_id, lock=True)
    if account is None:
        raise unknown()
    if account.vn_mst is None:
        raise Fault(
            "VN_MST_MISSING",
            Kind.CONFLICT,
            "This account has no tax code that could be checked.",
            "Ask the customer for it; {tax_code} checks a code without an account.",
        )
    before = account.vn_mst_status, account.vn_mst_checked_at
    for name, value in (await said_of(tx, account.vn_mst)).items():
        setattr(account, name, value)
    if (account.vn_mst_status, account.vn_mst_checked_at) != before:
        account.updated_at = tx.at
        await tx.flush()
        outbox.emit(tx, "account.tax_code_checked", account_id=account.id)
    return _full_card(tx, account, await _owners(tx, [account]))


async def get(tx: Tx, account_id: str) -> AccountCard:
    """One account. Raises NOT_FOUND."""
    account = await queries.get(tx, account_id)
    if account is None:
        raise unknown()
    return _full_card(tx, account, await _owners(tx, [account]))


def folded(name: str) -> str:
    """A name as the search sees it."""
    return fold(name)[:MOST_FOLDED].strip()


def unknown() -> Fault:
    """The one answer for an account of another tenant, an invented and a missing one."""
    return Fault(
        "NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such account.",
        "Look the id up with {accounts}.",
    )


async def cards(tx: Tx, rows: Sequence[Any]) -> list[AccountCard]:
    """Rows of a list as they are shown."""
    owners = await _owners(tx, rows)
    return [_card(tx, row, owners) for row in rows]


async def _owners(tx: Tx, rows: Iterable[Any]) -> Mapping[str | None, str]:
    ids = {row.owner_id for row in rows if row.owner_id is not None}
    if not ids:
        return {}
    return dict((await identity.emails(tx, ids)).items())


async def said_of(tx: Tx, tax_code: str | None) -> dict[str, Any]:
    """What an account's row says of its tax code: the registry's answer, from whom, since when."""
    known = await taxpayers.standing(tx, tax_code) if tax_code is not None else None
    return {
        "vn_mst_status": known.status.value if known else None,
        "vn_mst_checked_at": known.checked_at if known else None,
        "vn_mst_source": known.source if known else None,
        "legal_name": known.legal_name if known else None,
    }


def _full_card(tx: Tx, account: Account, owners: Mapping[str | None, str]) -> AccountCard:
    return _card(tx, account, owners)._replace(
        custom_fields=account.custom_fields,
        legal_name=account.legal_name,
        vn_mst_checked_at=account.vn_mst_checked_at,
        vn_mst_source=account.vn_mst_source,
    )


def _card(tx: Tx, row: Any, owners: Mapping[str | None, str]) -> AccountCard:
    return AccountCard(
        id=row.id,
        name=row.name,
        account_type=row.account_type,
        vn_mst=row.vn_mst,
        vn_mst_status=taxpayers.status_today(row.vn_mst_status, row.vn_mst_checked_at, tx.at),
        industry=row.industry,
        address=row.address,
        lead_source=row.lead_source,
        owner_id=row.owner_id,
        owner=owners.get(row.owner_id),
        created_at=row.created_at,
        version=row.version,
    )


def exists(account_id: str) -> Fault:
    """The answer for a tax code that another account has."""
    return Fault(
        "ACCOUNT_EXISTS",
        Kind.CONFLICT,
        "An account with this tax code is there already.",
        f"Use the account {account_id}; a branch has a tax code with three more digits.",
        {"account_id": account_id},
    )
