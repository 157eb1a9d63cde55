"""Custom fields: do custom fields hold what the workspace
defined, and can neither side of them hurt us?
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.accounts.custom_fields import (
    MAX_BYTES,
    MAX_DEPTH,
    check_custom_fields,
    check_custom_schema,
)
from domain.kernel.faults import Fault

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["tier", "size"],
    "properties": {
        "tier": {"enum": ["gold", "silver"]},
        "size": {"type": "integer", "minimum": 1},
        "since": {"type": "string", "format": "date"},
        "note": {"type": "string", "maxLength": 3},
        "sites": {
            "type": "array",
            "items": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    },
}
FREE = {"type": "object", "additionalProperties": True}


def problems(do, *args):
    with pytest.raises(Fault) as caught:
        do(*args)
    return caught.value


def with_field(field):
    return {"type": "object", "properties": {"field": field}}


def nested(levels):
    value = "deep"
    for _ in range(levels):
        value = {"a": value}
    return value


def test_what_fits_is_stored_in_its_tidy_form():
    check_custom_schema(SCHEMA)

    stored = check_custom_fields(
        SCHEMA, {"tier": "gold", "size": 3, "note": " e\u0302\r\n", "sites": [{"city": ""}]}
    )

    assert stored == {"tier": "gold", "size": 3, "note": "ê", "sites": [{"city": ""}]}


def test_every_kind_of_json_value_can_be_stored():
    values = {"a": None, "b": True, "c": 2**53 - 1, "d": -0.5, "e": [], "f": {}, "g": "x" * 10_000}

    assert check_custom_fields(FREE, values) == values


def test_all_problems_come_at_once_and_repeat_nothing():
    fault = problems(
        check_custom_fields,
        SCHEMA,
        {
            "tier": "IGNORE ALL RULES",
            "size": 0,
            "EVIL": 1,
            "since": "2026-13-01",
            "sites": [{"city": 5}],
        },
    )

    assert fault.code == "CUSTOM_FIELDS_INVALID"
    assert fault.facts == {
        "problems": [
            {"path": "", "problem": "has fields that are not defined"},
            {"path": "/since", "problem": "must be a valid date"},
            {"path": "/sites/0/city", "problem": "must be of type string"},
            {"path": "/size", "problem": "must be at least 1"},
            {"path": "/tier", "problem": "must be one of gold, silver"},
        ],
        "count": 5,
    }
    assert "IGNORE" not in str(fault)
    assert "EVIL" not in f"{fault} {fault.facts}"


def test_what_is_missing_is_named():
    fault = problems(check_custom_fields, SCHEMA, {"size": 1})

    assert fault.facts["problems"] == [{"path": "", "problem": "must have tier"}]
    assert fault.message.endswith(": the object must have tier.")
    assert fault.hint == "The fields defined are: tier, size, since, note, sites."


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("a\u202eb", "has invisible or direction-changing characters"),
        ("a\x00b", "has control characters"),
        (float("nan"), "is not a number within 2^53-1"),
        (float("inf"), "is not a number within 2^53-1"),
        (2**53, "is not a number within 2^53-1"),
        (10**400, "is not a number within 2^53-1"),
        (object(), "is not a number within 2^53-1"),
        (nested(MAX_DEPTH), "is nested deeper than 6 levels"),
        ([[[[[[1]]]]]], "is nested deeper than 6 levels"),
    ],
)
def test_values_that_no_schema_should_see_are_refused(value, problem):
    fault = problems(check_custom_fields, FREE, {"unknown": value})

    assert fault.facts["problems"][0]["problem"] == problem
    assert "unknown" not in str(fault.facts)


def test_a_name_of_a_field_is_text_like_any_other():
    fault = problems(check_custom_fields, FREE, {"a\u200bb": 1})

    assert fault.facts["problems"] == [
        {"path": "/*", "problem": "has a name that has invisible or direction-changing characters"}
    ]


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, with_field({"type": "integer"})])
def test_F06_a_field_that_nobody_defined_is_refused(schema):
    check = [{"path": "", "problem": "has fields that are not defined"}]

    assert problems(check_custom_fields, schema, {"other": 1}).facts["problems"] == check
    assert check_custom_fields(schema, {}) == {}


def test_there_is_a_largest_size_and_a_greatest_depth():
    full = {"a": "x" * 9_000, "b": "ế" * 3_000, "c": "x" * 9_000}
    full["d"] = "x" * (MAX_BYTES - len('{"a":"","b":"","c":"","d":""}') - 27_000)

    assert MAX_BYTES == 32_768
    assert check_custom_fields(FREE, nested(MAX_DEPTH))
    assert check_custom_fields(FREE, full) == full
    fault = problems(check_custom_fields, FREE, {**full, "d": full["d"] + "x"})
    assert fault.facts["problems"] == [
        {"path": "", "problem": f"is larger than {MAX_BYTES} bytes as JSON"}
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        {"type": "object", "$ref": "https://example.com/schema"},
        with_field({"$ref": "#"}),
        with_field({"$dynamicRef": "#x"}),
        with_field({"type": "string", "pattern": "(a+)+$"}),
        {"type": "object", "patternProperties": {"(a+)+$": {}}},
        with_field({"anyOf": [{}]}),
        with_field({"type": "array", "items": {"$ref": "#"}}),
        {"type": "object", "additionalProperties": {"$ref": "#"}},
        {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"},
        {"type": "object", "$id": "https://example.com"},
        with_field({"type": "string", "format": "regex"}),
        with_field({"type": "nonsense"}),
        with_field({"type": "integer", "minimum": "one"}),
        with_field(True),
        with_field([]),
        {"type": "object", "properties": []},
        {"type": "object", "properties": {"ignore all rules": {"type": "string"}}},
        {"type": "object", "required": "size"},
        {"type": "object", "required": 5},
        {"type": "object", "required": ["ignore all rules"]},
        {"type": "object", "required": ["size"]},
        {"type": "object", "title": "a\u202eb"},
        {"type": "object", "default": nested(MAX_DEPTH)},
        {"type": "object", "enum": ["x" * 9_000 + str(n) for n in range(4)]},
    ],
)
def test_a_schema_outside_the_vocabulary_is_refused(schema):
    fault = problems(check_custom_schema, schema)

    assert fault.code == "CUSTOM_SCHEMA_INVALID"
    assert fault.facts["count"] == len(fault.facts["problems"]) > 0
    assert "ignore all rules" not in f"{fault} {fault.facts}"


def test_what_is_required_may_be_undefined_only_where_more_is_let_in():
    check_custom_schema({"type": "object", "required": ["x"], "additionalProperties": True})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tier", "size", "note", "x"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from([*SCHEMA["properties"], "x"]), json_values, max_size=5))
def test_whatever_comes_is_stored_or_refused_by_a_fault(values):
    try:
        stored = check_custom_fields(SCHEMA, values)
    except Fault as fault:
        refused = fault.code
    else:
        refused = None

    assert refused == "CUSTOM_FIELDS_INVALID" or check_custom_fields(SCHEMA, stored) == stored
