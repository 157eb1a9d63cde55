"""Accounts: which are found in which order, which may exist, what is shown of them."""

from datetime import date

import pytest

from domain.accounts import searching, service
from domain.accounts.rules import AccountType
from domain.accounts.settings import CUSTOM_FIELDS
from domain.identity import queries as identity
from domain.kernel.faults import Fault
from domain.kernel.folding import fold
from domain.store.settings import change_setting
from tests.traffic import traffic

DAY = date(2026, 11, 21)


async def account(tx, name, **more):
    fields = {"account_type": AccountType.LLC, "on": DAY, **more}
    return await service.create(tx, name=name, **fields)


async def found(world, query, **more):
    """The names of all pages, and whether the last page said that more fit."""
    cards, truncated = await pages(world, query, **more)
    return [card.name for card in cards], truncated


async def pages(world, query, *, limit=20, account_type=None):
    """The accounts of all pages, and whether the last page said that more fit."""
    cards, after = [], None
    async with world.looking() as tx:
        while True:
            page = await searching.find(
                tx, query=query, account_type=account_type, limit=limit, after=after
            )
            cards += page.accounts
            after = page.next
            if after is None:
                return cards, page.truncated


async def test_the_best_match_comes_first(world):
    async with world.owning() as tx:
        for name in (
            "Đường Sắt Việt",
            "Duong",
            "Dương",
            "Đường",
            "An Dương",
            "Dương Minh Châu",
            "Zơ",
        ):
            await account(tx, name)

    names, more = await found(world, "đường")

    assert names == [
        "Đường",  # the name itself, with its marks
        "Duong",  # the same without them, in the order they were made
        "Dương",
        "Đường Sắt Việt",  # names that begin so, those with the marks first
        "Dương Minh Châu",
        "An Dương",
    ]
    assert not more


async def test_pages_together_are_the_whole_list_once(world):
    async with world.owning() as tx:
        for number in range(23):
            await account(tx, f"Công ty Ánh Sáng {number % 5}")
        await account(tx, "Không liên quan")

    searched, _ = await pages(world, "sang cong", limit=4)
    listed, _ = await pages(world, None, limit=4)

    assert len(searched) == len({card.id for card in searched}) == 23
    assert len(listed) == len({card.id for card in listed}) == 24
    assert listed == sorted(listed, key=lambda card: (fold(card.name), card.id))


async def test_more_matches_than_can_be_ranked_are_admitted_and_the_exact_name_is_not_lost(world):
    async with world.owning() as tx:
        for number in range(260):
            await account(tx, f"Zz công ty {number}")
        await account(tx, "Công ty")
        await account(tx, "Không liên quan")

    names, more = await found(world, "cong ty", limit=200)

    assert names[0] == "Công ty"
    assert "Không liên quan" not in names
    assert more


async def test_a_type_is_looked_for_behind_many_of_another(world):
    async with world.owning() as tx:
        for number in range(260):
            await account(tx, f"Aa công ty {number}")
        await account(tx, "Zz công ty", account_type=AccountType.JSC)

    names, _ = await found(world, "cong ty", account_type="jsc")

    assert names == ["Zz công ty"]


@pytest.mark.parametrize("typed", ["0314556677", "0314 556 677", "03-14.556677"])
async def test_a_tax_code_finds_its_account(world, typed):
    async with world.owning() as tx:
        await account(tx, "ACME", vn_mst="0314556677")

    assert await found(world, typed) == (["ACME"], False)


@pytest.mark.parametrize("query", ["%", "_", "*", "' OR 1=1 --", "\\", '"', "…"])
async def test_signs_alone_find_nothing(world, query):
    async with world.owning() as tx:
        await account(tx, "A 100% _ * B")

    assert await found(world, query) == ([], False)


async def test_a_tax_code_is_there_once_in_a_tenant_and_the_refusal_names_its_account(world):
    async with world.owning() as tx:
        first = await account(tx, "ACME", vn_mst="0314556677")
    async with world.owning(world.theirs) as tx:
        await account(tx, "ACME", vn_mst="0314556677")

    with pytest.raises(Fault) as refused:
        async with world.owning() as tx:
            await account(tx, "ACME again", vn_mst="0314 556 677")

    assert refused.value.code == "ACCOUNT_EXISTS"
    assert refused.value.facts == {"account_id": first.id}
    assert first.vn_mst_status == "unverified"


async def test_an_owner_is_named_by_address_or_id_and_must_be_here(world):
    am = world.ours.people["am"]
    async with world.owning() as tx:
        email = (await identity.people(tx, [am]))[am].email
        by_email = await account(tx, "A", owner=email.upper())
        by_id = await account(tx, "B", owner=am)
        with pytest.raises(Fault) as refused:
            await account(tx, "C", owner=world.theirs.people["am"])

    assert (by_email.owner_id, by_email.owner) == (by_id.owner_id, by_id.owner) == (am, email)
    assert refused.value.code == "PERSON_UNKNOWN"


async def test_custom_fields_follow_the_schema_of_the_tenant(world):
    async with world.owning() as tx:
        tiers = {
            "type": "object",
            "properties": {"tier": {"enum": ["gold", "silver"]}},
            "additionalProperties": False,
        }
        await change_setting(tx, CUSTOM_FIELDS, tiers)
    async with world.owning() as tx:
        created = await account(tx, "A", custom_fields={"tier": "gold"})
        with pytest.raises(Fault) as refused:
            await account(tx, "B", custom_fields={"tier": "lead", "x": 1})

    async with world.looking() as tx:
        assert (await service.get(tx, created.id)).custom_fields == {"tier": "gold"}
    assert refused.value.code == "CUSTOM_FIELDS_INVALID"


async def test_the_number_of_statements_does_not_grow_with_the_page(world):
    am = world.ours.people["am"]
    async with world.owning() as tx:
        for number in range(60):
            await account(tx, f"Công ty {number}", owner=am)

    few = await statements_of(world, limit=2)
    many = await statements_of(world, limit=60)

    assert few == many <= 6


async def statements_of(world, *, limit):
    async with world.looking() as tx:
        with traffic(world.owner_side) as statements:
            page = await searching.find(tx, query="cong", account_type=None, limit=limit)
    assert len(page.accounts) == limit
    return len(statements.reads)
