"""Trial balance: does an agent read what was posted, up to the day it asks for?"""

import pytest

from domain.ledger import rules, service
from tests.ledger.books import DAY, invoice, posting, source
from tests.tools.samples import Sample
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

# One statement adds the books up; one says which chart the company keeps.
SAMPLES = {"ledger_trial_balance": Sample({"as_of": "2026-11-21"}, statements=(4, 0))}


async def test_the_whole_answer_names_accounts_and_equal_totals(own):
    async with posting(own) as tx:
        await service.post(tx, DAY, rules.accepted(invoice((1_000, 80))), source(own))

    async with talking(own, "later_agent") as talk:
        answer = await talk.ok("ledger_trial_balance")
        text = await talk.text("ledger_trial_balance")

    receivable = {
        "role": "receivable", "code": "131", "name_vi": "Phải thu của khách hàng",
        "name_en": "Trade receivables", "debit_minor": 1_080, "credit_minor": 0,
        "balance_minor": 1_080,
    }  # fmt: skip
    rows = {one["role"]: one for one in answer.pop("accounts")}
    assert rows["receivable"] == receivable
    assert {role: one["credit_minor"] for role, one in rows.items()} == {
        "receivable": 0, "revenue": 1_000, "output_vat": 80,
    }  # fmt: skip
    assert answer == {
        "as_of": "2026-11-21", "currency": "VND", "chart": "circular_99",
        "codes_provisional": True, "total_debit_minor": 1_080, "total_credit_minor": 1_080,
        "difference_minor": 0,
    }  # fmt: skip
    assert '131, "Phải thu của khách hàng", "Trade receivables"' in text
    assert "total debit VND 1,080, total credit VND 1,080, difference VND 0" in text


async def test_only_what_was_posted_up_to_the_day_and_by_the_own_company_counts(own):
    async with posting(own) as tx:
        await service.post(tx, DAY, rules.accepted(invoice((1_000, 80))), source(own))

    async with talking(own, "later_agent") as talk:
        before = await talk.ok("ledger_trial_balance", as_of="2026-11-19")
        there = await talk.ok("ledger_trial_balance", as_of="2026-11-20")
    async with talking(own, "later_agent", own.theirs) as talk:
        theirs = await talk.ok("ledger_trial_balance", as_of="2026-11-20")

    assert there["total_debit_minor"] == 1_080
    for nothing in (before, theirs):
        assert nothing["accounts"] == []
        assert nothing["total_debit_minor"] == nothing["difference_minor"] == 0


async def test_no_customer_document_or_entry_is_named(own):
    sold = invoice((1_000, 80))
    async with posting(own) as tx:
        entry = await service.post(tx, DAY, rules.accepted(sold), source(own), memo="bí mật")

    async with talking(own, "later_outsider") as talk:
        told = f"{await talk.ok('ledger_trial_balance')} {await talk.text('ledger_trial_balance')}"

    for word in (sold.document_id, sold.party_id, entry.id, entry.source_id, "bí mật"):
        assert word not in told


async def test_a_day_that_there_is_not_is_refused(shared):
    async with talking(shared, "later_agent") as talk:
        assert await talk.code("ledger_trial_balance", as_of="2026-02-30") == "INVALID_ARGS"
