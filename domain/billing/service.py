"""Billing service: an account is given a billing profile, and whoever bills it reads it here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.billing import queries, rules
from domain.billing.rules import BuyerKind as BuyerKind
from domain.billing.tables import BillingProfile
from domain.kernel.countries import country_code
from domain.kernel.ids import new_id
from domain.kernel.money import currency_code
from domain.store import outbox
from domain.store.edits import check_version, put
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBilling:
    """How an account is billed from now on, as somebody typed it."""

    account_id: str
    kind: BuyerKind
    country: str
    address: str
    email: str
    currency: str
    terms_days: int
    name: str | None = None
    tax_id: str | None = None


@dataclass(frozen=True, slots=True)
class Billing:
    """How an account is billed: `name` and `tax_id` are what stands on a hóa đơn.

    `own_name` and `own_tax_id` are None where those of the account are used. `changed_by` is
    `agent:<id>` or `human:<id>`, as history names it.
    """

    id: str
    account_id: str
    kind: BuyerKind
    name: str
    country: str
    tax_id: str | None
    address: str
    email: str
    currency: str
    terms_days: int
    own_name: str | None
    own_tax_id: str | None
    version: int
    changed_by: str
    changed_at: datetime


async def of_account(tx: Tx, account_id: str) -> Billing | None:
    """How an account is billed today; None if nobody said so yet."""
    row = await queries.of_account(tx, account_id)
    account = await accounts.get(tx, account_id) if row is not None else None
    return _billing(row, account.name, account.vn_mst) if row and account else None


async def of_accounts(
    tx: Tx, accounts_: Mapping[str, tuple[str, str | None]]
) -> Mapping[str, Billing]:
    """The same of several accounts, given the name and the tax code of each by its id."""
    rows = await queries.of_accounts(tx, accounts_)
    return {id: _billing(row, *accounts_[id]) for id, row in rows.items()}


async def set_billing(
    tx: Tx, new: NewBilling, *, changed_by: str, expected_version: int | None = None
) -> tuple[Billing, tuple[str, ...]]:
    """Say how an account is billed, and which fields were something else before.

    What is said again changes nothing, and whoever said it first stays the one who did.

    Raises NOT_FOUND, VERSION_CONFLICT, COUNTRY_UNKNOWN, CURRENCY_UNKNOWN, EMAIL_INVALID,
    VN_MST_INVALID, BUYER_INVALID and BUYER_MST_MISSING.
    """
    # Held, so that its tax code is still this one when the profile relies on it.
    account = await accounts.get(tx, new.account_id, lock=True)
    if account is None:
        raise account_service.unknown()
    row = await queries.of_account(tx, new.account_id)
    check_version(expected_version, row.version if row else 0, "billing profile", "{billing}")
    values = _checked(new, account.vn_mst)
    if row is None:
        row = BillingProfile(
            id=new_id(),
            account_id=new.account_id,
            changed_by=changed_by,
            changed_at=tx.at,
            **values,
        )
        tx.add(row)
        changed = tuple(name for name, value in values.items() if value is not None)
    else:
        changed = put(row, {name: {name: value} for name, value in values.items()})
        if changed:
            row.changed_by, row.changed_at = changed_by, tx.at
    if changed:
        await tx.flush()
        outbox.emit(tx, "billing_profile.set", account_id=row.account_id, version=row.version)
    return _billing(row, account.name, account.vn_mst), changed


def _checked(new: NewBilling, code_of_account: str | None) -> dict[str, str | int | None]:
    country = country_code(new.country)
    rules.check_country(new.kind, country)
    tax_id = rules.check_tax_id(new.kind, new.tax_id)
    rules.check_complete(new.kind, rules.effective_tax_id(new.kind, tax_id, code_of_account))
    return {
        "kind": new.kind.value,
        "name": rules.check_name(new.name),
        "country": country,
        "tax_id": tax_id,
        "address": rules.check_address(new.address),
        "email": rules.check_email(new.email),
        "currency": currency_code(new.currency),
        "terms_days": new.terms_days,
    }


def _billing(row: BillingProfile, account_name: str, code_of_account: str | None) -> Billing:
    kind = BuyerKind(row.kind)
    return Billing(
        id=row.id,
        account_id=row.account_id,
        kind=kind,
        name=row.name or account_name,
        country=row.country,
        tax_id=rules.effective_tax_id(kind, row.tax_id, code_of_account),
        address=row.address,
        email=row.email,
        currency=row.currency,
        terms_days=row.terms_days,
        own_name=row.name,
        own_tax_id=row.tax_id,
        version=row.version,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
    )
