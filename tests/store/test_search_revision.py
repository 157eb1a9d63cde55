"""Revision 0010: are contacts that were there before found afterwards, of every company?"""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, text

from domain.kernel.ids import new_id
from domain.store.migrations import runner
from tests.store import made

AT = "2026-11-21 02:00:00"
_ACCOUNT = text(
    "INSERT INTO account (tenant_id, id, name, folded, search_key, account_type, custom_fields,"
    " created_at, updated_at, version)"
    " VALUES (:tenant, :account, 'An', 'an', :key, 'llc', '{}', :at, :at, 1)"
)
_CONTACT = text(
    "INSERT INTO contact (tenant_id, id, account_id, family_name, middle_name, given_name,"
    " display_name, folded, email, title, salutation, salutation_source, is_primary,"
    " created_at, updated_at, version) VALUES (:tenant, :id, :account, '', '', 'Mai',"
    " 'Trần Mai', 'tran mai', :email, 'Kế toán', 'chi', 'none', false, :at, :at, 1)"
)
_FOUND = {
    "sqlite": "SELECT rowid FROM contact_search WHERE contact_search MATCH 'findable : \"ke\" *'",
    "postgresql": "SELECT id FROM contact WHERE search_words @@ CAST('''ke''' AS tsquery)",
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_contacts_that_were_there_are_found_by_their_words(kind, tmp_path):
    tenants = [new_id(), new_id()]

    def grow(connection: Connection) -> None:
        runner.run_revisions(connection, to="0009")
        for key, tenant in enumerate(tenants):
            account = new_id()
            about = {"tenant": tenant, "account": account, "at": _instant(kind)}
            connection.execute(_ACCOUNT, {**about, "key": key + 1})
            for email in ("mai@daiduong.example", None):
                connection.execute(_CONTACT, {**about, "id": new_id(), "email": email})
        runner.run_revisions(connection)

    def rows(connection: Connection):
        found = connection.execute(text("SELECT tenant_id, findable, search_key FROM contact"))
        return found.all(), len(connection.execute(text(_FOUND[kind])).all())

    async with made.empty(kind, tmp_path, "searchable") as database:
        await made.done(database, grow)
        kept, found = await made.done(database, rows)

    words = {"tran mai ke toan", "tran mai ke toan mai daiduong example"}
    assert {(row.tenant_id, row.findable) for row in kept} == {
        (tenant, one) for tenant in tenants for one in words
    }
    assert len({row.search_key for row in kept}) == found == 4


def _instant(kind: str) -> object:
    return AT if kind == "sqlite" else datetime(2026, 11, 21, 2, tzinfo=UTC)
