"""Forgery: how does somebody change the database behind the program's back?

With full power: triggers are dropped (SQLite, in a copy) or told to look away (PostgreSQL, as the
superuser), so that what finds the change is the verifier and nothing before it.
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, insert, make_url, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from domain.kernel.clock import from_stamp
from domain.store import audit_checkpoints, audit_source, checkpoints
from domain.store.audit_report import Report
from domain.store.commitments import RowLeft, chained_shape, rows_digest
from domain.store.engine import Database, sqlite_url
from domain.store.schema import Base
from domain.store.tables import AuditBlob, AuditEntry, AuditHead, AuditRow
from policies.audit import verify as audit_verify
from policies.audit.verify import Sources
from server import wiring
from tests.world import Company, World, copy_of

_LINK = b"\x00cyberos.audit.v1\n"
# What the store says of a row that is not what was left in it.
OF_ROWS = re.compile(
    r": (is not as entry \d+ left it|no entry tells of it|is gone, and entry \d+ tells of it)$"
)


@dataclass
class Archive:
    """What is kept outside the database, and the database that is to be verified."""

    world: World
    folder: Path
    database: Database
    key: checkpoints.SigningKey

    @property
    def sources(self) -> Sources:
        return Sources(
            self.world.approval_context.trust,
            self.folder / "checkpoints",
            self.folder / "keys" / checkpoints.PUBLIC_FILE,
            wiring.wires(),
        )

    @property
    def keys(self) -> tuple[checkpoints.PublicKey, ...]:
        return checkpoints.public_keys(self.sources.checkpoint_keys, self.world.deploy)

    def log(self, company: Company | None = None) -> Path:
        """The checkpoints of a company."""
        tenant_id = (company or self.world.ours).id
        return checkpoints.log_path(self.sources.checkpoint_dir, tenant_id)

    async def checkpoint(self) -> int:
        """Sign where the chain ends now."""
        async with self.world.looking() as tx:
            sealed, _ = await audit_checkpoints.make_checkpoint(
                tx, self.log(), self.key, self.keys, self.world.deploy
            )
        return sealed.seq

    async def verify(self, company: Company | None = None, **other: Any) -> Report:
        """What the verifier says about a company."""
        sources = Sources(
            other.get("trust", self.sources.trust),
            self.sources.checkpoint_dir,
            self.sources.checkpoint_keys,
            self.sources.wires,
        )
        tenant_id = (company or self.world.ours).id
        try:
            return await audit_verify.verify(self.database, tenant_id, self.world.clock, sources)
        finally:
            if self.database is not self.world.inbox_side:
                await self.database.close()

    async def findings(self, company: Company | None = None, **other: Any) -> list[str]:
        """Every finding as people read it."""
        return [str(one) for one in (await self.verify(company, **other)).findings]

    async def apart(self, **other: Any) -> tuple[list[str], list[str]]:
        """What is found beside the comparison of rows; and which rows are not as they were left,
        were put in, or are gone, by table and key.
        """
        findings = await self.findings(**other)
        rows = [one for one in findings if OF_ROWS.search(one)]
        besides = [one for one in findings if one not in rows]
        return besides, [one.partition(": ")[0] for one in rows]

    @asynccontextmanager
    async def forging(self) -> AsyncIterator["Forger"]:
        """Change rows; what is verified afterwards is the changed database."""
        if self.world.is_sqlite:
            target = Path(self.world.owner_side.url.database or "").with_name("forged.db")
            if self.database is self.world.inbox_side:
                target.unlink(missing_ok=True)
                copy_of(self.world.url, target)
                self.database = _opened(target)
            engine = create_async_engine(sqlite_url(str(target)))
        else:
            engine = create_async_engine(make_url(self.world.url))
        try:
            async with engine.begin() as connection, _looking_away(connection):
                yield Forger(connection, self.world)
        finally:
            await engine.dispose()


@dataclass
class Forger:
    """Somebody in the middle of it; all rows are those of our company unless said otherwise."""

    connection: AsyncConnection
    world: World

    async def rows(self, entity: type[Base], **where: Any) -> Sequence[Any]:
        """The rows with these values, in the order of their keys."""
        table = _table(entity)
        statement = select(table).where(*self._conditions(table, where))
        return (await self.connection.execute(statement.order_by(*table.primary_key))).all()

    async def row(self, entity: type[Base], **where: Any) -> Any:
        """The one row with these values."""
        (found,) = await self.rows(entity, **where)
        return found

    async def change(self, entity: type[Base], where: Mapping[str, Any], **values: Any) -> None:
        """Give these rows other values; there must be some."""
        table = _table(entity)
        statement = update(table).where(*self._conditions(table, where)).values(**values)
        assert (await self.connection.execute(statement)).rowcount

    async def delete(self, entity: type[Base], **where: Any) -> None:
        """Remove these rows."""
        table = _table(entity)
        await self.connection.execute(delete(table).where(*self._conditions(table, where)))

    async def add_like(self, row: Any, entity: type[Base], **values: Any) -> None:
        """A new row with the values of another one, except these."""
        await self.connection.execute(
            insert(_table(entity)).values(**{**dict(row._mapping), **values})
        )

    async def everything(self, entity: type[Base]) -> Sequence[Any]:
        """The rows of both companies."""
        table = _table(entity)
        return (await self.connection.execute(select(table).where(self._of_both(table)))).all()

    async def put_back(self, entity: type[Base], rows: Sequence[Any]) -> None:
        """Let both companies have these rows and no others."""
        table = _table(entity)
        await self.connection.execute(delete(table).where(self._of_both(table)))
        for row in rows:
            await self.connection.execute(insert(table).values(**row._mapping))

    def _of_both(self, table: Table) -> ColumnElement[bool]:
        return table.c.tenant_id.in_([self.world.ours.id, self.world.theirs.id])

    async def rewrite(self, seq: int, change: Mapping[str, Any]) -> None:
        """Change an entry and make everything after it fit again, as one who knows the format."""
        last = bytes(32)
        for row in await self.rows(AuditEntry):
            content = json.loads(row.body)
            if row.seq == seq:
                content |= change
            body = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            last = hashlib.sha256(_LINK + last + body.encode()).digest()
            await self.change(
                AuditEntry,
                {"seq": row.seq},
                body=body,
                hash=last.hex(),
                event=content["event"],
                object=content["object"],
            )
        await self.change(AuditHead, {}, hash=last.hex())

    async def append(self, event: str, **told: Any) -> int:
        """One more link by hand, dated as the last one unless said otherwise; its number."""
        last = (await self.rows(AuditEntry))[-1]
        content = json.loads(last.body) | {
            "seq": last.seq + 1, "event": event, "object": "", "action": "", "outcome": "ok",
            "code": "", "data": {}, "pii": [], "rows": "",
        } | told  # fmt: skip
        body = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        linked = hashlib.sha256(_LINK + bytes.fromhex(last.hash) + body.encode()).hexdigest()
        shown = {"event": event, "object": content["object"], "body": body, "hash": linked}
        shown |= {"action_id": content["action"] or None, "at": from_stamp(content["at"])}
        await self.add_like(last, AuditEntry, seq=last.seq + 1, **shown)
        await self.change(AuditHead, {}, seq=last.seq + 1, hash=linked)
        return int(last.seq) + 1

    async def commit_anew(self, entity: type[Base], **where: Any) -> None:
        """Let the last entry about a row tell of it as it is now, as one who knows the format.

        What gives this away is a checkpoint, a later signature, or what people signed.
        """
        shape = chained_shape(entity)
        assert shape is not None
        left = shape.left((await self.row(entity, **where))._mapping)
        about = {"table_name": left.table, "row_key": left.key}
        seq = max(line.seq for line in await self.rows(AuditRow, **about))
        await self.change(AuditRow, {**about, "seq": seq}, salt=left.salt, digest=left.digest)
        lines = await self.rows(AuditRow, seq=seq)
        told = [RowLeft(one.table_name, one.row_key, one.salt, one.digest) for one in lines]
        await self.rewrite(seq, {"rows": rows_digest(told)})

    async def cut_after(self, seq: int) -> None:
        """Forget everything after an entry, and move the head back."""
        for row in await self.rows(AuditEntry):
            if row.seq > seq:
                await self.delete(AuditBlob, seq=row.seq)
                await self.delete(AuditEntry, seq=row.seq)
        left = await self.row(AuditEntry, seq=seq)
        await self.change(AuditHead, {}, seq=seq, hash=left.hash)

    def _conditions(self, table: Table, where: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        chosen = {"tenant_id": self.world.ours.id, **where}
        return [table.c[name] == value for name, value in chosen.items()]


def _table(entity: type[Base]) -> Table:
    table = entity.__table__
    assert isinstance(table, Table)
    return table


@cache
def _opened(copy: Path) -> Database:
    """The copy, through an engine that remembers the statements of an earlier verification."""
    return audit_source.open_copy(copy)


@asynccontextmanager
async def _looking_away(connection: AsyncConnection) -> AsyncIterator[None]:
    """No trigger speaks meanwhile; a careful forger leaves each as it was."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield
        return
    triggers = text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
    kept = (await connection.execute(triggers)).scalars().all()
    await connection.execute(text("PRAGMA ignore_check_constraints=ON"))
    await connection.execute(text("PRAGMA writable_schema=ON"))
    await connection.execute(text("DELETE FROM sqlite_master WHERE type = 'trigger'"))
    await connection.execute(text("PRAGMA writable_schema=RESET"))
    yield
    for statement in kept:
        await connection.exec_driver_sql(statement)


def kept(world: World, folder: Path) -> Archive:
    """Everything outside the database, beginning with a checkpoint key."""
    key = checkpoints.create_key(folder / "keys", world.deploy)
    return Archive(world, folder, world.inbox_side, key)
