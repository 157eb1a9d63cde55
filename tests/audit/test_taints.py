"""Taints in the audit: is it found that a request was not marked which had to be?"""

from datetime import timedelta

from sqlalchemy import update

from domain.identity.tables import Agent
from tests.forgery import kept


async def test_a_mark_that_was_wiped_off_before_something_was_asked_for_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    deal = await world.a_deal(await world.an_account())
    await world.ok("crm_update_deal", agent="am_agent", deal_id=deal["id"], name="Đổi tên")
    await world.ok("crm_get_deal", id=deal["id"])
    world.clock.move(timedelta(minutes=5))
    before = await archive.findings()
    async with world.owning() as tx:
        await tx.change(update(Agent).values(untrusted_read_at=None), marks_only=True)
    asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    assert before == []
    assert f"action {asked['action_id']}: is not marked" in str(await archive.findings())


async def test_what_was_asked_for_before_or_a_day_after_needs_no_mark(world, tmp_path):
    archive = kept(world, tmp_path)
    account = await world.an_account()
    first, second = await world.a_deal(account), await world.a_deal(account)
    await world.ok("crm_close_deal", deal_id=first["id"], outcome="won")
    await world.ok("crm_update_account", agent="am_agent", account_id=account, industry="Bán lẻ")
    await world.ok("crm_get_account", id=account)
    world.clock.move(timedelta(hours=26))
    await world.ok("crm_close_deal", deal_id=second["id"], outcome="won")

    assert await archive.findings() == []
