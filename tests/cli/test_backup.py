"""Backups: is a backup whole, private and honest about what it leaves out?"""

import hashlib
import json
import os
import shutil
import sqlite3
import stat
import threading
from contextlib import closing

import anyio

from domain.kernel.clock import SystemClock
from domain.store.chain import Actor, Event
from domain.store.engine import Role, connect, sqlite_url
from domain.store.tx import writing
from tests.cli.archives import KEPT, another, everything, members
from tests.cli.console import ADMIN, BOTH, Place


def test_a_backup_is_for_its_owner_alone_and_names_every_file_with_its_digest(saved):
    content = members(saved)
    manifest = json.loads(content.pop("manifest.json"))

    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert [path.name for path in saved.parent.iterdir() if path.name.startswith(".")] == []
    assert (manifest["format"], manifest["with_keys"]) == ("cyberos.backup.v1", "no")
    assert set(content) >= KEPT
    assert any(name.startswith("checkpoints/") for name in content)
    assert {(one["name"], one["size"], one["sha256"]) for one in manifest["files"]} == {
        (name, len(data), hashlib.sha256(data).hexdigest()) for name, data in content.items()
    }


def test_it_holds_no_private_key_no_token_and_no_passphrase(embedded, saved):
    content = b"".join(members(saved).values())

    assert not [secret for secret in embedded.secrets() if secret.encode() in content]
    assert b"PRIVATE KEY" not in content


def test_with_keys_it_holds_all_that_is_needed_to_go_on_elsewhere(embedded, tmp_path, capsys):
    file, there = tmp_path / "keys.tar.gz", another(tmp_path, capsys)
    embedded.ok("backup", str(file), "--with-keys")
    there.data_dir.mkdir()
    shutil.copy(embedded.data_dir / "demo.json", there.data_dir)  # a demo comes back as one

    there.ok("restore", str(file), "--force")

    for folder in ("keys", "tokens", "root"):
        was = {
            path.relative_to(embedded.data_dir): data
            for path, data in everything(embedded.data_dir / folder).items()
        }
        now = {
            path.relative_to(there.data_dir): data
            for path, data in everything(there.data_dir / folder).items()
        }
        assert was == now
    action = there.proposed_bank_account()
    for who in (BOTH, ADMIN):
        flags = [
            one.replace(str(embedded.data_dir), str(there.data_dir)) for one in there.signing(who)
        ]
        slot = ["--slot", "cfo"] if who == BOTH else []
        there.ok("approve", action, *flags, *slot)
    assert there.ok("audit", "verify")["ok"]


def test_a_configuration_that_holds_a_token_is_left_out_and_named(saved, tmp_path, capsys):
    there, file = another(tmp_path, capsys), tmp_path / "again.tar.gz"
    there.ok("restore", str(saved))
    token = f"cyb_{'0' * 26}_{'0' * 26}_{'x' * 43}"
    (there.data_dir / "mcp.json").write_text(json.dumps({"env": token}))

    made = there.ok("backup", str(file))

    assert made["left_out"] == ["mcp.json"]
    assert "mcp.json" not in members(file)


def test_a_backup_never_takes_the_place_of_another(embedded, saved):
    before = saved.read_bytes()

    fault = embedded.fault("backup", str(saved))

    assert (fault["code"], fault["exit"]) == ("BACKUP_EXISTS", 4)
    assert saved.read_bytes() == before


def test_without_a_folder_or_a_database_nothing_is_begun(embedded, empty, tmp_path):
    assert embedded.fault("backup", str(tmp_path / "no" / "x.gz"))["code"] == "FOLDER_MISSING"
    assert empty.fault("backup", str(tmp_path / "x.gz"))["code"] == "DATABASE_MISSING"
    assert not (tmp_path / "x.gz").exists()


def test_a_damaged_database_is_not_saved_over_good_backups(saved, tmp_path, capsys):
    there = another(tmp_path, capsys)
    there.ok("restore", str(saved))
    database = there.data_dir / "cyberos.db"
    content = bytearray(database.read_bytes())
    content[4096:40960] = os.urandom(36864)
    database.write_bytes(content)

    fault = there.fault("backup", str(tmp_path / "x.gz"))

    assert fault["code"] == "DATABASE_DAMAGED"
    assert not (tmp_path / "x.gz").exists()


def test_a_backup_made_while_others_write_is_one_moment(saved, tmp_path, capsys):
    there, file = another(tmp_path, capsys), tmp_path / "busy.tar.gz"
    there.ok("restore", str(saved))
    tenant = _tenant(there)
    stop, written = threading.Event(), []

    async def write():
        database = connect(sqlite_url(str(there.data_dir / "cyberos.db")), role=Role.OWNER)
        while not stop.is_set():
            async with writing(database, tenant, SystemClock()) as tx:
                tx.record(Event("test.happened", Actor("system", "x"), private={"n": 1}))
            written.append(1)
        await database.close()

    writer = threading.Thread(target=lambda: anyio.run(write))
    writer.start()
    while len(written) < 5:
        pass
    there.ok("backup", str(file))
    stop.set()
    writer.join()

    restored = another(tmp_path, capsys, "third")
    answer = restored.ok("restore", str(file))
    assert answer["sound"] is True
    assert sum(one["entries"] for one in answer["tenants"]) > 0


def _tenant(place):
    with closing(sqlite3.connect(place.data_dir / "cyberos.db")) as connection:
        return connection.execute("SELECT tenant_id FROM tenant_directory").fetchone()[0]


def test_postgresql_is_left_to_its_own_tools_with_the_exact_command(tmp_path, capsys):
    url = "postgresql://cyb:s3cret@db.example:5433/crm"
    there = Place({"CYBEROS_DATA_DIR": str(tmp_path / "data"), "CYBEROS_DATABASE_URL": url}, capsys)

    fault, restoring = there.fault("backup", "x.dump"), there.fault("restore", "x.dump")

    assert fault["code"] == "BACKUP_POSTGRES"
    assert fault["facts"]["command"] == (
        "pg_dump --format=custom --file=x.dump --dbname=postgresql://cyb@db.example:5433/crm"
    )
    assert restoring["code"] == "RESTORE_POSTGRES"
    assert "s3cret" not in "".join(there.seen)
