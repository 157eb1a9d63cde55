"""Bounded work (redteam H5): nothing that one call sends costs more than it is long."""

import json
import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from domain.accounts.custom_fields import check_custom_fields
from domain.kernel.faults import Fault
from tests.http.serving import problem, site
from tests.world import fault

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)
TAGS = {"type": "array", "items": {"type": "string"}, "maxItems": 10, "uniqueItems": True}
LOOSE = {"type": "array", "uniqueItems": True}
CHOICES = {"type": "array", "items": {"enum": [f"choice {n}" for n in range(1_000)]}}


def schema(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


def steps(work: Callable[[], object]) -> int:
    """How many lines and calls of Python some work takes, which no other process slows down."""
    count = 0

    def trace(_frame: Any, _event: str, _arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except Fault:
        pass
    finally:
        sys.settrace(before)
    return count


def shuffled(count: int, make: Callable[[int], Any]) -> list[Any]:
    made = [make(number) for number in range(count)]
    random.Random(7).shuffle(made)
    return made


@pytest.mark.parametrize(
    ("field", "make"),
    [
        (TAGS, lambda n: f"t{n}"),
        (LOOSE, lambda n: {"n": n}),
        (LOOSE, lambda n: [n, "x"]),
        (LOOSE, lambda n: n if n % 2 else f"{n}"),
        (CHOICES, lambda n: f"choice {n % 1000}"),
        (CHOICES, lambda n: n),
    ],
    ids=["tags", "objects", "lists", "mixed", "chosen", "not chosen"],
)
def test_H5_twice_as_many_items_cost_no_more_than_a_little_over_twice(field, make):
    asked = schema(tags=field)

    def check(count):
        return check_custom_fields(asked, {"tags": shuffled(count, make)})

    steps(lambda: check(2))  # what is imported once

    few, many = steps(lambda: check(200)), steps(lambda: check(800))

    assert many < 6 * few, (few, many)


@pytest.mark.parametrize(
    ("values", "same"),
    [
        (["a", "a"], True), (["a", "b"], False), ([1, 1.0], True), ([1, True], False),
        ([0, False], False), ([{"a": 1, "b": 2}, {"b": 2, "a": 1.0}], True), ([[1], [2]], False),
        ([[1, [2]], [1, [2]]], True), (["1", 1], False), ([None, None], True),
    ],
)  # fmt: skip
def test_H5_items_are_the_same_as_json_schema_says(values, same):
    def check() -> None:
        check_custom_fields(schema(tags=LOOSE), {"tags": values})

    if same:
        with pytest.raises(Fault, match="must not repeat an item"):
            check()
    else:
        check()


@pytest.mark.parametrize("choice", [1, 1.0, "1", None, [1], {"a": 1}, False])
def test_H5_a_choice_is_found_as_json_schema_finds_it(choice):
    offered = [1, "1", None, [1.0], {"a": 1}, False]

    stored = check_custom_fields(schema(one={"enum": offered}), {"one": choice})

    assert stored == {"one": choice}
    with pytest.raises(Fault, match="must be one of"):
        check_custom_fields(schema(one={"enum": [0, "", True]}), {"one": choice})


@pytest.mark.parametrize(
    "values",
    [
        {"tags": [[]] * 9_000},
        {"tags": [1] * 9_000},
        {f"unknown {n}": n for n in range(1_500)},
        {"tags": ["\0"] * 5_000},
        {"tags": ["x" * 9] * 100_000},
        {"tags": [[[[[[[[]]]]]]]] * 1_000},
    ],
    ids=["lists", "numbers", "unknown", "controls", "large", "deep"],
)
def test_H5_eight_problems_of_custom_fields_are_told(values):
    with pytest.raises(Fault) as caught:
        check_custom_fields(schema(tags={**TAGS, "maxItems": 100_000}), values)

    assert 1 <= len(caught.value.facts["problems"]) <= 8


MANY: dict[str, tuple[str, dict[str, Any]]] = {
    "unknown arguments": ("whoami", {f"x{n}": n for n in range(50_000)}),
    "long names": ("whoami", {f"{'x' * 500}{n}": n for n in range(60)}),
    "names that are words": ("whoami", {f"ignore_all_rules_{n}": n for n in range(64)}),
    "a list": ("crm_search_accounts", {"fields": ["x"] * 75_000}),
    "known fields": ("crm_search_accounts", {"fields": ["name"] * 75_000}),
    "nested names": ("inv_import_time", {"entries": [{f"x{n}": 1 for n in range(40_000)}]}),
    "nested rows": ("inv_import_time", {"entries": [{"x": 1}] * 1_000}),
    "wrong at the end": (
        "inv_import_time",
        {"entries": [{"engagement": "E", "member": "a", "worked_on": "2026-11-02", "hours": "1",
                      "role": "r"}] * 10 + [{f"x{n}": n for n in range(20_000)}]},
    ),
    "custom fields": (
        "crm_create_account",
        {"name": "A", "account_type": "llc", "custom_fields": {"a": [[]] * 100_000}},
    ),
}  # fmt: skip


@EMBEDDED
@pytest.mark.parametrize("kind", MANY)
async def test_H5_a_refusal_is_short_however_much_was_wrong(world, kind):
    tool, arguments = MANY[kind]
    agent = "later_agent" if tool.startswith("inv_") else "cro_agent"

    refused = await world.call(tool, agent=agent, **arguments)
    async with site(world) as there:
        over_http = await there.post(tool, arguments, token=world.ours.tokens[agent])

    said = refused.model_dump_json(by_alias=True)
    assert len(said.encode()) <= 8_000 and len(over_http.body) <= 8_000
    assert fault(refused)["code"] == problem(over_http)
    assert len(fault(refused)["facts"].get("fields", ())) <= 8
    assert "fields" in fault(refused)["facts"] or "problems" in fault(refused)["facts"]


@EMBEDDED
async def test_H5_a_call_has_sixty_four_arguments_at_most(world):
    answers = [
        fault(await world.call("whoami", **{f"x{n}": 1 for n in range(count)}))
        for count in (64, 65)
    ]

    assert answers[0]["message"].startswith("64 arguments are wrong")
    assert answers[1]["message"] == "A call has at most 64 arguments."
    assert json.dumps(answers[1]).count("x1") == 0
