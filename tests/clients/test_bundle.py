"""The bundle for desktop clients, started as its manifest says, serves an agent.

`make bundle` packs it with the tools of its makers, which also validate the manifest.
"""

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.clients.conftest import ROOT

BUNDLE = ROOT / "dist" / "cyberos.mcpb"
UV = Path(sys.executable).with_name("uv")
MCPB = Path(__file__).parent / "node" / "mcpb" / "node_modules" / ".bin" / "mcpb"

pytestmark = pytest.mark.skipif(
    not BUNDLE.exists() or not MCPB.exists(), reason="there is no bundle: make bundle"
)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle")
    with zipfile.ZipFile(BUNDLE) as bundle:
        bundle.extractall(directory)
    return directory


@pytest.mark.parametrize("read_only", [True, False])
async def test_a_client_starts_it_from_what_its_user_entered(unpacked, demo, read_only):
    server = _started(unpacked, demo, read_only)

    async with Client(server) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        found = await client.call_tool("crm_search_accounts", {"query": "dai duong"})

    assert found.structured_content["accounts"][0]["name"] == "Công ty TNHH Đại Dương"
    assert ("crm_create_deal" in tools) is not read_only


def test_it_holds_the_program_and_nothing_of_its_making(unpacked):
    entries = {path.name for path in unpacked.iterdir()}
    packages = {path.name for path in (unpacked / "cyberos").iterdir()}

    assert entries == {"LICENSE", "README.md", "cyberos", "manifest.json", "requirements.lock"}
    assert {"server", "domain", "tools", "policies", "__init__.py"} <= packages
    assert "tests" not in packages
    assert "--hash=sha256:" in (unpacked / "requirements.lock").read_text("utf-8")


def test_its_makers_find_no_fault_with_the_manifest():
    done = subprocess.run(
        [MCPB, "validate", str(ROOT / "mcpb" / "manifest.json")], capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


def _started(unpacked: Path, demo: Mapping[str, Any], read_only: bool) -> StdioServerParameters:
    """The server as a host starts it: placeholders replaced by what the user entered."""
    manifest = json.loads((unpacked / "manifest.json").read_bytes())
    entered = {
        "${__dirname}": str(unpacked),
        "${user_config.data_dir}": demo["data_dir"],
        "${user_config.token_file}": demo["agents"]["cro_agent"]["token_file"],
        "${user_config.read_only}": json.dumps(read_only),
    }

    def filled(text: str) -> str:
        for placeholder, value in entered.items():
            text = text.replace(placeholder, value)
        return text

    config = manifest["server"]["mcp_config"]
    return StdioServerParameters(
        command=str(UV),
        args=["run", "--quiet", *map(filled, config["args"][1:])],
        env={name: filled(value) for name, value in config["env"].items()},
    )
