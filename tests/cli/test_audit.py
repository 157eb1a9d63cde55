"""Audit commands: does `cyberos audit` say what it found and
where, with an exit code a script can ask for?
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from domain.store import checkpoints
from domain.store.chain import Sealed
from domain.store.schema import Base
from policies.audit import verify as audit_verify
from tests.cli.console import ADMIN, BOTH, Place
from tests.sqlite import without_triggers

DEMO = ("--tenant", "sao-bien")


@pytest.fixture
def copy(embedded, tmp_path):
    """A copy of the demo's database, with an approved action in it."""
    action = embedded.proposed_bank_account()
    embedded.ok("approve", action, *embedded.signing(BOTH), "--slot", "cfo")
    embedded.ok("approve", action, *embedded.signing(ADMIN))
    target = tmp_path / "copy.db"
    source = sqlite3.connect(embedded.data_dir / "cyberos.db")
    with closing(source), closing(sqlite3.connect(target)) as other:
        source.backup(other)
        other.execute("PRAGMA journal_mode=DELETE")
    return target


def broken(file, *statements):
    with without_triggers(file) as connection:
        for statement in statements:
            connection.execute(statement)


def forget(file, tenant_id):
    """Remove every row of a tenant."""
    tables = [table for table in Base.metadata.tables.values() if "tenant_id" in table.columns]
    whose = f"WHERE tenant_id = '{tenant_id}'"
    broken(file, *(f"DELETE FROM {table.name} {whose}" for table in tables))  # noqa: S608 - ours


def test_an_installation_as_it_was_left_is_sound(place):
    place.ok("audit", "checkpoint")

    body = place.ok("audit", "verify")
    ended = place.run("audit", "verify")

    assert ended.code == 0
    assert {one["tenant"] for one in body["tenants"]} == {"sao-bien", "hoa-sen"}
    assert all(one["sound"] and one["entries"] and one["checkpoints"] for one in body["tenants"])
    assert all(line.split(": ")[1].startswith("sound") for line in ended.out.splitlines())


def test_a_copy_is_verified_where_it_lies_and_stays_as_it_is(embedded, copy):
    before, folder = copy.read_bytes(), sorted(os.listdir(copy.parent))

    body = embedded.ok("audit", "verify", "--database", str(copy))

    assert copy.read_bytes() == before
    assert sorted(os.listdir(copy.parent)) == folder
    assert body["tenants"][0]["approvals"] >= 2


def test_a_copy_with_a_log_beside_it_is_read_with_its_log(embedded, copy, tmp_path):
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("DROP TRIGGER audit_entry_no_update")
        connection.execute("UPDATE audit_entry SET event = 'other' WHERE seq = 2")
        shutil.copy(copy, tmp_path / "two.db")
        shutil.copy(f"{copy}-wal", tmp_path / "two.db-wal")

    ended = embedded.run("audit", "verify", *DEMO, "--database", str(tmp_path / "two.db"))

    assert ended.code == 1
    assert "entry 2: its column 'event' says other than its bytes" in ended.out


@pytest.mark.parametrize("flip", [0x01, 0x80])
def test_one_changed_byte_in_a_copy_is_found_at_its_place(embedded, copy, flip):
    with closing(sqlite3.connect(copy)) as connection:
        tenant = connection.execute("SELECT tenant_id FROM tenant_directory").fetchone()[0]
        (body,) = connection.execute(
            "SELECT body FROM audit_entry WHERE seq = 5 AND tenant_id = ?", (tenant,)
        ).fetchone()
    content = bytearray(copy.read_bytes())
    place = content.index(body.encode()) + body.index('"data"') + 2
    content[place] ^= flip
    copy.write_bytes(content)

    ended = embedded.run("audit", "verify", "--database", str(copy), "--json")

    assert ended.code == 1
    assert ended.body["ok"] is False
    places = {one["place"] for one in ended.body["tenants"][0]["findings"]}
    # The entry told of a key or a role, so nothing that can be read does any more; and whoever
    # held it may have signed what other tests asked.
    assert "entry 5" in places
    assert {one.split()[0] for one in places} <= {"entry", "key", "role", "action"}
    assert ended.body["tenants"][1]["findings"] == []


def test_what_breaks_the_verifier_on_one_tenant_keeps_no_other_from_being_verified(
    embedded, copy, monkeypatch
):
    whole = audit_verify.verify

    async def verify(database, tenant_id, clock, sources):
        if tenant_id == first:
            raise RuntimeError
        return await whole(database, tenant_id, clock, sources)

    sound = embedded.ok("audit", "verify", "--database", str(copy))
    first = sound["tenants"][0]["tenant_id"]
    monkeypatch.setattr(audit_verify, "verify", verify)

    ended = embedded.run("audit", "verify", "--database", str(copy), "--json")

    assert ended.code == 1
    assert [one["sound"] for one in ended.body["tenants"]] == [False, True]
    assert ended.body["tenants"][0]["findings"] == [
        {"place": "verifier", "what": "could not read this tenant to the end (RuntimeError)"}
    ]


def test_the_findings_are_lines_that_begin_with_the_place(embedded, copy):
    # Turned round, no hash looks the same.
    turned = "UPDATE audit_entry SET hash = substr(hash, 33) || substr(hash, 1, 32) WHERE seq = 4"
    broken(copy, turned)

    ended = embedded.run("audit", "verify", *DEMO, "--database", str(copy))

    first, *lines = ended.out.splitlines()
    assert first.startswith("sao-bien: NOT AS IT WAS WRITTEN, 1 finding.")
    assert lines[0] == "  entry 4: its bytes do not give the stored hash"


def test_a_tenant_that_was_taken_off_the_list_is_missed(embedded, copy):
    broken(copy, "DELETE FROM tenant_directory WHERE code = 'hoa-sen'")

    ended = embedded.run("audit", "verify", "--database", str(copy), "--json")

    assert ended.code == 1
    assert ended.body["tenants"][-1]["findings"] == [
        {"place": "tenant directory", "what": "does not list this tenant, which has a chain"}
    ]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE bank_account SET account_name = 'Spy'", "with another account_name"),
        ("DELETE FROM bank_account", "is gone, and entry"),
    ],
)
def test_a_bank_account_of_provisioning_is_as_it_was_written(embedded, copy, statement, said):
    broken(copy, statement)

    ended = embedded.run("audit", "verify", *DEMO, "--database", str(copy))

    assert ended.code == 1
    assert said in ended.out


@pytest.mark.parametrize(
    ("left", "trace"),
    [("trust.json", "has a trusted root"), ("checkpoints", "has checkpoints")],
)
def test_a_tenant_that_vanished_whole_is_missed_by_what_lies_outside(copied, left, trace):
    """Not a row of it is left, so only a file can tell that there was one."""
    copied.ok("audit", "checkpoint")
    lost = {one["tenant"]: one["tenant_id"] for one in copied.ok("audit", "verify")["tenants"]}
    forget(copied.data_dir / "cyberos.db", lost["hoa-sen"])
    if left == "trust.json":
        shutil.rmtree(copied.data_dir / "checkpoints")
    else:
        trusted = json.loads((copied.data_dir / "trust.json").read_text())
        del trusted["roots"][lost["hoa-sen"]]
        (copied.data_dir / "trust.json").write_text(json.dumps(trusted))

    ended = copied.run("audit", "verify", "--json")

    assert ended.code == 1
    assert [(one["tenant_id"], one["sound"]) for one in ended.body["tenants"]] == [
        (lost["sao-bien"], True), (lost["hoa-sen"], False),
    ]  # fmt: skip
    assert ended.body["tenants"][1]["findings"] == [
        {"place": "tenant directory", "what": f"does not list this tenant, which {trace}"}
    ]


def test_an_archive_without_any_tenant_left_is_not_sound(copied):
    tenants = [one["tenant_id"] for one in copied.ok("audit", "verify")["tenants"]]
    for tenant_id in tenants:
        forget(copied.data_dir / "cyberos.db", tenant_id)

    ended = copied.run("audit", "verify", "--json")

    assert ended.code == 1
    assert {one["tenant_id"] for one in ended.body["tenants"]} == set(tenants)


def test_another_file_beside_the_checkpoints_is_no_tenant(copied):
    copied.ok("audit", "checkpoint")
    (copied.data_dir / "checkpoints" / "upload.log").write_text("done")

    assert copied.ok("audit", "verify")["ok"]


def test_a_damaged_file_is_a_finding_and_no_crash(embedded, copy):
    content = bytearray(copy.read_bytes())
    half = len(content) // 2
    content[half:] = os.urandom(len(content) - half)
    copy.write_bytes(content)

    ended = embedded.run("audit", "verify", "--database", str(copy))

    assert ended.code in (1, 6)
    assert "internal error" not in ended.everything


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "DATABASE_MISSING"), (b"hello" * 1000, "DATABASE_DAMAGED"), (b"", "SCHEMA_MISSING")],
)
def test_what_is_no_database_is_refused(embedded, tmp_path, content, code):
    file = tmp_path / "x.db"
    if content is not None:
        file.write_bytes(content)

    assert embedded.fault("audit", "verify", "--database", str(file))["code"] == code


def test_other_files_than_those_of_this_machine_can_be_given(embedded, copy, tmp_path):
    embedded.ok("audit", "checkpoint")
    elsewhere = tmp_path / "kept"
    shutil.copytree(embedded.data_dir / "checkpoints", elsewhere / "checkpoints")
    for name in ("trust.json", "keys/checkpoint.pub"):
        shutil.copy(embedded.data_dir / name, elsewhere)
    nothing = Place({"CYBEROS_DATA_DIR": str(tmp_path / "nothing")}, embedded.capsys)
    flags = [
        "--database", str(copy),
        "--trust", str(elsewhere / "trust.json"),
        "--checkpoints", str(elsewhere / "checkpoints"),
        "--checkpoint-keys", str(elsewhere / "checkpoint.pub"),
    ]  # fmt: skip

    body = nothing.ok("audit", "verify", *flags)

    assert all(one["checkpoints"] for one in body["tenants"])
    assert not (tmp_path / "nothing").exists()


def test_without_the_trust_file_no_signature_is_called_good(embedded, copy, tmp_path):
    ended = embedded.run(
        "audit", "verify", *DEMO, "--database", str(copy), "--trust", str(tmp_path / "none")
    )

    assert ended.code == 1
    assert "trust file: is missing, so signatures cannot be verified" in ended.out


@pytest.mark.parametrize("key", ["deploy", "roots", "checkpoint"])
def test_the_first_entry_remembers_what_the_chain_began_with(embedded, copy, tmp_path, key):
    trusted = json.loads((embedded.data_dir / "trust.json").read_text())
    public = tmp_path / "checkpoint.pub"
    shutil.copy(embedded.data_dir / "keys" / "checkpoint.pub", public)
    match key:
        case "deploy":
            trusted["deploy"] = "0" * 26
            public.write_text("")
        case "roots":
            trusted["roots"] = dict.fromkeys(trusted["roots"], "11" * 32)
        case _:
            other = checkpoints.create_key(tmp_path / "other", trusted["deploy"])
            public.write_text(f"{other.public.text}\n")
    (tmp_path / "trust.json").write_text(json.dumps(trusted))
    flags = ["--trust", str(tmp_path / "trust.json"), "--checkpoint-keys", str(public)]
    flags += ["--checkpoints", str(tmp_path / "none"), "--database", str(copy)]

    ended = embedded.run("audit", "verify", *DEMO, *flags)

    words = {
        "deploy": "entry 1: names another installation than the trust file",
        "roots": "entry 1: names another root key than the trust file",
        "checkpoint": "entry 1: names a checkpoint key that is not in checkpoint.pub",
    }
    assert ended.code == 1
    assert words[key] in ended.out


def test_a_checkpoint_is_signed_once_and_again_when_there_is_news(place):
    place.ok("audit", "checkpoint")
    nothing = place.ok("audit", "checkpoint")["checkpoints"]
    place.proposed()

    news = {one["tenant"]: one for one in place.ok("audit", "checkpoint")["checkpoints"]}

    assert [one["new"] for one in nothing] == [False, False]
    assert (news["sao-bien"]["new"], news["hoa-sen"]["new"]) == (True, False)
    assert place.ok("audit", "verify")["ok"]


def test_a_second_key_is_made_only_on_purpose_and_both_are_believed(embedded, tmp_path, capsys):
    target = tmp_path / "data"
    shutil.copytree(embedded.data_dir, target)
    there = Place({"CYBEROS_DATA_DIR": str(target)}, capsys)
    there.ok("audit", "checkpoint")
    (target / "keys" / "checkpoint.key").unlink()
    there.proposed()

    fault = there.fault("audit", "checkpoint")
    there.ok("audit", "checkpoint", "--new-key")

    assert fault["code"] == "CHECKPOINT_KEY_MISSING"
    assert there.ok("audit", "verify")["tenants"][0]["checkpoints"] >= 2


def test_a_checkpoint_is_not_made_with_the_trust_file_of_another_installation(place, tmp_path):
    other = {"deploy": "0" * 26, "roots": {}}
    (tmp_path / "trust.json").write_text(json.dumps(other))
    wrong = Place({**place.env, "CYBEROS_TRUST_FILE": str(tmp_path / "trust.json")}, place.capsys)

    assert wrong.fault("audit", "checkpoint")["code"] == "TRUST_MISMATCH"


def test_a_contradicted_checkpoint_stops_new_ones(embedded, tmp_path, capsys):
    target = tmp_path / "data"
    shutil.copytree(embedded.data_dir, target)
    there = Place({"CYBEROS_DATA_DIR": str(target)}, capsys)
    deploy = json.loads((target / "trust.json").read_text())["deploy"]
    made = there.ok("audit", "checkpoint", *DEMO)["checkpoints"][0]
    log = target / "checkpoints" / os.path.basename(made["file"])
    key = checkpoints.load_key(target / "keys", deploy)
    checkpoints.append(log, checkpoints.make(key, deploy, log.stem, Sealed(9_999, "ab" * 32)))

    fault = there.fault("audit", "checkpoint", *DEMO)
    ended = there.run("audit", "verify", *DEMO)

    assert (fault["code"], fault["exit"]) == ("AUDIT_BROKEN", 4)
    assert f"checkpoint 9999: the chain ends at {made['seq']}" in ended.out


def test_the_tail_shows_the_newest_entries_and_nothing_private(place):
    place.proposed(note_to_approver="bí mật")

    rows = place.ok("audit", "tail", *DEMO, "-n", "3")["entries"]
    text = place.run("audit", "tail", *DEMO, "-n", "3").out

    assert [row["seq"] for row in rows] == list(range(rows[0]["seq"], rows[0]["seq"] + 3))
    assert rows[-1]["event"] == "action.proposed"
    assert rows[-1]["actor"].startswith("agent:")
    assert len(text.splitlines()) == 3
    assert "bí mật" not in text


@pytest.mark.parametrize("command", ["verify", "checkpoint", "tail"])
def test_a_tenant_nobody_knows_is_refused(embedded, command):
    assert embedded.fault("audit", command, "--tenant", "nobody")["code"] == "TENANT_UNKNOWN"
