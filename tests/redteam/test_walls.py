"""Schema under attack: who notices a trigger, policy, right or table that was changed? (H7)

What was dropped, switched off, planted or made otherwise is named at start, by doctor and by the
verifier; what can only be read by is named and stops nobody.
"""

import json

import pytest

from tests.cli.console import Place
from tests.redteam import installations
from tests.sqlite import by_hand
from tests.store import expected

# --- embedded: each on a copy ---

EMBEDDED = {
    "DROP TRIGGER deal_ended": "trigger deal.deal_ended is missing",
    "DROP TRIGGER deal_ended; CREATE TRIGGER deal_ended BEFORE UPDATE ON deal WHEN false BEGIN"
    " SELECT RAISE(ABORT, 'deal has ended'); END": "trigger deal.deal_ended was changed",
    "UPDATE sqlite_master SET sql = replace(sql, '''open''', 'old.status')"
    " WHERE name = 'deal_ended'":
        "trigger deal.deal_ended was changed",
    "CREATE TRIGGER helpful AFTER INSERT ON account BEGIN"
    " UPDATE bank_account SET is_default = 0; END":
        "trigger account.helpful is not of this program",
    "CREATE TRIGGER sqlite_helpful AFTER INSERT ON account BEGIN SELECT 1; END":
        "trigger account.sqlite_helpful is not of this program",
    "DROP INDEX uq_contact_primary": "index contact.uq_contact_primary is missing",
    "ALTER TABLE deal ADD COLUMN also TEXT": "table deal was changed",
    "UPDATE sqlite_master SET sql = replace(sql, 'amount_minor >= 0', 'true') WHERE name = 'deal'":
        "table deal was changed",
    "DROP TABLE webhook_conflict": "table webhook_conflict is missing",
    "DROP TRIGGER account_search_update": "trigger account.account_search_update is missing",
}  # fmt: skip
EMBEDDED_READING = {
    "CREATE INDEX quicker ON deal (name)": "index deal.quicker",
    "CREATE VIEW peep AS SELECT * FROM deal": "view peep",
    "CREATE TABLE notes (a)": "table notes",
}

# --- PostgreSQL: each with what mends it ---

_TRIGGER = (
    "CREATE TRIGGER deal_ended BEFORE UPDATE ON deal FOR EACH ROW WHEN"
    " (old.status::text IS DISTINCT FROM {0}::text)"
    " EXECUTE FUNCTION refuse_change('has ended', 'check_violation')"
)
_BODY = "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $${0}$$"
_REFUSES = """
BEGIN
    RAISE EXCEPTION '% %', TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = coalesce(TG_ARGV[1], 'check_violation');
END """
_NAMED = "nullif(current_setting('app.tenant_id', true), '')"
_OWN = f"tenant_id::text = {_NAMED} AND split_part(session_user::text, '@', 2) IN ('', {_NAMED})"
SERVED = {
    f"DROP TRIGGER deal_ended ON deal --; {_TRIGGER.format(repr('open'))}":
        "trigger deal.deal_ended is missing",
    f"DROP TRIGGER deal_ended ON deal; {_TRIGGER.format('old.status')} --;"
    f" DROP TRIGGER deal_ended ON deal; {_TRIGGER.format(repr('open'))}":
        "trigger deal.deal_ended was changed",
    "ALTER TABLE deal DISABLE TRIGGER deal_ended --; ALTER TABLE deal ENABLE TRIGGER deal_ended":
        "trigger deal.deal_ended was changed",
    f"{_BODY.format(' BEGIN RETURN new; END ')} --; {_BODY.format(_REFUSES)}":
        "function refuse_change() was changed",
    "CREATE FUNCTION helps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$ --;"
    " DROP FUNCTION helps()": "function helps() is not of this program",
    "CREATE TRIGGER helpful BEFORE UPDATE ON deal FOR EACH ROW EXECUTE FUNCTION"
    " suppress_redundant_updates_trigger() --; DROP TRIGGER helpful ON deal":
        "trigger deal.helpful is not of this program",
    "CREATE RULE helpful AS ON DELETE TO deal DO ALSO NOTHING --; DROP RULE helpful ON deal":
        "rule deal.helpful is not of this program",
    "CREATE POLICY backdoor ON account USING (true) --; DROP POLICY backdoor ON account":
        "policy account.backdoor is not of this program",
    f"ALTER POLICY tenant_isolation ON deal USING (true) --; DROP POLICY tenant_isolation ON deal;"
    f" CREATE POLICY tenant_isolation ON deal USING ({_OWN}) WITH CHECK ({_OWN})":
        "policy deal.tenant_isolation was changed",
    "ALTER TABLE deal NO FORCE ROW LEVEL SECURITY --; ALTER TABLE deal FORCE ROW LEVEL SECURITY":
        "table deal was changed",
    "ALTER TABLE deal DISABLE ROW LEVEL SECURITY --; ALTER TABLE deal ENABLE ROW LEVEL SECURITY":
        "table deal was changed",
    "ALTER TABLE deal OWNER TO CURRENT_USER --; ALTER TABLE deal OWNER TO cyberos_owner":
        "table deal was changed",
    "REVOKE INSERT ON outbox FROM cyberos_agent --; GRANT INSERT ON outbox TO cyberos_agent":
        "grant outbox to cyberos_agent was changed",
    "GRANT DELETE ON deal TO cyberos_inbox --; REVOKE DELETE ON deal FROM cyberos_inbox":
        "grant deal to cyberos_inbox was changed",
    "GRANT INSERT ON approval TO PUBLIC --; REVOKE INSERT ON approval FROM PUBLIC":
        "grant approval to PUBLIC is not of this program",
    "GRANT UPDATE (slot) ON approval TO PUBLIC --; REVOKE UPDATE (slot) ON approval FROM PUBLIC":
        "grant approval.slot to PUBLIC is not of this program",
    "GRANT CREATE ON SCHEMA public TO PUBLIC --; REVOKE CREATE ON SCHEMA public FROM PUBLIC":
        "grant schema public to PUBLIC is not of this program",
    "ALTER TABLE deal DROP CONSTRAINT ck_deal_amount --;"
    " ALTER TABLE deal ADD CONSTRAINT ck_deal_amount CHECK (amount_minor >= 0)":
        "constraint deal.ck_deal_amount is missing",
    "CREATE TABLE heir () INHERITS (account) --; DROP TABLE heir":
        "heir heir of account is not of this program",
}  # fmt: skip
SERVED_READING = {
    "CREATE INDEX quicker ON deal (name) --; DROP INDEX quicker": "index deal.quicker",
    "CREATE VIEW peep AS SELECT name FROM deal --; DROP VIEW peep": "view peep",
    "GRANT SELECT ON deal TO PUBLIC --; REVOKE SELECT ON deal FROM PUBLIC": "grant deal to PUBLIC",
}


@pytest.fixture
def whole(tmp_path_factory, capsys):
    return installations.embedded(tmp_path_factory, capsys)


@pytest.fixture
def embedded(whole, tmp_path):
    return installations.a_copy(whole, tmp_path / "copied")


@pytest.fixture
def served(tmp_path_factory, capsys):
    return installations.served(tmp_path_factory, capsys)


@pytest.mark.parametrize("kind", expected.KINDS)
async def test_what_has_to_stand_in_a_database_is_what_its_migrations_make(kind, tmp_path):
    listed = json.loads(expected.expected_file(kind).read_bytes())

    assert await expected.as_migrated(kind, tmp_path) == listed, "run `make schema`"


@pytest.mark.parametrize("statement", EMBEDDED)
def test_H7_damage_to_an_embedded_database_is_found_by_whoever_comes_next(embedded, statement):
    with installations.damaged(embedded, statement):
        assert_found(embedded, EMBEDDED[statement])


@pytest.mark.parametrize("statement", EMBEDDED)
def test_H7_what_is_restored_has_a_schema_of_ours_whatever_was_saved(
    whole, embedded, tmp_path, statement
):
    with installations.damaged(embedded, statement):
        embedded.run("backup", str(tmp_path / "damaged.tar.gz"))
    there = Place({"CYBEROS_DATA_DIR": str(tmp_path / "there")}, embedded.capsys)

    ended = there.run("restore", str(tmp_path / "damaged.tar.gz"), "--json")

    if "DROP TABLE" in statement:  # then its rows are gone as well, and nothing comes back
        assert ended.body["code"] == "BACKUP_INVALID"
        return
    assert ended.body["sound"] is True, ended.everything
    assert schema(there) == schema(whole)


def test_H7_a_table_that_somebody_put_into_a_backup_stays_in_it(embedded, tmp_path):
    with installations.damaged(embedded, "CREATE TABLE notes (a)"):
        embedded.ok("backup", str(tmp_path / "more.tar.gz"))
    there = Place({"CYBEROS_DATA_DIR": str(tmp_path / "there")}, embedded.capsys)

    assert there.ok("restore", str(tmp_path / "more.tar.gz"))["left_behind"] == ["notes"]


@pytest.mark.parametrize("statement", SERVED)
def test_H7_damage_to_a_served_database_is_found_by_whoever_comes_next(served, statement):
    with installations.damaged(served, statement):
        assert_found(served, SERVED[statement])
    assert served.ok("audit", "verify"), "what was damaged is mended"


@pytest.mark.parametrize(("command", "code"), [("http", 2), ("work", 6), ("inbox", 6)])
def test_H7_no_command_works_with_a_trigger_missing(embedded, command, code):
    with installations.damaged(embedded, "DROP TRIGGER approval_no_update"):
        ended = embedded.program(command)

    assert ended.code == code
    assert "SCHEMA_CHANGED: " in ended.err and "trigger approval.approval_no_update" in ended.err


@pytest.mark.parametrize("statement", EMBEDDED_READING)
def test_what_only_reads_an_embedded_database_is_named_and_stops_nobody(embedded, statement):
    with installations.damaged(embedded, statement):
        assert_named(embedded, EMBEDDED_READING[statement])


@pytest.mark.parametrize("statement", SERVED_READING)
def test_what_only_reads_a_served_database_is_named_and_stops_nobody(served, statement):
    with installations.damaged(served, statement):
        assert_named(served, SERVED_READING[statement])


def test_H7_rights_that_were_taken_or_given_are_put_right_by_migrate(served):
    taken = "REVOKE INSERT ON outbox FROM cyberos_agent --; SELECT 1"

    with installations.damaged(served, taken):
        assert served.run("migrate").code == 0

    assert served.ok("audit", "verify")


def schema(place):
    with by_hand(place.data_dir / "cyberos.db") as raw:
        listed = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
        return raw.execute(listed).fetchall()


def assert_found(place, sentence):
    """Start, doctor and verifier each say what was changed."""
    token = place.demo["agents"]["cro_agent"]["token"]
    served = Place({**place.env, "CYBEROS_AGENT_TOKEN": token}, place.capsys).run("serve")
    doctor = place.run("doctor", "--json")
    verified = place.run("audit", "verify", "--json")

    assert served.code == 2, served.everything
    assert f"SCHEMA_CHANGED: The schema of the database was changed: {sentence}" in served.err
    assert served.err.count("\n") == 1 and served.out == ""
    failed = [one for one in doctor.body["checks"] if one["mark"] == "fail"]
    assert doctor.code == 1 and any(one["sentence"].startswith(sentence) for one in failed)
    assert verified.code == 1
    for tenant in verified.body["tenants"]:
        assert {"place": "schema", "what": sentence} in tenant["findings"]


def assert_named(place, name):
    """Doctor warns of it and the verifier notes it; nobody is stopped."""
    warned = [one for one in place.run("doctor", "--json").body["checks"] if one["mark"] == "warn"]

    assert any(name in one["sentence"] for one in warned if one["topic"] == "schema")
    for tenant in place.ok("audit", "verify")["tenants"]:
        assert any(name in note for note in tenant["notes"])
