"""HTTP options: what can be said to `cyberos http`?
An option that does not exist ends the command.
"""

import argparse
from collections.abc import Sequence
from ipaddress import ip_address

MCP, PUBLIC = "mcp", "public"
_REPEATED = {
    "--allow-host": ("NAME[:PORT]", "a name clients call this server by, as their Host says it"),
    "--allow-origin": ("ORIGIN", "pages of this origin may call, such as https://example.vn"),
    "--metrics-host": ("NAME[:PORT]", "health and metrics answer to this name, to everybody"),
    "--trust-proxy": ("ADDRESS", "believe this proxy when it says for whom it asks"),
}


def read_options(argv: Sequence[str]) -> argparse.Namespace:
    """The options with every default filled in."""
    parser = argparse.ArgumentParser(
        prog="cyberos http",
        description="Serve agents over HTTP, each with its own bearer token, or bank feeds.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", type=address, help="the address to listen on")
    add("--port", default=8321, type=port, help="0 takes a free one")
    add("--doors", default=(MCP,), type=doors, help="mcp for agents, public for bank feeds")
    add("--public-host", default="127.0.0.1", type=address, help="where the public door listens")
    add("--public-port", default=8422, type=port, help="0 takes a free one")
    add("--toolsets", help="list these sets of tools, comma-separated, not those of each agent")
    add("--read-only", action="store_true", help="list and run only tools that change nothing")
    for option, (shape, words) in _REPEATED.items():
        kind = address if option == "--trust-proxy" else name
        add(option, action="append", default=[], type=kind, metavar=shape, help=words)
    add("--rate", default=20, type=positive, help="calls a second for each agent")
    add("--burst", default=60, type=positive, help="calls an agent may make in one burst")
    return parser.parse_args(list(argv))


def of_public_door(options: argparse.Namespace) -> argparse.Namespace:
    """The same options as the public door reads them: its own address and port."""
    mine = {"host": options.public_host, "port": options.public_port}
    return argparse.Namespace(**{**vars(options), **mine})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    return ip_address(host).is_loopback


# What argparse calls when it reads an option; it names them in its messages.


def address(typed: str) -> str:
    """An address in figures; `localhost` is the one everybody means."""
    return str(ip_address("127.0.0.1" if typed == "localhost" else typed))


def port(typed: str) -> int:
    """A TCP port."""
    if not 0 <= int(typed) <= 65_535:
        raise ValueError
    return int(typed)


def positive(typed: str) -> int:
    """A rate."""
    if not 1 <= int(typed) <= 1_000_000:
        raise ValueError
    return int(typed)


def doors(typed: str) -> tuple[str, ...]:
    """Which doors are opened, each once, in the order in which they are told of."""
    wanted = tuple(part.strip() for part in typed.split(","))
    if set(wanted) - {MCP, PUBLIC} or len(set(wanted)) != len(wanted):
        raise ValueError
    return wanted


def name(typed: str) -> str:
    """A name exactly as it is sent: no pattern, no list."""
    if not typed or not typed.isascii() or not typed.isprintable() or set(typed) & set(" *,"):
        raise ValueError
    return typed
