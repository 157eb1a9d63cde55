"""Agent commands: are agents added, listed and ended by people
alone, and is a token shown once and no more?
"""

import sqlite3
import stat
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from domain.kernel.faults import Fault
from policies.gate import personas
from tests.cli.console import AM, Place

TENANT = ("--tenant", "sao-bien")


def add(place: Place, name: str, *more: str, email: str = "linh.tran@saobien.example") -> dict:
    flags = ["--name", name, "--for", email, "--scopes", "core.read, crm.read", *more]
    return place.ok("agent", "add", *TENANT, *flags)


def test_an_agent_gets_a_token_that_opens_what_its_scopes_say(place):
    name = f"one-{place.is_embedded}"

    added = add(place, name, "--days", "7", "--show-token")

    assert set(added) == {"ok", "agent", "token"}
    assert added["agent"]["scopes"] == ["core.read", "crm.read"]
    end = datetime.fromisoformat(added["agent"]["expires_at"])
    begin = datetime.fromisoformat(added["agent"]["created_at"])
    assert end - begin == timedelta(days=7)
    me = place.call_as(added["token"], "whoami", {})
    assert (me["agent"], me["acts_for"]) == (name, "Trần Thị Mỹ Linh")


def test_a_revoked_agent_is_locked_out_at_once_and_stays_in_the_list(place):
    name = f"two-{place.is_embedded}"
    token = add(place, name, "--show-token")["token"]

    revoked = place.ok("agent", "revoke", name, *TENANT)
    again = place.ok("agent", "revoke", name, *TENANT)

    assert revoked["agent"]["revoked_at"] is not None
    assert again == revoked
    with pytest.raises(Fault) as caught:
        place.call_as(token, "whoami", {})
    assert caught.value.code == "TOKEN_INVALID"
    listed = {one["name"]: one for one in place.ok("agent", "list", *TENANT)["agents"]}
    assert listed[name]["revoked_at"] == revoked["agent"]["revoked_at"]
    assert listed["cro_agent"]["revoked_at"] is None


def test_both_are_chained_once_each(place):
    name = f"three-{place.is_embedded}"

    agent_id = add(place, name)["agent"]["id"]
    place.ok("agent", "revoke", name, *TENANT)
    place.ok("agent", "revoke", name, *TENANT)

    rows = place.ok("audit", "tail", *TENANT, "-n", "10000")["entries"]
    told = [row["event"] for row in rows if row["object"] == f"agent:{agent_id}"]
    assert told == ["agent.added", "agent.revoked"]


def test_a_token_file_is_new_and_for_its_owner_alone(embedded, tmp_path):
    file = tmp_path / "tokens" / "four.token"

    added = add(embedded, "four", "--token-file", str(file))

    token = file.read_text().strip()
    assert set(added) == {"ok", "agent", "token_file"}
    assert added["token_file"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert embedded.call_as(token, "whoami", {})["agent"] == "four"
    assert token not in "".join(embedded.seen)
    flags = ["--for", "linh.tran@saobien.example", "--scopes", "core.read", *TENANT]
    fault = embedded.fault("agent", "add", "--name", "five", *flags, "--token-file", str(file))
    assert (fault["code"], fault["exit"]) == ("FILE_EXISTS", 4)
    assert file.read_text().strip() == token
    assert "five" not in embedded.run("agent", "list", *TENANT).out


def test_the_token_goes_where_connect_finds_it(embedded):
    flags = ["--for", "ha.pham@saobien.example", "--scopes", "core.read", *TENANT]

    ended = embedded.run("agent", "add", "--name", "Nine Lives", *flags)
    shown = embedded.ok("connect", "--agent", "Nine Lives", "--client", "inspector")

    assert (ended.code, ended.out.count("cyb_")) == (0, 0)
    assert "`cyberos connect --agent 'Nine Lives' --client ...`" in ended.out
    file = Path(shown["server"]["env"]["CYBEROS_AGENT_TOKEN_FILE"])
    assert str(file) in ended.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert embedded.call_as(file.read_text().strip(), "whoami", {})["agent"] == "Nine Lives"


def test_a_token_is_shown_once_to_whoever_wants_to_keep_it(embedded, tmp_path):
    flags = ["--for", "ha.pham@saobien.example", "--scopes", "core.read", *TENANT]

    ended = embedded.run("agent", "add", "--name", "six", *flags, "--show-token")
    file = ["--show-token", "--token-file", str(tmp_path / "x")]
    both = embedded.fault("agent", "add", "--name", "ten", *flags, *file)

    assert (both["code"], both["exit"]) == ("USAGE", 2)
    assert not list(embedded.data_dir.rglob("six.token"))

    assert ended.out.count("cyb_") == 1
    assert "shown only now" in ended.out
    assert "cyb_" not in embedded.run("agent", "list", *TENANT).everything
    assert "cyb_" not in embedded.run("audit", "tail", *TENANT).everything


@pytest.mark.parametrize(
    ("flags", "code", "exit_code"),
    [
        (["--for", "linh.tran@saobien.example", "--scopes", "crm.everything"], "SCOPE_UNKNOWN", 2),
        (["--for", "linh.tran@saobien.example", "--scopes", ""], "SCOPE_UNKNOWN", 2),
        (["--for", "nobody@saobien.example", "--scopes", "core.read"], "PERSON_UNKNOWN", 3),
        (["--for", "mai.ngo@hoasen.example", "--scopes", "core.read"], "PERSON_UNKNOWN", 3),
        (["--scopes", "core.read"], "USAGE", 2),
        (
            ["--for", "linh.tran@saobien.example", "--scopes", "core.read", "--days", "400"],
            "USAGE",
            2,
        ),
    ],
)
def test_what_is_wrong_is_refused_and_nobody_is_added(embedded, flags, code, exit_code):
    fault = embedded.fault("agent", "add", "--name", "nobody", *flags, *TENANT)

    assert (fault["code"], fault["exit"]) == (code, exit_code)
    listed = embedded.ok("agent", "list", *TENANT)["agents"]
    assert "nobody" not in [one["name"] for one in listed]


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[2Jb", "\u202eabc", "x" * 65])
def test_a_name_is_short_and_plain(embedded, name):
    flags = ["--for", "linh.tran@saobien.example", "--scopes", "core.read", *TENANT]

    fault = embedded.fault("agent", "add", "--name", name, *flags)

    assert (fault["code"], fault["exit"]) == ("AGENT_NAME_INVALID", 2)


def test_a_name_is_given_once(embedded):
    add(embedded, "seven")
    flags = ["--for", "linh.tran@saobien.example", "--scopes", "core.read", *TENANT]

    fault = embedded.fault("agent", "add", "--name", "seven", *flags)

    assert (fault["code"], fault["exit"]) == ("AGENT_EXISTS", 4)
    assert embedded.fault("agent", "revoke", "eight", *TENANT)["code"] == "AGENT_UNKNOWN"


def test_with_several_tenants_one_must_be_named(embedded):
    fault = embedded.fault("agent", "list")

    assert (fault["code"], fault["exit"]) == ("TENANT_REQUIRED", 2)
    assert "sao-bien, hoa-sen" in fault["hint"]
    theirs = embedded.ok("agent", "list", "--tenant", "hoa-sen")["agents"]
    assert [one["name"] for one in theirs] == ["other_agent"]


def test_the_list_says_for_whom_and_until_when(embedded):
    shown = embedded.run("agent", "list", *TENANT).out

    line = next(one for one in shown.splitlines() if one.startswith("cfo_agent:"))
    assert "for Nguyễn Minh Đức <duc.nguyen@saobien.example>" in line
    scopes = (
        "admin.bank,core.read,crm.payment,crm.read,inv.aging_read,inv.draft,inv.payment_read,"
        "inv.read,inv.send,ledger.read"
    )
    assert f"{scopes}, until 20" in line
    assert embedded.signing(AM)[1] in line


def test_the_token_of_a_revoked_agent_is_taken_away_and_no_other_file(copied):
    who = next(iter(copied.demo["people"]))
    flags = ("--for", who, "--scopes", "core.read", "--tenant", "sao-bien")
    first = copied.ok("agent", "add", "--name", "first", *flags)
    second = copied.ok("agent", "add", "--name", "second", *flags)
    Path(second["token_file"]).write_text("something else\n", encoding="ascii")

    gone = copied.ok("agent", "revoke", "first", "--tenant", "sao-bien")
    kept = copied.ok("agent", "revoke", "second", "--tenant", "sao-bien")

    assert gone["removed_token_file"] == first["token_file"]
    assert not Path(first["token_file"]).exists()
    assert kept["removed_token_file"] is None
    assert Path(second["token_file"]).exists()


def test_a_persona_is_stored_as_scopes_and_toolsets(place):
    name = f"persona-{place.is_embedded}"
    flags = ["--name", name, "--for", "ha.pham@saobien.example", *TENANT]

    added = place.ok("agent", "add", *flags, "--persona", "crm", "--show-token")
    listed = {one["name"]: one for one in place.ok("agent", "list", *TENANT)["agents"]}
    verified = place.ok("audit", "verify", *TENANT)

    persona = personas.persona("crm")
    for shown in (added["agent"], listed[name]):
        assert shown["scopes"] == sorted(persona.scopes)
        assert shown["toolsets"] == sorted(persona.toolsets)
    assert place.call_as(added["token"], "crm_kpis", {})["kpis"]
    assert verified["ok"] is True


def test_what_is_said_beside_a_persona_counts_before_it(embedded):
    flags = ["--for", "ha.pham@saobien.example", *TENANT, "--persona", "crm"]

    fewer = embedded.ok("agent", "add", "--name", "fewer", *flags, "--scopes", "core.read")
    other = embedded.ok("agent", "add", "--name", "other", *flags, "--toolsets", "overview, vn")
    plain = add(embedded, "plain")

    assert (fewer["agent"]["scopes"], fewer["agent"]["toolsets"]) == (
        ["core.read"],
        ["crm", "default"],
    )
    assert other["agent"]["toolsets"] == ["overview", "vn"]
    assert plain["agent"]["toolsets"] == []


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--persona", "ceo"], "PERSONA_UNKNOWN"),
        (["--persona", "crm", "--toolsets", "defualt"], "TOOLSET_UNKNOWN"),
        ([], "USAGE"),
    ],
)
def test_a_job_that_is_not_there_adds_nobody(embedded, flags, code):
    who = ["--name", "nobody", "--for", "ha.pham@saobien.example"]

    fault = embedded.fault("agent", "add", *who, *TENANT, *flags)

    assert (fault["code"], fault["exit"]) == (code, 2)
    assert "nobody" not in embedded.run("agent", "list", *TENANT).out


@pytest.mark.parametrize("language", ["vi", "en"])
def test_personas_are_listed_in_both_languages(empty, language):
    shown = empty.run("agent", "personas", "--lang", language).out
    told = empty.ok("agent", "personas")["personas"]

    for one in told:
        assert f"{one['name']}: {one[language]}" in shown
        assert f"  toolsets: {', '.join(one['toolsets'])}" in shown


def test_a_renewed_agent_goes_on_under_its_name_and_the_old_token_is_dead(place):
    name = f"renewed-{place.is_embedded}"
    added = add(place, name)
    file = Path(added["token_file"])
    old = file.read_text().strip()

    renewed = place.ok("agent", "renew", name, *TENANT, "--days", "30")

    new = file.read_text().strip()
    assert (renewed["token_file"], renewed["agent"]["id"]) == (str(file), added["agent"]["id"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert place.call_as(new, "whoami", {})["agent"] == name
    with pytest.raises(Fault, match="TOKEN_INVALID"):
        place.call_as(old, "whoami", {})
    assert new not in "".join(place.seen)
    assert place.ok("audit", "verify", *TENANT)["ok"] is True


def test_a_revoked_agent_is_renewed_and_may_what_it_might(place):
    name = f"back-{place.is_embedded}"
    before = add(place, name)["agent"]
    place.ok("agent", "revoke", name, *TENANT)

    token = place.ok("agent", "renew", name, *TENANT, "--show-token")["token"]

    me = place.call_as(token, "whoami", {})
    assert sorted(me["scopes"]) == before["scopes"]
    exists = place.fault(
        "agent", "add", *TENANT, "--name", name, "--for", "linh.tran@saobien.example",
        "--scopes", "core.read",
    )  # fmt: skip
    assert (exists["code"], "cyberos agent renew" in exists["hint"]) == ("AGENT_EXISTS", True)
    assert place.ok("audit", "verify", *TENANT)["ok"] is True


def test_nobody_elses_file_is_replaced_and_an_unknown_agent_is_not_renewed(embedded, tmp_path):
    add(embedded, "careful")
    other = tmp_path / "notes.txt"
    other.write_text("my notes")

    taken = embedded.fault("agent", "renew", "careful", *TENANT, "--token-file", str(other))
    unknown = embedded.fault("agent", "renew", "nobody", *TENANT)

    assert (taken["code"], other.read_text()) == ("FILE_EXISTS", "my notes")
    assert (unknown["code"], "cyberos agent list" in unknown["hint"]) == ("AGENT_UNKNOWN", True)


def test_a_row_put_back_to_the_token_before_opens_nothing_and_is_found(copied):
    added = add(copied, "stolen")
    token = Path(added["token_file"]).read_text().strip()
    database = sqlite3.connect(copied.data_dir / "cyberos.db", isolation_level=None)
    with closing(database):
        old = database.execute(
            "SELECT token_sha256, signature, signed_by, signed_at, expires_at FROM agent"
            " WHERE name = 'stolen'"
        ).fetchone()
        copied.ok("agent", "renew", "stolen", *TENANT)
        database.execute(
            "UPDATE agent SET token_sha256 = ?, signature = ?, signed_by = ?, signed_at = ?,"
            " expires_at = ? WHERE name = 'stolen'",
            old,
        )

    with pytest.raises(Fault, match="TOKEN_INVALID"):
        copied.call_as(token, "whoami", {})
    found = copied.run("audit", "verify", *TENANT).out

    assert f"agent {added['agent']['id']}" in found and "token_sha256" in found


def test_what_an_agent_is_shown_changes_and_its_token_stays(embedded):
    added = add(embedded, "shown")
    token = Path(added["token_file"]).read_text().strip()

    some = embedded.ok("agent", "toolsets", "shown", "crm,vn", *TENANT)["agent"]
    wrong = embedded.fault("agent", "toolsets", "shown", "crm,nonsense", *TENANT)
    none = embedded.ok("agent", "toolsets", "shown", "default", *TENANT)["agent"]

    assert (some["toolsets"], none["toolsets"]) == (["crm", "vn"], [])
    assert wrong["code"] == "TOOLSET_UNKNOWN"
    assert embedded.call_as(token, "whoami", {})["agent"] == "shown"
    assert embedded.ok("audit", "verify", *TENANT)["ok"] is True
