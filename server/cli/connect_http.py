"""Client configuration over HTTP: how is a running server reached? By address and token file."""

import shlex
from pathlib import Path
from urllib.parse import urlsplit

from domain.kernel.faults import Fault, Kind

_SELF = {"127.0.0.1", "localhost", "::1"}


def check_url(url: str) -> None:
    """URL_INVALID unless this is the address of `cyberos http`, over which a token may travel."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    plain = f"{host}" if ":" not in (host or "") else f"[{host}]"
    netloc = plain if port is None else f"{plain}:{port}"
    is_ours = parts.path == "/mcp" and parts.netloc.lower() == netloc and not parts.query
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _SELF)
    is_plain = url.isascii() and url.isprintable() and " " not in url and not parts.fragment
    if not is_plain or not (is_ours and is_safe):
        raise Fault(
            "URL_INVALID",
            Kind.INVALID,
            "This is no address that a token may be sent to.",
            "give https://NAME/mcp; http:// only for this machine, such as "
            "http://127.0.0.1:8321/mcp.",
        )


def claude_code(name: str, url: str, token_file: Path) -> str:
    """The command line for Claude Code; the shell reads the token when it runs."""
    command = shlex.join(["claude", "mcp", "add", "--transport", "http", name, url])
    return f"{command} --header {_header(token_file)}"


def inspector(package: str, url: str, token_file: Path) -> str:
    """The command line for MCP Inspector, which lists the tools."""
    command = shlex.join(["npx", package, "--cli", url, "--transport", "http"])
    return f"{command} --header {_header(token_file)} --method tools/list"


def _header(token_file: Path) -> str:
    return f'"Authorization: Bearer $(cat {shlex.quote(str(token_file))})"'
