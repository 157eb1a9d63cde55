"""Baseline HTTP server: the smallest Starlette application under the same uvicorn."""

import asyncio
import json
import socket
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def nothing(request: Request) -> Response:
    """Read the body and say yes."""
    await request.body()
    return Response(b'{"jsonrpc":"2.0","id":1,"result":{}}', media_type="application/json")


def main() -> None:
    """Serve until told to stop; the first line says where."""
    # The protocol is named so that asyncio turns Nagle's delay off, as `cyberos http` has it.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    port = listening.getsockname()[1]
    sys.stderr.write(json.dumps({"url": f"http://127.0.0.1:{port}/mcp"}) + "\n")
    app = Starlette(routes=[Route("/mcp", nothing, methods=["POST"])])
    config = uvicorn.Config(app, http="h11", ws="none", log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
