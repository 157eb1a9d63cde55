"""Listening socket: where does `cyberos http` listen?
A socket, or one sentence about why there is none.
"""

import socket
from argparse import Namespace

from domain.kernel.faults import Fault, Kind
from server.http.options import is_loopback

_BACKLOG = 2_048


def listen(options: Namespace) -> socket.socket:
    """The socket; HOST_REQUIRED when others can reach it and no name was allowed."""
    if not is_loopback(options.host) and not options.allow_host:
        raise Fault(
            "HOST_REQUIRED",
            Kind.INVALID,
            "Other machines could reach this address, and no name is allowed.",
            "say under which names it is called, --allow-host NAME, or bind to 127.0.0.1.",
        )
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # Named, because asyncio turns Nagle's delay (40 ms an answer) off for named protocols only.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, options.port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise Fault(
            "ADDRESS_UNAVAILABLE",
            Kind.UNAVAILABLE,
            f"Cannot listen on port {options.port} of this address: {error.strerror}.",
            "another program may use it; choose another with --port.",
        ) from error
    return listening
