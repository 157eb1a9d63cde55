"""Tool contracts: is what clients see what the code does,
lawful, small, and written for who reads it?
"""

import json
import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from mcp.types import ListToolsResult, Tool

from policies.gate import floor
from policies.gate.contract import Answer, Arguments, tool
from policies.gate.registry import LazyRegistry
from server import publish
from server.mcp_server import contract
from tests.tools.reading import read_by_a_model
from tests.tools.samples import agent_for, valid_calls

MADE = publish.contracts()
CATALOGUE = floor.load_checked()
POLICIES = publish.ROOT / "policies" / "catalogue"
NAMES = pytest.mark.parametrize("name", sorted(MADE))
WIRE = re.compile(r"[a-zA-Z0-9_-]{1,64}")
# What the server knows by itself must not be something a caller can say.
KNOWN = {"tenant", "tenant_id", "principal", "role", "roles", "scope", "scopes", "token", "as"}
# Words that look like tools: of a namespace that has a policy, if only a floor yet.
NAMING = re.compile("|".join(f"{one.stem}_" for one in POLICIES.glob("[a-z]*.toml")))
FIELDS = {word for made in MADE.values() for word in re.findall(r'"(\w+)":', json.dumps(made))}
CONSENT = re.compile(r"confirm|approv(?!er$)|consent|signature|force|sudo|bypass")

# What the caller says of a value that it typed itself, which gives nobody a right.
OF_VALUES = {"confirm_unusual"}

# Lists of things with fields of their own: what is worked at which rate, and lines of a draft.
LISTED = {
    ("inv_import_time", "entries"),
    ("inv_set_engagement", "rates"),
    ("inv_update_draft", "lines"),
}
# The role in which somebody worked has a rate, and gives nobody a right.
ROLES_OF_WORK = {"inv_log_time": {"role"}}


@NAMES
def test_the_committed_contract_is_the_code(name):
    file = publish.CONTRACTS / f"{name}.json"
    committed = file.read_text(encoding="utf-8") if file.exists() else ""

    assert committed == publish.as_text(MADE[name]), (
        f"{name}: `make publish`, then read what changed"
    )
    assert contract(name) == Tool.model_validate(MADE[name])


def test_there_is_a_contract_for_every_tool_and_for_nothing_else():
    committed = {path.stem for path in publish.CONTRACTS.iterdir()}

    assert committed == set(MADE) == {row.name for row in CATALOGUE.tool}


def test_every_tool_has_its_file_its_row_and_an_answer_that_says_all_it_has_to():
    assert publish.complaints() == []


def test_everything_that_is_published_says_what_the_code_says():
    assert publish.stale() == []


@NAMES
def test_every_client_accepts_the_name(name):
    row = CATALOGUE.by_name[name]

    assert WIRE.fullmatch(name)
    assert row.id.startswith("cyberos.") and MADE[name]["_meta"]["vn.cyberos/id"] == row.id


def test_what_is_listed_by_default_fits_into_a_conversation():
    listed = [contract(row.name) for row in CATALOGUE.tool if row.toolset == "default"]

    advice = "give the new row a `toolset`, or shorten descriptions of tools without one"
    assert read_by_a_model(one.name for one in listed) < 36_000, advice
    assert len(_served(listed)) < 96_000, advice
    sizes = {row.name: len(_served([contract(row.name)])) for row in CATALOGUE.tool}
    assert [name for name, size in sizes.items() if size >= 5_000] == []


@NAMES
def test_A05_all_four_hints_are_there_and_say_what_the_policy_says(name):
    row, hints = CATALOGUE.by_name[name], MADE[name]["annotations"]

    assert {key: hints[key] for key in row.annotations()} == row.annotations()
    assert set(hints) == {
        "title", "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint",
    }  # fmt: skip
    assert hints["title"] == MADE[name]["title"]


@NAMES
def test_the_words_are_written_for_a_model(name):
    words = MADE[name]["description"]

    assert 40 <= len(words) <= 1_000
    assert "Use this" in words
    assert words[0].isupper() and not words.startswith("This tool")
    assert not re.search(r"IMPORTANT|MUST|WARNING|\{", words)


@NAMES
def test_the_words_name_only_tools_that_are_there(name):
    said = {
        word for word in re.findall(r"\w+_\w+", MADE[name]["description"]) if NAMING.match(word)
    }

    assert said - FIELDS <= set(MADE), f"{name}: the description names a tool that is not there"


@NAMES
def test_the_schemas_are_json_schema_of_2020_12(name):
    for schema in (MADE[name]["inputSchema"], MADE[name]["outputSchema"]):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"


@NAMES
def test_every_argument_is_described_and_no_other_is_taken(name):
    schema = MADE[name]["inputSchema"]

    assert schema["additionalProperties"] is False
    for argument, shape in schema.get("properties", {}).items():
        assert len(shape.get("description", "")) >= 5, argument
        if (name, argument) not in LISTED:
            assert "$ref" not in json.dumps(shape), "a flat argument is easier for a model"


@NAMES
def test_A12_no_argument_says_who_is_calling_or_that_people_agreed(name):
    arguments = set(MADE[name]["inputSchema"].get("properties", {}))

    assert arguments.isdisjoint(KNOWN - ROLES_OF_WORK.get(name, set()))
    assert not [one for one in arguments - OF_VALUES if CONSENT.search(one)]


@pytest.mark.both
async def test_every_tool_answers_as_its_contract_says(world):
    """And with no field that is not in it, which clients would never be told of."""
    calls = await valid_calls(world)
    complaints: list[str] = []
    last = sorted(CATALOGUE.tool, key=lambda row: row.id == "cyberos.approvals.cancel")
    for row in last:
        async with world.client(agent_for(row)) as client:
            result = await client.call_tool(row.name, calls[row.name])

        assert not result.is_error, result.content
        assert result.content[0].text
        complaints += _unfit(MADE[row.name]["outputSchema"], result.structured_content, row.name)

    assert complaints == []


class Wrong(Answer):
    """An answer that its contract does not know."""

    agent: str


class Nothing(Arguments):
    """No arguments."""


@tool("cyberos.whoami", title="Who am I", answer=Wrong)
async def lying(call, arguments: Nothing) -> Wrong:
    """Answer something else than was promised, for tests only."""
    return Wrong(agent="x")


class WithALiar(LazyRegistry):
    """The shipped tools, one of which answers in another shape."""

    def get(self, tool_id):
        return lying if tool_id == "cyberos.whoami" else super().get(tool_id)


async def test_the_client_of_these_tests_refuses_an_answer_of_another_shape(world):
    world.registry = WithALiar()
    world.contract = lambda name: Tool.model_validate(MADE[name])

    async with world.client() as client:
        with pytest.raises(RuntimeError, match="Invalid structured content returned by tool"):
            await client.call_tool("whoami", {})


def _served(tools: list[Tool]) -> bytes:
    """The list as it goes over the wire."""
    return ListToolsResult(tools=tools).model_dump_json(by_alias=True, exclude_none=True).encode()


def _unfit(schema, answer, name) -> list[str]:
    checker = Draft202012Validator(schema, format_checker=FormatChecker())
    found = [f"{name}: {error.message}" for error in checker.iter_errors(answer)]
    return found + [f"{name}: {place} is not in it" for place in _unknown(schema, answer, schema)]


def _unknown(schema, value, whole, place="") -> list[str]:
    """Where the value has fields that the schema does not name."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [
            found
            for n, item in enumerate(value)
            for found in _unknown(schema.get("items", {}), item, whole, f"{place}/{n}")
        ]
    if not isinstance(value, dict) or "properties" not in schema:
        return []
    found = [f"{place}/{name}" for name in value if name not in schema["properties"]]
    for name, shape in schema["properties"].items():
        if name in value:
            found += _unknown(shape, value[name], whole, f"{place}/{name}")
    return found
