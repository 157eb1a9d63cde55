"""Standard input: which lines does a client send, and which of their bytes are no UTF-8?

The SDK puts a replacement character for what it cannot decode, and a name with lost letters would
be stored for good. Here such bytes stay recognisable, so that whoever reads the line refuses it
(`JsonRpcReader`). A byte-order mark before the first line is none of the message.
"""

import os
import sys
from io import TextIOWrapper

import anyio


def client_lines() -> anyio.AsyncFile[str]:
    """The lines a client sends; from now on nobody else in the process reads any of them.

    A byte that is no UTF-8 is a lone surrogate in them, which no JSON reader takes.
    """
    client = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    # A thread may still wait for a line when the server ends: the descriptor stays open.
    stream = os.fdopen(client, "rb", closefd=False)
    return anyio.wrap_file(TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape"))
