"""Searching of contacts: does every step ask an index, whatever the company has?"""

import pytest
from sqlalchemy.dialects import sqlite

from domain.accounts import queries as accounts
from domain.contacts import queries
from domain.contacts.finding import findable
from domain.store.engine import sqlite_url
from domain.store.migrations.runner import migrate
from server import wiring
from tests.sqlite import by_hand

ASKED = {
    "phone": (queries._WITH_PHONE, "phone_e164=?"),
    "email": (queries._WITH_EMAIL, "email_key=?"),
    "tax code": (accounts._NAMED_BY_TAX_CODE_FROM, "vn_mst>?"),
}


@pytest.mark.parametrize("what", ASKED)
async def test_a_step_of_a_search_reads_what_it_finds_and_no_more(tmp_path, what):
    path = tmp_path / "plans.db"
    await migrate(sqlite_url(str(path)), wiring.wires())
    asked, by = ASKED[what]
    statement = str(asked.statement.compile(dialect=sqlite.dialect()))
    with by_hand(path) as raw:
        values = [None] * statement.count("?")
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]

    assert by in plan[0], plan


def test_somebody_is_found_by_name_title_and_address_however_they_are_spelt():
    assert findable("Nguyễn Thị Hòa", "Kế toán", "Hoa.N@DaiDuong.vn") == (
        "nguyen thi hoa ke toan hoa n daiduong vn"
    )
    assert findable("Lan", None, None) == "lan"
