"""Completions of what every prompt asks for: its language."""

from tools.completions import Asking, CompletionKind, Suggestion, fits
from tools.prompts.script import LANGUAGES


async def _languages(_ask: Asking, typed: str) -> list[Suggestion]:
    return [("", one) for one in LANGUAGES if fits(typed, one)]


KINDS = (CompletionKind("language", _languages),)
