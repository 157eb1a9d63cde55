"""A month of work becomes one draft, which says what it lacks and what comes next."""

import anyio
import pytest

from tests.invoices.ground import TODAY, april, log, profiles, work
from tests.rows import difference, everything
from tests.tools.inv.invoicing import AGENT, APRIL, OUTSIDER, drafted, worked
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking
from tests.traffic import traffic

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    made = await things.of(worked)
    return {"engagement_id": made.code, "period": APRIL}


SAMPLES = {"inv_draft_invoice": Sample(_arguments, statements=(13, 9), on_postgresql=(14, 9))}


async def test_april_is_drafted_once_and_asked_again_it_is_the_same(shared):
    acme = await work(shared)
    await april(shared, acme)

    async with talking(shared, AGENT) as talk:
        first = await drafted(talk, acme)
        again = await talk.ok("inv_draft_invoice", engagement_id=acme.id, period=APRIL)

    (line,) = first["lines"]
    assert (line["hours"], line["rate_minor"], line["amount_minor"], line["vat_rate"]) == (
        "168.00", 15_000, 2_520_000, "0%",
    )  # fmt: skip
    assert (first["currency"], first["subtotal_minor"], first["vat_minor"]) == ("USD", 2_520_000, 0)
    assert first["total_minor"] == first["outstanding_minor"] == 2_520_000
    assert first["number"].startswith("INV-2026-04-") and first["status"] == "draft"
    assert (first["is_new"], again["is_new"], again["changed"]) == (True, False, False)
    assert (again["invoice_id"], again["version"]) == (first["invoice_id"], 1)
    assert "einvoice" not in first and "payments" not in first and first["payment_reference"]


async def test_a_draft_says_what_it_needs_until_it_needs_nothing(shared):
    acme = await work(shared, vat_category=None, currency="VND")
    zero = await work(shared, account_id=acme.account_id)
    await log(shared, acme, 100, rate_minor=700_000)
    await log(shared, zero)

    async with talking(shared, AGENT) as talk:
        bare = await drafted(talk, acme)
        said = await talk.text("inv_draft_invoice", engagement_id=acme.code, period=APRIL)
        await profiles(shared, acme.account_id)
        named = await drafted(talk, acme)
        whole = await drafted(talk, zero)

    assert bare["needs"] == ["vat_category", "billing_profile", "seller_profile"]
    assert "needs vat_category" in said
    assert named["needs"] == ["vat_category"] and whole["needs"] == []
    assert {one["next"] for one in (bare, named, whole)} == {"inv_send_invoice"}
    assert (bare["lines"][0]["vat_rate"], bare["vat_minor"]) == ("10%", 70_000)
    assert "vat_category" not in bare and bare["total_minor"] == 770_000


async def test_time_that_came_since_is_taken_in_and_counted_as_a_version(shared):
    acme = await work(shared)
    await log(shared, acme, 100)

    async with talking(shared, AGENT) as talk:
        before = await drafted(talk, acme)
        await log(shared, acme, 50)
        after = await drafted(talk, acme)

    assert (after["invoice_id"], after["version"]) == (before["invoice_id"], before["version"] + 1)
    assert (after["changed"], after["lines"][0]["hours"], after["entries"]) == (True, "1.50", 2)


async def test_what_cannot_be_drafted_is_refused_and_writes_nothing(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        before = await everything(shared)
        codes = {
            (who, period): await talk.code("inv_draft_invoice", engagement_id=who, period=period)
            for who, period in (
                (acme.code, "2026-13"), (acme.code, "2026-4"), (acme.code, "april"),
                (acme.code, "2026-05"), ("no-such-work", APRIL),
            )
        }  # fmt: skip
        after = await everything(shared)

    assert list(codes.values()) == ["INVALID_ARGS"] * 3 + ["NOTHING_TO_BILL", "NOT_FOUND"]
    assert difference(before, after) == {}


async def test_a_dry_run_takes_no_number(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        tried = await talk.ok(
            "inv_draft_invoice", engagement_id=acme.code, period=APRIL, dry_run=True
        )
        missing = await talk.code("inv_get_invoice", invoice_id=tried["invoice_id"])
        real = await drafted(talk, acme)

    assert missing == "NOT_FOUND"
    assert real["number"] == tried["number"] and real["is_new"]


async def test_two_who_ask_at_once_are_given_one_draft(own):
    acme = await work(own)
    for _ in range(4):
        await log(own, acme, 100)
    answers = []

    async def ask():
        async with talking(own, AGENT) as talk:
            answers.append(await drafted(talk, acme))

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(ask)

    assert {(one["number"], one["subtotal_minor"]) for one in answers} == {
        ("INV-2026-04-001", 60_000)
    }
    assert sorted(one["is_new"] for one in answers) == [False, False, False, True]


async def test_another_company_neither_sees_the_work_nor_shares_its_numbers(own):
    acme = await work(own)
    theirs = await work(own, company=own.theirs)
    await log(own, acme)
    await log(own, theirs, company=own.theirs)

    async with talking(own, AGENT) as talk, talking(own, AGENT, own.theirs) as foreign:
        ours = await drafted(talk, acme)
        code = await foreign.code("inv_draft_invoice", engagement_id=acme.id, period=APRIL)
        unseen = await foreign.code("inv_get_invoice", invoice_id=ours["invoice_id"])
        first = await drafted(foreign, theirs)

    assert (code, unseen) == ("NOT_FOUND", "NOT_FOUND")
    assert ours["number"] == first["number"] == "INV-2026-04-001"


async def test_work_of_a_private_deal_is_drafted_by_those_who_see_the_deal_alone(shared):
    deal = await shared.a_deal(visibility="private")
    secret = await work(shared, account_id=deal["account_id"], deal_id=deal["id"])
    await log(shared, secret)

    async with talking(shared, OUTSIDER) as outsider:
        code = await outsider.code("inv_draft_invoice", engagement_id=secret.code, period=APRIL)
    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, secret)

    assert code == "NOT_FOUND" and made["deal_id"] == deal["id"]
    assert TODAY.isoformat() <= made["created_at"]


async def test_sixty_entries_ask_no_more_of_the_database_than_one(shared):
    seen = {}

    async with talking(shared, AGENT) as talk:
        for entries in (1, 1, 60):  # the first call marks that it read untrusted input
            acme = await work(shared)
            await april(shared, acme, entries=entries, hours_hundredths=600)
            with traffic(shared.agent_side) as first:
                await drafted(talk, acme)
            await log(shared, acme, 100, member="mới")
            with traffic(shared.agent_side) as again:
                await drafted(talk, acme)
            seen[entries] = [(len(one.reads), len(one.writes)) for one in (first, again)]

    assert seen[1] == seen[60]
