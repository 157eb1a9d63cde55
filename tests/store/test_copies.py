"""Database copies: does every test begin with the same two companies, whatever the one before has
done to them?
"""

import pytest

from tests.rows import everything
from tests.world import opened

pytestmark = pytest.mark.both


async def all_rows(world):
    return [
        await everything(world, company, but=frozenset()) for company in (world.ours, world.theirs)
    ]


async def test_a_world_is_put_back_with_every_row_of_both_companies(base):
    async with opened(base) as first:
        before = await all_rows(first)
        await first.proposed_close()
        await first.call("crm_create_account", company=first.theirs, name="X", account_type="llc")
        first.ours.tokens["another"] = "none"
        after = await all_rows(first)

    async with opened(base) as second:
        again = await all_rows(second)
        works = await second.proposed_close()

    assert again == before
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert "another" not in second.ours.tokens
    assert works["status"] == "pending_approval"


async def test_two_worlds_at_once_have_companies_of_their_own(world):
    async with opened(world.url) as beside:
        account = await beside.an_account()
        seen = await world.call("crm_get_account", id=account)

    assert {beside.ours.id, beside.theirs.id}.isdisjoint({world.ours.id, world.theirs.id})
    assert seen.is_error
    assert not (await world.call("whoami")).is_error
