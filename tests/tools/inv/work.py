"""Engagements to work for, as people allowed them."""

from itertools import count
from typing import Any

from tests.tools.crm.samples import account, taxed
from tests.tools.samples import Arguments, Sample, Things
from tests.world import Company, World

_numbers = count(1)
AGENT = "later_agent"  # holds what no agent of the world held before
ENGINEER = {"role": "engineer", "rate_minor": 15_000}
BUYER = {
    "kind": "foreign",
    "country": "US",
    "address": "500 Howard Street, San Francisco",
    "email": "ap@acme.example",
    "currency": "USD",
    "terms_days": 30,
}


async def engagement_of(world: World, account_id: str, **more: Any) -> dict[str, Any]:
    """An engagement that an account manager has allowed just now; what its action left."""
    fields = {
        "code": f"work-{next(_numbers)}",
        "account_id": account_id,
        "currency": "USD",
        "rates": [ENGINEER],
        **more,
    }
    return await set_up(world, **fields)


async def set_up(
    world: World, *, company: Company | None = None, **arguments: Any
) -> dict[str, Any]:
    """What an engagement is set to, once an account manager has signed it."""
    asked = await world.ok("inv_set_engagement", agent=AGENT, company=company, **arguments)
    await world.decide(asked["action_id"], "am", company=company)
    report = await world.execute(asked["action_id"], company=company)
    assert report.state == "succeeded", report
    return dict(report.result or {})


async def engagement(things: Things) -> str:
    """The code of one."""
    made = await engagement_of(things.world, await things.of(account))
    return str(made["code"])


async def _set_engagement(things: Things) -> Arguments:
    return {
        "code": f"sample-{next(_numbers)}",
        "account_id": await things.of(account),
        "currency": "VND",
        "rates": [{"role": "engineer", "rate_minor": 700_000}],
    }


async def _set_billing(things: Things) -> Arguments:
    return {**BUYER, "account_id": await things.of(taxed)}


async def _log_time(things: Things) -> Arguments:
    return worked(await things.of(engagement))


async def _import_time(things: Things) -> Arguments:
    return {"entries": [worked(await things.of(engagement), member="lan")]}


def worked(engagement: str, **more: Any) -> dict[str, Any]:
    """Time that can be logged."""
    fields = {
        "engagement": engagement,
        "member": "minh",
        "worked_on": "2026-04-01",
        "hours": "7.50",
        "role": "engineer",
    }
    return {**fields, **more}


SAMPLES = {
    "inv_set_engagement": Sample(_set_engagement, statements=(9, 4)),
    "inv_set_billing": Sample(_set_billing, statements=(5, 5)),
    "inv_list_engagements": Sample({}, statements=(7, 0)),
    "inv_log_time": Sample(_log_time, statements=(6, 5), on_postgresql=(7, 5)),
    "inv_import_time": Sample(_import_time, statements=(6, 5), on_postgresql=(7, 5)),
    "inv_list_time_entries": Sample({}, statements=(5, 0)),
}
