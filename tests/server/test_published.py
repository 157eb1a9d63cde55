"""Published description: what the registry and desktop clients are told of the server is so."""

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from server.mcp_server import _options
from server.settings import VARIABLES
from server.version import VERSION
from tests.house.reading import ROOT

SERVER = json.loads((ROOT / "server.json").read_bytes())
MANIFEST = json.loads((ROOT / "mcpb" / "manifest.json").read_bytes())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_everybody_names_the_same_version():
    package = SERVER["packages"][0]
    versions = {VERSION, PROJECT["version"], SERVER["version"], package["version"]}

    assert versions == {MANIFEST["version"]}
    assert package["identifier"] == PROJECT["name"]


def test_only_settings_that_exist_are_asked_for():
    listed = {one["name"] for one in SERVER["packages"][0]["environmentVariables"]}

    assert listed | set(MANIFEST["server"]["mcp_config"]["env"]) <= set(VARIABLES)


def test_the_registry_finds_the_server_s_name_in_the_readme():
    assert f"mcp-name: {SERVER['name']}" in (ROOT / "README.md").read_text("utf-8")


# What the registry's schema of 2025-12-11 demands of the parts we use, and more strictly: a name
# that it does not know is a typing error of ours.
_FILLED_IN = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "type": {"enum": ["positional", "named"]},
        "value": {"type": "string"},
        "description": {"type": "string"},
        "format": {"enum": ["string", "number", "boolean", "filepath"]},
        "isRequired": {"type": "boolean"},
        "isSecret": {"type": "boolean"},
    },
    "additionalProperties": False,
}
_PACKAGE = {
    "type": "object",
    "required": ["registryType", "identifier", "transport"],
    "properties": {
        "registryType": {"const": "pypi"},
        "identifier": {"type": "string"},
        "version": {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)+$"},
        "runtimeHint": {"const": "uvx"},
        "transport": {"const": {"type": "stdio"}},
        "packageArguments": {
            "type": "array",
            "items": {**_FILLED_IN, "required": ["type", "value"]},
        },
        "environmentVariables": {
            "type": "array",
            "items": {**_FILLED_IN, "required": ["name"]},
        },
    },
    "additionalProperties": False,
}
REGISTRY = {
    "type": "object",
    "required": ["$schema", "name", "description", "version", "packages"],
    "properties": {
        "$schema": {
            "const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
        },
        "name": {
            "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$", "minLength": 3, "maxLength": 200
        },
        "title": {"type": "string", "minLength": 1, "maxLength": 100},
        "description": {"type": "string", "minLength": 1, "maxLength": 100},
        "version": {"type": "string", "maxLength": 255, "pattern": r"^[0-9]+(\.[0-9]+)+$"},
        "packages": {"type": "array", "minItems": 1, "items": _PACKAGE},
    },
    "additionalProperties": False,
}  # fmt: skip


def test_the_registry_would_take_the_server():
    Draft202012Validator(REGISTRY).validate(SERVER)


def test_every_value_that_the_user_enters_is_used_and_no_other():
    command = json.dumps(MANIFEST["server"]["mcp_config"])

    for name in MANIFEST["user_config"]:
        assert f"${{user_config.{name}}}" in command
    assert command.count("${user_config.") == len(MANIFEST["user_config"])


@pytest.mark.parametrize(
    ("typed", "read_only"),
    [
        ([], False),
        (["--read-only"], True),
        (["--read-only", "true"], True),
        (["--read-only", "false"], False),
    ],
)
def test_the_switch_of_the_bundle_is_the_switch_of_the_program(typed, read_only):
    assert _options(typed).read_only is read_only


def test_a_mistyped_switch_starts_nothing():
    with pytest.raises(SystemExit):
        _options(["--read-only", "yes-please"])
