"""Restored backups: is what comes back what was saved, and is nothing lost on the way?"""

import gzip
import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from server import archive
from tests.cli.archives import another, everything, whole


def test_what_is_restored_is_what_was_saved_and_verifies(embedded, saved, tmp_path, capsys):
    there = another(tmp_path, capsys)

    answer = there.ok("restore", str(saved))

    assert answer["sound"] is True
    assert {one["checkpoints"] > 0 for one in answer["tenants"]} == {True}
    before = whole(embedded.data_dir / "cyberos.db")
    after = whole(there.data_dir / "cyberos.db")
    assert after["audit_entry"] != before["audit_entry"]
    after["audit_entry"] = [row for row in after["audit_entry"] if row not in told(after)]
    assert {**after, "audit_head": None} == {**before, "audit_head": None}
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in there.data_dir.rglob("*")}
    public = {there.data_dir / "trust.json", there.data_dir / "keys" / "checkpoint.pub"}
    for path, mode in modes.items():
        assert mode == (0o700 if path.is_dir() else 0o644 if path in public else 0o600)
    with closing(sqlite3.connect(there.data_dir / "cyberos.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def told(rows):
    return [row for row in rows["audit_entry"] if "installation.restored" in row]


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
    (kept.data_dir / "keys" / "x.key").write_text("theirs")

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


def test_a_database_somebody_works_with_is_not_touched(saved, tmp_path, capsys):
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
