"""A draft is worded, ordered, cut and dated; its hours and rates are those of the time entries."""

from datetime import timedelta

import pytest

from domain.invoices import service
from tests.invoices.ground import TODAY, entries_of, log, work
from tests.rows import difference, everything
from tests.tools.inv.invoicing import AGENT, OUTSIDER, draft, drafted
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    made = await draft(things)
    in_a_month = things.world.clock.now().date() + timedelta(days=30)
    return {"invoice_id": made["invoice_id"], "due_at": in_a_month.isoformat()}


SAMPLES = {"inv_update_draft": Sample(_arguments, statements=(13, 6), on_postgresql=(14, 6))}


async def test_lines_are_worded_and_ordered_by_the_number_people_know(shared):
    acme = await work(shared)
    for role in ("architect", "builder"):
        await log(shared, acme, 100, role=role)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        first, second = made["lines"]
        changed = await talk.ok(
            "inv_update_draft",
            invoice_id=made["number"],
            lines=[
                {"line_id": first["line_id"], "description": "Thiết kế", "position": 2},
            ],
            due_at="2026-12-24",
            expected_version=1,
        )
        again = await drafted(talk, acme)

    assert [one["line_id"] for one in changed["lines"]] == [second["line_id"], first["line_id"]]
    assert [one["position"] for one in changed["lines"]] == [1, 2]
    assert changed["lines"][1]["description"] == "Thiết kế"
    assert (changed["due_at"], changed["version"], changed["changed"]) == ("2026-12-24", 2, True)
    assert again["lines"] == changed["lines"] and not again["changed"]


async def test_an_entry_is_left_out_and_brought_back(shared):
    acme = await work(shared)
    await log(shared, acme, 100)
    gone = await log(shared, acme, 250)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        line = made["lines"][0]["line_id"]
        cut = await talk.ok(
            "inv_update_draft",
            invoice_id=made["invoice_id"],
            lines=[{"line_id": line, "leave_out": [gone]}],
        )
        again = await drafted(talk, acme)
        whole = await talk.ok("inv_update_draft", invoice_id=made["number"], bring_back=[gone])

    assert (cut["lines"][0]["hours"], cut["left_out"], cut["entries"]) == ("1.00", [gone], 1)
    assert cut["subtotal_minor"] == again["subtotal_minor"] == 15_000
    assert (whole["lines"][0]["hours"], whole["left_out"], whole["version"]) == ("3.50", [], 3)


async def test_nobody_changes_hours_rates_or_amounts_here(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        line = made["lines"][0]["line_id"]
        before = await everything(shared)
        codes = [
            await talk.code(
                "inv_update_draft", invoice_id=made["number"], lines=[{"line_id": line, **wrong}]
            )
            for wrong in (
                {"hours": "1.00"}, {"rate_minor": 1}, {"amount_minor": 1}, {"vat_rate": "0%"},
            )
        ]  # fmt: skip
        after = await everything(shared)

    assert codes == ["INVALID_ARGS"] * 4
    assert difference(before, after) == {}
    assert [one.hours_hundredths for one in await entries_of(shared, acme)] == [800]


async def test_what_is_wrong_with_a_change_is_said_and_nothing_is_half_done(shared):
    acme, other = await work(shared), await work(shared)
    entry, foreign = await log(shared, acme), await log(shared, other)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        strange = await drafted(talk, other)
        line, elsewhere = made["lines"][0]["line_id"], strange["lines"][0]["line_id"]
        worded = {"line_id": line, "description": "Thiết kế"}
        before = await everything(shared)
        codes = [
            await talk.code("inv_update_draft", invoice_id=made["number"], **wrong)
            for wrong in (
                {},
                {"lines": [worded, {"line_id": elsewhere, "description": "Mine"}]},
                {"lines": [worded, {"line_id": line, "leave_out": [foreign]}]},
                {"lines": [worded], "bring_back": [entry]},
                {"lines": [worded], "due_at": "2026-11-20"},
                {"due_at": "2026-12-24", "clear": ["due_at"]},
                {"lines": [worded], "expected_version": 7},
            )
        ]
        unknown = await talk.code(
            "inv_update_draft", invoice_id="INV-2026-04-999", due_at="2026-12-24"
        )
        after = await everything(shared)

    assert codes == [
        "NOTHING_GIVEN", "LINE_UNKNOWN", "ENTRY_UNKNOWN", "ENTRY_UNKNOWN", "DUE_DATE_INVALID",
        "CLEAR_CONFLICT", "VERSION_CONFLICT",
    ]  # fmt: skip
    assert unknown == "NOT_FOUND"
    assert difference(before, after) == {}


async def test_what_is_so_already_writes_no_version(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        asked = {"invoice_id": made["number"], "due_at": "2026-12-24"}
        await talk.ok("inv_update_draft", **asked)
        again = await talk.ok("inv_update_draft", **asked)
        cleared = await talk.ok("inv_update_draft", invoice_id=made["number"], clear=["due_at"])

    assert (again["changed"], again["version"]) == (False, 2)
    assert "due_at" not in cleared and cleared["version"] == 3


async def test_a_signed_invoice_is_refused_and_shown_as_signed(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme)
        async with shared.owning() as tx:
            await service.lock(tx, made["invoice_id"], issued_on=TODAY, terms_days=30)
        fault = await talk.refused(
            "inv_update_draft", invoice_id=made["number"], due_at="2026-12-24"
        )
        seen = await talk.ok("inv_get_invoice", invoice_id=made["number"])

    assert fault["code"] == "INVOICE_LOCKED" and "inv_get_invoice" in str(fault)
    assert (seen["locked"], seen["status"], seen["version"]) == (True, "draft", made["version"])


async def test_the_draft_of_a_private_deal_is_not_there_for_others(shared):
    deal = await shared.a_deal(visibility="private")
    secret = await work(shared, account_id=deal["account_id"], deal_id=deal["id"])
    await log(shared, secret)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, secret)
    async with talking(shared, OUTSIDER) as outsider:
        hidden = await outsider.refused(
            "inv_update_draft", invoice_id=made["number"], due_at="2026-12-24"
        )
        missing = await outsider.refused(
            "inv_update_draft", invoice_id="INV-2026-04-999", due_at="2026-12-24"
        )

    assert hidden == missing and hidden["code"] == "NOT_FOUND"
