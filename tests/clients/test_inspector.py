"""MCP Inspector, other people's client, starts the stdio server and works with it in both eras.

`make clients` installs it from its lock file (Node 20 or newer) and runs these tests.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ROOT

INSPECTOR = Path(__file__).parent / "node_modules" / ".bin" / "mcp-inspector"
ERAS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
TOOL_FAILED = 5

pytestmark = pytest.mark.skipif(
    not INSPECTOR.exists() or shutil.which("node") is None,
    reason="the Inspector is not installed: make clients",
)


@dataclass(frozen=True)
class Said:
    """What one run of the Inspector printed."""

    code: int
    result: dict[str, Any]
    error: str


@dataclass(frozen=True)
class Inspector:
    """The Inspector with a configuration as people write it."""

    config: Path
    era: str
    demo: Mapping[str, Any]

    def run(self, method: str, *more: str) -> Said:
        command = [INSPECTOR, "--cli", "--config", self.config, "--server", self.era]
        done = subprocess.run(
            [*command, "--method", method, *more, "--format", "json"],
            env={**os.environ, "MCP_INSPECTOR_SECRET_STORE": "memory"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
            check=False,
        )
        answer = json.loads(done.stdout)["result"] if done.stdout.strip() else {}
        return Said(done.returncode, answer, done.stderr.decode())

    def call(self, tool: str, **arguments: Any) -> Said:
        typed = json.dumps(arguments, ensure_ascii=False)
        return self.run("tools/call", "--tool-name", tool, "--tool-args-json", typed)


@pytest.fixture(scope="module", params=sorted(ERAS))
def inspector(request: pytest.FixtureRequest, demo: Mapping[str, Any]) -> Inspector:
    config = Path(demo["data_dir"]) / "clients.json"
    server = {
        "command": sys.executable,
        "args": [str(ROOT / "cyberos.py"), "serve"],
        "env": {
            "CYBEROS_DATA_DIR": demo["data_dir"],
            "CYBEROS_AGENT_TOKEN": demo["agents"]["cro_agent"]["token"],
        },
    }
    servers = {era: {**server, "protocolEra": era} for era in ERAS}
    config.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    return Inspector(config, request.param, demo)


def test_it_is_greeted_in_the_protocol_of_its_era(inspector):
    said = inspector.run("initialize")

    assert said.code == 0, said.error
    assert said.result["protocolVersion"] == ERAS[inspector.era]
    assert said.result["serverInfo"]["name"] == "cyberos"


def test_every_schema_passes_its_strict_look(inspector):
    said = inspector.run("tools/list", "--strict")

    assert said.code == 0, said.error
    names = [tool["name"] for tool in said.result["tools"]]
    assert {"crm_search_accounts", "crm_close_deal", "approvals_get", "whoami"} <= set(names)


def test_it_finds_an_account_with_and_without_marks(inspector):
    for query in ("Đại Dương", "dai duong"):
        said = inspector.call("crm_search_accounts", query=query)

        assert said.code == 0, said.error
        assert said.result["structuredContent"]["accounts"][0]["name"] == "Công ty TNHH Đại Dương"


def test_a_refusal_and_a_tool_that_is_not_there_are_told_apart(inspector):
    deal_id = inspector.demo["deals"]["small_open"]
    refused = inspector.call("crm_move_stage", deal_id=deal_id, to_stage="closed_won")
    unknown = inspector.call("crm_approve_everything")

    assert (refused.code, unknown.code) == (TOOL_FAILED, TOOL_FAILED)
    assert refused.result["_meta"]["vn.cyberos/error"]["code"] == "STAGE_TERMINAL"
    assert "tool_not_found" in unknown.error


def test_closing_a_deal_waits_for_people(inspector):
    deal_id = inspector.demo["deals"]["small_open"]
    asked = inspector.call("crm_close_deal", deal_id=deal_id, outcome="won")
    waiting = inspector.call(
        "approvals_get", action_id=asked.result["structuredContent"]["action_id"]
    )

    assert asked.result["structuredContent"]["status"] == "pending_approval"
    assert waiting.result["structuredContent"]["state"] == "pending"
