"""Transactions: one for a call; the only place where work is committed or thrown away."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Delete, Select, Update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.orm.util import identity_key

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.trust import Signer, Trust
from domain.store import chain
from domain.store.chain import Event, Sealed
from domain.store.commitments import Ledger, chained_shape, left_in
from domain.store.direct import Direct
from domain.store.engine import Database
from domain.store.errors import as_fault
from domain.store.prepared import OWN_TENANT, PreparedEntityQuery, PreparedQuery, by_id, new_row
from domain.store.schema import Base, TenantEntity
from domain.store.tables import OutboxMessage
from domain.store.tenancy import TenantSession, name_tenant
from domain.store.visibility import NOBODY, Restricted, Viewer

Entity = TypeVar("Entity", bound=TenantEntity)
One = TypeVar("One")

_open: ContextVar[bool] = ContextVar("cyberos_in_transaction", default=False)


class Tx:
    """An open transaction of one tenant, handed to every service and query as first argument.

    Statements are ORM statements; tenant and viewer are added to each (domain/store/tenancy.py).
    `at` is the one instant of the transaction, taken from the clock when it began. Whose
    signatures count in it says `trust`; who signs the grants that are written in it, `signer`.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        tenant_id: str,
        at: datetime,
        viewer: Viewer,
        trust: Trust | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self.at = at
        self.trust = trust
        self.signer: Signer | None = None
        self._viewer = viewer
        self.events: list[Event] = []
        self.messages: list[dict[str, Any]] = []
        self.sealed: Sealed | None = None
        self._connection = connection
        self._direct = Direct(connection)
        self._session: AsyncSession | None = None
        self._ledger = Ledger()

    @property
    def session(self) -> AsyncSession:
        """For statements that are made for one call, and for objects; made when it is needed."""
        if self._session is None:
            self._session = AsyncSession(
                self._connection,
                sync_session_class=TenantSession,
                info={
                    "tenant_id": self.tenant_id,
                    "viewer": self._viewer,
                    "ledger": self._ledger,
                },
                expire_on_commit=False,
                autoflush=False,
            )
        return self._session

    @property
    def viewer(self) -> Viewer:
        """Who looks: what this person may not see does not exist for any statement."""
        return self._viewer

    def look_as(self, viewer: Viewer) -> None:
        """From now on it is this viewer who looks."""
        self._viewer = viewer
        if self._session is not None:
            self._session.info["viewer"] = viewer

    @contextmanager
    def looking_as(self, viewer: Viewer) -> Iterator[None]:
        """Within the block it is this viewer who looks; SYSTEM also where hidden rows count."""
        before = self._viewer
        self.look_as(viewer)
        try:
            yield
        finally:
            self.look_as(before)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is an embedded database, with one writer at a time."""
        return self._connection.dialect.name == "sqlite"

    @property
    def has_written(self) -> bool:
        """Whether a chained row was written so far, which an event has to tell of."""
        return bool(self._ledger)

    async def all(self, statement: Select[One]) -> Sequence[One]:
        """Every entity, or every first column, that the statement selects."""
        return (await self.session.scalars(statement)).all()

    async def rows(self, statement: Select[Any, *tuple[Any, ...]]) -> Sequence[Any]:
        """Every row, as named tuples: the cheap way to read many of a list."""
        return (await self.session.execute(statement)).all()

    async def first(self, statement: Select[One]) -> One | None:
        """The first entity or value, or None."""
        return (await self.session.scalars(statement.limit(1))).first()

    async def get(self, entity: type[Entity], id: str, *, lock: bool = False) -> Entity | None:
        """One row of this tenant by its id; `lock` holds it until the end (PostgreSQL)."""
        if not lock and (self._viewer.sees_all or not issubclass(entity, Restricted)):
            known = self.session.identity_map.get(identity_key(entity, (self.tenant_id, id)))
            if known is not None:
                return known
        return await self.one(by_id(entity, lock=lock), id=id)

    async def one(self, query: PreparedEntityQuery[One], /, **values: Any) -> One | None:
        """The entity that answers a prepared query, or None."""
        values |= {OWN_TENANT: self.tenant_id, **self._viewer.parameters}
        return (await self.session.scalars(query.statement, values)).first()

    async def fetch(self, query: PreparedQuery, /, **values: Any) -> Sequence[Any]:
        """Every row that answers a prepared query; pending changes are not flushed first.

        Frozen: for what docs/decisions/0031 lists. A module takes `rows` otherwise.
        """
        values |= {OWN_TENANT: self.tenant_id, **self._viewer.parameters}
        return await self._direct.rows(query, values)

    def add(self, row: Base) -> None:
        """Put a new row in; it is written at the next flush."""
        self.session.add(row)

    async def flush(self) -> None:
        """Write what is pending now, so that its constraints and triggers speak now."""
        if self._session is not None:
            await self._session.flush()

    async def change(self, statement: Update | Delete, *, marks_only: bool = False) -> int:
        """Run a bulk change and say how many rows it met: the compare-and-set primitive.

        The rows of a chained table come back as they were left, to be committed to; `marks_only`
        says that nothing is written but columns that no commitment covers.
        """
        kind = statement.entity_description["type"]
        shape = None if marks_only else chained_shape(kind)
        statement = statement.execution_options(synchronize_session=False)
        if shape is None:
            result = await self.session.execute(statement)
            assert isinstance(result, CursorResult)
            return result.rowcount
        left = (await self.session.execute(statement.returning(*shape.table.columns))).all()
        self._ledger.returned(kind, [row._asdict() for row in left], isinstance(statement, Delete))
        return len(left)

    def wrote(self, kind: type[Base], values: Mapping[str, Any]) -> None:
        """A statement of the store wrote a row of a chained table, and returned what it left."""
        self._ledger.returned(kind, [values], False)

    def record(self, event: Event) -> None:
        """Chain this event when the transaction is committed, and only then."""
        self.events.append(event)

    def promise(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Put a message into the outbox when the transaction is committed, and only then."""
        message = {"id": new_id(), "tenant_id": self.tenant_id, "topic": topic}
        self.messages.append({**message, "payload": dict(payload), "created_at": self.at})


@asynccontextmanager
async def writing(
    database: Database,
    tenant_id: str,
    clock: Clock,
    *,
    viewer: Viewer = NOBODY,
    signer: Signer | None = None,
) -> AsyncIterator[Tx]:
    """A transaction that commits when the block ends well, with its messages and its events.

    It sees what its viewer may see: nothing restricted unless one is named, here or later.
    Both come last and together: flushing each on its own cost as much as chaining them all.
    """
    async with _transaction(database, database.writer, tenant_id, clock, viewer) as tx:
        tx.signer = signer
        yield tx
        await _commit(tx)


async def _commit(tx: Tx) -> None:
    """Write what is still to be written, messages and chain last, and make all of it true.

    Holding the chain's head makes the order of the numbers the order of the commits. So whoever
    reads a message has seen every one with a smaller number, or never will.
    """
    await tx.flush()
    rows = await tx._ledger.left(tx._session) if tx._ledger else []
    if tx.messages or rows:
        what = rows[0].table if rows else "outbox"
        assert tx.events, f"{what} was written and no event tells: tx.record"
    if tx.events:
        head = await chain.hold(tx._direct, tx.tenant_id)
        numbered = [{**one, "seq": head.messages + n} for n, one in enumerate(tx.messages, 1)]
        if numbered:
            await tx._direct.run(new_row(OutboxMessage), *numbered)
            rows += left_in(OutboxMessage, numbered)
        tx.sealed = await chain.seal(tx._direct, tx.tenant_id, tx.at, head, tx.events, rows)
    tx._direct.check_open()  # else the commit would do nothing, and nobody would hear of it
    try:
        await tx._connection.commit()
    except (DBAPIError, OSError) as error:
        # What is only found out at the end (a row that refers to nothing) leaves the transaction
        # open on SQLite. Told of the rollback, the pool ends it before the next one begins.
        await tx._connection.rollback()
        if isinstance(error, IntegrityError):
            raise
        raise as_fault(error, committing=True) from error


@asynccontextmanager
async def reading(
    database: Database, tenant_id: str, clock: Clock, *, viewer: Viewer = NOBODY
) -> AsyncIterator[Tx]:
    """A transaction that cannot write, whatever is tried in it."""
    async with _transaction(database, database.reader, tenant_id, clock, viewer) as tx:
        yield tx
        assert not tx.events and not tx.messages, "reading leaves nothing behind"


def in_transaction() -> bool:
    """Whether this task holds a transaction open; then it must not talk to the network."""
    return _open.get()


@asynccontextmanager
async def _transaction(
    database: Database, engine: AsyncEngine, tenant_id: str, clock: Clock, viewer: Viewer
) -> AsyncIterator[Tx]:
    assert not _open.get(), "one call, one transaction"
    if not tenant_id:
        raise Fault("TENANT_REQUIRED", Kind.FORBIDDEN, "The call belongs to no tenant.")
    token = _open.set(True)
    try:
        async with _begun(engine, tenant_id) as (connection, at):
            tx = Tx(connection, tenant_id, clock.instant(at), viewer, database.trust)
            try:
                yield tx
            finally:
                if tx._session is not None:
                    await tx._session.close()
    except StaleDataError as error:
        raise Fault(
            "VERSION_CONFLICT",
            Kind.CONFLICT,
            "Somebody else changed the row at the same time.",
            "read it again and repeat the call with the new version.",
        ) from error
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, IntegrityError):
            raise
        raise as_fault(error) from error
    finally:
        _open.reset(token)


@asynccontextmanager
async def _begun(
    engine: AsyncEngine, tenant_id: str
) -> AsyncIterator[tuple[AsyncConnection, datetime | None]]:
    """Begin now, and not with the first statement: the instant of the transaction comes after any
    waiting, and a pooled connection that died while nobody looked is replaced by a new one. What
    was not committed in the end is taken back. Beside the connection stands the database's clock.
    """
    connection = await engine.connect()
    try:
        try:
            at = await _begin(connection, tenant_id)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            await connection.rollback()
            at = await _begin(connection, tenant_id)
        yield connection, at
    finally:
        await connection.close()


async def _begin(connection: AsyncConnection, tenant_id: str) -> datetime | None:
    await connection.begin()
    return await name_tenant(connection, tenant_id)
