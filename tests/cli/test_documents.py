"""Files of documents on the command line: backup, restore, verifier and doctor."""

import json
import sqlite3
from contextlib import closing

import anyio
import pytest

from domain.approvals import queries as approvals
from domain.documents import service
from domain.documents.service import Kept
from domain.kernel.canonical import sha256_hex
from domain.kernel.clock import SystemClock
from domain.store import directory
from domain.store.engine import Role, connect, sqlite_url
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from server.gateways.blobs.folder import FolderBlobStore
from tests.cli.archives import another, everything, members
from tests.cli.console import ADMIN, BOTH
from tests.documents.approved import about

FILED = {
    "inv/2026/04/INV-2026-04-001.pdf": b"%PDF one",
    "einv/2026/04/1C26TAA-00000001.xml": b"<HDon/>",
    "inv/2026/05/INV-2026-05-001.pdf": b"%PDF two",
}


@pytest.fixture
def filing(copied):
    """A company of which three documents are on file; the copied demo and their folder."""
    action = copied.proposed_bank_account()
    for who, slot in ((BOTH, ["--slot", "cfo"]), (ADMIN, [])):
        copied.ok("approve", action, *copied.signing(who), *slot)
    anyio.run(_file, copied, action)
    return copied, _folder(copied)


def _folder(place):
    (folder,) = (place.data_dir / "documents").iterdir()
    return folder


async def _file(place, action):
    database = connect(sqlite_url(str(place.data_dir / "cyberos.db")), role=Role.EXECUTOR)
    store, clock = FolderBlobStore(place.data_dir / "documents"), SystemClock()
    try:
        tenant_id = await _tenant_of(database, action, clock)
        for path, content in FILED.items():
            await store.put(tenant_id, path, content)
            kept = Kept(path, sha256_hex(content), len(content))
            async with writing(database, tenant_id, clock, viewer=SYSTEM) as tx:
                await service.record(tx, kept, about(action))
    finally:
        await database.close()


async def _tenant_of(database, action, clock):
    for tenant_id, _ in await directory.tenants(database):
        async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
            if await approvals.action(tx, action) is not None:
                return tenant_id
    raise AssertionError("no company has the action")


def test_a_backup_carries_the_files_and_a_restore_brings_them_back(filing, tmp_path, capsys):
    place, folder = filing
    file, there = tmp_path / "saved.tar.gz", another(tmp_path, capsys)
    (folder / "inv/2026/04/.INV.pdf.0123").write_bytes(b"half a file of a process that died")

    made = place.ok("backup", str(file))
    answer = there.ok("restore", str(file))

    assert made["documents_wrong"] == []
    assert {one for one in members(file) if one.startswith("documents/")} == {
        f"documents/{folder.name}/{path}" for path in FILED
    }
    assert answer["sound"] is True
    assert everything(_folder(there)) == {_folder(there) / p: data for p, data in FILED.items()}
    modes = {one.stat().st_mode & 0o777 for one in (there.data_dir / "documents").rglob("*")}
    assert modes == {0o600, 0o700}
    assert "compared" not in json.dumps(there.ok("audit", "verify"))


def test_a_file_that_is_lost_or_forged_is_named_by_verifier_doctor_and_backup(filing, tmp_path):
    place, folder = filing
    lost, forged, _ = FILED
    (folder / lost).unlink()
    (folder / forged).write_bytes(b"<HDoX/>")

    verified = place.run("audit", "verify")
    examined = place.run("doctor")
    saved = place.run("backup", str(tmp_path / "saved.tar.gz"), "--json")

    assert verified.code == 1
    assert f"its file {lost} is not there" in verified.out
    assert f"its file {forged} is not the one that was filed" in verified.out
    assert f"1 file of a document is missing: {lost}; restore" in examined.out
    assert saved.code == 1 and saved.body["ok"] is False
    assert len(saved.body["documents_wrong"]) == 2
    assert (tmp_path / "saved.tar.gz").is_file(), "what is there is saved all the same"


def test_a_restored_company_has_no_file_of_later(filing, tmp_path, capsys):
    """Else the next document of that label would be refused for ever."""
    place, folder = filing
    before, after = tmp_path / "before.tar.gz", folder / "inv/2026/06"
    place.ok("backup", str(before))
    after.mkdir()
    (after / "INV-2026-06-001.pdf").write_bytes(b"later")

    fault = place.fault("restore", str(before))
    answer = place.ok("restore", str(before), "--force")

    assert fault["code"] == "RESTORE_OVERWRITES"
    assert answer["sound"] is True
    assert set(everything(_folder(place))) == {_folder(place) / path for path in FILED}
    aside = place.data_dir.glob("replaced-*/documents/*/inv/2026/06/*.pdf")
    assert [path.read_bytes() for path in aside] == [b"later"]


def test_a_restore_that_fails_half_way_leaves_the_documents_as_they_were(filing, tmp_path):
    place, folder = filing
    file = tmp_path / "saved.tar.gz"
    place.ok("backup", str(file))
    before = everything(folder)
    keys = place.data_dir / "keys" / "checkpoint.pub"
    keys.unlink()
    for path in sorted(keys.parent.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    keys.parent.rmdir()
    keys.parent.write_text("a file where a folder has to be")

    fault = place.fault("restore", str(file), "--force")

    assert fault["exit"] == 6
    assert everything(folder) == before


def test_a_copy_elsewhere_is_compared_when_its_files_are_given(filing, tmp_path):
    place, folder = filing
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(place.data_dir / "cyberos.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))

    bare = place.ok("audit", "verify", "--database", str(copy))
    given = place.ok("audit", "verify", "--database", str(copy), "--documents", str(folder.parent))
    nowhere = place.fault("audit", "verify", "--documents", str(tmp_path / "none"))

    assert "3 documents were not compared" in json.dumps(bare)
    assert "compared" not in json.dumps(given)
    assert nowhere["code"] == "FOLDER_MISSING"
