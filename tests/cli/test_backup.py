"""Does a backup hold what it must and no secret, and does a restore bring back just that?"""

import gzip
import hashlib
import io
import json
import os
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from domain.kernel.clock import SystemClock
from domain.store.chain import Actor, Event
from domain.store.engine import Role, connect, sqlite_url
from domain.store.tx import writing
from server import archive
from tests.cli.console import ADMIN, BOTH, Place

KEPT = {"cyberos.db", "trust.json", "mcp.json", "keys/checkpoint.pub"}


@pytest.fixture
def saved(embedded, tmp_path):
    """A backup of the demo, which has a checkpoint."""
    embedded.ok("audit", "checkpoint")
    file = tmp_path / "saved.tar.gz"
    embedded.ok("backup", str(file))
    return file


def another(tmp_path, capsys, name="other"):
    """A machine where nothing is installed yet."""
    return Place({"CYBEROS_DATA_DIR": str(tmp_path / name)}, capsys)


def members(file):
    with tarfile.open(file) as tar:
        return {one.name: tar.extractfile(one).read() for one in tar}


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def whole(database):
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


# --- backup ---


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

    there.ok("restore", str(file))

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


# --- restore ---


def test_what_is_restored_is_what_was_saved_and_verifies(embedded, saved, tmp_path, capsys):
    there = another(tmp_path, capsys)

    answer = there.ok("restore", str(saved))

    assert answer["sound"] is True
    assert {one["checkpoints"] > 0 for one in answer["tenants"]} == {True}
    assert whole(there.data_dir / "cyberos.db") == whole(embedded.data_dir / "cyberos.db")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in there.data_dir.rglob("*")}
    public = {there.data_dir / "trust.json", there.data_dir / "keys" / "checkpoint.pub"}
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o644 if path in public else 0o600)
    with closing(sqlite3.connect(there.data_dir / "cyberos.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_restored_client_configuration_speaks_of_this_machine(embedded, tmp_path, capsys):
    there, file = another(tmp_path, capsys), tmp_path / "moved.tar.gz"
    config = embedded.data_dir / "mcp.json"
    kept = config.read_bytes()
    entry = json.loads(kept)
    entry["mcpServers"]["cyberos"]["command"] = "/elsewhere/cyberos"
    entry["mcpServers"]["cyberos"]["args"] = ["serve", "--read-only"]
    config.write_text(json.dumps(entry))
    try:
        embedded.ok("backup", str(file))
    finally:
        config.write_bytes(kept)

    there.ok("restore", str(file))

    text = (there.data_dir / "mcp.json").read_text()
    server = json.loads(text)["mcpServers"]["cyberos"]
    assert str(embedded.data_dir) not in text and "/elsewhere" not in text
    assert server["env"]["CYBEROS_DATA_DIR"] == str(there.data_dir)
    assert server["env"]["CYBEROS_AGENT_TOKEN_FILE"].startswith(str(there.data_dir))
    assert server["args"][-2:] == ["serve", "--read-only"]


@pytest.mark.parametrize("content", ["{}", "[", '{"mcpServers": {"x": {"command": "/evil"}}}'])
def test_a_client_configuration_that_is_not_ours_is_left_out_and_named(
    embedded, saved, tmp_path, capsys, content
):
    there, staged = another(tmp_path, capsys), tmp_path / "staged"
    staged.mkdir()
    archive.unpack(saved, staged)
    (staged / "mcp.json").write_text(content)
    archive.write(tmp_path / "odd.tar.gz", staged, {})

    answer = there.ok("restore", str(tmp_path / "odd.tar.gz"))

    assert answer["left_out"] == ["mcp.json"] and "mcp.json" not in answer["files"]
    assert not (there.data_dir / "mcp.json").exists()


def test_what_is_said_of_keys_and_tokens_is_what_happened(embedded, saved, tmp_path, capsys):
    bare, full, kept = (another(tmp_path, capsys, name) for name in ("bare", "full", "kept"))
    embedded.ok("backup", str(tmp_path / "keys.tar.gz"), "--with-keys")
    (kept.data_dir / "keys").mkdir(parents=True)
    (kept.data_dir / "keys" / "x.key").write_text("hers")

    whole = tmp_path / "keys.tar.gz"
    said = [place.run("restore", str(file)).out for place, file in
            ((bare, saved), (full, whole), (kept, saved))]  # fmt: skip

    assert "there are none on this machine" in said[0]
    assert "files with keys and tokens were restored from it" in said[1]
    assert "those on this machine are as they were" in said[2]
    warned = bare.run("doctor").out
    assert "has no token of" in warned and "checkpoint.key" in warned


def test_nothing_is_overwritten_unless_it_is_forced_and_then_set_aside(saved, tmp_path, capsys):
    there = another(tmp_path, capsys)
    there.ok("restore", str(saved))
    (there.data_dir / "cyberos.db-wal").write_bytes(b"an old log")
    (there.data_dir / "trust.json").write_text("{}")
    before = everything(there.data_dir)

    fault = there.fault("restore", str(saved))
    assert (fault["code"], fault["exit"]) == ("RESTORE_OVERWRITES", 4)
    assert everything(there.data_dir) == before

    answer = there.ok("restore", str(saved), "--force")
    assert answer["sound"] is True
    assert not (there.data_dir / "cyberos.db-wal").exists()
    aside = [Path(folder) for folder in answer["set_aside"]]
    kept = {path.name: path.read_bytes() for folder in aside for path in folder.iterdir()}
    assert kept["trust.json"] == b"{}"
    assert {path.name for path in before} - {"cyberos.db-wal"} <= set(kept)


def test_a_database_somebody_works_with_is_left_alone(saved, tmp_path, capsys):
    there = another(tmp_path, capsys)
    there.ok("restore", str(saved))
    with closing(sqlite3.connect(there.data_dir / "cyberos.db")) as server:
        server.execute("SELECT count(*) FROM audit_entry").fetchone()

        fault = there.fault("restore", str(saved), "--force")

    assert fault["code"] == "DATABASE_IN_USE"
    assert there.ok("audit", "verify")["ok"]


def test_a_restore_that_fails_half_way_is_taken_back(saved, tmp_path, capsys):
    there = another(tmp_path, capsys)
    there.ok("restore", str(saved))
    folder = there.data_dir / "keys"
    (folder / "checkpoint.pub").unlink()
    folder.rmdir()
    folder.write_text("a file where a folder has to be")
    before, rows = everything(there.data_dir), whole(there.data_dir / "cyberos.db")

    fault = there.fault("restore", str(saved), "--force")

    assert fault["exit"] == 6
    assert whole(there.data_dir / "cyberos.db") == rows
    after = everything(there.data_dir)
    assert {p: after.get(p) for p in before if p.suffix != ".db"} == {
        p: data for p, data in before.items() if p.suffix != ".db"
    }
    folder.unlink()
    assert there.ok("restore", str(saved), "--force")["sound"] is True


def test_a_backup_somebody_changed_with_care_is_restored_and_found_out(saved, tmp_path, capsys):
    """Its digests fit, because whoever changed it made them anew."""
    there, staged = another(tmp_path, capsys), tmp_path / "staged"
    staged.mkdir()
    archive.unpack(saved, staged)
    with closing(sqlite3.connect(staged / "cyberos.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER audit_entry_no_update")
        connection.execute("UPDATE audit_entry SET event = 'other' WHERE seq = 3")
    archive.write(tmp_path / "forged.tar.gz", staged, {})

    ended = there.run("restore", str(tmp_path / "forged.tar.gz"), "--json")

    assert ended.code == 1
    assert (ended.body["ok"], ended.body["sound"]) == (False, False)
    assert {
        "place": "entry 3",
        "what": "its column 'event' says other than its bytes",
    } in ended.body["tenants"][0]["findings"]


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "SCHEMA_NEW"),
        ("DROP TABLE alembic_version", "SCHEMA_MISSING"),
    ],
)
def test_a_database_this_version_does_not_know_is_refused(saved, tmp_path, capsys, statement, code):
    there, staged = another(tmp_path, capsys), tmp_path / "staged"
    staged.mkdir()
    archive.unpack(saved, staged)
    with closing(sqlite3.connect(staged / "cyberos.db", isolation_level=None)) as connection:
        connection.execute(statement)
    archive.write(tmp_path / "new.tar.gz", staged, {})

    fault = there.fault("restore", str(tmp_path / "new.tar.gz"))

    assert fault["code"] == code
    assert everything(there.data_dir) == {}


def test_what_is_no_backup_is_refused(empty, tmp_path):
    file = tmp_path / "x"

    assert empty.fault("restore", str(file))["code"] == "BACKUP_MISSING"
    for content in (b"", b"hello", gzip.compress(b""), gzip.compress(b"x" * 2000)):
        file.write_bytes(content)
        assert empty.fault("restore", str(file))["code"] == "BACKUP_INVALID"


# --- hostile archives ---


def packed(*headers, files=None, manifest=None):
    """An archive made by hand: a manifest, then members as (TarInfo or name, content)."""
    listed = [
        {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in (files or {"cyberos.db": b"x" * 600}).items()
    ]
    first = manifest or json.dumps({"format": "cyberos.backup.v1", "files": listed}).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for header, data in [("manifest.json", first), *headers]:
            info = header if isinstance(header, tarfile.TarInfo) else tarfile.TarInfo(header)
            info.size = len(data) if data is not None else info.size
            tar.addfile(info, io.BytesIO(data or b""))
    return buffer.getvalue()


def special(kind, name="cyberos.db", **more):
    info = tarfile.TarInfo(name)
    info.type = kind
    for key, value in more.items():
        setattr(info, key, value)
    return info


def negative():
    """A size that makes a reader which adds it up go backwards for ever."""
    content = bytearray(packed(("cyberos.db", b"x" * 600)))
    place = content.index(b"cyberos.db\0")
    content[place + 124 : place + 136] = b"\xff" * 12
    content[place + 148 : place + 156] = b" " * 8
    checksum = sum(content[place : place + 512])
    content[place + 148 : place + 156] = f"{checksum:06o}\0 ".encode()
    return bytes(content)


DATA = b"x" * 600
HOSTILE = {
    "M-traversal": packed(("../evil", DATA), files={"../evil": DATA, "cyberos.db": DATA}),
    "M-absolute": packed(("/evil", DATA), files={"/evil": DATA, "cyberos.db": DATA}),
    "dots inside": packed(files={"keys/../../x": DATA, "cyberos.db": DATA}),
    "hidden file": packed(files={"keys/.ssh": DATA, "cyberos.db": DATA}),
    "elsewhere": packed(files={"etc/passwd": DATA, "cyberos.db": DATA}),
    "backslash": packed(files={"keys\\x": DATA, "cyberos.db": DATA}),
    "symbolic link": packed((special(tarfile.SYMTYPE, linkname="/etc/passwd"), None)),
    "hard link": packed((special(tarfile.LNKTYPE, linkname="manifest.json"), None)),
    "device": packed((special(tarfile.CHRTYPE, devmajor=1, devminor=5), None)),
    "pipe": packed((special(tarfile.FIFOTYPE), None)),
    "folder": packed((special(tarfile.DIRTYPE, name="keys"), None)),
    "extended header": packed(
        (special(tarfile.REGTYPE, pax_headers={"comment": "x" * 5000}), DATA)
    ),
    "long name": packed(("keys/" + "a" * 120, DATA), files={"cyberos.db": DATA}),
    "longer than promised": packed(("cyberos.db", DATA * 2)),
    "shorter than promised": packed(("cyberos.db", DATA[:10])),
    "other content": packed(("cyberos.db", b"y" * 600)),
    "not promised": packed(("cyberos.db", DATA), ("trust.json", b"{}")),
    "twice": packed(("cyberos.db", DATA), ("cyberos.db", DATA)),
    "missing": packed(),
    "no database": packed(("trust.json", b"{}"), files={"trust.json": b"{}"}),
    "negative size": negative(),
    "no manifest": packed(manifest=b"{}"),
    "another format": packed(manifest=b'{"format":"cyberos.backup.v2","files":[]}'),
    "deep manifest": packed(manifest=b"[" * 100_000),
    "manifest of sizes": packed(
        manifest=b'{"format":"cyberos.backup.v1","files":[{"name":"cyberos.db","size":-1,'
        b'"sha256":""}]}'
    ),
    "a name twice": packed(
        manifest=json.dumps(
            {
                "format": "cyberos.backup.v1",
                "files": [{"name": "cyberos.db", "size": 1, "sha256": ""}] * 2,
            }
        ).encode()
    ),
    "cut": packed(("cyberos.db", DATA))[:1500],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(empty, tmp_path, name):
    file = tmp_path / "hostile.tar.gz"
    file.write_bytes(gzip.compress(HOSTILE[name]))

    fault = empty.fault("restore", str(file))

    assert fault["code"] == "BACKUP_INVALID"
    assert everything(empty.data_dir) == {}
    assert {path.name for path in tmp_path.iterdir()} <= {"hostile.tar.gz", "data"}


def test_a_hostile_archive_that_claims_to_fill_the_disk_is_not_begun(empty, tmp_path):
    file = tmp_path / "bomb.tar.gz"
    listed = [{"name": "cyberos.db", "size": 2**60, "sha256": ""}]
    manifest = json.dumps({"format": "cyberos.backup.v1", "files": listed}).encode()
    file.write_bytes(gzip.compress(packed(manifest=manifest)))

    assert empty.fault("restore", str(file))["code"] == "STORAGE_FULL"


def test_a_hostile_archive_that_unpacks_without_end_is_read_no_further_than_promised(
    empty, tmp_path
):
    file = tmp_path / "bomb.tar.gz"
    content = packed(("cyberos.db", DATA)).rstrip(b"\0")
    with gzip.open(file, "wb") as stream:
        stream.write(content + bytes(-len(content) % 512))
        for _ in range(64):
            stream.write(bytes([1]) * 2**20)

    assert empty.fault("restore", str(file))["code"] == "BACKUP_INVALID"


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_backup_with_one_wrong_byte_is_refused(saved, tmp_path, capsys, place):
    there = another(tmp_path, capsys)
    content = bytearray(saved.read_bytes())
    content[len(content) * place // 100 + 20] ^= 0x55
    (tmp_path / "bad.tar.gz").write_bytes(content)

    ended = there.run("restore", str(tmp_path / "bad.tar.gz"), "--json")

    assert ended.code in (2, 6)
    assert everything(there.data_dir) == {}
