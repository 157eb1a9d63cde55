"""Clients and agent frameworks of other people list our tools, call them and read our refusals.

Each is a small program in an environment of its own (`talk.py`, `talk.mjs`), which is told how to
start the server and what to call, and says in JSON what it heard. `make clients` installs them.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ROOT

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Talker:
    """A client: the program that drives it, and what it is told besides."""

    name: str
    program: list[str]
    installed: Path
    more: Mapping[str, Any] = field(default_factory=dict)


def _python(name: str) -> Talker:
    folder = HERE / "python" / name
    python = folder / ".venv" / "bin" / "python"
    return Talker(name, [str(python), str(folder / "talk.py")], python)


def _node(name: str, **more: str) -> Talker:
    folder = HERE / "node" / name
    label = " ".join([name, *more.values()])
    return Talker(label, ["node", str(folder / "talk.mjs")], folder / "node_modules", more)


TALKERS = [
    _python("fastmcp"),
    _python("pydantic_ai"),
    _python("openai_agents"),
    _python("langchain"),
    _node("client_v2", era="modern"),
    _node("client_v2", era="legacy"),
    _node("sdk_v1"),
]
ERAS = {"client_v2 modern": "2026-07-28", "client_v2 legacy": "2025-11-25"}


@pytest.fixture(scope="module", params=TALKERS, ids=lambda talker: talker.name)
def heard(request: pytest.FixtureRequest, demo: Mapping[str, Any]) -> dict[str, Any]:
    """What one client heard: three calls, one of them refused."""
    talker: Talker = request.param
    if not talker.installed.exists():
        pytest.skip("the client is not installed: make clients")
    deal_id = demo["deals"]["small_open"]
    told = {
        "server": {
            "command": sys.executable,
            "args": [str(ROOT / "cyberos.py"), "serve"],
            "env": {
                "CYBEROS_DATA_DIR": demo["data_dir"],
                "CYBEROS_AGENT_TOKEN": demo["agents"]["cro_agent"]["token"],
            },
        },
        "calls": [
            ["crm_search_accounts", {"query": "dai duong"}],
            ["crm_move_stage", {"deal_id": deal_id, "to_stage": "closed_won"}],
            ["crm_close_deal", {"deal_id": deal_id, "outcome": "won"}],
        ],
        **talker.more,
    }
    done = subprocess.run(
        talker.program,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {"talker": talker, **json.loads(done.stdout)}


def test_it_lists_the_tools_under_the_names_that_models_accept(heard):
    assert {"crm_search_accounts", "crm_close_deal", "approvals_get", "whoami"} <= {*heard["tools"]}


def test_it_finds_what_was_asked_for_with_its_marks(heard):
    found = heard["answers"][0]

    assert found["error"] is False
    assert "Công ty TNHH Đại Dương" in found["text"]


def test_it_reads_why_a_call_was_refused_and_what_to_do_next(heard):
    refused = heard["answers"][1]

    assert refused["error"] is True
    assert "STAGE_TERMINAL: " in refused["text"]
    assert "Hint: Use crm_close_deal" in refused["text"]


def test_closing_a_deal_waits_for_people(heard):
    asked = heard["answers"][2]

    assert asked["error"] is False
    assert "Waiting for people" in asked["text"] or "pending_approval" in asked["text"]


def test_the_typescript_client_speaks_the_protocol_that_was_asked_for(heard):
    expected = ERAS.get(heard["talker"].name)

    assert heard.get("protocol") == expected


def test_a_model_that_knows_only_the_schemas_can_make_easy_calls(heard):
    """TestModel of pydantic-ai invents arguments from the schema, as a model would."""
    if heard["talker"].name == "pydantic_ai":
        assert heard["tried"] == ["crm_list_pipelines", "crm_search_accounts", "whoami"]
