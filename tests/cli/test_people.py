"""People of a company: can they come and go later, with keys that count and an entry for each?"""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.console import AM, CRO, Place
from tests.sqlite import by_hand

TENANT = ("--tenant", "sao-bien")
WORDS = "năm chữ rất là dài"


def flags(place: Place, tmp_path: Path, address: str, **changes: str) -> list[str]:
    """All that `person add` needs, with some of it changed."""
    (tmp_path / "words").write_text(f"{WORDS}\n", encoding="utf-8")
    given = {
        "email": address,
        "name": "Võ Thị Bảy",
        "roles": "am, sales",
        "root_key": place.demo["root_key"],
        "root_passphrase_file": place.demo["root_passphrase_file"],
        "passphrase_file": str(tmp_path / "words"),
        "tenant": "sao-bien",
        **changes,
    }
    pairs = [(f"--{name.replace('_', '-')}", value) for name, value in given.items()]
    return [part for pair in pairs for part in pair]


def events(place: Place, about: str) -> list[dict]:
    rows = place.ok("audit", "tail", *TENANT, "-n", "10000")["entries"]
    return [row for row in rows if row["object"] == about]


def listed(place: Place, email: str) -> dict:
    people = place.ok("person", "list", *TENANT)["people"]
    return next(one for one in people if one["email"] == email)


def test_whoever_is_added_signs_and_whoever_left_does_not(place, tmp_path):
    email = f"bay.{place.is_embedded}@saobien.example".lower()

    added = place.ok("person", "add", *flags(place, tmp_path, email))["person"]
    signing = [
        "--as", email, "--key", added["key"], "--passphrase-file", str(tmp_path / "words"),
        "--wait", "0",
    ]  # fmt: skip
    first = place.ok("approve", place.proposed(), *signing)
    left = place.ok("person", "leave", email.upper(), *TENANT)["person"]
    again = place.ok("person", "leave", email, *TENANT)["person"]
    refused = place.fault("approve", place.proposed(), *signing)

    assert added["roles"] == ["am", "sales"]
    assert stat.S_IMODE(Path(added["key"]).stat().st_mode) == 0o600
    assert first["slot"] == "am" and first["waits_for"] == []
    assert (left["active"], left["roles"]) == (False, [])
    assert left["keys"][0]["key_id"] == added["key_id"]
    assert left["keys"][0]["revoked_at"] is not None
    assert again == left
    assert refused["exit"] == 5
    told = events(place, f"person:{added['id']}")
    assert [one["event"] for one in told] == ["person.added", "person.left"]
    if place.is_embedded:
        with by_hand(place.data_dir / "cyberos.db") as connection:
            query = "select body from audit_entry where event = 'person.left' and object = ?"
            body = connection.execute(query, [f"person:{added['id']}"]).fetchone()[0]
        data = json.loads(body)["data"]
        assert (data["keys"], data["roles"]) == (added["key_id"], "am,sales")
        assert {"signed_by", "signature"} < data.keys()
    enrolled = events(place, f"approver_key:{added['key_id']}")
    assert [one["event"] for one in enrolled] == ["key.enrolled"]
    assert place.ok("audit", "verify")["ok"] is True
    place.run("work", "--once")


def test_the_list_shows_roles_and_keys(embedded):
    email = embedded.signing(AM)[1]

    one = listed(embedded, email)
    shown = embedded.run("person", "list", *TENANT).out

    assert (one["active"], one["roles"]) == (True, ["am"])
    assert [key["key_id"] for key in one["keys"]] == [embedded.demo["people"][email]["key_id"]]
    assert f"Nguyễn Minh Đức <{email}>: am, key {one['keys'][0]['key_id']}" in shown


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "nobody"}, "PERSON_INVALID"),
        ({"roles": "am,owner"}, "PERSON_INVALID"),
        ({"roles": ","}, "PERSON_INVALID"),
        ({"name": "a\x1b[2Jb"}, "PERSON_INVALID"),
        ({"email": "Duc.Nguyen@saobien.example"}, "PERSON_EXISTS"),
        ({"tenant": "nowhere"}, "TENANT_UNKNOWN"),
        ({"root_passphrase_file": "absent"}, "PASSPHRASE_UNREADABLE"),
        ({"tenant": "hoa-sen"}, "ROOT_KEY_WRONG"),
    ],
)
def test_what_is_wrong_is_refused_and_leaves_nothing(embedded, tmp_path, changes, code):
    before = sorted(embedded.data_dir.rglob("*.key"))

    given = flags(embedded, tmp_path, "new@saobien.example", **changes)
    fault = embedded.fault("person", "add", *given)

    assert fault["code"] == code
    assert sorted(embedded.data_dir.rglob("*.key")) == before


def test_the_key_of_somebody_who_is_not_the_root_vouches_for_nobody(embedded, tmp_path):
    _, _, _, key, _, words = embedded.signing(CRO)
    given = flags(
        embedded, tmp_path, "new@saobien.example", root_key=key, root_passphrase_file=words
    )

    fault = embedded.fault("person", "add", *given)

    assert (fault["code"], fault["exit"]) == ("ROOT_KEY_WRONG", 5)


def test_what_fails_at_its_end_is_taken_back(copied, embedded, tmp_path):
    given = flags(embedded, tmp_path, "late@saobien.example")
    with by_hand(copied.data_dir / "cyberos.db") as connection:
        connection.execute(
            "CREATE TRIGGER no_entry BEFORE INSERT ON audit_entry"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    before = sorted(copied.data_dir.rglob("*.key"))

    ended = copied.run("person", "add", *given)

    assert ended.code != 0
    assert sorted(copied.data_dir.rglob("*.key")) == before
    assert "late@" not in copied.run("person", "list", *TENANT).out


def test_a_key_file_of_somebody_is_never_touched(copied, embedded, tmp_path):
    file = copied.data_dir / "keys" / "sao-bien" / "eight@saobien.example.key"
    file.write_text("theirs")

    fault = copied.fault("person", "add", *flags(embedded, tmp_path, "eight@saobien.example"))

    assert fault["code"] == "KEY_EXISTS"
    assert file.read_text() == "theirs"


def test_without_the_root_in_the_trust_file_nobody_is_added(copied, embedded, tmp_path):
    file = copied.data_dir / "trust.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "roots": {}}))

    fault = copied.fault("person", "add", *flags(embedded, tmp_path, "nine@saobien.example"))

    assert (fault["code"], fault["exit"]) == ("TRUST_MISMATCH", 4)


def test_whose_agents_stop_is_said_when_a_person_leaves(copied):
    ended = copied.run("person", "leave", "linh.tran@saobien.example", *TENANT)

    assert ended.code == 0
    assert "cro_agent" in ended.out
    assert "cyberos doctor" in ended.out
    unknown = copied.fault("person", "leave", "nobody@saobien.example", *TENANT)
    assert unknown["code"] == "PERSON_UNKNOWN"
    assert "cyberos person list" in unknown["hint"]


def test_nobody_leaves_unseen_when_something_could_not_be_signed_any_more(copied):
    email = next(one for one in copied.demo["people"] if one.startswith(CRO))

    refused = copied.fault("person", "leave", email, *TENANT)
    still = listed(copied, email)
    copied.ok("person", "leave", email, "--even-so", *TENANT)

    assert (refused["code"], refused["exit"]) == ("LEAVES_A_GAP", 4)
    assert any("Nobody can sign as cro" in one for one in refused["facts"]["lost"])
    assert "cro" in still["roles"]
    assert not listed(copied, email)["active"]


def root(place: Place) -> list[str]:
    demo = place.demo
    return ["--root-key", demo["root_key"], "--root-passphrase-file", demo["root_passphrase_file"]]


def test_roles_come_and_go_with_the_root_key_and_are_proved_afterwards(copied, tmp_path):
    email = next(one for one in copied.demo["people"] if one.startswith(AM))
    before = copied.proposed()
    copied.ok("approve", before, *copied.signing(AM))

    lost = copied.ok("person", "roles", email, "--remove", "am", *root(copied), *TENANT)["person"]
    refused = copied.fault("approve", copied.proposed(), *copied.signing(AM))
    back = copied.ok("person", "roles", email, "--add", "am,dpo", *root(copied), *TENANT)["person"]
    again = copied.ok("approve", copied.proposed(), *copied.signing(AM))

    assert "am" not in lost["roles"]
    assert refused["code"] == "ROLE_NOT_ELIGIBLE"
    assert {"am", "dpo"} <= set(back["roles"])
    assert again["state"] == "succeeded"
    told = [one["event"] for one in events(copied, f"person:{back['id']}")]
    assert told.count("person.roles_changed") == 2
    assert copied.run("audit", "verify", *TENANT).code == 0


def test_roles_are_changed_by_the_root_key_alone_and_only_to_known_ones(copied, tmp_path):
    email = next(one for one in copied.demo["people"] if one.startswith(AM))
    own = copied.demo["people"][email]
    their_root = ["--root-key", own["key"], "--root-passphrase-file", own["passphrase_file"]]

    faults = [
        copied.fault("person", "roles", email, *changes, *key, *TENANT)["code"]
        for changes, key in (
            (["--add", "cfo"], their_root),
            (["--add", "emperor"], root(copied)),
            (["--add", "cfo", "--remove", "cfo"], root(copied)),
            ([], root(copied)),
        )
    ]

    assert faults == ["ROOT_KEY_WRONG", "PERSON_INVALID", "PERSON_INVALID", "PERSON_INVALID"]
    assert "cfo" not in listed(copied, email)["roles"]


def test_nobody_who_left_gets_a_role(copied, tmp_path):
    email = next(one for one in copied.demo["people"] if one.startswith(CRO))
    copied.ok("person", "leave", email, "--even-so", *TENANT)

    refused = copied.fault("person", "roles", email, "--add", "cro", *root(copied), *TENANT)

    assert refused["code"] == "PERSON_INACTIVE"
