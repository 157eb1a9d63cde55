"""Search index: does the index find exactly the names that a scan of all names would find?"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from domain.accounts.queries import SEARCHED
from domain.accounts.tables import Account
from domain.kernel.folding import fold
from domain.kernel.ids import new_id
from domain.store import search
from domain.store.direct import Direct
from domain.store.searchable import Searchable, among_first, as_searcher, matching
from domain.store.tx import Tx, reading

pytestmark = pytest.mark.both

# Few letters, so that names share prefixes; letters with marks, digits that look like numbers,
# other scripts, and letters younger than the Unicode tables of the databases.
LETTERS = "aáđ2e東𞤀Ꟁ"
WORDS = st.text(LETTERS, min_size=1, max_size=4)
NAMES = st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), max_size=12)


class Undone(Exception):
    """Ends a transaction without leaving anything in the database."""


@pytest.mark.parametrize("limit", [3, 100])
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ours=NAMES, theirs=NAMES, query=st.lists(WORDS, min_size=1, max_size=2))
async def test_it_finds_what_a_scan_finds_and_nothing_of_other_tenants(
    world, limit, ours, theirs, query
):
    found: list[str] = []
    names: dict[str, str] = {}

    async def look() -> None:
        async with world.owning(world.theirs) as tx:
            await keep(tx, theirs)
        async with world.owning() as tx:
            names.update(await keep(tx, ours))
            found.extend(
                one.id for one in await search.candidates(tx, SEARCHED, query, limit=limit)
            )
            raise Undone

    with pytest.raises(Undone):
        await look()

    wanted = {id for id, name in names.items() if begins_words(fold(name), query)}
    assert len(set(found)) == len(found) == min(limit, len(wanted))
    assert set(found) <= wanted


@pytest.mark.parametrize(
    "query",
    ["%", "_", "*", '"', "\\", "' OR '1'='1", "'; DROP TABLE account; --", "a* OR b", "NEAR(a b)",
     "folded : a", "^a", "-a", "a & !b", "a | b", "'a':*", "(", "a\0b", "\ud800"],
)  # fmt: skip
async def test_no_character_of_a_query_is_an_operator(world, query):
    async with world.owning() as tx:
        await keep(tx, ["a bcd", "% _ *", "or near drop"])

    async with world.looking() as tx:
        found = await search.candidates(tx, SEARCHED, [query], limit=10)

    wanted = fold(query).split()
    kept = [fold(name) for name in ("a bcd", "% _ *", "or near drop")]
    assert len(found) == sum(bool(wanted) and begins_words(name, wanted) for name in kept)


async def test_a_changed_name_is_found_under_its_new_words_only(world):
    async with world.owning() as tx:
        (id,) = await keep(tx, ["sao mai"])
    async with world.owning() as tx:
        account = await tx.first(select(Account).where(Account.id == id))
        account.folded = "hoang hon"

    async with world.looking() as tx:
        before = await search.candidates(tx, SEARCHED, ["sao"], limit=10)
        after = await search.candidates(tx, SEARCHED, ["hoang", "hon"], limit=10)

    assert before == []
    assert [one.id for one in after] == [id]


@pytest.mark.parametrize(("few", "many"), [(1, 4), (3, 30), (30, 60)])
async def test_however_many_accounts_are_looked_at_first_all_are_found(
    world, monkeypatch, few, many
):
    monkeypatch.setattr(search, "_FEW", few)
    monkeypatch.setattr(search, "_MANY", many)
    names = [f"sao {number}" if number % 3 else f"mai {number}" for number in range(40)]
    async with world.owning() as tx:
        ids = await keep(tx, names)

    wanted = {id for id, name in ids.items() if name.startswith("sao")}
    async with world.looking() as tx:
        for limit in (5, 20, len(wanted), 100):
            found = [one.id for one in await search.candidates(tx, SEARCHED, ["sao"], limit=limit)]
            assert len(set(found)) == len(found) == min(limit, len(wanted))
            assert set(found) <= wanted


async def test_a_search_leaves_the_transaction_as_it_was(world):
    async with world.owning() as tx:
        before = await who_asks(tx)
        await keep(tx, ["sao mai", "hoang hon"])
        await search.candidates(tx, SEARCHED, ["sao"], limit=10)
        after = await who_asks(tx)
        await keep(tx, ["binh minh"])

    async with world.looking() as tx:
        everything = await tx.all(select(Account.folded))
    assert before == after
    assert {"sao mai", "hoang hon", "binh minh"} <= set(everything)


async def test_the_index_is_asked_although_row_level_security_stands_before_it(world, monkeypatch):
    if world.is_sqlite:
        pytest.skip("SQLite has no row level security")
    async with world.owning() as tx:
        await keep(tx, [f"cong ty so w{number}" for number in range(2_000)])
    superuser = create_async_engine(world.url, isolation_level="AUTOCOMMIT")
    async with superuser.connect() as connection:
        await connection.exec_driver_sql("VACUUM (ANALYZE) account")
    await superuser.dispose()

    def explained(direct, text, values):
        is_search = text.startswith("SELECT id, name, folded FROM account")
        return fetched(direct, f"EXPLAIN {text}" if is_search else text, values)

    fetched = Direct._fetched
    monkeypatch.setattr(Direct, "_fetched", explained)
    async with reading(world.agent_side, world.ours.id, world.clock) as tx:
        plan = await search.candidates(tx, SEARCHED, ["w1234"], limit=10)
    said = "\n".join(row[0] for row in plan)

    assert "ix_account_search_words" in said, said


async def test_a_small_company_waits_for_no_row_of_a_large_one(world, monkeypatch):
    """Also with a plan for any tenant, which PostgreSQL makes of a statement asked often."""
    if world.is_sqlite:
        pytest.skip("SQLite makes one plan for all, and its index knows the tenant")
    monkeypatch.setattr(search, "_FEW", 10)
    async with world.owning(world.theirs) as tx:
        await keep(tx, [f"cong ty so w{number}" for number in range(2_000)])
    async with world.owning() as tx:
        await keep(tx, ["sao mai"])
    superuser = create_async_engine(world.url, isolation_level="AUTOCOMMIT")
    async with superuser.connect() as connection:
        await connection.exec_driver_sql("VACUUM (ANALYZE) account")
    await superuser.dispose()
    met = text("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'account'")

    async with reading(world.agent_side, world.ours.id, world.clock) as tx:
        connection = await tx.session.connection()
        await connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        found = await search.candidates(tx, SEARCHED, ["sao"], limit=10)
        read = await connection.scalar(met)

    assert [one.name for one in found] == ["sao mai"]
    assert read == 0


async def who_asks(tx: Tx) -> list[tuple[str, ...]]:
    """The role of the transaction and how it plans, as far as there is such a thing."""
    connection = await tx.session.connection()
    if connection.dialect.name == "sqlite":
        return []
    asked = text("SELECT current_user, current_setting('plan_cache_mode')")
    return [tuple(row) for row in await connection.execute(asked)]


async def test_thousands_of_words_are_answered(world):
    async with world.looking() as tx:
        found = await search.candidates(tx, SEARCHED, [f"w{n}" for n in range(900)], limit=10)

    assert found == []


async def test_a_word_that_unfolds_to_thousands_of_bytes_is_answered(world):
    async with world.looking() as tx:
        found = await search.candidates(tx, SEARCHED, ["\u3316" * 200], limit=10)

    assert found == []


def begins_words(folded: str, query: list[str]) -> bool:
    """The definition of a match, as slow and plain as can be."""
    there = folded.split()
    wanted = [part for word in query for part in fold(word).split()]
    return all(any(word.startswith(part) for word in there) for part in wanted)


async def keep(tx: Tx, names: list[str]) -> dict[str, str]:
    """Accounts with these names; the names by id."""
    kept = {}
    for name in names:
        id = new_id()
        kept[id] = name
        tx.add(
            Account(
                id=id,
                name=name,
                folded=fold(name),
                search_key=search.new_key(),
                account_type="llc",
                custom_fields={},
                created_at=tx.at,
                updated_at=tx.at,
            )
        )
    await tx.flush()
    return kept


async def test_any_table_may_be_searchable_and_its_statements_name_nothing_else():
    products = Searchable(table="product", shown=("id", "code"), filters=("family", "unit"))

    for statement in (matching(products), among_first(products), as_searcher(products)):
        said = str(statement.statement)
        assert "account" not in said
        assert "product.tenant_id = :own_tenant" in said
        assert ":family" in said and ":unit" in said
    assert products.columns == ("tenant_id", "id", "code", "family", "unit")


@pytest.mark.parametrize("name", ["product; DROP TABLE deal", "Product", "a b", ""])
def test_what_is_no_name_of_ours_never_becomes_part_of_a_statement(name):
    with pytest.raises(AssertionError):
        Searchable(table=name)
    with pytest.raises(AssertionError):
        Searchable(table="product", filters=(name,))
