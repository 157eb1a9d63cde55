"""What does a call look like that is right? One for every tool, for tests that bend one thing."""

from itertools import count
from typing import Any

from policies.catalogue import ToolPolicy
from tests.world import SCOPES, World

ACCOUNT_OF_OURS = {"bank_bin": "970436", "account_name": "CONG TY TNHH CYBEROS"}

Arguments = dict[str, Any]
_numbers = count(1)  # of what may be there only once


async def account_on_the_list(world: World, number: str, **more: Any) -> str:
    """The number of a bank account of ours that two people have allowed just now."""
    asked = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        **{**ACCOUNT_OF_OURS, "account_number": number, **more},
    )
    for person in ("both", "admin"):
        await world.decide(asked["action_id"], person)
    await world.execute(asked["action_id"])
    return number


async def valid_calls(world: World) -> dict[str, Arguments]:
    """Arguments of our company for every tool, by wire name, about things made for this."""
    made = await _things(world)
    calls = {**_WITHOUT_THINGS, **_customers(made), **_deals(made), **_money(made)}
    assert calls.keys() == world.catalogue.by_name.keys(), "a tool without a sample is not tested"
    return calls


async def _things(world: World) -> dict[str, str]:
    """Ids of what the calls are about."""
    async with world.client() as client:

        async def made(name: str, /, **arguments: Any) -> dict[str, Any]:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content
            return dict(result.structured_content or {})

        llc = {"account_type": "llc"}
        account_id = (await made("crm_create_account", name="Công ty Đại Dương", **llc))["id"]
        mst = f"99{next(_numbers):08}"
        taxed = await made("crm_create_account", name="Sông Xanh", vn_mst=mst, **llc)
        contact = await made("crm_create_contact", account_id=account_id, display_name="Trần Mai")
        deal = await made(
            "crm_create_deal", account_id=account_id, name="Nền tảng quý 4", amount_minor=90_000_000
        )
        other = await made("crm_create_deal", account_id=account_id, name="Gói bảo trì")
        moved = await made("crm_create_deal", account_id=account_id, name="Đào tạo")
        await made("crm_move_stage", deal_id=moved["id"], to_stage="discovery")
        action = await made("crm_close_deal", deal_id=other["id"], outcome="won")
        proposed = await made("crm_next_best_action", deal_id=deal["id"])
    return {
        "account": account_id,
        "taxed": taxed["id"],
        "contact": contact["id"],
        "deal": deal["id"],
        "moved": moved["id"],
        "action": action["action_id"],
        "proposal": proposed["actions"][0]["id"],
        "number": await account_on_the_list(world, f"0071{next(_numbers):09}"),
    }


_WITHOUT_THINGS: dict[str, Arguments] = {
    "whoami": {},
    "approvals_list": {},
    "crm_search_accounts": {"query": "dai duong"},
    "crm_create_account": {"name": "Công ty CP Sao Mai", "account_type": "jsc"},
    "crm_validate_mst": {"mst": "9900000104"},
    "inv_validate_mst": {"mst_string": "9900000104"},
    "crm_list_pipelines": {},
    "crm_pipeline_board": {"pipeline_id": "sales"},
    "crm_forecast": {"pipeline_id": "sales", "range": "90d"},
    "crm_forecast_accuracy": {},
    "crm_kpis": {"pipeline_id": "sales"},
    "vn_decode_vietqr": {
        "payload": "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA"
        "53037045802VN6304AE9F"
    },
    "vn_parse_address": {"address": "12 Lê Lợi, phường Bến Nghé, Quận 1, TP.HCM"},
    "vn_amount_in_words": {"amount_minor": 105_000},
    "vn_list_banks": {"query": "vietcombank"},
    "admin_add_bank_account": {**ACCOUNT_OF_OURS, "account_number": "0071000123456"},
}


def _customers(made: dict[str, str]) -> dict[str, Arguments]:
    account = {"account_id": made["account"]}
    return {
        "crm_get_account": {"id": made["account"]},
        "crm_validate_account_mst": {"id": made["taxed"]},
        "crm_update_account": {**account, "industry": "Logistics"},
        "crm_list_contacts": account,
        "crm_create_contact": {**account, "display_name": "Lê Văn Nam"},
        "crm_update_contact": {"contact_id": made["contact"], "title": "Kế toán trưởng"},
        "crm_timeline": account,
    }


def _deals(made: dict[str, str]) -> dict[str, Arguments]:
    account, deal = {"account_id": made["account"]}, {"deal_id": made["deal"]}
    return {
        "crm_list_deals": account,
        "crm_get_deal": {"id": made["deal"]},
        "crm_create_deal": {
            **account,
            "name": "Phần mềm kho",
            "primary_contact_id": made["contact"],
        },
        "crm_move_stage": {**deal, "to_stage": "discovery"},
        "crm_log_activity": {
            **account,
            **deal,
            "kind": "call",
            "subject": "Gọi lần đầu",
            "contact_id": made["contact"],
        },
        "crm_update_deal": {**deal, "amount_minor": 9_000_000},
        "crm_undo_move": {"deal_id": made["moved"]},
        "crm_share_deal": {**deal, "visibility": "private"},
        "crm_next_best_action": deal,
        "crm_dismiss_action": {
            "proposal_id": made["proposal"],
            "reason": "Khách đã có người phụ trách",
        },
        "crm_lead_score": deal,
    }


def _money(made: dict[str, str]) -> dict[str, Arguments]:
    deal, number = {"deal_id": made["deal"]}, made["number"]
    return {
        "crm_close_deal": {**deal, "outcome": "won"},
        "crm_generate_vietqr": {**deal, "bank_bin": "970436", "account_number": number},
        "inv_generate_vietqr": {"amount": 1_500_000, "bank": "Vietcombank", "account": number},
        "approvals_get": {"action_id": made["action"]},
        "approvals_cancel": {"action_id": made["action"]},
    }


def agent_for(row: ToolPolicy) -> str:
    """An agent that may call this tool."""
    return next(name for name, (_, scopes) in SCOPES.items() if row.scope in scopes)
