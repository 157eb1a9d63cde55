"""Lost keys: can each be replaced, with nothing lost that it signed before?"""

import stat
from pathlib import Path

from tests.cli.console import AM

TENANT = ("--tenant", "sao-bien")


def root(place) -> list[str]:
    demo = place.demo
    return ["--root-key", demo["root_key"], "--root-passphrase-file", demo["root_passphrase_file"]]


def test_a_rotated_key_signs_and_the_one_before_does_not(copied, tmp_path):
    (tmp_path / "words").write_text("năm chữ rất là dài\n", encoding="utf-8")
    words = ["--passphrase-file", str(tmp_path / "words")]
    before, old = copied.proposed(), copied.signing(AM)
    copied.ok("approve", before, *old)
    email = old[1]

    made = copied.ok("key", "rotate", email, *root(copied), *words, *TENANT)["key"]
    pending = copied.proposed()
    refused = copied.fault("approve", pending, *old)
    new = ["--as", email, "--key", made["key"], *words, "--wait", "0"]
    approved = copied.ok("approve", pending, *new)
    copied.ok("key", "revoke", made["key_id"], *TENANT)
    ended = copied.fault("approve", copied.proposed(), *new)

    assert (refused["code"], ended["code"]) == ("APPROVER_KEY_REVOKED", "APPROVER_KEY_REVOKED")
    assert approved["waits_for"] == []
    assert copied.ok("audit", "verify")["ok"] is True


def test_the_root_replaces_an_operator_key_that_leaked(copied, tmp_path):
    (tmp_path / "words").write_text("năm chữ rất là dài\n", encoding="utf-8")
    words = ["--passphrase-file", str(tmp_path / "words")]
    old = ["--key", copied.demo["operator_key"]]
    old += ["--passphrase-file", copied.demo["operator_passphrase_file"]]
    rate = ["rate", "add", "--rate", "26000", *TENANT]
    copied.ok(*rate, "--source", "one", *old)

    made = copied.ok("operator", "rotate", *root(copied), *words, *TENANT)["operator"]
    refused = copied.fault(*rate, "--source", "two", *old)
    copied.ok(*rate, "--source", "two", "--key", made["key"], *words)

    assert refused["code"] == "OPERATOR_KEY_WRONG"
    assert copied.ok("audit", "verify")["ok"] is True


def test_whoever_forgot_a_passphrase_gets_a_key_under_the_same_address(copied, tmp_path):
    (tmp_path / "words").write_text("năm chữ rất là dài\n", encoding="utf-8")
    words = ["--passphrase-file", str(tmp_path / "words")]
    email = copied.signing(AM)[1]

    made = copied.ok("person", "rekey", email, *root(copied), *words, *TENANT)["key"]

    approved = copied.ok("approve", copied.proposed(), "--as", email, "--key", made["key"], *words)
    assert approved["waits_for"] == []


def test_another_passphrase_opens_the_same_key_and_the_old_one_no_more(copied, tmp_path):
    (tmp_path / "words").write_text("năm chữ rất là dài\n", encoding="utf-8")
    (tmp_path / "short").write_text("ngắn\n", encoding="utf-8")
    who, key = copied.signing(AM)[:2], tmp_path / "mine.key"
    old = copied.signing(AM)[4:]
    key.write_bytes(Path(copied.signing(AM)[3]).read_bytes())
    key.chmod(0o600)
    change = ["person", "passphrase", "--key", str(key)]

    weak = copied.fault(*change, *old, "--new-passphrase-file", str(tmp_path / "short"))
    kept = key.read_bytes()
    copied.ok(*change, *old, "--new-passphrase-file", str(tmp_path / "words"))
    wrong = copied.fault(*change, *old, "--new-passphrase-file", str(tmp_path / "words"))
    words = ["--passphrase-file", str(tmp_path / "words")]
    approved = copied.ok("approve", copied.proposed(), *who, "--key", str(key), *words)

    assert (weak["code"], wrong["code"]) == ("KEY_PASSPHRASE_WEAK", "KEY_PASSPHRASE_WRONG")
    assert kept != key.read_bytes() and stat.S_IMODE(key.stat().st_mode) == 0o600
    assert approved["waits_for"] == []
    assert sorted(tmp_path.glob("*mine*")) == [key]
