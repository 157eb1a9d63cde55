"""What the registry and desktop clients are told of the server is so."""

import json
import tomllib

import pytest

from server.agents import VERSION, _options
from server.settings import VARIABLES
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
    assert len(SERVER["description"]) <= 100


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
