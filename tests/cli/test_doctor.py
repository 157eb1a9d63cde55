"""Health report: does doctor see what is wrong, say it in a
sentence, and never promise more than there is?
"""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import anyio
import asyncpg
import pytest
from sqlalchemy import make_url, select

from domain.approvals.checks import hanging
from domain.approvals.tables import PendingAction
from domain.identity import keys, service
from domain.identity.tables import ApproverKey, PersonRole
from domain.kernel.faults import NotSent
from domain.store import condition
from domain.store.declarations import Mark
from domain.store.engine import Role, connect
from policies.approvals import coverage
from policies.gate import floor, shipped
from policies.gate.catalogue import Catalogue
from server import deployment, settings
from tests.cli.console import Place
from tests.sqlite import by_hand


@pytest.fixture
def copied(embedded, tmp_path, capsys):
    """The demo in a place where a test may break it."""
    target = tmp_path / "data"
    shutil.copytree(embedded.data_dir, target)
    target.chmod(0o700)
    return Place({"CYBEROS_DATA_DIR": str(target)}, capsys)


def sentences(place, mark, topic=None):
    checks = place.run("doctor", "--json").body["checks"]
    return [
        one["sentence"] for one in checks if one["mark"] == mark and topic in (None, one["topic"])
    ]


def test_a_sound_installation_is_well_and_every_line_says_how_serious_it_is(embedded):
    ended = embedded.run("doctor")

    assert ended.code == 0
    lines = ended.out.split("\n\n")[0].splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warn"}
    assert "This deployment is D0: tamper-evident only" in ended.out


def test_a_live_gateway_at_D0_and_a_signing_key_for_everybody_are_failures(copied):
    key = copied.data_dir / "key.p12"
    key.touch(0o644)
    copied.env |= {
        "CYBEROS_EINVOICE_URL": "http://127.0.0.1:8100/einvoice",
        "CYBEROS_SMTP_URL": "smtps://ar:k9canary@mail.example",
        "CYBEROS_SIGNING_KEY_FILE": str(key),
    }

    ended = copied.run("doctor", "--json")

    assert ended.code == 1 and "k9canary" not in ended.out
    assert sentences(copied, "fail", "gateways") == [
        "CYBEROS_SMTP_URL is a live gateway, which is refused at D0."
    ]
    exposed, unset = sentences(copied, "fail", "signing")
    assert "mode 0644" in exposed and "CYBEROS_SIGNING_PASSPHRASE_FILE is not set" in unset


def test_it_shows_no_secret(place):
    place.run("doctor")
    place.run("doctor", "--json")

    assert not [secret for secret in place.secrets() if secret in "".join(place.seen)]


def test_the_answer_for_programs_has_the_level_and_every_check(embedded):
    body = embedded.ok("doctor")

    assert body["level"] == "D0"
    assert {one["topic"] for one in body["checks"]} >= {
        "settings", "files", "keys", "trust", "policy", "database", "clock", "sao-bien",
    }  # fmt: skip
    assert all(set(one) == {"mark", "topic", "sentence"} for one in body["checks"])


def test_on_a_machine_without_an_installation_it_says_what_is_missing(empty):
    ended = empty.run("doctor", "--json")

    assert ended.code == 1
    topics = {one["topic"] for one in ended.body["checks"] if one["mark"] == "fail"}
    assert topics == {"files", "trust", "database"}


@pytest.mark.parametrize("what", ["cyberos.db", "keys", "tokens/sao-bien/cro_agent.token", "."])
def test_files_that_other_accounts_can_use_fail(copied, what):
    path = copied.data_dir / what
    path.chmod(0o755 if path.is_dir() else 0o640)

    (sentence,) = sentences(copied, "fail", "files")

    assert f"chmod go-rwx {path}" in sentence


def test_a_trust_file_that_others_can_change_fails(copied):
    (copied.data_dir / "trust.json").chmod(0o666)

    (sentence,) = sentences(copied, "fail", "trust")

    assert "can be changed by other accounts" in sentence


def test_a_trust_file_of_another_installation_or_without_this_tenant_fails(copied):
    file = copied.data_dir / "trust.json"
    file.write_text(json.dumps({"deploy": "0" * 26, "roots": {}}))

    failed = sentences(copied, "fail")

    assert "The trust file belongs to another installation than the database." in failed
    assert "The trust file has no root for this tenant: nobody can sign." in failed


def test_a_guard_that_somebody_wired_to_another_tool_is_found_and_wired_back(copied):
    with by_hand(copied.data_dir / "cyberos.db") as raw:
        raw.execute(
            "update guard_tool set tool = 'cyberos.crm.move_stage' where guard like 'deal%'"
        )
        raw.execute("insert into guard_tool values ('deal.close', 'cyberos.crm.update_deal')")

    (sentence,) = sentences(copied, "fail", "guards")
    verified = copied.run("audit", "verify")
    copied.ok("migrate")

    assert "deal.close opens for cyberos.crm.move_stage" in sentence
    assert "deal.close opens for cyberos.crm.update_deal" in sentence
    assert "deal.close does not open for cyberos.crm.close_deal" in sentence
    assert "run `cyberos migrate`" in sentence
    assert verified.code == 1 and "guards: are not wired as this program says" in verified.out
    assert sentences(copied, "fail", "guards") == []
    assert "guards" not in copied.run("audit", "verify").out


def test_keys_that_lie_open_are_named(copied):
    there = next((copied.data_dir / "keys" / "sao-bien").glob("duc.nguyen@*.key"))
    key = keys.generate()
    there.unlink()
    there.write_bytes(_unlocked(key))
    there.chmod(0o600)

    failed, warned = sentences(copied, "fail", "keys"), sentences(copied, "warn", "keys")

    assert failed == [f"{there} opens without a passphrase."]
    assert any("passphrases of" in one and "files beside them" in one for one in warned)
    assert any("belongs on a medium that is locked away" in one for one in warned)


def _unlocked(key):
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def test_keys_that_need_a_passphrase_are_counted_as_such(copied):
    for path in copied.data_dir.rglob("*.passphrase"):
        path.unlink()
    shutil.rmtree(copied.data_dir / "root")

    assert sentences(copied, "warn", "keys") == []
    (sentence,) = sentences(copied, "ok", "keys")
    assert sentence.endswith("keys need a passphrase.")


def test_a_damaged_database_fails(copied):
    database = copied.data_dir / "cyberos.db"
    content = bytearray(database.read_bytes())
    content[3 * 4096 : 40 * 4096] = os.urandom(37 * 4096)
    database.write_bytes(content)

    assert any("damaged" in one for one in sentences(copied, "fail", "database"))


def test_a_database_without_a_write_ahead_log_is_noticed(copied):
    with closing(sqlite3.connect(copied.data_dir / "cyberos.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")

    (sentence,) = sentences(copied, "warn", "database")

    assert "run `cyberos migrate`" in sentence


@pytest.mark.parametrize(
    ("content", "words"),
    [("version = 1\ntool = []\nx = 1", "contradicts itself"), (None, "weaker than")],
)
def test_a_policy_that_cannot_be_used_fails(copied, tmp_path, content, words):
    file = tmp_path / "policy.toml"
    shipped_table = shipped.as_one_file()
    file.write_text(content or shipped_table.replace('roles = ["am"]', 'roles = ["sales"]'))
    copied.env["CYBEROS_POLICY_FILE"] = str(file)

    (sentence,) = sentences(copied, "fail", "policy")

    assert words in sentence


def test_a_policy_that_was_never_activated_fails_for_every_tenant(copied, tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text(shipped.as_one_file().replace("ttl_minutes = 1440", "ttl_minutes = 1000"))
    copied.env["CYBEROS_POLICY_FILE"] = str(file)

    for tenant in ("sao-bien", "hoa-sen"):
        assert any("not the activated one" in one for one in sentences(copied, "fail", tenant))


def test_an_age_of_checkpoints_is_told(copied):
    shutil.rmtree(copied.data_dir / "checkpoints", ignore_errors=True)
    before = [one for one in sentences(copied, "warn", "sao-bien") if "No checkpoint" in one]

    copied.ok("audit", "checkpoint")

    after = [one for one in sentences(copied, "ok", "sao-bien") if "heckpoint" in one]
    assert len(before) == 1
    assert "run `cyberos audit checkpoint`" in before[0]
    assert len(after) == 1
    assert "cover the whole audit chain" in after[0]


def test_a_checkpoint_key_and_tokens_that_are_missing_are_named(copied):
    before = copied.run("doctor").out
    (copied.data_dir / "keys" / "checkpoint.key").unlink()
    (copied.data_dir / "tokens" / "sao-bien" / "cro_agent.token").unlink()

    warned = sentences(copied, "warn")

    assert "`cyberos audit checkpoint --new-key`" not in before
    assert any("`cyberos audit checkpoint --new-key`" in one for one in warned)
    (sentence,) = [one for one in warned if "has no token of" in one and "sao-bien" in one]
    assert "cro_agent" in sentence and "reader_agent" not in sentence
    copied.ok("agent", "revoke", "cro_agent", "--tenant", "sao-bien")
    assert not any("cro_agent" in one and "no token" in one for one in sentences(copied, "warn"))


def test_agents_that_expire_soon_or_were_revoked_are_named(copied):
    flags = ["--for", "linh.tran@saobien.example", "--scopes", "core.read"]
    copied.ok("agent", "add", "--tenant", "sao-bien", "--name", "short", *flags, "--days", "3")
    copied.ok("agent", "add", "--tenant", "sao-bien", "--name", "gone", *flags)
    copied.ok("agent", "revoke", "gone", "--tenant", "sao-bien")

    assert any(one.startswith("The token of short expires on") for one in sentences(copied, "warn"))
    # The company is shared by the tests of a worker, so others may have revoked agents before.
    counts = [one for one in sentences(copied, "ok", "sao-bien") if one.endswith(" revoked.")]
    assert counts
    assert not counts[0].endswith(" 0 revoked.")


def test_only_the_tenant_that_was_asked_for_is_looked_at(embedded):
    topics = {one["topic"] for one in embedded.ok("doctor", "--tenant", "hoa-sen")["checks"]}

    assert "hoa-sen" in topics
    assert "sao-bien" not in topics


# --- who can sign ---


async def gaps(world, catalogue=None, agents=()):
    async with world.looking() as tx:
        there = await coverage.signers(tx, world.approval_context.trust)
        rules = catalogue or floor.load_checked()
        return [*coverage.gaps(rules, there), *coverage.stuck(rules, there, agents)]


async def test_with_enough_people_nothing_is_missing(world):
    assert await gaps(world) == []


@pytest.mark.parametrize("role", ["am", "cro", "cfo", "admin"])
async def test_a_role_that_nobody_holds_any_more_is_named_with_what_needs_it(world, tmp_path, role):
    async with world.owning() as tx:
        for row in await tx.all(_roles(role)):
            row.revoked_at = tx.at

    found = await gaps(world)

    assert len(found) == len(set(found)) >= 1
    assert all("nobody active holds the role" in one for one in found)
    assert all(f"Nobody can sign as {role} for cyberos." in one for one in found)


def _roles(role):
    return select(PersonRole).where(PersonRole.role == role)


async def test_a_person_whose_key_does_not_count_cannot_sign(world):
    async with world.owning() as tx:
        key = await tx.first(_key_of(world.ours.people["cro"]))
        key.revoked_at = tx.at

    (found,) = await gaps(world)

    assert found.startswith("Nobody can sign as cro for cyberos.crm.close_deal: cro@")
    assert found.endswith("has no key that counts.")


def _key_of(person_id):
    return select(ApproverKey).where(ApproverKey.person_id == person_id)


def _table(self_rule):
    return Catalogue.model_validate(
        {
            "version": 1,
            "tool": [
                {
                    "id": "cyberos.crm.close_deal",
                    "scope": "crm.close",
                    "effect": "destructive",
                    "confirm": "always",
                    "assurance": 3,
                    "self": self_rule,
                    "slots": [{"slot": "dpo", "roles": ["dpo"]}],
                }
            ],
        }
    )


@pytest.mark.parametrize(("self_rule", "number"), [("never", 1), ("obo", 0)])
async def test_an_agent_of_the_only_person_who_could_sign_is_named(world, self_rule, number):
    class Agent:
        name, scopes, person_id = "dpo_agent", ["crm.close"], world.ours.people["dpo"]

    found = await gaps(world, _table(self_rule), [Agent])

    assert len(found) == number
    assert all("dpo_agent" in one and "may not sign their own requests" in one for one in found)


async def test_one_person_for_two_slots_is_not_enough(world):
    async with world.owning() as tx:
        for row in await tx.all(_roles("cfo")):
            if row.person_id != world.ours.people["both"]:
                row.revoked_at = tx.at
        for row in await tx.all(_roles("admin")):
            row.revoked_at = tx.at
        await service.change_roles(tx, world.ours.people["both"], add=["admin"], remove=[])

    found = await gaps(world)

    for one, tool in zip(found, ("add_bank_account", "retire_bank_account"), strict=True):
        assert one.startswith(f"cyberos.admin.{tool} needs 2 people (cfo, admin)")


# --- what hangs ---


def test_actions_that_hang_are_told_apart():
    now = datetime(2026, 11, 21, tzinfo=UTC)
    old, fresh = now - timedelta(hours=1), now - timedelta(minutes=1)
    live = [
        PendingAction(id="U", state="unknown"),
        PendingAction(id="L", state="executing", lease_until=old),
        PendingAction(id="R", state="executing", lease_until=now + timedelta(minutes=1)),
        PendingAction(id="D", state="approved"),
        PendingAction(id="F", state="approved"),
        PendingAction(id="P", state="pending"),
    ]

    told = list(hanging(live, {"D": old, "F": fresh}, now))

    assert [mark for mark, _ in told] == [Mark.WARN] * 3 + [Mark.OK]
    assert "action U" in told[0][1]
    assert told[1][1].startswith("1 action was begun and not ended; `cyberos work` settles it")
    assert told[2][1].startswith("1 approved action waits to be carried out")
    assert told[3][1] == "1 action waits for people."


# --- PostgreSQL, and the honest level ---

# Roles and tenant isolation inside the database are PostgreSQL's; the place is made only there.
on_postgresql = pytest.mark.parametrize("place", ["postgresql"], indirect=True)

LOGINS = {
    "agent": (Role.AGENT,),
    "inbox": (Role.INBOX,),
    "several": (Role.AGENT, Role.INBOX, Role.EXECUTOR),
}


async def as_superuser(url, *statements):
    connection = await asyncpg.connect(url.replace("+asyncpg", "", 1))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(params=LOGINS)
def login(request, place):
    """A login as docs/operating.md makes them, and the name of its kind."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name, url = f"t_doctor_{worker}_{request.param}", place.env["CYBEROS_DATABASE_URL"]
    grants = [f"GRANT {role.value} TO {name}" for role in LOGINS[request.param]]
    anyio.run(as_superuser, url, f"CREATE ROLE {name} LOGIN", *grants)
    theirs = make_url(url).set(username=name).render_as_string(hide_password=False)
    yield request.param, Place({**place.env, "CYBEROS_DATABASE_URL": theirs}, place.capsys)
    anyio.run(as_superuser, url, f"DROP ROLE {name}")


@on_postgresql
def test_a_login_with_one_role_is_praised_and_one_with_several_is_not(login, tmp_path):
    kind, there = login
    with_open_keys = there.ok("doctor")["level"]
    shutil.copy(there.data_dir / "trust.json", tmp_path)
    tmp_path.chmod(0o700)
    there.env["CYBEROS_DATA_DIR"] = str(tmp_path)  # a machine where no key lies

    body = there.ok("doctor")

    about = [one for one in body["checks"] if "The login" in one["sentence"]]
    assert [one["mark"] for one in about] == (["warn"] if kind == "several" else ["ok"])
    assert with_open_keys == "D0"
    assert body["level"] == ("D1" if kind == "several" else "D2")
    assert any("Row level security is forced" in one["sentence"] for one in body["checks"])


@on_postgresql
def test_a_live_gateway_is_let_in_where_no_agent_reaches_the_database(login, tmp_path):
    kind, there = login
    tmp_path.chmod(0o700)
    there.env["CYBEROS_SMTP_URL"] = "smtps://mail.example"

    async def ask(folder):
        read = settings.read({**there.env, "CYBEROS_DATA_DIR": str(folder)})
        try:
            return await deployment.admission(read, read.smtp_url)()
        except NotSent as fault:
            return fault.code, fault.facts["level"]

    with_open_keys, alone = anyio.run(ask, there.data_dir), anyio.run(ask, tmp_path)

    assert with_open_keys == ("LIVE_GATEWAY_REFUSED", "D0")
    assert alone == (("LIVE_GATEWAY_REFUSED", "D1") if kind == "several" else None)


@on_postgresql
def test_only_an_agents_login_cannot_even_list_the_tenants(login):
    kind, there = login

    warned = any("acts for agents" in one for one in sentences(there, "warn", "tenants"))

    assert warned is (kind == "agent")


@on_postgresql
def test_a_superuser_fails_tenant_isolation(place):
    async def look():
        database = connect(place.env["CYBEROS_DATABASE_URL"], role=Role.INBOX, pool_size=1)
        try:
            return await condition.served(database)
        finally:
            await database.close()

    found = anyio.run(look)

    assert found.is_superuser
    assert set(found.roles) == set(Role)
    assert found.unisolated == ()
    assert any(
        "tenant isolation does not hold it" in one for one in sentences(place, "fail", "database")
    )


@on_postgresql
def test_a_table_without_isolation_fails(place):
    url = place.env["CYBEROS_DATABASE_URL"]
    anyio.run(as_superuser, url, "ALTER TABLE deal NO FORCE ROW LEVEL SECURITY")
    try:
        failed = sentences(place, "fail", "database")
    finally:
        anyio.run(as_superuser, url, "ALTER TABLE deal FORCE ROW LEVEL SECURITY")

    assert "Row level security is not forced on deal." in failed


def test_a_database_that_does_not_answer_fails_without_its_password(tmp_path, capsys):
    url = "postgresql://cyb:s3cret@127.0.0.1:9/x"
    env = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_DATABASE_URL": url}
    there = Place(env, capsys)

    assert any("does not answer" in one for one in sentences(there, "fail", "database"))
    assert "s3cret" not in "".join(there.seen)
