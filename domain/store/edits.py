"""Edits: what does one change, and was it made of the row as it is now?

A row is edited by naming fields: what is left out stays, what is to become empty is listed. The
words for it are the same for every kind of row, so they stand here once.
"""

from collections.abc import Collection, Mapping
from typing import Any

from domain.kernel.faults import Fault, Kind


def check_version(expected: int | None, current: int, what: str, read_with: str) -> None:
    """Raises VERSION_CONFLICT, which names the current version, for an old picture of a row.

    `what` is the row in a word, `read_with` the step in braces that shows it as it is.
    """
    if expected is None or expected == current:
        return
    raise Fault(
        "VERSION_CONFLICT",
        Kind.CONFLICT,
        f"The {what} is at version {current} now.",
        f"Read it again with {read_with} and decide anew.",
        {"version": current},
    )


def wanted(given: Mapping[str, Any], clear: Collection[str]) -> dict[str, Any]:
    """The fields an edit is about: those with a value, and None for those that become empty.

    Raises NOTHING_GIVEN for an edit of no field, and CLEAR_CONFLICT for a field that is given
    and cleared at once.
    """
    values = {name: value for name, value in given.items() if value is not None}
    if both := sorted(values.keys() & set(clear)):
        raise Fault(
            "CLEAR_CONFLICT",
            Kind.INVALID,
            f"The same call gives and clears {', '.join(both)}.",
            "Give the new value, or list the field in clear; not both.",
            {"fields": both},
        )
    values.update(dict.fromkeys(clear))
    if not values:
        raise Fault(
            "NOTHING_GIVEN",
            Kind.INVALID,
            "The call names no field to change.",
            "Give at least one field with its new value, or list one in clear.",
        )
    return values


def put(row: Any, fields: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Set columns of a row, field by field, and say which fields were something else before.

    `fields` maps the name of a field to the columns it is kept in.
    """
    changed = []
    for name, columns in fields.items():
        if any(getattr(row, column) != value for column, value in columns.items()):
            changed.append(name)
            for column, value in columns.items():
                setattr(row, column, value)
    return tuple(changed)
