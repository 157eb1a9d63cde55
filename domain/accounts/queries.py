"""Queries of accounts: which is this, which have such a name, who has this tax code already?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import CompoundSelect, Select, String, and_, bindparam, func, or_, select, union

from domain.accounts.tables import Account
from domain.store import search
from domain.store.prepared import prepared_query
from domain.store.searchable import Searchable
from domain.store.tx import Tx
from domain.vn.tax_codes import PERSONAL_DIGITS

_Listing: TypeAlias = "Select[Any, *tuple[Any, ...]]"

# What a list shows of an account: columns, because whole entities cost twice the time.
_LISTED = (
    Account.id,
    Account.name,
    Account.folded,
    Account.account_type,
    Account.vn_mst,
    Account.vn_mst_status,
    Account.vn_mst_checked_at,
    Account.industry,
    Account.address,
    Account.lead_source,
    Account.owner_id,
    Account.created_at,
    Account.version,
)
# What is enough to rank a candidate.
_NAMED = (Account.id, Account.name, Account.folded)
SEARCHED = Searchable(table="account", filters=("account_type",))
_SHOWN = prepared_query(select(*_LISTED).where(Account.id.in_(bindparam("ids", expanding=True))))
_OF_TYPE = or_(
    bindparam("account_type", type_=String).is_(None),
    Account.account_type == bindparam("account_type", type_=String),
)
_NAMED_FROM = prepared_query(
    select(*_NAMED)
    .where(Account.folded >= bindparam("folded"), Account.folded < bindparam("end"), _OF_TYPE)
    .order_by(Account.folded, Account.id)
    .limit(bindparam("limit"))
)
_NAMED_BY_TAX_CODE = prepared_query(
    select(*_NAMED).where(Account.vn_mst == bindparam("tax_code"), _OF_TYPE)
)
_NAMED_BY_TAX_CODE_FROM = prepared_query(
    select(*_NAMED)
    .where(
        Account.vn_mst >= bindparam("begin"),
        Account.vn_mst < bindparam("end"),
        # The number of a person is shown to nobody, and must not be guessed digit by digit.
        func.length(Account.vn_mst) != PERSONAL_DIGITS,
        _OF_TYPE,
    )
    .order_by(Account.vn_mst)
    .limit(bindparam("limit"))
)
_AFTER_EVERY_LETTER = "\U0010ffff"


def of_same_customer(account_id: Any) -> "CompoundSelect[str]":
    """The ids of an account and of those that look like the same customer: the same name (without
    marks and case), or the same tax code but for the branch.
    """
    name = select(Account.folded).where(Account.id == account_id).scalar_subquery()
    mst = select(func.substr(Account.vn_mst, 1, 10)).where(Account.id == account_id)
    code = mst.scalar_subquery()
    # One question for each, because each has an index and all of them together have none.
    return union(
        select(Account.id).where(Account.folded == name),  # the account itself among them
        select(Account.id).where(Account.vn_mst == code),
        select(Account.id).where(Account.vn_mst.between(code + "-000", code + "-999")),
    )


async def get(tx: Tx, account_id: str, *, lock: bool = False) -> Account | None:
    """One account of this tenant; `lock` holds it until the end."""
    return await tx.get(Account, account_id, lock=lock)


async def with_tax_code(tx: Tx, tax_code: str) -> str | None:
    """The id of the account that has this canonical tax code."""
    return await tx.first(select(Account.id).where(Account.vn_mst == tax_code))


async def tax_codes(tx: Tx) -> Sequence[Any]:
    """Id, type, tax code and its status of every account, oldest first."""
    statement: _Listing = select(
        Account.id,
        Account.account_type,
        Account.vn_mst,
        Account.vn_mst_status,
        Account.vn_mst_checked_at,
    )
    return await tx.rows(statement.order_by(Account.id))


async def custom_fields_after(tx: Tx, id: str, *, limit: int) -> Sequence[Any]:
    """Id and custom fields of the accounts behind an id, oldest first."""
    statement: _Listing = select(Account.id, Account.custom_fields).where(Account.id > id)
    return await tx.rows(statement.order_by(Account.id).limit(limit))


async def listed(
    tx: Tx, *, account_type: str | None, after: tuple[str, str] | None, limit: int
) -> Sequence[Any]:
    """Accounts by folded name; `after` is the folded name and id of the last one seen."""
    statement: _Listing = select(*_LISTED).order_by(Account.folded, Account.id).limit(limit)
    if account_type is not None:
        statement = statement.where(Account.account_type == account_type)
    if after is not None:
        folded, last_id = after
        same_name = and_(Account.folded == folded, Account.id > last_id)
        statement = statement.where(or_(Account.folded > folded, same_name))
    return await tx.rows(statement)


async def shown(tx: Tx, ids: Iterable[str]) -> Mapping[str, Any]:
    """These accounts as a list shows them, by id."""
    return {row.id: row for row in await tx.fetch(_SHOWN, ids=list(ids))}


async def names(tx: Tx, ids: Iterable[str]) -> Mapping[str, str]:
    """The names of accounts by their ids."""
    return {id: row.name for id, row in (await shown(tx, ids)).items()}


async def named_from(tx: Tx, folded: str, *, account_type: str | None, limit: int) -> Sequence[Any]:
    """Id, name and folded name of accounts whose folded name begins so, shortest first."""
    return await tx.fetch(
        _NAMED_FROM,
        folded=folded,
        end=folded + _AFTER_EVERY_LETTER,
        account_type=account_type,
        limit=limit,
    )


async def with_words(
    tx: Tx, words: Sequence[str], *, account_type: str | None, limit: int
) -> tuple[Sequence[Any], bool]:
    """The same of accounts with these words, in no order; and whether there may be more."""
    found = await search.candidates(tx, SEARCHED, words, account_type=account_type, limit=limit)
    return found, len(found) == limit


async def named_by_tax_code(tx: Tx, tax_code: str, account_type: str | None) -> Sequence[Any]:
    """The same of the account that has this canonical tax code."""
    return await tx.fetch(_NAMED_BY_TAX_CODE, tax_code=tax_code, account_type=account_type)


async def named_by_tax_code_from(
    tx: Tx, digits: str, account_type: str | None, *, limit: int
) -> Sequence[Any]:
    """The same of accounts whose tax code begins with these digits."""
    return await tx.fetch(
        _NAMED_BY_TAX_CODE_FROM,
        begin=digits,
        end=digits + _AFTER_EVERY_LETTER,
        account_type=account_type,
        limit=limit,
    )
