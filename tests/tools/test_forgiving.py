"""Forgiving arguments: is null an argument left out, and 5.0 the integer 5, for every tool?"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from policies.gate import floor
from server import publish, wiring
from tests.tools.samples import valid_calls
from tools import shapes

REGISTRY = wiring.registry()
ROWS = floor.load_checked().tool
MADE = publish.contracts()


def accepted(row, arguments: Mapping[str, Any]) -> Any:
    """What the tool understands; the complaint where it refuses."""
    found = REGISTRY.get(row.id)
    assert found is not None
    try:
        return found.arguments.model_validate(dict(arguments))
    except ValidationError as refused:
        return [(problem["loc"], problem["type"]) for problem in refused.errors()]


def whole_numbers(row) -> Iterator[tuple[str, int]]:
    """The arguments of a tool that are integers, each with a number it takes."""
    for name, shape in MADE[row.name]["inputSchema"].get("properties", {}).items():
        if shape.get("type") == "integer":
            yield name, max(shape.get("minimum", 1), shape.get("default", 1))


def rows_within(row) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The arguments of a tool that are lists of things with fields, and the fields of one."""
    schema = MADE[row.name]["inputSchema"]
    for name, shape in schema.get("properties", {}).items():
        inner = shape.get("items", {})
        if "$ref" in inner:
            inner = schema["$defs"][inner["$ref"].rpartition("/")[2]]
        if inner.get("type") == "object" and "properties" in inner:
            yield name, inner


async def test_null_is_an_argument_left_out_for_every_tool(world):
    calls = await valid_calls(world)
    wrong = []
    for row in ROWS:
        properties = MADE[row.name]["inputSchema"].get("properties", {})
        required = MADE[row.name]["inputSchema"].get("required", [])
        for name in properties:
            left_out = {key: value for key, value in calls[row.name].items() if key != name}
            null = accepted(row, {**left_out, name: None})
            if null != accepted(row, left_out):
                wrong.append((row.name, name, null))
            if name in required:
                assert ((name,), "missing") in null

    assert wrong == []


async def test_every_integer_may_be_written_with_a_point_and_none_may_be_broken(world):
    calls = await valid_calls(world)
    numbers = [(row, name, number) for row in ROWS for name, number in whole_numbers(row)]
    wrong = []
    for row, name, number in numbers:
        plain = accepted(row, {**calls[row.name], name: number})
        pointed = accepted(row, {**calls[row.name], name: float(number)})
        broken = accepted(row, {**calls[row.name], name: number + 0.5})
        if pointed != plain or not isinstance(broken, list):
            wrong.append((row.name, name, pointed, broken))

    assert len(numbers) >= 19
    assert wrong == []


async def test_the_fields_of_what_stands_in_a_list_are_forgiven_alike(world):
    calls = await valid_calls(world)
    seen, wrong = 0, []
    for row in ROWS:
        for name, inner in rows_within(row):
            one, *rest = calls[row.name].get(name, [{}])
            for field, shape in inner["properties"].items():
                seen += 1
                left_out = {key: value for key, value in one.items() if key != field}
                pairs = [({**left_out, field: None}, left_out)]
                if shape.get("type") == "integer" and field in one:
                    pairs.append(({**one, field: float(one[field])}, one))
                for typed, meant in pairs:
                    plain = accepted(row, {**calls[row.name], name: [meant, *rest]})
                    if accepted(row, {**calls[row.name], name: [typed, *rest]}) != plain:
                        wrong.append((row.name, name, field))

    assert seen >= 12
    assert wrong == []


@pytest.mark.parametrize("large", [1e300, 2.0**60, float("nan"), float("inf")])
async def test_a_number_that_a_double_cannot_hold_is_no_integer(large):
    row = next(row for row in ROWS if row.name == "crm_list_deals")

    assert isinstance(accepted(row, {"limit": large}), list)


@pytest.mark.both
async def test_a_call_with_nulls_and_doubles_is_answered_like_a_plain_one(world):
    plain = await world.ok("crm_list_deals", limit=5)
    typed = await world.ok("crm_list_deals", limit=5.0, cursor=None, owner=None)
    account = await world.ok("crm_create_account", name="Công ty Số", account_type="llc")
    deal = await world.ok(
        "crm_create_deal",
        account_id=account["id"],
        name="Số",
        amount_minor=2.5e5,
        currency="VND",
        dry_run=None,
        visibility=None,
    )

    assert typed == plain
    assert deal["amount_minor"] == 250_000


def test_an_unknown_argument_is_a_mistake_even_when_it_is_null():
    row = next(row for row in ROWS if row.name == "crm_list_deals")

    assert accepted(row, {"nobody_knows": None}) == [(("nobody_knows",), "extra_forbidden")]


@pytest.mark.parametrize("typed", ["VND", "vnd", "VNĐ", "vnđ", "đ", "₫", "đồng"])
def test_the_dong_is_known_however_it_is_written(typed):
    row = next(row for row in ROWS if row.name == "vn_amount_in_words")

    assert accepted(row, {"amount_minor": 5, "currency": typed}).currency == "VND"


@pytest.mark.parametrize("typed", ["2026-04-01T09:30:00Z", "2026-04-01t09:30:00z"])
def test_an_instant_has_its_letters_in_any_case(typed):
    instant = TypeAdapter(shapes.Instant).validate_python(typed)

    assert instant == datetime(2026, 4, 1, 9, 30, tzinfo=UTC)
