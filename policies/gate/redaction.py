"""Redaction: every text in an answer is cleaned, and untrusted input is marked."""

from typing import Any

from pydantic_core import to_json

from domain.kernel.text import clean_outgoing, is_ordinary_json


def clean(value: Any) -> Any:
    """The same structure with every text cleaned of what cannot be seen."""
    # One look over the whole answer at the speed of C: hardly any has something to clean.
    if is_ordinary_json(to_json(value)):
        return value
    return _cleaned(value)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_outgoing(value)
    if isinstance(value, dict):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    return value


def has_untrusted(value: Any) -> bool:
    """Whether an answer carries text that a customer, a mail or a registry wrote.

    The summary of an action is ours; the names it quotes were there when the action was proposed.
    """
    if isinstance(value, dict):
        marked = value.get("untrusted_fields") or ()
        if value.get("untrusted") is True or any(one != "/summary" for one in marked):
            return True
        return any(has_untrusted(item) for item in value.values())
    if isinstance(value, list):
        return any(has_untrusted(item) for item in value)
    return False
