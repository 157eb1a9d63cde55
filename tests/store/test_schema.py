"""Schema: is a migrated database what models and descriptors say, in every length and trigger?"""

import shutil
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.store.descriptor import modules
from domain.store.engine import Role, connect, sqlite_url
from domain.store.guards import SqlRefusal
from tests.rows import tables
from tests.sqlite import by_hand
from tests.store import catalogue, made
from tests.store.catalogue import Catalogue

KINDS = ("sqlite", "postgresql")

# --- one database, made in two ways ---


@pytest.mark.parametrize("kind", KINDS)
async def test_a_migrated_database_is_what_models_and_descriptors_make(kind, tmp_path):
    tables()
    async with made.empty(kind, tmp_path, "migrated") as one:
        by_revisions = await made.done(one, made.migrated)
    async with made.empty(kind, tmp_path, "modelled") as other:
        by_models = await made.done(other, made.modelled)

    assert made.complaints(by_revisions, by_models) == []
    assert len(by_models) > 500, "the catalogue was not read"


# --- what is damaged is named ---

# The first is a migration as one could be written: sums above 2,147,483,647 dong fail, long reasons
# are cut off, and nothing keeps a deal from being worth less than nothing.
SERVED_DAMAGE = {
    "ALTER TABLE deal ALTER COLUMN amount_minor TYPE INTEGER,"
    " ALTER COLUMN lost_reason TYPE VARCHAR(50),"
    " DROP CONSTRAINT ck_deal_amount, DROP CONSTRAINT ck_deal_status": {
        "deal.amount_minor", "deal.lost_reason", "deal.ck_deal_amount", "deal.ck_deal_status",
    },
    "ALTER TABLE deal ALTER COLUMN name DROP NOT NULL": {"deal.name"},
    "ALTER TABLE deal ALTER COLUMN version SET DEFAULT 1": {"deal.version"},
    'ALTER TABLE account ALTER COLUMN name TYPE VARCHAR(255) COLLATE "C"': {"account.name"},
    "ALTER TABLE deal DROP CONSTRAINT fk_deal_tenant_id_owner_id":
        {"deal.fk_deal_tenant_id_owner_id"},
    "ALTER TABLE agent DROP CONSTRAINT uq_agent_tenant_id_name": {"agent.uq_agent_tenant_id_name"},
    "DROP INDEX ix_deal_tenant_id_status_id": {"deal.ix_deal_tenant_id_status_id"},
    "DROP INDEX uq_contact_primary;"
    "CREATE INDEX uq_contact_primary ON contact (tenant_id, account_id) WHERE is_primary":
        {"contact.uq_contact_primary"},
    "DROP TRIGGER deal_ended ON deal": {"deal.deal_ended"},
    "ALTER TABLE deal DISABLE TRIGGER deal_ended": {"deal.deal_ended"},
    "CREATE OR REPLACE FUNCTION deal_needs_close() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RETURN new; END $$": {"deal_needs_close()"},
    "GRANT DELETE ON deal TO cyberos_agent": {"deal to cyberos_agent"},
    "GRANT UPDATE (status) ON deal TO cyberos_agent": {"deal.status to cyberos_agent"},
    "REVOKE INSERT ON deal FROM cyberos_agent": {"deal to cyberos_agent"},
    "ALTER POLICY tenant_isolation ON deal USING (true)": {"deal.tenant_isolation"},
    "ALTER TABLE deal NO FORCE ROW LEVEL SECURITY": {"deal"},
    "CREATE VIEW peep AS SELECT * FROM deal": {"peep"},
}  # fmt: skip
EMBEDDED_DAMAGE = {
    "UPDATE sqlite_master SET sql = replace(replace(replace(sql, 'BIGINT', 'INTEGER'),"
    " 'VARCHAR(500)', 'VARCHAR(50)'), 'amount_minor >= 0', 'true') WHERE name = 'deal'":
        {"deal.amount_minor", "deal.lost_reason", "deal.ck_deal_amount"},
    "UPDATE sqlite_master SET sql = replace(sql, 'name VARCHAR(255) NOT NULL', 'name VARCHAR(255)')"
    " WHERE name = 'deal'": {"deal.name"},
    "UPDATE sqlite_master SET sql = replace(sql, 'version INTEGER', 'version INTEGER DEFAULT 1')"
    " WHERE name = 'deal'": {"deal.version"},
    "UPDATE sqlite_master SET sql = replace(sql, 'REFERENCES person (tenant_id, id)',"
    " 'REFERENCES person (tenant_id, id) ON DELETE CASCADE') WHERE name = 'deal'":
        {"deal.fk_deal_tenant_id_owner_id"},
    "DROP INDEX ix_deal_tenant_id_status_id": {"deal.ix_deal_tenant_id_status_id"},
    "DROP INDEX uq_contact_primary;"
    "CREATE INDEX uq_contact_primary ON contact (tenant_id, account_id) WHERE is_primary":
        {"contact.uq_contact_primary"},
    "DROP TRIGGER deal_ended": {"deal.deal_ended"},
    "DROP TRIGGER deal_ended; CREATE TRIGGER deal_ended BEFORE UPDATE ON deal WHEN false BEGIN"
    " SELECT RAISE(ABORT, 'deal has ended'); END": {"deal.deal_ended"},
    "DROP TABLE account_search": {"account_search"},
}  # fmt: skip


async def test_on_postgresql_each_damage_is_named_and_nothing_else(tmp_path):
    async with made.empty("postgresql", tmp_path, "damaged") as database:
        sound = await made.done(database, made.migrated)
        named = {}
        for damage in SERVED_DAMAGE:
            async with database.writer.connect() as connection, connection.begin() as transaction:
                for statement in damage.split(";") if "$$" not in damage else [damage]:
                    await connection.exec_driver_sql(statement)
                named[damage] = await _named(sound, connection)
                await transaction.rollback()

    assert named == SERVED_DAMAGE


async def test_on_sqlite_each_damage_is_named_and_nothing_else(tmp_path):
    named = {}
    async with made.empty("sqlite", tmp_path, "sound") as database:
        sound = await made.done(database, made.migrated)
    for damage in EMBEDDED_DAMAGE:
        path = Path(shutil.copy(tmp_path / "sound.db", tmp_path / "damaged.db"))
        with by_hand(path) as raw:
            raw.execute("PRAGMA writable_schema=ON")
            raw.executescript(damage)
        database = connect(sqlite_url(str(path)), role=Role.OWNER)
        async with database.reader.connect() as connection:
            named[damage] = await _named(sound, connection)
        await database.close()

    assert named == EMBEDDED_DAMAGE


async def _named(sound: Catalogue, connection: AsyncConnection) -> set[str]:
    damaged = await connection.run_sync(catalogue.read)
    return {line.partition(": ")[0] for line in catalogue.differences(sound, damaged)}


# --- the two databases beside each other ---


async def test_both_databases_hold_the_same_columns_constraints_indexes_and_guards(tmp_path):
    found = {}
    for kind in KINDS:
        async with made.empty(kind, tmp_path, "beside") as database:
            found[kind] = await made.done(database, made.migrated)

    embedded, served = (catalogue.shared(found[kind]) for kind in KINDS)

    assert catalogue.differences(embedded, served) == []
    assert len(embedded) > 500, "too little was compared"


async def test_what_only_one_database_has_is_search_and_who_may_do_what(tmp_path):
    only = {
        f"{table.__tablename__}.{table.__tablename__}_{guard.name}": guard.only
        for module in modules()
        for table, rules in module.tables.items()
        for guard in rules.guards
        if isinstance(guard, SqlRefusal) and guard.only
    }

    assert only == {
        "audit_entry.audit_entry_agent_says": "postgresql",
        "audit_entry.audit_entry_linked": "postgresql",
        "audit_entry.audit_entry_own_body": "sqlite",
        "audit_head.audit_head_forward": "postgresql",  # on SQLite in words of its own
        "pending_action.pending_action_agent_cancels": "postgresql",
        "pending_action.pending_action_executor_executes": "postgresql",
        "pending_action.pending_action_lifetime": "postgresql",  # the same
    }
    assert catalogue.one_sided() >= set(only)
