"""Audit laws: what must be true across rows, beside each row being what was left in it?

A module brings its laws in `domain/<module>/audit.py` and names them in its descriptor. A law gets
the transaction of the offline verifier, the report, and what people allowed and was carried out,
which it asks for by the guard of the database that it opened (docs/decisions/0028). It reads page
by page, so that a verification takes no more memory in a large company.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.store.audit_claims import content_of, data_of
from domain.store.audit_report import Report
from domain.store.events import SUCCEEDED
from domain.store.schema import TenantRow
from domain.store.tables import AuditEntry, AuditRow
from domain.store.tx import Tx

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """An action that people allowed and that succeeded, as its row and its entry have it.

    `result` is None when what the entry commits to was erased.
    """

    action_id: str
    entity_id: str
    amount_minor: int | None
    currency: str | None
    arguments: Mapping[str, Any]
    result: Mapping[str, Any] | None


class Approved(Protocol):
    """What people allowed and was carried out, by the guard that it opened."""

    def carried_out(self, guard: str) -> AsyncIterator[Sequence[CarriedOut]]:
        """All of them, page by page."""
        ...

    async def about(self, guard: str, entity_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those about these things, by the id of the thing; the last of several."""
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
