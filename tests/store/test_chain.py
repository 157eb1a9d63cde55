"""Hash chain: is a chain without gaps, and is whatever somebody does to it found at the place?

Red-team cases M01, M03, M04, M05, M06, M07 and M10.
"""

import hashlib
import json

import anyio
import pytest
from sqlalchemy import update

from domain.identity import tokens
from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault
from domain.store import audit_queries, outbox
from domain.store.audit_report import Report
from domain.store.audit_verify import verify_chain
from domain.store.chain import GENESIS, Actor, Event, Sealed, commitment, link
from domain.store.tables import AuditBlob, AuditEntry, AuditHead
from domain.store.tx import writing
from tests.forgery import kept
from tests.world import NOW

pytestmark = pytest.mark.both

ACTOR = Actor("agent", "01AGENT", "01PERSON")


async def written(world, number=6, company=None, **more):
    """A chain with this many more entries; the number of the first of them."""
    async with world.looking(company) as tx:
        before = (await audit_queries.head(tx)).seq
    for n in range(number):
        async with world.owning(company) as tx:
            event = {"event": "test.happened", "object": f"thing:{n}", **more}
            tx.record(Event(actor=ACTOR, private={"note": f"Ghi chú {n}"}, **event))
    return before + 1


def test_the_bytes_of_a_link_and_a_commitment_are_the_published_ones():
    body = b'{"v":1}'
    expected = hashlib.sha256(b"\x00cyberos.audit.v1\n" + bytes(32) + body).hexdigest()
    opened = hashlib.sha256(b"cyberos.commit.v1\n" + b"salt" + '"Đức"'.encode()).hexdigest()

    assert link(GENESIS, body).hex() == expected
    assert commitment(b"salt", canonical("Đức")) == opened


async def test_an_entry_is_one_canonical_line_of_strings_and_small_numbers(world):
    first = await written(world, 1)

    async with world.looking() as tx:
        (entry,) = await audit_queries.entries(tx, after=first - 1, limit=1)

    content = json.loads(entry.body)
    assert list(content) == sorted(content)
    assert "\n" not in entry.body and "Ghi chú" not in entry.body
    assert content["actor"] == {"id": "01AGENT", "obo": "01PERSON", "t": "agent"}
    assert (content["tenant"], content["seq"], content["v"]) == (world.ours.id, first, 1)
    assert [promise["f"] for promise in content["pii"]] == ["note"]


@pytest.mark.parametrize("leaves", ["an entry", "a message"])
async def test_reading_leaves_neither_an_entry_nor_a_message(world, leaves):
    async def leave():
        async with world.looking() as tx:
            if leaves == "an entry":
                tx.record(Event("test.happened", ACTOR))
            else:
                outbox.emit(tx, "test.happened")

    with pytest.raises(AssertionError, match="nothing behind"):
        await leave()


async def test_a_chain_as_it_was_written_is_sound(world, tmp_path):
    first = await written(world)

    report = await kept(world, tmp_path).verify()

    assert report.findings == []
    assert (report.end.seq, report.entries) == (first + 5, first + 5)
    assert report.private >= 6


async def test_a_chain_longer_than_a_page_is_sound(world, tmp_path):
    async with world.owning() as tx:
        for n in range(2_345):
            tx.record(Event("test.happened", ACTOR, object=f"thing:{n}", private={"n": n}))

    report = await kept(world, tmp_path).verify()

    assert report.findings == []
    assert report.entries > 2_345


# What somebody changes in an entry, and what is said about it.
EDITS = {
    "bytes": (
        lambda row: {"body": row.body.replace("thing:2", "thing:9")},
        ["its bytes do not give the stored hash", "its column 'object' says other than its bytes"],
    ),
    "hash": (lambda row: {"hash": "ab" * 32}, ["its bytes do not give the stored hash"]),
    "case of the hash": (
        lambda row: {"hash": row.hash.upper()},
        ["is not made of text and a hash"],
    ),
    "spelling": (
        lambda row: {"body": row.body.replace(",", ", ")},
        ["its bytes do not give the stored hash", "its bytes are not a canonical entry"],
    ),
    "no json": (
        lambda row: {"body": "[" * 100_000},
        ["its bytes do not give the stored hash", "its bytes are not a canonical entry"],
    ),
    "event column": (
        lambda row: {"event": "other"},
        ["its column 'event' says other than its bytes"],
    ),
    "instant column": (
        lambda row: {"at": row.at.replace(year=2020)},
        ["its column 'at' says other than its bytes"],
    ),
    "action column": (
        lambda row: {"action_id": "0" * 26},
        [
            "its column 'action' says other than its bytes",
            f"tells of action {'0' * 26}, which is gone",
        ],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_m01_an_edited_entry_is_found_at_its_place_and_nowhere_else(world, tmp_path, edit):
    first, archive = await written(world), kept(world, tmp_path)
    change, expected = EDITS[edit]

    async with archive.forging() as forger:
        row = await forger.row(AuditEntry, seq=first + 2)
        await forger.change(AuditEntry, {"seq": first + 2}, **change(row))

    assert await archive.findings() == [f"entry {first + 2}: {what}" for what in expected]


async def test_m01_a_deleted_entry_leaves_a_gap_with_a_name(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.delete(AuditBlob, seq=first + 2)
        await forger.delete(AuditEntry, seq=first + 2)

    assert await archive.findings() == [f"entry {first + 3}: follows {first + 1}: one is missing"]


async def test_m01_two_entries_that_change_places_are_both_found(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        rows = [await forger.row(AuditEntry, seq=first + n) for n in (1, 2)]
        for seq, row in zip((first + 2, first + 1), rows, strict=True):
            await forger.change(
                AuditEntry, {"seq": seq}, body=row.body, hash=row.hash, object=row.object
            )

    found = await archive.findings()
    for seq in (first + 1, first + 2):
        assert f"entry {seq}: its bytes do not give the stored hash" in found
        assert f"entry {seq}: its bytes were written at another place of the chain" in found


async def test_m01_an_entry_put_in_between_is_found(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        for seq in range(first + 5, first + 1, -1):
            await forger.change(AuditEntry, {"seq": seq}, seq=seq + 1)
        before = await forger.row(AuditEntry, seq=first + 1)
        body = before.body.replace("thing:1", "thing:x")
        fitting = link(bytes.fromhex(before.hash), body.encode()).hex()
        await forger.add_like(
            before, AuditEntry, seq=first + 2, object="thing:x", body=body, hash=fitting
        )

    found = [one for one in await archive.findings() if not one.startswith("private value")]
    assert f"entry {first + 2}: its bytes were written at another place of the chain" in found
    assert f"entry {first + 3}: its bytes do not give the stored hash" in found
    assert f"head: says {first + 5}, and the chain ends at {first + 6}" in found


async def test_m01_an_entry_hung_on_at_the_end_is_found(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        last = await forger.row(AuditEntry, seq=first + 5)
        await forger.add_like(last, AuditEntry, seq=first + 6)

    found = await archive.findings()
    assert f"entry {first + 6}: its bytes do not give the stored hash" in found
    assert f"head: says {first + 5}, and the chain ends at {first + 6}" in found


async def test_m01_rows_below_the_first_entry_do_not_hide(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        row = await forger.row(AuditEntry, seq=first)
        await forger.add_like(row, AuditEntry, seq=-1)

    assert await archive.findings() == ["chain: 1 row stands outside the chain"]


async def test_m01_a_head_that_is_gone_or_points_elsewhere_is_found(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.change(AuditHead, {}, hash="ab" * 32)
    elsewhere = await archive.findings()
    async with archive.forging() as forger:
        await forger.delete(AuditHead)

    assert elsewhere == [f"head: does not carry the hash of entry {first + 5}"]
    assert await archive.findings() == ["head: is missing"]


async def test_m03_entries_exchanged_between_two_tenants_are_found_in_both(world, tmp_path):
    ours, theirs = await written(world), await written(world, company=world.theirs)
    assert ours == theirs
    archive, place = kept(world, tmp_path), ours + 2

    async with archive.forging() as forger:
        for old, new in ((world.ours, "X"), (world.theirs, world.ours.id)):
            await forger.change(AuditEntry, {"tenant_id": old.id, "seq": place}, tenant_id=new)
        await forger.change(AuditEntry, {"tenant_id": "X", "seq": place}, tenant_id=world.theirs.id)

    for company in (world.ours, world.theirs):
        found = await archive.findings(company)
        assert f"entry {place}: its bytes do not give the stored hash" in found
        assert f"entry {place}: its bytes belong to another tenant" in found
        # The one behind it was built on an entry that is not there any more.
        assert all(f" {place}" in one or f"entry {place + 1}: " in one for one in found)


async def test_m04_an_erased_value_leaves_a_sound_chain_and_is_counted(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)
    before = await archive.verify()

    async with world.owning() as tx:
        await tx.change(
            update(AuditBlob)
            .where(AuditBlob.seq == first + 1)
            .values(salt=None, body=None, erased_at=tx.at)
        )
        tx.record(Event("gdpr.erase", ACTOR, object=f"private_value:{first + 1}/note"))

    after = await archive.verify()
    assert after.findings == []
    assert (after.erased, after.private) == (1, before.private - 1)


BLOBS = {
    "edited": ({"body": '"other"'}, "is not what the entry commits to"),
    "salted anew": ({"salt": b"x" * 16}, "is not what the entry commits to"),
    "emptied": ({"salt": None, "body": None}, "was emptied without being erased"),
    "half erased": ({"erased_at": NOW}, "is called erased and is still there"),
    "deleted": ({}, "is missing; erasing leaves its place behind"),
}


@pytest.mark.parametrize("how", BLOBS)
async def test_m05_a_private_value_that_was_touched_is_found(world, tmp_path, how):
    first, archive = await written(world), kept(world, tmp_path)
    change, expected = BLOBS[how]

    async with archive.forging() as forger:
        if change:
            await forger.change(AuditBlob, {"seq": first + 3}, **change)
        else:
            await forger.delete(AuditBlob, seq=first + 3)

    assert await archive.findings() == [f"private value {first + 3}/note: {expected}"]


async def test_m05_a_private_value_nobody_committed_to_is_found(world, tmp_path):
    first, archive = await written(world), kept(world, tmp_path)

    async with archive.forging() as forger:
        row = await forger.row(AuditBlob, seq=first)
        await forger.add_like(row, AuditBlob, field="more")

    assert await archive.findings() == [f"private value {first}/more: no entry commits to it"]


async def test_m06_a_refused_call_is_chained_although_its_transaction_was_thrown_away(
    world, tmp_path
):
    token = tokens.parse(world.ours.tokens["narrow_agent"])
    with pytest.raises(Fault, match="SCOPE_MISSING"):
        await world.gate().call(token, "crm_get_deal", {"deal_id": "0" * 26})

    async with world.looking() as tx:
        entries = await audit_queries.entries(tx, after=0, limit=100)

    assert [json.loads(one.body)["outcome"] for one in entries if one.event == "call.denied"] == [
        "denied"
    ]
    assert await kept(world, tmp_path).findings() == []


async def test_m07_two_hundred_writers_and_a_tenth_of_them_failing_leave_no_gap(world, tmp_path):
    async with world.looking() as tx:
        before = (await audit_queries.head(tx)).seq

    async def write(n):
        try:
            async with writing(world.owner_side, world.ours.id, world.clock) as tx:
                tx.record(Event("test.happened", ACTOR, object=f"thing:{n}"))
                await tx.flush()
                if n % 10 == 0:
                    raise _ChangedMyMindError
        except _ChangedMyMindError:
            pass

    async with anyio.create_task_group() as tasks:
        for n in range(200):
            tasks.start_soon(write, n)

    report = await kept(world, tmp_path).verify()
    assert report.findings == []
    assert report.end.seq == before + 180


class _ChangedMyMindError(Exception):
    pass


async def test_m07_a_transaction_that_fails_leaves_nothing(world):
    async with world.looking() as tx:
        before = await audit_queries.head(tx)

    async def fail():
        async with world.owning() as tx:
            tx.record(Event("test.happened", ACTOR))
            raise _ChangedMyMindError

    with pytest.raises(_ChangedMyMindError):
        await fail()

    async with world.looking() as tx:
        assert await audit_queries.head(tx) == before


@pytest.mark.parametrize(
    "text",
    ['x\n{"seq":999,"v":1}', 'x","tenant":"other","x":"', "x\r\n\x00\u2028\u202e", "\\u0022"],
)
async def test_m10_injected_text_stays_inside_its_string(world, tmp_path, text):
    first = await written(world, 1, object=f"name:{text}".replace("\x00", ""), data={"name": text})

    async with world.looking() as tx:
        (entry,) = await audit_queries.entries(tx, after=first - 1, limit=1)

    content = json.loads(entry.body)
    assert (content["seq"], content["tenant"]) == (first, world.ours.id)
    assert content["data"] == {"name": text}
    assert "\n" not in entry.body and "\x00" not in entry.body
    assert await kept(world, tmp_path).findings() == []


async def test_a_walk_from_a_believed_entry_reads_only_what_came_later(world):
    first = await written(world)
    async with world.looking() as tx:
        (middle,) = await audit_queries.entries(tx, after=first + 1, limit=1)

    report = Report(world.ours.id)
    async with world.looking() as tx:
        await verify_chain(tx, report, after=Sealed(middle.seq, middle.hash))

    assert report.findings == []
    assert report.entries == 3
