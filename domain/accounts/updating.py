"""Account updates: what is named changes, the rest stays."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from domain.accounts import queries, service
from domain.accounts.custom_fields import check_custom_fields
from domain.accounts.rules import AccountType, check_tax_code
from domain.accounts.service import AccountCard
from domain.accounts.settings import CUSTOM_FIELDS
from domain.accounts.tables import Account
from domain.identity import queries as identity
from domain.store import edits, outbox
from domain.store.settings import setting
from domain.store.tx import Tx

_PLAIN = ("name", "industry", "address", "lead_source")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanges:
    """The fields to set; None leaves a field alone. References to people are e-mails or ids.

    `custom_fields` are merged into what is there, and null removes one (RFC 7396, one level).
    """

    name: str | None = None
    account_type: AccountType | None = None
    vn_mst: str | None = None
    industry: str | None = None
    address: str | None = None
    lead_source: str | None = None
    owner: str | None = None
    custom_fields: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class UpdatedAccount:
    """The account as it is now, and the fields that were something else before."""

    account: AccountCard
    changed: tuple[str, ...]


async def update(
    tx: Tx,
    account_id: str,
    changes: AccountChanges,
    *,
    clear: tuple[str, ...] = (),
    expected_version: int | None = None,
    on: date,
) -> UpdatedAccount:
    """Change fields of an account, all of them or none; those in `clear` become empty.

    A new tax code stands as the registry last said, and one that stays has to fit a new type.

    Raises NOTHING_GIVEN, CLEAR_CONFLICT, NOT_FOUND, VERSION_CONFLICT, VN_MST_INVALID,
    ACCOUNT_EXISTS, PERSON_UNKNOWN, PERSON_INACTIVE and CUSTOM_FIELDS_INVALID.
    """
    values = edits.wanted(asdict(changes), clear)
    account = await queries.get(tx, account_id, lock=True)
    if account is None:
        raise service.unknown()
    edits.check_version(expected_version, account.version, "account", "{account}")
    fields = {name: {name: values[name]} for name in _PLAIN if name in values}
    if "name" in values:
        fields["name"]["folded"] = service.folded(values["name"])
    if "owner" in values:
        fields["owner"] = {"owner_id": await _owner_id(tx, values["owner"])}
    if "custom_fields" in values:
        merged = await _merged(tx, account.custom_fields, values["custom_fields"])
        fields["custom_fields"] = {"custom_fields": merged}
    fields.update(await _legal(tx, account, values, on))

    changed = edits.put(account, fields)
    if changed:
        account.updated_at = tx.at
        await tx.flush()
        outbox.emit(tx, "account.updated", account_id=account.id, fields=list(changed))
    return UpdatedAccount(await service.get(tx, account_id), changed)


async def _legal(
    tx: Tx, account: Account, values: Mapping[str, Any], on: date
) -> dict[str, dict[str, Any]]:
    """The type and the tax code, which have to fit each other, whichever of them is new."""
    if "account_type" not in values and "vn_mst" not in values:
        return {}
    account_type = AccountType(values.get("account_type", account.account_type))
    typed = values.get("vn_mst", account.vn_mst)
    code = check_tax_code(account_type, typed, on) if typed is not None else None
    fields: dict[str, dict[str, Any]] = {"account_type": {"account_type": account_type.value}}
    if code is not None:
        known = await queries.with_tax_code(tx, code)
        if known is not None and known != account.id:
            raise service.exists(known)
    if code != account.vn_mst:
        fields["vn_mst"] = {"vn_mst": code, **await service.said_of(tx, code)}
    return fields


async def _owner_id(tx: Tx, reference: str | None) -> str | None:
    return (await identity.find_owner(tx, reference)).id if reference is not None else None


async def _merged(tx: Tx, there: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    removed = {name for name, value in given.items() if value is None}
    whole = {name: value for name, value in {**there, **given}.items() if name not in removed}
    return check_custom_fields(await setting(tx, CUSTOM_FIELDS), whole)
