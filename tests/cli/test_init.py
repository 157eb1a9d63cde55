"""Bootstrap of a company: does a company begin whole, with
every secret in its place, or not at all?
"""

import json
import os
import re
import shutil
import stat
from pathlib import Path

import pytest

from domain.kernel.ids import is_id
from policies.gate import shipped
from server import settings as environment
from server.cli import mcp_config
from tests.cli.console import Place, environ
from tests.sqlite import by_hand
from tests.world import secret_of

WORDS = "bốn từ rất dài"  # of the administrator
ROOT_WORDS = "khóa gốc để trong két"
MORE_WORDS = "một câu khác hẳn"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def tables(place: Place, query: str) -> list[tuple]:
    with by_hand(place.data_dir / "cyberos.db") as connection:
        return connection.execute(query).fetchall()


def flags(tmp_path: Path, **changes: str | None) -> list[str]:
    """All that a real company needs, with some of it changed or, by None, left out."""
    tmp_path.mkdir(exist_ok=True)
    for name, words in (("admin", WORDS), ("root", ROOT_WORDS), ("more", MORE_WORDS)):
        (tmp_path / name).write_text(f"{words}\n", encoding="utf-8")
    given = {
        "tenant_code": "lam-son",
        "tenant_name": "Công ty TNHH Lam Sơn",
        "admin_name": "Lê Thị Thu Trang",
        "admin_email": "Trang.Le@lamson.example",
        "admin_roles": "admin,am",
        "passphrase_file": str(tmp_path / "admin"),
        "root_passphrase_file": str(tmp_path / "root"),
        "person": f"cuong@lamson.example;Phan Chí Cường;cfo,cro;{tmp_path / 'more'}",
        "bank_bin": "970436",
        "bank_account": "0011002233445",
        "bank_name": "CONG TY TNHH LAM SON",
        "agent_name": "seller",
        "agent_for": "cuong@lamson.example",
        "agent_days": "30",
        **changes,
    }
    return [
        part
        for name, value in given.items()
        if value is not None
        for part in (f"--{name.replace('_', '-')}", value)
    ]


# --- the demo ---


def test_demo_json_names_everything_a_script_needs(place):
    demo = place.demo

    assert set(demo["agents"]) == {"cro_agent", "cfo_agent", "reader_agent"}
    assert demo["agents"]["cro_agent"]["scopes"] == [
        "core.read", "crm.close", "crm.payment", "crm.read", "crm.write",
    ]  # fmt: skip
    assert demo["agents"]["cfo_agent"]["scopes"] == [
        "admin.bank", "core.read", "crm.payment", "crm.read", "inv.aging_read", "inv.draft",
        "inv.payment_read", "inv.read", "inv.send", "ledger.read",
    ]  # fmt: skip
    assert demo["agents"]["reader_agent"]["scopes"] == ["core.read", "crm.read"]
    for agent in demo["agents"].values():
        assert re.fullmatch(r"cyb_[0-9A-Z]{26}_[0-9A-Z]{26}_[\w-]{43}", agent["token"])
    held = sorted(person["roles"] for person in demo["people"].values())
    assert held == sorted(
        [["sales"], ["am"], ["cro"], ["cfo"], ["dpo"], ["admin"], ["admin"], ["am", "cfo"]]
    )
    for person in demo["people"].values():
        for file in (person["key"], person["passphrase_file"]):
            assert os.path.isabs(file) and mode(Path(file)) == 0o600
    assert len(demo["accounts"]) >= 12
    assert {"small_open", "large_open", "private", "other_tenant"} <= set(demo["deals"])
    assert all(is_id(id) for id in (*demo["accounts"].values(), *demo["deals"].values()))
    assert demo["other_tenant"]["agents"]["other_agent"]["token"].startswith("cyb_")
    assert set(demo["tenants"]) == {"sao-bien", "hoa-sen"}


def test_the_deals_of_the_demo_are_what_their_names_say(place):
    def deal(name: str) -> dict:
        found = place.call("crm_get_deal", {"id": place.demo["deals"][name]})
        return found.get("deal", found)

    small, large = deal("small_open"), deal("large_open")

    assert (small["status"], large["status"]) == ("open", "open")
    assert small["amount_minor"] // 26_310 < 100_000 < large["amount_minor"] // 26_310
    for hidden in ("private", "other_tenant"):
        for agent in ("cro_agent", "cfo_agent", "reader_agent"):
            with pytest.raises(Exception, match="NOT_FOUND"):
                place.call("crm_get_deal", {"id": place.demo["deals"][hidden]}, agent)


def test_names_are_found_with_and_without_marks(place):
    def search(text: str) -> list[str]:
        found = place.call("crm_search_accounts", {"query": text})["accounts"]
        return [one["name"] for one in found]

    assert search("đại dương")[0] == "Công ty TNHH Đại Dương"
    assert set(search("dai duong")) == {
        "Công ty TNHH Đại Dương",
        "Công ty TNHH Thương mại Đài Đường",
    }


def test_a_mail_in_the_demo_tries_to_give_orders(embedded):
    bodies = [row[0] for row in tables(embedded, "select body from activity")]

    assert any("ignore all previous instructions" in body for body in bodies)


def test_a_second_init_of_the_demo_changes_nothing(place):
    before = (place.data_dir / "demo.json").read_bytes()

    answer = place.ok("init", "--demo")

    assert answer["created"] is False
    assert answer["demo"] == str(place.data_dir / "demo.json")
    assert (place.data_dir / "demo.json").read_bytes() == before
    assert "is there already" in place.run("init", "--demo").out


def test_the_chains_of_a_new_demo_verify(place):
    verified = place.ok("audit", "verify")

    assert {one["tenant"]: one["sound"] for one in verified["tenants"]} == {
        "sao-bien": True,
        "hoa-sen": True,
    }


def test_everything_in_the_demo_is_for_its_owner_alone(embedded):
    open_to_all = {"trust.json", "checkpoint.pub"}

    modes = {path: mode(path) for path in (embedded.data_dir, *embedded.data_dir.rglob("*"))}

    wrong = [
        path
        for path, bits in modes.items()
        if bits != (0o700 if path.is_dir() else 0o600) and path.name not in open_to_all
    ]
    assert wrong == []


def test_a_fresh_demo_replaces_the_old_one_and_nothing_else(copied):
    before = copied.demo
    (copied.data_dir / "mine.txt").write_text("keep me")

    answer = copied.ok("init", "--demo", "--fresh")

    assert answer["created"] is True
    assert set(copied.demo["tenants"].values()).isdisjoint(before["tenants"].values())
    assert (copied.data_dir / "mine.txt").read_text() == "keep me"
    assert copied.call("whoami", {})["agent"] == "cro_agent"
    begun = {"tenants": copied.demo["tenants"], "complete": False}
    (copied.data_dir / "demo.json").write_text(json.dumps(begun))

    after_a_crash = copied.ok("init", "--demo")

    assert after_a_crash["created"] is True
    assert copied.call("whoami", {})["agent"] == "cro_agent"


def test_fresh_refuses_a_directory_that_is_no_demo(empty):
    empty.data_dir.mkdir()
    (empty.data_dir / "cyberos.db").write_bytes(b"somebody's")

    fault = empty.fault("init", "--demo", "--fresh")

    assert (fault["code"], fault["exit"]) == ("NOT_A_DEMO", 4)
    assert (empty.data_dir / "cyberos.db").read_bytes() == b"somebody's"
    assert empty.fault("init", "--fresh")["code"] == "USAGE"


# --- a real company ---


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], str]:
    """A company provisioned by a program of its own: its environment, and all that was said."""
    tmp_path = tmp_path_factory.mktemp("real")
    made = Place({"CYBEROS_DATA_DIR": str(tmp_path / "data")})
    ended = made.program("init", *flags(tmp_path / "words"), "--json")
    assert ended.code == 0, ended.everything
    return made.env, ended.everything


@pytest.fixture
def real(provisioned: tuple[dict[str, str], str], capsys: pytest.CaptureFixture[str]) -> Place:
    """The company, to work in."""
    return Place(provisioned[0], capsys)


@pytest.fixture
def report(provisioned: tuple[dict[str, str], str]) -> dict:
    """What `cyberos init` answered."""
    return json.loads(provisioned[1])


def test_a_company_begins_with_people_pipelines_account_and_agent(real, report):
    assert set(report) == {
        "ok", "tenant", "data_dir", "database", "root_key", "operator_key", "people",
        "pipelines", "bank_accounts", "agent", "mcp_config", "database_url_left_out",
        "roles_nobody_holds",
    }  # fmt: skip
    assert report["tenant"]["name"] == "Công ty TNHH Lam Sơn"
    assert [(one["email"], one["roles"]) for one in report["people"]] == [
        ("trang.le@lamson.example", ["admin", "am"]),
        ("cuong@lamson.example", ["cfo", "cro"]),
    ]
    assert set(report["pipelines"]) == {"sales", "partner", "inbound", "outbound"}
    assert report["roles_nobody_holds"] == []
    assert tables(real, "select account_number, is_default from bank_account") == [
        ("0011002233445", 1)
    ]
    token = Path(report["agent"]["token_file"]).read_text().strip()
    me = real.call_as(token, "whoami", {})
    assert (me["agent"], me["acts_for"]) == ("seller", "Phan Chí Cường")
    assert me["scopes"] == ["core.read", "crm.close", "crm.payment", "crm.read", "crm.write"]


def test_its_secrets_lie_where_only_the_owner_reads(real, report):
    files = [
        real.data_dir / "cyberos.db",
        real.data_dir / "mcp.json",
        real.data_dir / "keys" / "checkpoint.key",
        *[Path(report[name]) for name in ("root_key", "operator_key")],
        Path(report["agent"]["token_file"]),
        *[Path(one["key"]) for one in report["people"]],
    ]

    assert {path: mode(path) for path in files} == dict.fromkeys(files, 0o600)
    folders = [real.data_dir, *[path for path in real.data_dir.rglob("*") if path.is_dir()]]
    assert {mode(path) for path in folders} == {0o700}


def test_no_secret_is_in_what_it_says_or_in_mcp_json(real, provisioned, report):
    token = Path(report["agent"]["token_file"]).read_text().strip()
    config = (real.data_dir / "mcp.json").read_text()
    secrets = [token, secret_of(token), WORDS, ROOT_WORDS, MORE_WORDS, *real.secrets()]

    assert [secret for secret in secrets if secret in provisioned[1] + config] == []
    entry = json.loads(config)["mcpServers"]["cyberos"]
    assert os.path.isabs(entry["command"]) and entry["args"][-1] == "serve"
    assert entry["env"] == {
        "CYBEROS_DATA_DIR": str(real.data_dir),
        "CYBEROS_AGENT_TOKEN_FILE": report["agent"]["token_file"],
    }


def test_the_chain_begins_with_the_installation_and_its_root_key(real, report):
    trust = json.loads((real.data_dir / "trust.json").read_text())

    first = json.loads(tables(real, "select body from audit_entry where seq = 1")[0][0])
    events = [row[0] for row in tables(real, "select event from audit_entry order by seq")]

    assert first["event"] == "genesis"
    assert first["data"]["deploy"] == trust["deploy"]
    assert first["data"]["root_public_key"] == trust["roots"][report["tenant"]["id"]]
    assert events.count("person.added") == events.count("key.enrolled") == 2
    assert {"policy.activated", "bank_account.added", "agent.added"} <= set(events)
    assert real.ok("audit", "verify")["tenants"][0]["sound"] is True


def test_people_of_a_real_company_sign_with_keys_that_guessing_costs(real, report, tmp_path):
    token = Path(report["agent"]["token_file"]).read_text().strip()
    account = real.call_as(
        token, "crm_create_account", {"name": "Công ty An Bình", "account_type": "llc"}
    )
    asked = {"account_id": account["id"], "name": "Một việc", "amount_minor": 1_000_000}
    deal = real.call_as(token, "crm_create_deal", {**asked, "currency": "VND"})
    deal_id = deal.get("deal", deal)["id"]
    asked = {"deal_id": deal_id, "outcome": "cancelled"}
    action_id = real.call_as(token, "crm_close_deal", asked)["action_id"]
    (tmp_path / "words").write_text(f"{WORDS}\r\n", encoding="utf-8-sig")
    admin = report["people"][0]

    answer = real.ok(
        "approve", action_id, "--as", admin["email"], "--key", admin["key"],
        "--passphrase-file", str(tmp_path / "words"), "--slot", "am",
    )  # fmt: skip

    # There is no rate for the dollar yet, so the amount counts as large: a CRO is asked too.
    assert (answer["state"], answer["waits_for"]) == ("pending", ["cro"])


def test_a_second_company_joins_the_first(real, tmp_path, capsys):
    shutil.copytree(real.data_dir, tmp_path / "data")
    real = Place({"CYBEROS_DATA_DIR": str(tmp_path / "data")}, capsys)
    given = flags(
        tmp_path / "w",
        tenant_code="tay-do",
        tenant_name="Tây Đô",
        person=None,
        agent_for=None,
        agent_name=None,
        locale="en",
    )

    report = real.ok("init", *given)
    again = real.fault("init", *given)
    taken = real.fault("init", *flags(tmp_path / "w", tenant_code="lam-son", person=None,
                                      agent_for=None))  # fmt: skip

    assert report["roles_nobody_holds"] == ["cfo", "cro"]
    assert (again["code"], again["exit"]) == ("TENANT_EXISTS", 4)
    assert taken["code"] == "TENANT_EXISTS"
    assert [row[0] for row in tables(real, "select code from tenant_directory")] == [
        "lam-son",
        "tay-do",
    ]
    servers = json.loads((real.data_dir / "mcp.json").read_text())["mcpServers"]
    assert set(servers) == {"cyberos", "cyberos-tay-do"}
    roots = json.loads((real.data_dir / "trust.json").read_text())["roots"]
    assert len(roots) == 2
    assert all(one["sound"] for one in real.ok("audit", "verify")["tenants"])
    assert real.fault("init", "--demo")["code"] == "DATA_DIR_IN_USE"


def test_a_real_company_does_not_move_in_with_the_demo(embedded, tmp_path):
    fault = embedded.fault("init", *flags(tmp_path))

    assert (fault["code"], fault["exit"]) == ("DATA_DIR_IS_DEMO", 4)


def test_without_a_terminal_all_missing_flags_are_named_at_once(empty):
    fault = empty.fault("init")

    assert (fault["code"], fault["exit"]) == ("FLAGS_MISSING", 2)
    assert fault["facts"]["flags"] == [
        "--tenant-code", "--tenant-name", "--admin-name", "--admin-email", "--bank-bin",
        "--bank-account", "--bank-name", "--passphrase-file", "--root-passphrase-file",
    ]  # fmt: skip
    assert not empty.data_dir.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tenant_code": "Lam Sơn!"}, "tenant code"),
        ({"tenant_name": "x" * 201}, "name of the company"),
        ({"tenant_name": "a\u202eb"}, "name of the company"),
        ({"admin_name": "a\x1b[2Jb"}, "name of a person"),
        ({"admin_roles": "admin,owner"}, "no role owner"),
        ({"scopes": "core.read,crm.all"}, "no scope crm.all"),
        ({"agent_for": "nobody@lamson.example"}, "not among the people"),
        ({"bank_bin": "97043"}, "six digits"),
        ({"bank_account": "12 34"}, "bank account number"),
        ({"person": "trang.le@lamson.example;T;am;{words}", "agent_for": None}, "one e-mail"),
    ],
)
def test_what_cannot_be_provisioned_is_refused_before_anything_is_written(
    empty, tmp_path, changes, said
):
    words = str(tmp_path / "more")
    changes = {name: value and value.replace("{words}", words) for name, value in changes.items()}

    fault = empty.fault("init", *flags(tmp_path, **changes))

    assert (fault["code"], fault["exit"]) == ("INIT_INVALID", 2)
    assert said in fault["message"]
    assert not empty.data_dir.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"admin_email": "trang", "agent_for": "trang"}, "INIT_INVALID"),
        ({"admin_email": "trang"}, "INIT_INVALID"),
        ({"person": "only@one.example"}, "PERSON_INVALID"),
        ({"person": "a@b.example;A;am"}, "FLAGS_MISSING"),
        ({"passphrase_file": "absent"}, "PASSPHRASE_UNREADABLE"),
        ({"locale": "fr"}, "INIT_INVALID"),
        ({"time_zone": "Asia/Nowhere"}, "INIT_INVALID"),
        ({"bank_currency": "XYZ"}, "INIT_INVALID"),
    ],
)
def test_each_mistake_has_its_name(empty, tmp_path, changes, code):
    fault = empty.fault("init", *flags(tmp_path, **changes))

    assert fault["code"] == code
    assert not empty.data_dir.exists()


def test_a_weak_passphrase_leaves_nothing_behind(empty, tmp_path):
    given = flags(tmp_path)
    (tmp_path / "root").write_text("short\n")

    fault = empty.fault("init", *given)

    assert fault["code"] == "KEY_PASSPHRASE_WEAK"
    left = {path.name for path in empty.data_dir.rglob("*") if path.is_file()}
    assert left <= {"cyberos.db", "cyberos.db-wal", "cyberos.db-shm", "checkpoint.pub"}
    assert tables(empty, "select count(*) from tenant_directory") == [(0,)]


def test_the_keys_of_an_interrupted_init_are_not_written_over(empty, tmp_path):
    left = empty.data_dir / "root" / "lam-son.key"
    left.parent.mkdir(parents=True)
    left.write_text("the key of somebody")

    fault = empty.fault("init", *flags(tmp_path))

    assert (fault["code"], fault["exit"]) == ("KEY_EXISTS", 4)
    assert left.read_text() == "the key of somebody"
    assert tables(empty, "select count(*) from tenant_directory") == [(0,)]


def test_a_provisioning_that_fails_at_its_end_takes_everything_back(empty, tmp_path):
    token = empty.data_dir / "tokens" / "lam-son" / "seller.token"
    token.parent.mkdir(parents=True)
    token.write_text("of somebody else")

    fault = empty.fault("init", *flags(tmp_path))

    assert (fault["code"], fault["exit"]) == ("FILE_EXISTS", 4)
    assert token.read_text() == "of somebody else"
    assert not (empty.data_dir / "trust.json").exists()
    assert list(empty.data_dir.rglob("*.key")) == []
    assert tables(empty, "select count(*) from tenant_directory") == [(0,)]
    assert tables(empty, "select count(*) from audit_entry") == [(0,)]
    token.unlink()
    assert empty.run("init", *flags(tmp_path)).code == 0


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("postgresql://localhost/cyberos", True),
        ("postgresql://anna@localhost/cyberos", True),
        ("postgresql://anna:secret@localhost/cyberos", False),
        ("postgresql://localhost/cyberos?user=anna&password=secret", False),
    ],
)
def test_a_database_password_is_not_copied_into_mcp_json(tmp_path, url, kept):
    env = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_DATABASE_URL": url}
    with environ(env):
        settings = environment.read()

        entry = mcp_config.entry(settings, tmp_path / "agent.token")

    assert ("CYBEROS_DATABASE_URL" in entry["env"]) is kept
    assert "secret" not in json.dumps(entry)
    assert mcp_config.hides_password(settings) is not kept


# --- a newer policy ---


def test_a_changed_policy_is_put_in_force_by_migrate(copied, tmp_path):
    changed = shipped.as_one_file().replace("ttl_minutes = 240", "ttl_minutes = 120")
    (tmp_path / "policy.toml").write_text(changed, encoding="utf-8")
    copied.env["CYBEROS_POLICY_FILE"] = str(tmp_path / "policy.toml")

    first, second = copied.ok("migrate"), copied.ok("migrate")

    assert first["policy_activated_for"] == ["sao-bien", "hoa-sen"]
    assert second["policy_activated_for"] == []
    versions = "select version from policy_version group by version order by version"
    assert tables(copied, versions) == [(1,), (2,)]
    (tmp_path / "policy.toml").write_text(
        changed.replace('confirm = "always"', 'confirm = "never"'), encoding="utf-8"
    )
    assert copied.fault("migrate")["code"] in {"POLICY_UNAVAILABLE", "POLICY_TOO_WEAK"}
    assert len(tables(copied, versions)) == 2


def test_there_is_nothing_to_migrate_without_a_database(empty):
    fault = empty.fault("migrate")

    assert (fault["code"], fault["exit"]) == ("DATABASE_MISSING", 6)
    assert not empty.data_dir.exists()
    assert empty.fault("inbox")["code"] == "DATABASE_MISSING"


def test_a_database_of_a_newer_program_is_not_touched(copied):
    with by_hand(copied.data_dir / "cyberos.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")

    assert copied.fault("migrate")["code"] == "SCHEMA_NEW"
    assert copied.fault("init", "--demo")["code"] == "SCHEMA_NEW"
    assert copied.fault("inbox")["code"] == "SCHEMA_NEW"
