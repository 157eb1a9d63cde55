"""Completions of actions that wait for people."""

from tools.completions import MOST_SHOWN, Asking, CompletionKind, Suggestion, fits


async def _actions(ask: Asking, typed: str) -> list[Suggestion]:
    answer = await ask("approvals_list", {"state": "open", "limit": MOST_SHOWN + 1})
    ids = [one["action_id"] for one in answer["items"]]
    return [("", id) for id in ids if fits(typed, id)]


KINDS = (CompletionKind("action", _actions),)
