"""Arguments of a call: are they in the shape of the tool, and if not, what is wrong with them?

However much is wrong, a few problems are looked for and told.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError

from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from policies.gate import naming
from policies.gate.contract import Arguments, Tool

MOST_ARGUMENTS = 64
MOST_PROBLEMS = 8  # told of one call: who makes more of them reads the schema again
_MOST_TOLD = 1_000


def parsed(tool: Tool, raw: Mapping[str, Any]) -> tuple[Arguments | None, Fault | None]:
    """The arguments in shape, or one fault that names the first wrong fields at once."""
    if len(raw) > MOST_ARGUMENTS:
        return None, Fault(
            "INVALID_ARGS",
            Kind.INVALID,
            f"A call has at most {MOST_ARGUMENTS} arguments.",
            "leave out those that are not arguments of this tool; nothing was changed.",
            {"fields": [{"field": "arguments", "problem": "are too many"}]},
        )
    try:
        return tool.arguments.model_validate(naming.as_meant(raw, tool.arguments)), None
    except ValidationError as error:
        count = error.error_count()
        fields = [
            naming.with_guess(problem, tool.arguments)
            for problem in _first_problems(tool, raw, error)
        ]
    shown = "; ".join(f"{field['field']} {field['problem']}" for field in fields)
    first = f"; the first {len(fields)}" if len(fields) < count else ""
    return None, Fault(
        "INVALID_ARGS",
        Kind.INVALID,
        f"{counted(count, 'argument is', 'arguments are')} wrong{first}: {shown}.",
        "correct all of them and call again; nothing was changed.",
        {"fields": fields},
    )


def _first_problems(
    tool: Tool, raw: Mapping[str, Any], error: ValidationError
) -> list[dict[str, str]]:
    """A few of the problems. Pydantic tells all or none, so of thousands a part is judged anew."""
    if error.error_count() <= _MOST_TOLD:
        return [_problem(detail) for detail in error.errors(include_url=False)[:MOST_PROBLEMS]]
    try:
        tool.arguments.model_validate(_part(raw))
    except ValidationError as part:
        return [_problem(detail) for detail in part.errors(include_url=False)[:MOST_PROBLEMS]]
    return [{"field": "arguments", "problem": "are wrong in too many places to tell"}]


def _part(value: Any) -> Any:
    """The beginning of every list and of every object within the arguments."""
    if isinstance(value, Mapping):
        return {name: _part(inner) for name, inner in islice(value.items(), MOST_ARGUMENTS)}
    if isinstance(value, list):
        return [_part(inner) for inner in value[:MOST_PROBLEMS]]
    return value


def _problem(detail: Any) -> dict[str, str]:
    """Where and what, in words of ours: never the value, and a foreign key only if harmless."""
    place = ".".join(str(part) for part in detail["loc"]) or "arguments"
    match detail["type"]:
        case "missing":
            return {"field": place, "problem": "is required"}
        case "extra_forbidden":
            plain = place.isascii() and place.isidentifier() and len(place) <= 40
            return {
                "field": place if plain else "an argument",
                "problem": "is not an argument of this tool",
            }
        case "value_error":
            return {"field": place, "problem": str(detail["ctx"]["error"])}
        case _:
            return {"field": place, "problem": detail["msg"][:1].lower() + detail["msg"][1:]}
