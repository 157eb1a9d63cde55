"""Shape check: does a stored action have the shape this program writes?

Types and triggers keep it so, but stop nobody who can write to the database past them. What has
another shape is shown to nobody and never carried out: it is reported.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import JSON, inspect

from domain.approvals.facts import SelfRule, State
from domain.approvals.tables import PendingAction
from domain.kernel.faults import Fault, Kind
from domain.store.schema import Instant

_REQUESTER: Final = re.compile(r"(agent|human):[A-Za-z0-9_.\-]{1,128}")
_RULES: Final = frozenset(rule.value for rule in SelfRule)
_STATES: Final = frozenset(state.value for state in State)


def well_formed(row: PendingAction) -> bool:
    """Whether every column holds what it promises."""
    return (
        all(_holds(row, column) for column in inspect(PendingAction).columns)
        and row.state in _STATES
        and row.self_rule in _RULES
        and _REQUESTER.fullmatch(row.requester) is not None
        and _listed(row.slots, _is_slot)
        and _listed(row.effects, _is_object)
        and _is_object(row.display)
        and (row.result is None or _is_object(row.result))
    )


def corrupt(action_id: str) -> Fault:
    """The fault of an action that cannot be read."""
    return Fault(
        "ACTION_DAMAGED",
        Kind.CONFLICT,
        "The stored action is not one that this program writes.",
        "tell an administrator; `cyberos audit verify` says what was changed.",
        {"action_id": action_id},
    )


def _holds(row: PendingAction, column: Any) -> bool:
    value = getattr(row, column.key)
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, (JSON, Instant)):  # judged below, or read as an instant or not
        return True
    return isinstance(value, column.type.python_type)


def _listed(value: Any, is_one: Any) -> bool:
    return isinstance(value, list) and all(is_one(item) for item in value)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_slot(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("slot"), str)
        and isinstance(value.get("self"), str)
        and _listed(value.get("roles"), lambda role: isinstance(role, str))
    )
