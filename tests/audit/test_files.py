"""Audit of files and of the laws of documents: is a lost, forged or badly filed one found?"""

from datetime import date

import pytest

from domain.documents.tables import Document
from domain.store.audit_report import Report
from policies.audit.files import missing_files, verify_files
from server.gateways.blobs.folder import FolderBlobStore
from tests.documents.approved import PATH, about, an_action, filed, kept
from tests.forgery import kept as archived

OTHER = "inv/2026/04/INV-2026-04-002.pdf"


async def test_whatever_becomes_of_a_file_is_found_and_nothing_else(world, tmp_path):
    store, action = FolderBlobStore(tmp_path), await an_action(world)
    paths = {PATH: b"%PDF", OTHER: b"%PDF2", "inv/2026/04/X.pdf": b"x"}
    ids = {}
    for path, content in paths.items():
        await store.put(world.ours.id, path, content)
        ids[path] = await filed(world, kept(content, path), about(action))
    before = Report(world.ours.id)
    await verify_files(world.inbox_side, world.ours.id, world.clock, store, before)
    assert before.findings == [] and before.notes == []

    folder = tmp_path / world.ours.id
    (folder / PATH).write_bytes(b"%PDX")
    (folder / OTHER).unlink()

    after = Report(world.ours.id)
    await verify_files(world.inbox_side, world.ours.id, world.clock, store, after)
    assert {str(one) for one in after.findings} == {
        f"document {ids[PATH]}: its file {PATH} is not the one that was filed",
        f"document {ids[OTHER]}: its file {OTHER} is not there",
    }
    missing = await missing_files(world.inbox_side, world.ours.id, world.clock, store)
    assert missing == [OTHER]


async def test_without_a_store_it_is_said_that_nothing_was_compared(world):
    await filed(world, kept(), about(await an_action(world)))

    report = Report(world.ours.id)
    await verify_files(world.inbox_side, world.ours.id, world.clock, None, report)

    assert report.findings == []
    assert report.notes == ["the files of 1 document were not compared, because they are not here"]


@pytest.mark.both
async def test_a_world_with_documents_is_sound(world, tmp_path):
    archive = archived(world, tmp_path)
    await filed(world, kept(), about(await an_action(world)))

    assert await archive.findings() == []


CHANGES = {
    "the path": ({"path": "inv/2026/04/../X.pdf"}, "under a path that this program does not give"),
    "the digest": ({"sha256": "0" * 64}, "its entry tells of another file"),
    "the lock": ({"locked_until": date(2027, 1, 1)}, "is locked for less than ten years"),
}


@pytest.mark.both
@pytest.mark.parametrize("what", CHANGES)
async def test_a_document_that_is_not_as_it_was_filed_is_found(world, tmp_path, what):
    archive, (values, said) = archived(world, tmp_path), CHANGES[what]
    await filed(world, kept(), about(await an_action(world)))

    async with archive.forging() as forger:
        await forger.change(Document, {}, **values)

    besides, rows = await archive.apart()
    assert any(said in one for one in besides)
    assert len(rows) == 1


@pytest.mark.both
async def test_a_document_that_somebody_put_in_is_found(world, tmp_path):
    archive = archived(world, tmp_path)
    await filed(world, kept(), about(await an_action(world)))

    async with archive.forging() as forger:
        row = await forger.row(Document)
        await forger.add_like(row, Document, id="0" * 26, path=OTHER)

    besides, rows = await archive.apart()
    assert f"document {'0' * 26}: no entry tells that it was filed" in besides
    assert len(rows) == 1
