"""How much does each tool ask of the database? A number that grows must be written down here."""

import pytest

from tests.tools.samples import agent_for, valid_calls
from tests.traffic import traffic

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Statements that read, and that write, of one call that succeeds; the same on both databases but
# for what PostgreSQL needs besides: a search looks among a few accounts before it asks an index.
# Two of the reads say who is calling, three of the writes are the audit chain's.
COUNTS = {
    "whoami": (2, 0),
    "approvals_list": (5, 0),
    "approvals_get": (4, 0),
    "approvals_cancel": (6, 4),
    "crm_search_accounts": (4, 0),
    "crm_get_account": (7, 0),
    "crm_create_account": (4, 5),
    "crm_validate_mst": (5, 0),
    "crm_validate_account_mst": (9, 3),
    "inv_validate_mst": (5, 0),
    "crm_list_contacts": (4, 0),
    "crm_create_contact": (5, 5),
    "crm_list_pipelines": (4, 0),
    "crm_pipeline_board": (7, 0),
    "crm_list_deals": (4, 0),
    "crm_get_deal": (6, 0),
    "crm_forecast": (6, 0),
    "crm_forecast_accuracy": (5, 0),
    "crm_create_deal": (9, 6),
    "crm_move_stage": (6, 6),
    "crm_log_activity": (6, 5),
    "crm_update_account": (4, 5),
    "crm_update_contact": (4, 5),
    "crm_update_deal": (7, 5),
    "crm_undo_move": (8, 6),
    "crm_share_deal": (6, 5),
    "crm_timeline": (9, 0),
    "crm_close_deal": (13, 4),
    "crm_generate_vietqr": (9, 4),
    "inv_generate_vietqr": (7, 4),
    "crm_next_best_action": (10, 0),
    "crm_dismiss_action": (11, 5),
    "crm_lead_score": (6, 0),
    "crm_kpis": (13, 0),
    "vn_decode_vietqr": (2, 0),
    "vn_parse_address": (2, 0),
    "vn_amount_in_words": (2, 0),
    "vn_list_banks": (2, 0),
    "admin_add_bank_account": (8, 4),
}
ON_POSTGRESQL = {"crm_search_accounts": (5, 0)}


async def test_a_call_asks_what_it_did_yesterday(shared):
    calls = await valid_calls(shared)
    counted: dict[str, tuple[int, int]] = {}
    await shared.ok("crm_get_account", **calls["crm_get_account"])  # marks that it read strangers
    rows = sorted(shared.catalogue.tool, key=lambda row: row.id == "cyberos.approvals.cancel")

    for row in rows:
        async with shared.client(agent_for(row)) as client:
            with traffic(shared.agent_side) as seen:
                result = await client.call_tool(row.name, calls[row.name])
        assert not result.is_error, result.content
        counted[row.name] = (len(seen.reads), len(seen.writes))

    there = {} if shared.agent_side.is_sqlite else ON_POSTGRESQL
    assert counted == {**COUNTS, **there}
