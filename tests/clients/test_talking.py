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
TRIED = {"pydantic_ai": ["crm_list_pipelines", "crm_search_accounts", "whoami"]}


@pytest.mark.parametrize("talker", TALKERS, ids=lambda talker: talker.name)
def test_it_lists_finds_is_refused_and_waits_for_people(talker, demo):
    heard = _told(talker, demo)
    found, refused, asked = heard["answers"]

    assert {"crm_search_accounts", "crm_close_deal", "approvals_get", "whoami"} <= {*heard["tools"]}
    assert found["error"] is False
    assert "Công ty TNHH Đại Dương" in found["text"]
    assert refused["error"] is True
    assert "STAGE_TERMINAL: " in refused["text"]
    assert "Hint: Use crm_close_deal" in refused["text"]
    assert asked["error"] is False
    assert "Waiting for people" in asked["text"] or "pending_approval" in asked["text"]
    # What only some of them say: the protocol they settled on, and the calls of a model that
    # knows nothing but the schemas (TestModel of pydantic-ai).
    assert heard.get("protocol") == ERAS.get(talker.name)
    assert heard.get("tried") == TRIED.get(talker.name)


def _told(talker: Talker, demo: Mapping[str, Any]) -> dict[str, Any]:
    """What one client heard: an answer, a refusal, and a request that waits."""
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
    heard: dict[str, Any] = json.loads(done.stdout)
    return heard
