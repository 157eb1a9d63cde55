"""Audit laws: what must be true across rows, beside each row being what was left in it?

A module brings its laws in `domain/<module>/audit.py` and names them in its descriptor. A law gets
the transaction of the offline verifier, the report, and what people allowed and was carried out,
which it asks for by the guard of the database that it opened (docs/decisions/0028). It reads page
by page, so that a verification takes no more memory in a large company.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.kernel.canonical import canonical, normalised
from domain.store.audit_claims import content_of, data_of
from domain.store.audit_report import Report
from domain.store.events import SUCCEEDED
from domain.store.schema import TenantRow
from domain.store.tables import AuditEntry, AuditRow
from domain.store.tx import Tx

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """An action that people allowed and that succeeded, as they signed it.

    Nothing of it can be erased: arguments, amount and effects stand in the row, under digests that
    every signature covers. What came of it is private, and no law asks for that.
    """

    action_id: str
    entity_id: str
    entity_digest: str
    amount_minor: int | None
    currency: str | None
    arguments: Mapping[str, Any]
    effects: Sequence[Mapping[str, Any]]

    def effect(self, kind: str) -> Mapping[str, Any]:
        """The first effect of this kind that was signed; an empty one if none was."""
        return next((one for one in self.effects if one.get("kind") == kind), {})

    def named(self, key: str) -> set[Any]:
        """What the effects that were signed say under this name."""
        return {one[key] for one in self.effects if isinstance(one.get(key), str)}

    def was_shown(self, shown: Mapping[str, Any]) -> bool:
        """Whether people were shown just this beside the effects: the digest is made again."""
        told = normalised({"shown": dict(shown), "effects": [dict(one) for one in self.effects]})
        return hashlib.sha256(canonical(told)).hexdigest() == self.entity_digest


class Approved(Protocol):
    """What people allowed and was carried out, by the guard that it opened."""

    def carried_out(self, guard: str) -> AsyncIterator[Sequence[CarriedOut]]:
        """All of them, page by page."""
        ...

    async def about(self, guard: str, entity_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those about these things, by the id of the thing; the last of several."""
        ...

    async def among(self, action_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those of these actions that were carried out, whatever guard they opened, by their id."""
        ...


Law: TypeAlias = Callable[[Tx, Report, Approved], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Written:
    """The entry that tells of a row last: of the transaction that left it as it is."""

    seq: int
    event: str
    action_id: str | None
    data: Mapping[str, Any]

    def is_effect_of(self, action: CarriedOut) -> bool:
        """Whether this row was left by the carrying out of the action."""
        return self.action_id == action.action_id and self.is_effect

    @property
    def is_effect(self) -> bool:
        """Whether this row was left by the carrying out of some action."""
        return self.event == SUCCEEDED


async def last_written(
    tx: Tx, table: type[TenantRow], keys: Iterable[str]
) -> Mapping[str, Written]:
    """Which entry tells last of each of these rows of a table with one column as its key."""
    found = await tx.rows(
        select(
            AuditRow.row_key, AuditRow.seq, AuditEntry.event, AuditEntry.action_id, AuditEntry.body
        )
        .join(AuditEntry, AuditEntry.seq == AuditRow.seq)
        .where(AuditRow.table_name == table.__tablename__, AuditRow.row_key.in_(list(keys)))
        .order_by(AuditRow.seq)
    )
    return {
        row.row_key: Written(row.seq, row.event, row.action_id, data_of(content_of(row.body) or {}))
        for row in found
    }


async def sealed_with(tx: Tx, seq: int) -> int:
    """The entry that rows stand with which were written with this one: the next that has some."""
    return await tx.first(select(func.min(AuditRow.seq)).where(AuditRow.seq >= seq)) or seq


async def pages(
    tx: Tx, statement: "Select[Any, *tuple[Any, ...]]", key: InstrumentedAttribute[str]
) -> AsyncIterator[Sequence[Any]]:
    """The rows of a statement in the order of a key that it selects, page by page."""
    following = statement.order_by(key).limit(_PAGE)
    page = await tx.rows(following)
    while page:
        yield page
        last = getattr(page[-1], key.key)
        page = await tx.rows(following.where(key > last)) if len(page) == _PAGE else ()
