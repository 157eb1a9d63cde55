"""OpenAPI description: is the description of the tools lawful
OpenAPI 3.1, true, and only of what is shown?
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from policies.gate import floor
from server.http import openapi
from server.mcp_server import contract
from tests.http.serving import message, site
from tests.tools.samples import agent_for, valid_calls

CATALOGUE = floor.load_checked()
WHOLE = openapi.document(
    (row, contract(row.name).model_dump(mode="json", by_alias=True, exclude_none=True))
    for row in CATALOGUE.tool
)
CALLS = {path: item["post"] for path, item in WHOLE["paths"].items() if "post" in item}
FIXED = {"openapi", "info", "servers", "security", "paths", "components"}
OPERATION = {"operationId", "summary", "description", "tags", "parameters", "requestBody"}


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """What holds a value against a schema of the document."""
    whole = {**schema, "components": WHOLE["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def references(value: Any) -> Iterator[str]:
    """Every reference in the document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


def test_it_has_the_shape_of_openapi_3_1():
    assert re.fullmatch(r"3\.1\.\d", WHOLE["openapi"])
    assert set(WHOLE) == FIXED and {"title", "version"} <= WHOLE["info"].keys()
    assert WHOLE["security"] == [{"agent": []}]
    assert WHOLE["components"]["securitySchemes"]["agent"]["scheme"] == "bearer"
    for part in WHOLE["components"].values():
        assert all(re.fullmatch(r"[a-zA-Z0-9._-]+", name) for name in part)
    for path, item in WHOLE["paths"].items():
        assert path.startswith("/v1/") and set(item) <= {"get", "post"}
        for operation in item.values():
            assert set(operation) - OPERATION == {"responses"}
            assert all(re.fullmatch(r"[2-5]\d\d", status) for status in operation["responses"])


def test_every_reference_leads_somewhere():
    found = set(references(WHOLE))

    assert len(found) > 2 * len(CATALOGUE.tool)
    for reference in found:
        target: Any = WHOLE
        assert reference.startswith("#/components/")
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_schema_is_json_schema_of_2020_12():
    for schema in WHOLE["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_tool_is_in_it_once_under_its_own_name():
    assert sorted(CALLS) == sorted(f"/v1/tools/{row.name}" for row in CATALOGUE.tool)
    assert sorted(one["operationId"] for one in CALLS.values()) == sorted(CATALOGUE.by_name)


@pytest.mark.parametrize("row", CATALOGUE.tool, ids=lambda row: row.name)
def test_it_says_when_people_are_asked_and_which_calls_can_be_repeated(row):
    call = CALLS[f"/v1/tools/{row.name}"]
    keys = [one["name"] for one in call.get("parameters", [])]
    arguments = contract(row.name).input_schema["properties"]

    answers = {"never": {"200"}, "always": {"202"}, "predicate": {"200", "202"}}
    assert {one for one in call["responses"] if one < "3"} == answers[row.confirm.value]
    assert keys == (["Idempotency-Key"] if "idempotency_key" in arguments else [])


async def test_every_tool_takes_and_answers_what_it_says(world):
    calls = await valid_calls(world)
    unfit = []
    async with site(world) as there:
        for row in sorted(world.catalogue.tool, key=lambda row: row.name == "approvals_cancel"):
            said = CALLS[f"/v1/tools/{row.name}"]
            asked = said["requestBody"]["content"]["application/json"]["schema"]
            told = await there.post(
                row.name, calls[row.name], token=world.ours.tokens[agent_for(row)]
            )
            answer = said["responses"][str(told.status)]["content"]["application/json"]["schema"]
            unfit += [(row.name, e.message) for e in validator(asked).iter_errors(calls[row.name])]
            unfit += [(row.name, e.message) for e in validator(answer).iter_errors(told.json)]

    assert unfit == []


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_a_refusal_is_what_it_says(world):
    schema = WHOLE["components"]["schemas"]["Problem"]
    async with site(world) as there:
        refusals = [
            await there.post("crm_get_deal", {"id": "x"}),
            await there.post("crm_make_coffee", {}),
            await there.post("whoami", b"["),
            await there.post("whoami", {}, token="x"),
            await there.get("/v1/tools/whoami"),
        ]

    assert [one.status for one in refusals] == [400, 404, 400, 401, 405]
    for one in refusals:
        assert list(validator(schema).iter_errors(one.json)) == []


async def test_it_describes_to_each_agent_what_it_is_listed(world):
    async with site(world) as there:
        for agent in ("cro_agent", "reader_agent", "narrow_agent"):
            token = world.ours.tokens[agent]
            listed = (await there.ask(message("tools/list"), token=token)).json["result"]["tools"]
            made = await there.get("/v1/openapi.json", token=token)
            paths = json.loads(made.body)["paths"]

            assert made.headers["content-type"] == "application/json"
            assert set(paths) == {"/v1/tools", *(f"/v1/tools/{one['name']}" for one in listed)}
