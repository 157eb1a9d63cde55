"""Declared guards: what does each word of domain/store/guards.py
refuse, and what does it let pass, on both?
"""

# ruff: noqa: S608 - the statements are ours

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import JSON, Column, Connection, Integer, MetaData, String, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.store.guards import (
    Guard,
    SqlRefusal,
    append_only,
    begins_as,
    final,
    fixed,
    fixed_but,
    needs_action,
    never_deleted,
    numbered,
    set_once,
)
from domain.store.migrations import triggers
from tests.store import made

ROW = "INSERT INTO thing VALUES ('t', 'a', 'new', 1, NULL, '{}')"
RENAMED = "UPDATE thing SET state = 'x'"
COUNTED = "UPDATE thing SET n = 2"
DELETED = "DELETE FROM thing"
ANOTHER = "INSERT INTO thing VALUES ('t', 'b', '', 1, NULL, '{}')"


@dataclass(frozen=True)
class Case:
    """Guards, and statements after ROW: which are refused with these words, which are done."""

    guards: Sequence[Guard]
    refused: dict[str, str]
    done: Sequence[str] = ()


CASES = {
    "append_only": Case(
        [append_only()], {RENAMED: "thing is append-only", DELETED: "thing is append-only"}
    ),
    "never_deleted": Case([never_deleted()], {DELETED: "thing is never deleted"}, [RENAMED]),
    "fixed": Case([fixed("state", "data")],
        {RENAMED: "thing is fixed", "UPDATE thing SET data = '[]'": "thing is fixed"},
        [COUNTED, "UPDATE thing SET state = 'new'", DELETED]),
    "fixed entirely": Case([fixed()],
        {RENAMED: "thing is fixed", "UPDATE thing SET ended = 'x'": "thing is fixed"}, [DELETED]),
    "fixed_but": Case([fixed_but("n")], {RENAMED: "thing is fixed"}, [COUNTED]),
    "begins_as": Case([begins_as(state="new", n=1)],
        {"INSERT INTO thing VALUES ('t', 'b', 'old', 1, NULL, '{}')": "thing begins as new",
         "INSERT INTO thing VALUES ('t', 'b', 'new', 2, NULL, '{}')": "thing begins as new"},
        ["INSERT INTO thing VALUES ('t', 'b', 'new', 1, NULL, '{}')"]),
    "begins_as without a value": Case([begins_as(ended=None)],
        {"INSERT INTO thing VALUES ('t', 'b', '', 1, 'x', '{}')":
            "thing begins as one without ended"}),
    "final": Case([final("state", unless="new")],
        {f"{RENAMED}; {COUNTED}": "thing has ended", f"{RENAMED}; {RENAMED}": "thing has ended"},
        [COUNTED, RENAMED]),
    "final by a column that is filled": Case([final("ended")],
        {f"UPDATE thing SET ended = 'x'; {RENAMED}": "thing has ended"}, [RENAMED]),
    "set_once": Case([set_once("ended")],
        {"UPDATE thing SET ended = 'x'; UPDATE thing SET ended = 'y'": "thing is fixed",
         "UPDATE thing SET ended = 'x'; UPDATE thing SET ended = NULL": "thing is fixed"},
        [f"UPDATE thing SET ended = 'x'; {RENAMED}"]),
    "numbered": Case([numbered("n", "state")],
        {"INSERT INTO thing VALUES ('t', 'b', 'new', 3, NULL, '{}')": "thing counts without a gap",
         "INSERT INTO thing VALUES ('t', 'b', 'new', 1, NULL, '{}')": "thing counts without a gap",
         "INSERT INTO thing VALUES ('t', 'b', 'old', 2, NULL, '{}')": "thing counts without a gap"},
        ["INSERT INTO thing VALUES ('t', 'b', 'new', 2, NULL, '{}')",
         "INSERT INTO thing VALUES ('t', 'b', 'old', 1, NULL, '{}')",
         "INSERT INTO thing VALUES ('u', 'b', 'new', 1, NULL, '{}')"]),
    "needs_action": Case([needs_action("thing.end", "ended")],
        {"UPDATE thing SET ended = 'x'": "thing changes its ended by approved actions only"},
        [RENAMED, "UPDATE thing SET ended = NULL"]),
    "needs_action for a new row": Case([needs_action("thing.add", after_first="other")],
        {f"INSERT INTO other VALUES ('t'); {ANOTHER}": "thing is added by approved actions only"},
        [ANOTHER, f"INSERT INTO other VALUES ('u'); {ANOTHER}"]),
    "a refusal of its own": Case(
        [SqlRefusal("odd", "update", "is odd", "new.n = 3", "(SELECT count(*) FROM thing) = 1")],
        {"UPDATE thing SET n = 3": "thing is odd"},
        [COUNTED, f"{ANOTHER}; UPDATE thing SET n = 3 WHERE id = 'b'"]),
    "a refusal to delete by a query": Case(
        [SqlRefusal("last", "delete", "is the last", asks="(SELECT count(*) FROM thing) = 1")],
        {DELETED: "thing is the last"}, [f"{ANOTHER}; DELETE FROM thing WHERE id = 'b'"]),
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
async def scratch(request, tmp_path) -> AsyncIterator[AsyncConnection]:
    """A migrated database and an open transaction in it; the guards read what a migration made."""
    async with made.empty(request.param, tmp_path, "guards") as database:
        await made.done(database, made.migrated)
        async with database.writer.connect() as connection:
            yield connection


async def test_each_word_refuses_what_it_says_and_nothing_else(scratch):
    heard = {what: await _heard(scratch, case) for what, case in CASES.items()}

    assert heard == {
        what: {**case.refused, **dict.fromkeys(case.done, "")} for what, case in CASES.items()
    }


async def _heard(connection: AsyncConnection, case: Case) -> dict[str, str]:
    answers = {}
    for statements in (*case.refused, *case.done):
        async with connection.begin() as transaction:
            await connection.run_sync(_make, case.guards)
            try:
                for statement in statements.split(";"):
                    await connection.exec_driver_sql(statement)
                answers[statements] = ""
            except DBAPIError as error:
                answers[statements] = str(error.orig).rpartition(": ")[2]
            await transaction.rollback()
    return answers


def _make(connection: Connection, guards: Sequence[Guard]) -> None:
    metadata = MetaData()
    Table("other", metadata, Column("tenant_id", String(1)))
    columns = (Column("state", String(9)), Column("n", Integer), Column("ended", String(9)))
    thing = Table(
        "thing", metadata, Column("tenant_id", String(1)), Column("id", String(1)), *columns,
        Column("data", JSON),
    )  # fmt: skip
    metadata.create_all(connection)
    connection.exec_driver_sql(ROW)
    for statement in triggers.statements(connection, thing, guards):
        connection.exec_driver_sql(statement)
