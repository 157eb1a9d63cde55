"""What does a call look like that is right? One for every tool, for tests that bend one thing."""

from typing import Any

from policies.catalogue import ToolPolicy
from tests.world import SCOPES, World

Arguments = dict[str, Any]


async def valid_calls(world: World) -> dict[str, Arguments]:
    """Arguments of our company for every tool, by wire name, about things made for this."""
    async with world.client() as client:

        async def made(name: str, /, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content
            return dict(result.structured_content or {})

        account_id = (
            await made("crm_create_account", name="Công ty Đại Dương", account_type="llc")
        )["id"]
        contact = await made("crm_create_contact", account_id=account_id, display_name="Trần Mai")
        deal = await made("crm_create_deal", account_id=account_id, name="Nền tảng quý 4")
        other = await made("crm_create_deal", account_id=account_id, name="Gói bảo trì")
        action = await made("crm_close_deal", deal_id=other["id"], outcome="won")
    calls: dict[str, Arguments] = {
        "whoami": {},
        "approvals_list": {},
        "approvals_get": {"action_id": action["action_id"]},
        "approvals_cancel": {"action_id": action["action_id"]},
        "crm_search_accounts": {"query": "dai duong"},
        "crm_get_account": {"id": account_id},
        "crm_create_account": {"name": "Công ty CP Sao Mai", "account_type": "jsc"},
        "crm_list_contacts": {"account_id": account_id},
        "crm_create_contact": {"account_id": account_id, "display_name": "Lê Văn Nam"},
        "crm_list_pipelines": {},
        "crm_pipeline_board": {"pipeline_id": "sales"},
        "crm_list_deals": {"account_id": account_id},
        "crm_get_deal": {"id": deal["id"]},
        "crm_create_deal": {
            "account_id": account_id,
            "name": "Phần mềm kho",
            "primary_contact_id": contact["id"],
        },
        "crm_move_stage": {"deal_id": deal["id"], "to_stage": "discovery"},
        "crm_log_activity": {
            "kind": "call",
            "subject": "Gọi lần đầu",
            "account_id": account_id,
            "contact_id": contact["id"],
            "deal_id": deal["id"],
        },
        "crm_close_deal": {"deal_id": deal["id"], "outcome": "won"},
        "vn_decode_vietqr": {
            "payload": "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA"
            "53037045802VN6304AE9F"
        },
        "vn_parse_address": {"address": "12 Lê Lợi, phường Bến Nghé, Quận 1, TP.HCM"},
        "vn_amount_in_words": {"amount_minor": 105_000},
        "vn_list_banks": {"query": "vietcombank"},
        "admin_add_bank_account": {
            "bank_bin": "970436",
            "account_number": "0071000123456",
            "account_name": "CONG TY TNHH CYBEROS",
        },
    }
    assert calls.keys() == world.catalogue.by_name.keys(), "a tool without a sample is not tested"
    return calls


def agent_for(row: ToolPolicy) -> str:
    """An agent that may call this tool."""
    return next(name for name, (_, scopes) in SCOPES.items() if row.scope in scopes)
