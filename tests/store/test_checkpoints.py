"""Checkpoints: does a checkpoint show that a chain was cut, and can nobody else make one?

Red-team cases M02 and M08.
"""

import base64
import stat
from dataclasses import replace

import pytest

from domain.kernel.faults import Fault
from domain.store import audit_queries, checkpoints
from domain.store.chain import Actor, Event, Sealed
from domain.store.checkpoints import Broken, Checkpoint
from domain.store.tables import AuditEntry
from tests.forgery import kept
from tests.world import provision

pytestmark = pytest.mark.both

DEPLOY, TENANT = "01DEPLOY", "01TENANT"
SEALED = Sealed(40, "ab" * 32)
ACTOR = Actor("system", "test")


@pytest.fixture
def key(tmp_path):
    return checkpoints.create_key(tmp_path / "keys", DEPLOY)


async def grown(world, number=5):
    """A chain with this many more entries; the number of the last one."""
    for n in range(number):
        async with world.owning() as tx:
            tx.record(Event("test.happened", ACTOR, object=f"thing:{n}", private={"n": n}))
    async with world.looking() as tx:
        return (await audit_queries.head(tx)).seq


# --- notes ---


def test_a_note_has_the_published_form(key):
    note = checkpoints.make(key, DEPLOY, TENANT, SEALED)

    lines = note.split("\n")
    digest = base64.b64encode(bytes.fromhex(SEALED.hash)).decode()
    assert lines[:4] == [f"cyberos.audit/{DEPLOY}/{TENANT}", "40", digest, ""]
    assert lines[4].startswith(f"— cyberos.audit/{DEPLOY} ")
    assert lines[5:] == [""]
    read = checkpoints.parse(note)
    assert read is not None
    assert read.sealed == SEALED
    assert checkpoints.genuine(read, [key.public])


def test_other_peoples_signed_notes_are_read_alike():
    """The example of the Go package golang.org/x/mod/sumdb/note, whose form this is."""
    public = checkpoints.public_key(
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
    signature += "tpRZb6KE6RyyBwJnAM="
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    note = Checkpoint("", SEALED, text, "PeterNeumann", base64.b64decode(signature))

    assert public is not None
    assert checkpoints.genuine(note, [public])


def test_every_changed_byte_is_refused(key):
    note = checkpoints.make(key, DEPLOY, TENANT, SEALED).encode()

    for place in range(len(note)):
        for flip in (0x01, 0x20):
            changed = bytearray(note)
            changed[place] ^= flip
            read = checkpoints.parse(bytes(changed).decode(errors="replace"))
            assert read is None or not checkpoints.genuine(read, [key.public])


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace("\n40\n", "\n040\n"),
        lambda note: note.replace("\n40\n", "\n-40\n"),
        lambda note: note.replace("\n40\n", "\n4 0\n"),
        lambda note: note.replace("\n\n", "\n"),
        lambda note: note.replace("— ", "-- "),
        lambda note: note.rstrip("\n"),
        lambda note: note + "\n",
        lambda note: note.replace("\n", "\r\n"),
        lambda note: "x" + note,
        lambda note: "",
    ],
)
def test_what_has_another_form_is_no_checkpoint(key, change):
    assert checkpoints.parse(change(checkpoints.make(key, DEPLOY, TENANT, SEALED))) is None


# --- logs ---


def test_a_log_only_grows(key, tmp_path):
    log = checkpoints.log_path(tmp_path / "checkpoints", TENANT)
    notes = [checkpoints.make(key, DEPLOY, TENANT, Sealed(n, "ab" * 32)) for n in (1, 2, 3)]

    contents = []
    for note in notes:
        checkpoints.append(log, note)
        contents.append(log.read_text())

    assert contents == [notes[0], notes[0] + notes[1], "".join(notes)]
    assert [one.sealed.seq for one in checkpoints.read(log)] == [1, 2, 3]
    newest = checkpoints.newest(log)
    assert newest is not None
    assert newest.sealed.seq == 3
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_write_that_broke_off_anywhere_loses_only_itself(key, tmp_path):
    first, second, third = (
        checkpoints.make(key, DEPLOY, TENANT, Sealed(n, "ab" * 32)) for n in (1, 2, 3)
    )

    for length in range(1, len(second.encode())):
        log = tmp_path / f"{length}.log"
        log.write_bytes(first.encode() + second.encode()[:length])
        torn = list(checkpoints.read(log))
        assert isinstance(torn[0], Checkpoint)
        assert torn[1:] == [Broken(6, torn=True)]
        assert checkpoints.newest(log) == torn[0]

        checkpoints.append(log, third)
        after = list(checkpoints.read(log))
        assert (after[0], after[2].sealed.seq) == (torn[0], 3)
        # When nothing but the end of the line was missing, nothing is missing afterwards.
        lost = length < len(second.encode()) - 1
        assert after[1] == (Broken(6, torn=True) if lost else checkpoints.parse(second))
        assert log.read_bytes().startswith(first.encode() + second.encode()[:length])


def test_what_is_no_trace_of_a_crash_is_named_with_its_line(key, tmp_path):
    log = tmp_path / "x.log"
    note = checkpoints.make(key, DEPLOY, TENANT, SEALED)
    log.write_text(note + "somebody was here\n" + note + note.replace("\n40\n", "\nforty\n"))

    read = list(checkpoints.read(log))

    assert [one for one in read if isinstance(one, Broken)] == [
        Broken(6, torn=False),
        Broken(12, torn=False),
    ]


def test_there_is_nothing_in_a_log_that_is_not_there(tmp_path):
    assert list(checkpoints.read(tmp_path / "none.log")) == []
    assert checkpoints.newest(tmp_path / "none.log") is None


# --- the key ---


def test_a_key_is_for_its_owner_alone_and_never_replaced(tmp_path):
    made = checkpoints.create_key(tmp_path / "keys", DEPLOY)

    file = tmp_path / "keys" / "checkpoint.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert checkpoints.load_key(tmp_path / "keys", DEPLOY) == made
    assert checkpoints.ensure_key(tmp_path / "keys", DEPLOY) == made
    before = file.read_bytes()
    with pytest.raises(Fault, match="KEY_EXISTS"):
        checkpoints.create_key(tmp_path / "keys", DEPLOY)
    assert file.read_bytes() == before
    assert checkpoints.public_keys(file.with_name("checkpoint.pub"), DEPLOY) == (made.public,)


def test_a_new_key_leaves_the_old_public_one_where_it_was(tmp_path):
    old = checkpoints.create_key(tmp_path / "keys", DEPLOY)
    (tmp_path / "keys" / "checkpoint.key").unlink()

    new = checkpoints.ensure_key(tmp_path / "keys", DEPLOY)

    named = checkpoints.public_keys(tmp_path / "keys" / "checkpoint.pub", DEPLOY)
    assert named == (old.public, new.public)


def test_a_key_whose_public_half_was_lost_names_itself_again(tmp_path):
    made = checkpoints.create_key(tmp_path / "keys", DEPLOY)
    public = tmp_path / "keys" / "checkpoint.pub"
    public.unlink()

    checkpoints.ensure_key(tmp_path / "keys", DEPLOY)

    assert checkpoints.public_keys(public, DEPLOY) == (made.public,)


def test_a_public_key_may_also_be_bare_hexadecimal(tmp_path, key):
    public = tmp_path / "checkpoint.pub"
    public.write_text(f"{key.public.raw.hex()}\n")

    assert checkpoints.public_keys(public, DEPLOY) == (key.public,)


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN OPENSSH PRIVATE" + b" KEY-----"]
)
def test_a_damaged_key_is_a_fault_that_repeats_nothing(tmp_path, content):
    (tmp_path / "checkpoint.key").write_bytes(content)

    with pytest.raises(Fault) as caught:
        checkpoints.load_key(tmp_path, DEPLOY)

    assert caught.value.code == "CHECKPOINT_KEY_MISSING"


@pytest.mark.parametrize(
    "line", ["", "x", "a+b", "a+00000000+AQ==", "a b+00000000+AQ==", "+00000000+" + "A" * 44]
)
def test_what_is_no_public_key_is_not_one(line):
    assert checkpoints.public_key(line) is None


# --- checkpoints and chains ---


async def test_a_chain_that_grew_since_its_checkpoints_is_sound(world, tmp_path):
    archive = kept(world, tmp_path)
    await grown(world)
    first = await archive.checkpoint()
    second = await grown(world)
    assert await archive.checkpoint() == second
    await grown(world)

    report = await archive.verify()

    assert report.findings == []
    assert report.checkpoints == 2
    assert [one.sealed.seq for one in checkpoints.read(archive.log())] == [first, second]


async def test_nothing_new_needs_no_checkpoint(world, tmp_path):
    archive = kept(world, tmp_path)
    await grown(world)
    await archive.checkpoint()
    before = archive.log().read_bytes()

    await archive.checkpoint()

    assert archive.log().read_bytes() == before


async def test_m02_a_cut_tail_with_the_head_rolled_back_is_found_by_the_checkpoint(world, tmp_path):
    archive = kept(world, tmp_path)
    last = await grown(world)
    await archive.checkpoint()

    async with archive.forging() as forger:
        await forger.cut_after(last - 3)

    assert await archive.findings() == [f"checkpoint {last}: the chain ends at {last - 3}"]


async def test_m02_without_a_checkpoint_the_verifier_says_what_it_cannot_see(world, tmp_path):
    archive = kept(world, tmp_path)
    last = await grown(world)

    async with archive.forging() as forger:
        await forger.cut_after(last - 3)

    report = await archive.verify()
    assert report.findings == []
    assert any("cut off would look whole" in note for note in report.notes)


async def test_m02_a_chain_that_was_cut_and_grew_again_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    last = await grown(world)
    await archive.checkpoint()

    async with archive.forging() as forger:
        await forger.rewrite(last - 3, {"object": "thing:other"})

    assert await archive.findings() == [f"checkpoint {last}: entry {last} has another hash now"]


async def test_m08_a_checkpoint_of_somebody_elses_key_is_not_believed(world, tmp_path):
    archive = kept(world, tmp_path)
    last = await grown(world)
    forger = checkpoints.create_key(tmp_path / "elsewhere", world.deploy)
    async with world.looking() as tx:
        head = await audit_queries.head(tx)

    checkpoints.append(archive.log(), checkpoints.make(forger, world.deploy, world.ours.id, head))

    assert await archive.findings() == [
        f"checkpoint {last}: is not signed by the checkpoint key of this deployment"
    ]


@pytest.mark.parametrize("other", ["deploy", "tenant"])
async def test_m08_a_genuine_checkpoint_of_another_chain_proves_nothing(world, tmp_path, other):
    archive = kept(world, tmp_path)
    last = await grown(world)
    deploy = "01OTHER" if other == "deploy" else world.deploy
    tenant = world.theirs.id if other == "tenant" else world.ours.id
    async with world.looking() as tx:
        head = await audit_queries.head(tx)

    checkpoints.append(archive.log(), checkpoints.make(archive.key, deploy, tenant, head))

    assert await archive.findings() == [f"checkpoint {last}: is about another chain"]


async def test_a_torn_checkpoint_is_counted_and_no_finding(world, tmp_path):
    archive = kept(world, tmp_path)
    await grown(world)
    await archive.checkpoint()
    with archive.log().open("ab") as log:
        log.write(archive.log().read_bytes()[:100])

    report = await archive.verify()

    assert (report.findings, report.torn, report.checkpoints) == ([], 1, 1)


@pytest.mark.parametrize("how", ["cut", "rewritten before", "edited after"])
async def test_a_chain_that_is_not_whole_is_not_signed_again(world, tmp_path, how):
    archive = kept(world, tmp_path)
    seen = await grown(world)
    await archive.checkpoint()
    last = await grown(world)
    before = archive.log().read_bytes()

    async with archive.forging() as forger:
        match how:
            case "cut":
                await forger.cut_after(seen - 2)
            case "rewritten before":
                await forger.rewrite(seen - 2, {"object": "thing:other"})
            case _:
                await forger.change(AuditEntry, {"seq": last - 1}, object="other")
    archive.world = replace(world, owner_side=archive.database)

    with pytest.raises(Fault) as caught:
        await archive.checkpoint()
    assert caught.value.code == "AUDIT_BROKEN"
    assert archive.log().read_bytes() == before
    if archive.database is not world.inbox_side:
        await archive.database.close()


async def test_a_company_provisioned_a_moment_ago_can_be_signed(world, tmp_path):
    archive = kept(world, tmp_path)
    fresh = await provision(world.owner_side, world.clock, world.deploy, world.root, locale="vi")
    archive.world = replace(world, ours=fresh)

    assert await archive.checkpoint() >= 1
