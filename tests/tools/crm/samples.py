"""Samples of the tools in tools/crm, and what they are about."""

from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from domain.vn.tax_codes import checksum_ok
from tests.tools.admin.samples import bank_account
from tests.tools.samples import Arguments, Sample, Things

_numbers = count(1)  # of what may be there only once
_LLC = {"account_type": "llc"}


# --- things ---


async def account(things: Things) -> str:
    """An account."""
    return str((await things.ok("crm_create_account", name="Công ty Đại Dương", **_LLC))["id"])


async def taxed(things: Things) -> str:
    """An account with a tax code."""
    mst = next(code for n in _numbers if checksum_ok(code := f"99{n:08}"))
    return str((await things.ok("crm_create_account", name="Sông Xanh", vn_mst=mst, **_LLC))["id"])


async def contact(things: Things) -> str:
    """Somebody at the account."""
    at = await things.of(account)
    made = await things.ok("crm_create_contact", account_id=at, display_name="Trần Mai")
    return str(made["id"])


async def deal(things: Things) -> str:
    """An open deal with the account."""
    made = await things.ok(
        "crm_create_deal",
        account_id=await things.of(account),
        name="Nền tảng quý 4",
        amount_minor=90_000_000,
    )
    return str(made["id"])


async def moved(things: Things) -> str:
    """A deal that was moved just now."""
    made = await things.ok("crm_create_deal", account_id=await things.of(account), name="Đào tạo")
    await things.ok("crm_move_stage", deal_id=made["id"], to_stage="discovery")
    return str(made["id"])


async def proposal(things: Things) -> str:
    """A next action that is proposed for the deal."""
    proposed = await things.ok("crm_next_best_action", deal_id=await things.of(deal))
    return str(proposed["actions"][0]["id"])


# --- arguments ---


def _naming(
    name: str, thing: Callable[[Things], Awaitable[str]], **more: Any
) -> Callable[[Things], Awaitable[Arguments]]:
    """Arguments that name one thing."""

    async def arguments(things: Things) -> Arguments:
        return {name: await things.of(thing), **more}

    return arguments


async def _create_deal(things: Things) -> Arguments:
    return {
        "account_id": await things.of(account),
        "name": "Phần mềm kho",
        "primary_contact_id": await things.of(contact),
    }


async def _log_activity(things: Things) -> Arguments:
    return {
        "account_id": await things.of(account),
        "deal_id": await things.of(deal),
        "kind": "call",
        "subject": "Gọi lần đầu",
        "contact_id": await things.of(contact),
    }


async def _generate_vietqr(things: Things) -> Arguments:
    number = await things.of(bank_account)
    return {"deal_id": await things.of(deal), "bank_bin": "970436", "account_number": number}


_CUSTOMERS = {
    "crm_search_accounts": Sample({"query": "dai duong"}, statements=(4, 0), on_postgresql=(5, 0)),
    "crm_get_account": Sample(_naming("id", account), statements=(4, 0), asks_each="counts"),
    "crm_create_account": Sample(
        {"name": "Công ty CP Sao Mai", "account_type": "jsc"}, statements=(4, 5)
    ),
    "crm_validate_mst": Sample({"mst": "9900000104"}, statements=(5, 0)),
    "crm_validate_account_mst": Sample(_naming("id", taxed), statements=(9, 2)),
    "crm_update_account": Sample(
        _naming("account_id", account, industry="Logistics"), statements=(4, 5)
    ),
    "crm_list_contacts": Sample(_naming("account_id", account), statements=(4, 0)),
    "crm_create_contact": Sample(
        _naming("account_id", account, display_name="Lê Văn Nam"), statements=(5, 5)
    ),
    "crm_update_contact": Sample(
        _naming("contact_id", contact, title="Kế toán trưởng"), statements=(4, 5)
    ),
    "crm_timeline": Sample(_naming("account_id", account), statements=(6, 0), asks_each="timeline"),
}
_DEALS = {
    "crm_list_pipelines": Sample({}, statements=(4, 0)),
    "crm_pipeline_board": Sample({"pipeline_id": "sales"}, statements=(9, 0)),
    "crm_list_deals": Sample(_naming("account_id", account), statements=(4, 0)),
    "crm_get_deal": Sample(_naming("id", deal), statements=(6, 0)),
    "crm_create_deal": Sample(_create_deal, statements=(10, 6)),
    "crm_move_stage": Sample(_naming("deal_id", deal, to_stage="discovery"), statements=(7, 6)),
    "crm_log_activity": Sample(_log_activity, statements=(6, 5)),
    "crm_update_deal": Sample(_naming("deal_id", deal, amount_minor=9_000_000), statements=(9, 5)),
    "crm_undo_move": Sample(_naming("deal_id", moved), statements=(9, 6)),
    "crm_share_deal": Sample(_naming("deal_id", deal, visibility="private"), statements=(6, 5)),
    "crm_close_deal": Sample(_naming("deal_id", deal, outcome="won"), statements=(15, 4)),
    "crm_generate_vietqr": Sample(_generate_vietqr, statements=(10, 4)),
}
_FIGURES = {
    "crm_forecast": Sample({"pipeline_id": "sales", "range": "90d"}, statements=(6, 0)),
    "crm_forecast_accuracy": Sample({}, statements=(5, 0)),
    "crm_next_best_action": Sample(_naming("deal_id", deal), statements=(10, 0)),
    "crm_dismiss_action": Sample(
        _naming("proposal_id", proposal, reason="Khách đã có người phụ trách"), statements=(11, 5)
    ),
    "crm_lead_score": Sample(_naming("deal_id", deal), statements=(6, 0)),
    "crm_kpis": Sample({"pipeline_id": "sales"}, statements=(13, 0)),
}

SAMPLES = {**_CUSTOMERS, **_DEALS, **_FIGURES}
