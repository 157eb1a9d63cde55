"""Custom field definition: one a company, which its operator gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.accounts import queries
from domain.accounts.custom_fields import check_custom_fields, check_custom_schema
from domain.accounts.events import FieldsDefined
from domain.accounts.settings import CUSTOM_FIELDS
from domain.kernel.faults import Fault
from domain.store.chain import Actor
from domain.store.settings import change_setting, setting
from domain.store.tx import Tx

_AT_ONCE = 2_000
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Misfit:
    """An account whose custom fields do not fit, and the first thing that is wrong with them."""

    account_id: str
    path: str
    problem: str


@dataclass(frozen=True, slots=True)
class Survey:
    """How the accounts there are stand to a definition; `named` are the first of the misfits."""

    accounts: int
    misfits: int
    named: Sequence[Misfit]


async def defined(tx: Tx) -> Mapping[str, Any]:
    """The definition there is; empty if accounts have no custom fields."""
    return await setting(tx, CUSTOM_FIELDS)


async def survey(tx: Tx, schema: Mapping[str, Any]) -> Survey:
    """Which accounts would not fit a definition, before it is given.

    Raises CUSTOM_SCHEMA_INVALID.
    """
    check_custom_schema(schema)
    named: list[Misfit] = []
    accounts = misfits = 0
    last = ""
    while page := await queries.custom_fields_after(tx, last, limit=_AT_ONCE):
        for account_id, fields in page:
            problem = _problem(schema, account_id, fields)
            misfits += problem is not None
            if problem is not None and len(named) < _MOST_NAMED:
                named.append(problem)
        accounts, last = accounts + len(page), page[-1][0]
    return Survey(accounts, misfits, named)


async def define(tx: Tx, schema: Mapping[str, Any], *, said_by: Actor) -> bool:
    """Give this definition from now on, and say whether it is another one.

    What accounts have stays as it is; it has to fit when somebody edits it. The chain tells who
    gave which definition. Raises CUSTOM_SCHEMA_INVALID.
    """
    if not await change_setting(tx, CUSTOM_FIELDS, schema):
        return False
    FieldsDefined(schema).record(tx, said_by)
    return True


def _problem(
    schema: Mapping[str, Any], account_id: str, fields: Mapping[str, Any]
) -> Misfit | None:
    try:
        check_custom_fields(schema, fields)
    except Fault as fault:
        first = fault.facts["problems"][0]
        return Misfit(account_id, first["path"], first["problem"])
    return None
