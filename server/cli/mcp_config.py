"""MCP client configuration: `<data>/mcp.json`, with absolute paths and no secret.

Such clients give a program neither a working directory nor a PATH, so everything is spelled out.
The token stands in a file of its own, and a database password is never copied here.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from domain.kernel.faults import Fault, Kind
from server.cli.key_files import replace_secret
from server.settings import Settings

_PATHS = ("CYBEROS_POLICY_FILE", "CYBEROS_TRUST_FILE")


def write(settings: Settings, code: str, token_file: Path) -> Path:
    """Enter a server for the tenant into the file, beside those of other tenants."""
    file, servers = settings.data_dir / "mcp.json", read(settings)
    name = "cyberos" if not servers else f"cyberos-{code}"
    servers[name] = entry(settings, token_file)
    content = json.dumps({"mcpServers": servers}, indent=2, ensure_ascii=False) + "\n"
    replace_secret(file, content.encode())
    return file


def move_here(settings: Settings, file: Path) -> bool:
    """Let a restored file start the server of this machine, on this data directory.

    Only names, options and token files are taken from it. False if it is not one of ours: it would
    go on pointing at the machine it was made on.
    """
    try:
        servers = json.loads(file.read_text(encoding="utf-8"))["mcpServers"]
        moved = {str(name): _moved(settings, one) for name, one in servers.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    content = json.dumps({"mcpServers": moved}, indent=2, ensure_ascii=False) + "\n"
    replace_secret(file, content.encode())
    return True


def _moved(settings: Settings, server: dict[str, Any]) -> dict[str, Any]:
    before, args = server["env"], list(server["args"])
    token = Path(before["CYBEROS_AGENT_TOKEN_FILE"])
    if token.is_relative_to(before["CYBEROS_DATA_DIR"]):
        token = settings.data_dir / token.relative_to(before["CYBEROS_DATA_DIR"])
    here = entry(settings, token)
    here["args"] += [str(option) for option in args[args.index("serve") + 1 :]]
    return here


def read(settings: Settings) -> dict[str, Any]:
    """The servers that the file names already; MCP_CONFIG_DAMAGED if it cannot be read."""
    file = settings.data_dir / "mcp.json"
    if not file.exists():
        return {}
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))["mcpServers"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fault(
            "MCP_CONFIG_DAMAGED",
            Kind.CONFLICT,
            "mcp.json in the data directory cannot be read.",
            "repair it or move it away; it is written anew.",
        ) from error


def entry(settings: Settings, token_file: Path) -> dict[str, Any]:
    """What a client needs to know to start the server as one agent."""
    command, arguments = launcher()
    env = {
        "CYBEROS_DATA_DIR": str(settings.data_dir),
        "CYBEROS_AGENT_TOKEN_FILE": str(token_file.absolute()),
    }
    url = os.environ.get("CYBEROS_DATABASE_URL")
    if url and not hides_password(settings):
        env["CYBEROS_DATABASE_URL"] = url
    for name in _PATHS:
        if os.environ.get(name):
            env[name] = str(Path(os.environ[name]).absolute())
    if settings.inbox_url:
        env["CYBEROS_INBOX_URL"] = settings.inbox_url
    if settings.mst_registry_url:
        env["CYBEROS_MST_REGISTRY_URL"] = settings.mst_registry_url
    return {"command": command, "args": [*arguments, "serve"], "env": env}


def relay_entry(url: str, token_file: Path) -> dict[str, Any]:
    """The same for a server that runs elsewhere: the relay has one token, and no data here."""
    command, arguments = launcher()
    env = {"CYBEROS_AGENT_TOKEN_FILE": str(token_file.absolute())}
    return {"command": command, "args": [*arguments, "relay", url], "env": env}


def hides_password(settings: Settings) -> bool:
    """Whether the database address holds a password, so that it is not written into the file."""
    url = make_url(settings.database_url)
    return bool(url.password or url.query.get("password"))


def launcher() -> tuple[str, list[str]]:
    """The program of this environment, by its full path, and what comes before its arguments."""
    script = Path(sys.executable).with_name("cyberos.exe" if os.name == "nt" else "cyberos")
    if script.exists():
        return str(script), []
    beside = Path(__file__).resolve().parents[2] / "cyberos.py"
    if beside.exists():  # a checkout that nobody has installed
        return sys.executable, [str(beside)]
    return sys.executable, ["-c", "import cyberos; cyberos.main()"]
