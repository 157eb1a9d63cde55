"""Completions of accounts, deals and pipelines."""

from tools.completions import MOST_SEARCHED, MOST_SHOWN, Asking, CompletionKind, Suggestion, fits


async def _accounts(ask: Asking, typed: str) -> list[Suggestion]:
    question = {"query": typed.strip()} if typed.strip() else {}
    answer = await ask(
        "crm_search_accounts", {**question, "limit": MOST_SHOWN + 1, "fields": ["name"]}
    )
    return [(one["name"], one["id"]) for one in answer["accounts"]]


async def _deals(ask: Asking, typed: str) -> list[Suggestion]:
    answer = await ask(
        "crm_list_deals",
        {"status": "open", "limit": MOST_SEARCHED, "fields": ["name", "account_name"]},
    )
    return [
        (one["name"], one["id"])
        for one in answer["deals"]
        if fits(typed, one["name"], one["account_name"], one["id"])
    ]


async def _pipelines(ask: Asking, typed: str) -> list[Suggestion]:
    answer = await ask("crm_list_pipelines", {})
    return [("", one["code"]) for one in answer["items"] if fits(typed, one["code"], one["name"])]


KINDS = (
    CompletionKind("account", _accounts),
    CompletionKind("deal", _deals),
    CompletionKind("pipeline", _pipelines),
)
