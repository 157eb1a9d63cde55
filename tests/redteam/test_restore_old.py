"""Going back: does what was decided stay decided when an older backup is restored? (M5, L9)"""

import json
import shutil

import pytest

from domain.kernel.ids import new_id
from domain.store import checkpoints
from domain.store.chain import Sealed
from tests.cli.console import AM, BOTH, Place
from tests.redteam import installations
from tests.sqlite import by_hand


@pytest.fixture
def place(tmp_path_factory, tmp_path, capsys):
    """An embedded demo with a backup in `old.tar.gz`, in which a request waits."""
    return installations.a_copy(installations.embedded(tmp_path_factory, capsys), tmp_path / "data")


@pytest.fixture
def request_id(place, tmp_path):
    """An action that waited when the backup was made, and was rejected later."""
    action = place.proposed()
    place.ok("audit", "checkpoint")
    place.ok("backup", str(tmp_path / "old.tar.gz"))
    place.ok("reject", action, *place.signing(AM), "--reason", "no")
    return action


def events(place):
    with by_hand(place.data_dir / "cyberos.db") as raw:
        return [event for (event,) in raw.execute("SELECT event FROM audit_entry ORDER BY seq")]


def test_M5_a_backup_older_than_the_newest_checkpoint_is_refused(place, request_id, tmp_path):
    place.ok("audit", "checkpoint")
    before = events(place)

    fault = place.fault("restore", str(tmp_path / "old.tar.gz"), "--force")

    assert (fault["code"], fault["exit"]) == ("RESTORE_OLDER", 4)
    assert "--older-on-purpose" in fault["hint"]
    assert all(path.startswith(str(place.data_dir)) for path in fault["facts"]["checkpoints"])
    assert events(place) == before and place.ok("audit", "verify")


def test_M5_going_back_on_purpose_is_told_in_every_chain_and_verifies(place, request_id, tmp_path):
    place.ok("audit", "checkpoint")

    answer = place.ok("restore", str(tmp_path / "old.tar.gz"), "--force", "--older-on-purpose")

    assert (answer["older"], answer["sound"], answer["untold"]) == (True, True, [])
    assert events(place).count("installation.restored") == 2, "one in each chain"
    assert place.ok("audit", "checkpoint") and place.ok("audit", "verify")


def test_M5_what_was_rejected_since_cannot_be_signed_again(place, request_id, tmp_path):
    place.ok("restore", str(tmp_path / "old.tar.gz"), "--force")

    refused = place.fault("approve", request_id, *place.signing(BOTH))

    assert refused["code"] == "ACTION_NOT_PENDING"
    with by_hand(place.data_dir / "cyberos.db") as raw:
        found = raw.execute("SELECT state FROM pending_action WHERE id = ?", (request_id,))
        assert found.fetchone() == ("stale",)
    assert "action.stale" in events(place)


def test_M5_when_only_the_older_file_was_put_back_nothing_is_approved(place, tmp_path):
    """Without `cyberos restore` nothing is told and nothing retired: the checkpoints tell."""
    action, file = place.proposed(), place.data_dir / "cyberos.db"
    kept = (tmp_path / "kept.db", file)
    with by_hand(file) as raw:
        raw.execute(f"VACUUM INTO '{kept[0]}'")
    place.ok("reject", action, *place.signing(AM), "--reason", "no")
    place.ok("audit", "checkpoint")
    for side in ("-wal", "-shm"):
        file.with_name(file.name + side).unlink(missing_ok=True)
    shutil.copy(*kept)

    refused = place.fault("approve", action, *place.signing(BOTH))
    place.ok("reject", action, *place.signing(BOTH), "--reason", "still no")

    assert (refused["code"], refused["exit"]) == ("DATABASE_OLDER", 4)
    assert "--older-on-purpose" in refused["hint"]
    assert refused["facts"]["checkpoints"].startswith(str(place.data_dir))


def test_M5_a_backup_that_reaches_the_newest_checkpoint_is_restored(place, request_id, tmp_path):
    answer = place.ok("restore", str(tmp_path / "old.tar.gz"), "--force")

    assert answer["older"] is False
    assert place.ok("audit", "verify")


def test_a_backup_in_which_a_company_is_missing_is_older_too(place, request_id, tmp_path):
    missing = new_id()
    key, deploy = _checkpoint_key(place)
    log = checkpoints.log_path(place.data_dir / "checkpoints", missing)
    checkpoints.append(log, checkpoints.make(key, deploy, missing, Sealed(3, "ab" * 32)))

    fault = place.fault("restore", str(tmp_path / "old.tar.gz"), "--force")

    assert fault["code"] == "RESTORE_OLDER"
    assert fault["facts"]["checkpoints"] == [str(log)]


def test_checkpoints_of_another_installation_say_nothing_about_a_backup_and_are_found(
    place, request_id, tmp_path
):
    key, _ = _checkpoint_key(place)
    folder = place.data_dir / "checkpoints"
    for tenant in checkpoints.logged(folder):
        log = checkpoints.log_path(folder, tenant)
        log.unlink()
        checkpoints.append(log, checkpoints.make(key, new_id(), tenant, Sealed(900, "ab" * 32)))

    verified = place.run("audit", "verify", "--json")
    restored = place.ok("restore", str(tmp_path / "old.tar.gz"), "--force")

    assert verified.code == 1
    for tenant in verified.body["tenants"]:
        found = {"place": "checkpoint 900", "what": "is about another chain"}
        assert tenant["findings"] == [found]
    assert restored["older"] is False


def test_L9_no_archive_makes_a_company_a_demo(place, tmp_path):
    place.ok("backup", str(tmp_path / "demo.tar.gz"), "--with-keys")
    earnest = Place({"CYBEROS_DATA_DIR": str(tmp_path / "earnest")}, place.capsys)
    demo = Place({"CYBEROS_DATA_DIR": str(tmp_path / "demo")}, place.capsys)
    demo.data_dir.mkdir()
    shutil.copy(place.data_dir / "demo.json", demo.data_dir)

    refused = earnest.ok("restore", str(tmp_path / "demo.tar.gz"))
    again = demo.ok("restore", str(tmp_path / "demo.tar.gz"), "--force")

    assert "demo.json" in refused["left_out"]
    assert not (earnest.data_dir / "demo.json").exists()
    assert again["left_out"] == [] and (demo.data_dir / "demo.json").exists()


def _checkpoint_key(place):
    deploy = json.loads((place.data_dir / "trust.json").read_text())["deploy"]
    return checkpoints.load_key(place.data_dir / "keys", deploy), deploy
