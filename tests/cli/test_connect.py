"""Client configuration: can what `cyberos connect` shows be
pasted as it is, and does it show no secret?
"""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.console import ROOT, Place

CLIENTS = ("claude-desktop", "claude-code", "inspector")
AGENT = ("--agent", "cro_agent")


@pytest.mark.parametrize("client", CLIENTS)
def test_every_path_is_absolute_and_leads_somewhere(embedded, client):
    server = embedded.ok("connect", "--client", client, *AGENT)["server"]

    assert Path(server["command"]).is_absolute() and Path(server["command"]).exists()
    assert server["args"][-1] == "serve"
    assert Path(server["env"]["CYBEROS_DATA_DIR"]) == embedded.data_dir
    file = Path(server["env"]["CYBEROS_AGENT_TOKEN_FILE"])
    assert file.is_absolute() and file.read_text().startswith("cyb_")


@pytest.mark.parametrize("client", CLIENTS)
def test_no_secret_is_shown(embedded, client):
    embedded.run("connect", "--client", client, *AGENT)
    embedded.run("connect", "--client", client, *AGENT, "--json")

    shown = "".join(embedded.seen)
    assert not [secret for secret in embedded.secrets() if secret in shown]
    assert "cyb_" not in shown


def test_claude_desktop_gets_json_and_nothing_else_on_standard_output(embedded):
    ended = embedded.run("connect", "--client", "claude-desktop", *AGENT, "--name", "sao-bien")

    config = json.loads(ended.out)
    assert set(config) == {"mcpServers"}
    assert set(config["mcpServers"]) == {"sao-bien"}
    assert set(config["mcpServers"]["sao-bien"]) == {"command", "args", "env"}
    assert "claude_desktop_config.json" in ended.err


def test_claude_code_gets_one_command_line(embedded):
    ended = embedded.run("connect", "--client", "claude-code", *AGENT)

    *words, content = shlex.split(ended.out)
    assert words == ["claude", "mcp", "add-json", "cyberos"]
    server = json.loads(content)
    assert server["type"] == "stdio"
    assert server["args"][-1] == "serve"


def test_the_inspector_gets_one_command_line(embedded):
    ended = embedded.run("connect", "--client", "inspector", *AGENT)

    words = shlex.split(ended.out)
    assert words[:2] == ["npx", "@modelcontextprotocol/inspector"]
    assert f"CYBEROS_DATA_DIR={embedded.data_dir}" in words
    assert words[words.index("--") + 1 :][-1] == "serve"


def test_a_server_that_only_reads_can_be_asked_for(embedded):
    shown = embedded.ok("connect", "--client", "inspector", *AGENT, "--read-only")

    assert shown["server"]["args"][-2:] == ["serve", "--read-only"]


def test_which_tools_are_listed_can_be_asked_for(embedded):
    asked = ("connect", "--client", "claude-desktop", *AGENT)
    shown = embedded.ok(*asked, "--toolsets", "default, crm", "--lean")
    wrong = embedded.fault(*asked, "--toolsets", "defualt")
    running = embedded.fault(*asked, "--url", "http://127.0.0.1:1/mcp", "--lean")

    assert shown["server"]["args"][-4:] == ["serve", "--toolsets", "default,crm", "--lean"]
    assert wrong["code"] == "TOOLSET_UNKNOWN" and "overview" in wrong["hint"]
    assert running["code"] == "OPTIONS_ELSEWHERE"


def test_what_is_shown_starts_a_server_that_answers(embedded):
    server = embedded.ok("connect", "--client", "claude-desktop", *AGENT)["server"]
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }

    done = subprocess.run(
        [server["command"], *server["args"]],
        env=server["env"],  # nothing else: no PATH, no home
        input=json.dumps(hello) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
    )

    assert json.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "cyberos"


def test_which_agent_must_be_said_when_there_are_several(embedded):
    fault = embedded.fault("connect", "--client", "inspector")

    assert fault["code"] == "AGENT_REQUIRED"
    assert "cro_agent" in fault["hint"]


def test_an_agent_that_is_not_there_is_answered_with_those_that_are(embedded, empty):
    fault = embedded.fault("connect", "--client", "inspector", "--agent", "nobody")
    nothing = empty.fault("connect", "--client", "inspector", "--agent", "nobody")

    assert (fault["code"], nothing["code"]) == ("TOKEN_FILE_MISSING", "TOKEN_FILE_MISSING")
    assert "cro_agent" in fault["hint"]
    assert "cyberos agent add" in nothing["hint"]


def test_the_only_agent_needs_no_name_and_two_of_a_name_need_their_tenant(
    embedded, tmp_path, capsys
):
    there = Place({"CYBEROS_DATA_DIR": str(tmp_path)}, capsys)
    source = embedded.data_dir / "tokens" / "sao-bien" / "cro_agent.token"
    for code in ("one", "two"):
        (tmp_path / "tokens" / code).mkdir(parents=True)
        shutil.copy(source, tmp_path / "tokens" / code)

    alone = there.ok("connect", "--client", "inspector", "--tenant", "one")
    fault = there.fault("connect", "--client", "inspector", "--agent", "cro_agent")

    assert "/tokens/one/" in alone["server"]["env"]["CYBEROS_AGENT_TOKEN_FILE"]
    assert fault["code"] == "TENANT_REQUIRED"


def test_a_token_elsewhere_can_be_named_and_must_be_one(embedded, tmp_path):
    file = tmp_path / "x.token"
    file.write_text("no token\n")

    fault = embedded.fault("connect", "--client", "inspector", "--token-file", str(file))
    missing = embedded.fault("connect", "--client", "inspector", "--token-file", "nowhere")
    file.write_bytes((embedded.data_dir / "tokens/sao-bien/cro_agent.token").read_bytes())
    found = embedded.ok("connect", "--client", "inspector", "--token-file", str(file))

    assert (fault["code"], missing["code"]) == ("TOKEN_FILE_INVALID", "TOKEN_FILE_INVALID")
    assert found["server"]["env"]["CYBEROS_AGENT_TOKEN_FILE"] == str(file)


def test_a_database_password_is_never_copied(embedded, capsys):
    url = "postgresql://cyb:s3cret@db.example/crm"
    there = Place({**embedded.env, "CYBEROS_DATABASE_URL": url}, capsys)

    shown = there.ok("connect", "--client", "claude-desktop", *AGENT)

    assert "CYBEROS_DATABASE_URL" not in shown["server"]["env"]
    assert any("password" in note for note in shown["notes"])
    assert "s3cret" not in "".join(there.seen)


def test_a_client_nobody_knows_is_answered_with_those_we_know(embedded):
    fault = embedded.fault("connect", "--client", "telex", *AGENT)

    assert fault["exit"] == 2
    assert all(client in fault["message"] for client in CLIENTS)


def test_the_checkout_can_be_started_without_being_installed(embedded):
    assert (ROOT / "cyberos.py").exists()
    server = embedded.ok("connect", "--client", "inspector", *AGENT)["server"]

    assert server["command"] == sys.executable or server["command"].endswith("cyberos")


@pytest.mark.parametrize("client", ["claude-code", "inspector"])
def test_a_server_that_runs_is_reached_with_a_token_that_the_shell_reads(embedded, client):
    url = "https://crm.example.vn/mcp"
    shown = embedded.ok("connect", "--client", client, *AGENT, "--url", url)
    file = embedded.data_dir / "tokens" / "sao-bien" / "cro_agent.token"

    said = subprocess.run(
        ["sh", "-c", f"set -- {shown['text']}; printf '%s\\n' \"$@\""],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip

    assert url in said and f"Authorization: Bearer {file.read_text().strip()}" in said
    assert "cyb_" not in "".join(embedded.seen)


@pytest.mark.parametrize(
    "url",
    ["http://crm.example.vn/mcp", "https://crm.example.vn/", "https://a:b@crm.example.vn/mcp",
     "https://crm.example.vn/mcp?token=x", "ftp://127.0.0.1/mcp", "https://[/mcp", "crm", "",
     "https://crm.example.vn:x/mcp", "https:///mcp", "https://a b/mcp", "https://crm.vn/mcp#x"],
)  # fmt: skip
def test_a_token_is_not_sent_to_just_any_address(embedded, url):
    fault = embedded.fault("connect", "--client", "inspector", *AGENT, "--url", url)
    desktop = embedded.fault("connect", "--client", "claude-desktop", *AGENT, "--url", url)

    assert fault["code"] == desktop["code"] == "URL_INVALID"


def test_claude_desktop_reaches_a_server_elsewhere_through_the_relay(embedded):
    url = "https://crm.example.vn/mcp"
    shown = embedded.ok("connect", "--client", "claude-desktop", *AGENT, "--url", url)
    told = json.loads(shown["text"])["mcpServers"]["cyberos"]

    assert told["args"][-2:] == ["relay", url]
    assert told["env"].keys() == {"CYBEROS_AGENT_TOKEN_FILE"}  # and no path to any data
    assert "cyb_" not in "".join(embedded.seen)
