"""A writer's kit, tried on every table: is each change found, or on the list of the unjudged?

M9 of the hostile trial, and M01 to M04 of the chain. Every table is tried because it is there: each
column is changed, a row taken away, put in, and given to the other company. What no entry commits
to is judged otherwise, which is tried too, or stands in docs/operating.md.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import select

from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.deals.tables import Deal
from domain.engagements.tables import Engagement
from domain.identity.grants import SignedGrant
from domain.identity.tables import Agent
from domain.kernel.clock import stamp
from domain.store.audit_kinds import Chained, Derived, Unchained, audit_kind
from domain.store.commitments import RowLeft, chained_shape, rows_digest
from domain.store.descriptor import all_tables
from domain.store.schema import core
from domain.store.tables import AuditBlob, AuditEntry, AuditHead, AuditRow
from policies.audit.signed_grants import KINDS
from tests.audit.made_up import chained_tables, committed_columns, fill, tied_columns
from tests.forgery import OF_ROWS, Forger, kept
from tests.redteam.writer import Row, Writer, has_tenant, named, writing_over
from tests.world import NOW

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

ACCOUNT = {"bank_bin": "970436", "account_number": "0071001234567", "account_name": "CTY SAO BIEN"}
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def writer(shared, tmp_path_factory):
    """A company in which people closed a deal, with a row in every chained table; and who may
    write its database as they like.
    """
    pending = await shared.proposed_close()
    for person in ("am", "cro"):
        await shared.decide(pending["action_id"], person)
    assert (await shared.execute(pending["action_id"])).state == "succeeded"
    account = await shared.ok("admin_add_bank_account", agent="cfo_agent", **ACCOUNT)
    for slot, person in {"cfo": "both", "admin": "admin"}.items():
        await shared.decide(account["action_id"], person, slot=slot)
    assert (await shared.execute(account["action_id"])).state == "succeeded"
    await shared.proposed_close()
    await fill(shared)
    archive = kept(shared, tmp_path_factory.mktemp("kept"))
    await archive.checkpoint()
    async with writing_over(archive) as hands:
        yield hands


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def before(writer: Writer) -> list[str]:
    """What is found of rows that were made up, while nothing was done to any."""
    found = await writer.found()
    assert not [one for one in found if OF_ROWS.search(one)]
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rows(writer: Writer) -> list[Row]:
    """The newest row of every chained table."""
    return [Row(kind, (await writer.forger.rows(kind))[-1]) for kind in chained_tables().values()]


# --- rows that entries commit to ---


async def test_M9_every_column_of_every_chained_row_is_held_to_what_was_left_in_it(writer, rows):
    """The first column of every table at once, then the second, and so on."""
    columns = {row.place: committed_columns(row.kind) for row in rows}
    tied = {f"{row.table.name}.{name}" for row in rows for name in tied_columns(row.table)}
    not_found, unchangeable = set(), set()
    for n in range(max(map(len, columns.values()))):
        these = [row for row in rows if n < len(columns[row.place])]
        async with writer.undone():
            done = {
                row.place: await row.change(writer.forger, columns[row.place][n]) for row in these
            }
            found = await writer.found(rows_alone=True)
        said = named(found, "left it") | named(found, "is gone")
        for row in these:
            column = f"{row.table.name}.{columns[row.place][n]}"
            if not done[row.place]:
                unchangeable.add(column)
            elif row.place not in said:
                not_found.add(column)

    assert sorted(not_found) == []
    is_sqlite = writer.archive.world.is_sqlite
    assert unchangeable <= (set() if is_sqlite else tied | {"payment_request.currency"})


async def test_M9_a_chained_row_that_is_gone_is_named(writer, rows):
    async with writer.undone():
        done = [await row.remove(writer.forger) for row in rows]
        found = await writer.found()

    assert all(done)
    assert {row.place for row in rows} <= named(found, "is gone, and entry")


async def test_M9_a_row_put_into_a_chained_table_is_named(writer, rows):
    async with writer.undone():
        done = {row.table.name: await row.copy(writer.forger) for row in rows}
        found = await writer.found()

    tables = {name for name, is_in in done.items() if is_in}
    assert {one.split()[0] for one in named(found, "no entry tells of it")} >= tables
    assert done.keys() - tables == {"tenant"}, "a tenant is one row"


async def test_M9_a_chained_row_that_another_company_was_given_is_named_in_both(writer, rows):
    async with writer.undone():
        done = {row.place: await row.move(writer.forger) for row in rows}
        ours, theirs = await writer.found(), await writer.found(writer.archive.world.theirs)

    moved = {place for place, is_there in done.items() if is_there}
    assert moved <= named(ours, "is gone, and entry")
    assert moved <= named(theirs, "no entry tells of it")
    both_have_the_like = {"tenant", "workspace", "agent", "policy_version"}
    assert {place.split()[0] for place in done.keys() - moved} <= both_have_the_like


# --- rows that are judged otherwise, and those that nobody judges ---

OTHERWISE = {
    name: table for name, table in all_tables().items() if isinstance(audit_kind(table), Derived)
}


@pytest.mark.parametrize("name", OTHERWISE)
async def test_M9_whatever_is_done_to_a_row_that_is_judged_otherwise_is_found(writer, before, name):
    kind, forger = OTHERWISE[name], writer.forger
    table = core(kind)
    if has_tenant(table):
        newest = (await forger.rows(kind))[-1]
    else:
        newest = (await forger.connection.execute(select(table))).all()[-1]
    row = Row(kind, newest)
    ways = {f"another {one.name}": (row.change, one.name) for one in table.columns}
    ways |= {"gone": (row.remove,), "one more": (row.copy,), "moved": (row.move,)}
    ways.pop("another tenant_id", None)
    missed, impossible = set(), set()
    for way, (do, *what) in ways.items():
        async with writer.undone():
            if not await do(forger, *what):
                impossible.add(way)
            elif set(await writer.found()) <= set(before):
                missed.add(way)

    assert sorted(missed) == []
    assert impossible <= {"moved", *({"one more"} if name == "audit_head" else ())}


async def test_M9_what_is_not_judged_is_the_list_that_people_are_given():
    """A table that is neither tried here nor on the list fails; so does one that is on it twice."""
    a_line = re.compile(r"^\| `(\w+)(\.\w+)?` \| (no|otherwise|to its entry) \|", re.MULTILINE)
    listed = [one for one in a_line.findall(OPERATING.read_text()) if one[2] != "to its entry"]
    whole = {name: how for name, column, how in listed if not column}
    columns = {f"{name}{column}" for name, column, _ in listed if column}
    kinds = {name: audit_kind(table) for name, table in all_tables().items()}

    assert whole == {
        **{name: "no" for name, kind in kinds.items() if isinstance(kind, Unchained)},
        **dict.fromkeys(OTHERWISE, "otherwise"),
    }
    assert kinds.keys() - whole.keys() == chained_tables().keys()
    assert columns == {
        f"{name}.{column}"
        for name, kind in kinds.items()
        if isinstance(kind, Chained)
        for column in kind.besides
    }


# --- rows that an entry of the writer's own commits to ---


async def _committed(forger: Forger, *left: RowLeft) -> None:
    """An entry of its author's own, and rows that it commits to."""
    seq = await forger.append("cyberos.crm.update_deal", rows=rows_digest(left))
    like = (await forger.rows(AuditRow))[-1]
    for n, one in enumerate(left, 1):
        told = {"table_name": one.table, "row_key": one.key, "salt": one.salt, "digest": one.digest}
        await forger.add_like(like, AuditRow, seq=seq, n=n, **told)


async def test_M9_what_is_written_once_is_not_written_again_by_an_entry(writer, rows):
    once = [row for row in rows if declared(row).written_once]
    async with writer.undone():
        for row in once:
            columns = [name for name in committed_columns(row.kind) if name not in row.key]
            assert any([await row.change(writer.forger, name) for name in columns[-2:]]), row.place
        await _committed(writer.forger, *[await _as_it_is(writer.forger, row) for row in once])
        found = await writer.found(rows_alone=True)

    assert {row.place for row in once} <= named(found, "is written once, and entry")


async def test_M9_nothing_is_deleted_by_an_entry_where_the_program_deletes_nothing(writer, rows):
    kept_rows = [row for row in rows if not declared(row).may_go]
    async with writer.undone():
        assert all([await row.remove(writer.forger) for row in kept_rows])
        gone = [RowLeft(row.table.name, row.place.partition(" ")[2]) for row in kept_rows]
        await _committed(writer.forger, *gone)
        found = await writer.found(rows_alone=True)

    assert {row.place for row in kept_rows} <= named(found, "cannot have been deleted")
    assert {row.table.name for row in rows} - {row.table.name for row in kept_rows} == {
        "invoice_line",
        "invoice_time",
        "outbox",
    }


async def test_M9_no_column_of_what_people_signed_for_is_written_again_by_an_entry(
    writer, rows, before
):
    """The newest row of each table of which people sign for all; the first column of each at once,
    then the second, and so on. What whoever appends can write otherwise stands in the list.
    """
    signed = [row for row in rows if not declared(row).free]
    columns = {
        row.place: [name for name in committed_columns(row.kind) if name not in row.key]
        for row in signed
    }
    missed = set()
    for n in range(max(map(len, columns.values()))):
        async with writer.undone():
            done = [
                row
                for row in signed
                if n < len(columns[row.place])
                and await row.change(writer.forger, columns[row.place][n])
            ]
            await _committed(writer.forger, *[await _as_it_is(writer.forger, row) for row in done])
            found = " ".join(one for one in await writer.found() if one not in before)
        missed |= {
            f"{row.table.name}.{columns[row.place][n]}"
            for row in done
            if getattr(row.row, row.key[0]) not in found
        }

    assert sorted(missed) == []
    listed = re.findall(r"^\| `(\w+)` \| to its entry \|", OPERATING.read_text(), re.MULTILINE)
    others = {row.table.name for row in rows if not declared(row).written_once}
    assert set(listed) == others - {row.table.name for row in signed}


DECIDED = {
    "a request that waits": (PendingAction, {"state": "pending"}, {"attempt": 7}),
    "a request that ended": (PendingAction, {"state": "succeeded"}, {"provider_ref": "mine"}),
    "a try": (ExecutionAttempt, {"outcome": "ok"}, {"provider_ref": "mine"}),
    "an agent": (Agent, {"name": "am_agent"}, {"signature": bytes(64)}),
    "a won deal": (Deal, {"status": "won"}, {"closed_date": NOW.date() + timedelta(days=9)}),
    "an engagement": (Engagement, {"billing_mode": "fixed_fee"}, {"title": "Another"}),
}


@pytest.mark.parametrize("what", DECIDED)
async def test_M9_what_people_decided_is_not_written_again_by_an_entry(writer, before, what):
    kind, which, values = DECIDED[what]
    async with writer.undone():
        row = Row(kind, (await writer.forger.rows(kind, **which))[-1])
        await writer.forger.change(
            kind, {name: getattr(row.row, name) for name in row.key}, **values
        )
        await _committed(writer.forger, await _as_it_is(writer.forger, row))
        found = [one for one in await writer.found() if one not in before]

    assert found
    assert not [one for one in found if OF_ROWS.search(one)], "each row fits its last entry"


def declared(row: Row) -> Chained:
    """What the table of a chained row says of itself."""
    kind = audit_kind(row.kind)
    assert isinstance(kind, Chained)
    return kind


async def _as_it_is(forger: Forger, row: Row) -> RowLeft:
    """A commitment to a row as it is now."""
    shape = chained_shape(row.kind)
    assert shape is not None
    now = await forger.row(row.kind, **{name: getattr(row.row, name) for name in row.key})
    return shape.left(now._mapping)


# --- the chain ---


async def _edited(forger: Forger, seq: int) -> None:
    row = await forger.row(AuditEntry, seq=seq)
    body = row.body.replace('"outcome":"ok"', '"outcome":"no"')
    await forger.change(AuditEntry, {"seq": seq}, body=body)


async def _swapped(forger: Forger, seq: int) -> None:
    one, other = await forger.row(AuditEntry, seq=seq), await forger.row(AuditEntry, seq=seq + 1)
    for there, came in ((one, other), (other, one)):
        kept_columns = {"tenant_id": there.tenant_id, "seq": there.seq}
        await forger.change(AuditEntry, {"seq": there.seq}, **{**came._mapping, **kept_columns})


async def _dated(forger: Forger, seq: int) -> None:
    row = await forger.row(AuditEntry, seq=seq)
    at = row.at - timedelta(hours=1)
    await forger.change(AuditEntry, {"seq": seq}, at=at)
    await forger.rewrite(seq, {"at": stamp(at)})


async def _appended_dated_back(forger: Forger, seq: int) -> None:
    at = (await forger.row(AuditEntry, seq=seq)).at - timedelta(hours=1)
    await forger.append("person.left", at=stamp(at))


async def _appended_elsewhere(forger: Forger, _: int) -> None:
    last = (await forger.rows(AuditEntry))[-1]
    await forger.add_like(last, AuditEntry, seq=last.seq + 2)


async def _appended_unlinked(forger: Forger, _: int) -> None:
    seq = await forger.append("person.left")
    await forger.change(AuditEntry, {"seq": seq}, hash="ab" * 32)
    await forger.change(AuditHead, {}, hash="ab" * 32)


async def _another_step(forger: Forger, _: int) -> None:
    action = (await forger.rows(PendingAction, state="succeeded"))[-1]
    await forger.append("action.approved", action=action.id)


async def _another_vote(forger: Forger, _: int) -> None:
    action = (await forger.rows(PendingAction, state="pending"))[-1]
    await forger.append("action.approved_by", action=action.id)


async def _action_that_is_not_there(forger: Forger, seq: int) -> None:
    await forger.append("action.proposed", action="01M8QS4KTN9MEAAAAAAAAAAAAA")


async def _erased(forger: Forger, _: int) -> None:
    blob = (await forger.rows(AuditBlob))[-1]
    where = {"seq": blob.seq, "field": blob.field}
    at = (await forger.row(AuditEntry, seq=blob.seq)).at
    await forger.change(AuditBlob, where, salt=None, body=None, erased_at=at)


CHAIN = {
    "M01 an entry is edited": (_edited, "its bytes do not give the stored hash"),
    "M01 an entry is edited and the rest made to fit": (
        lambda forger, seq: forger.rewrite(seq, {"outcome": "no"}),
        "checkpoint ",
    ),
    "M01 two entries are swapped": (_swapped, "bytes were written at another place of the chain"),
    "M01 an entry is gone": (
        lambda forger, seq: forger.delete(AuditEntry, seq=seq),
        "one is missing",
    ),
    "M02 the end is cut off": (
        lambda forger, seq: forger.cut_after(seq),
        "the chain ends at",
    ),
    "M04 a value is erased without a word": (_erased, "was erased, and no entry says so"),
    "H2 an entry is dated back": (_dated, "is dated before one that stands before it"),
    "H2 an entry is appended and dated back": (
        _appended_dated_back,
        "is dated before one that stands before it",
    ),
    "H6 an entry is appended beyond the next": (_appended_elsewhere, "one is missing"),
    "H6 an entry is appended that is not linked": (
        _appended_unlinked,
        "its bytes do not give the stored hash",
    ),
    "H1 a step of an action that ended": (_another_step, "cannot go from succeeded to approved"),
    "H1 a vote that nobody gave": (_another_vote, "tells of a decision on action"),
    "H1 an action that is not there": (_action_that_is_not_there, "which is gone"),
}


@pytest.mark.parametrize("damage", CHAIN)
async def test_M9_whatever_is_done_to_the_chain_is_found(writer, before, damage):
    do, said = CHAIN[damage]
    async with writer.undone():
        seq = (await writer.forger.rows(AuditEntry))[5].seq
        await do(writer.forger, seq)
        found = await writer.found()

    new = [one for one in found if one not in before]
    assert any(said in one for one in new), new


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.EVENT)
async def test_H1_a_grant_that_somebody_appends_is_found(writer, before, kind: type[SignedGrant]):
    async with writer.undone():
        seq = await writer.forger.append(kind.EVENT, object=f"{kind.KIND}:forged")
        found = await writer.found()

    whom = "the root" if kind.BY_ROOT else "the root or an operator"
    assert f"entry {seq}: its {kind.EVENT} is not signed by {whom}" in found
