"""A sandbox service on a real socket of this machine, for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn

from fixtures.sandbox.tax_registry import PATH, SandboxTaxRegistry


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    def capture_signals(self) -> AbstractContextManager[None]:
        return nullcontext()  # Ctrl-C belongs to pytest


@asynccontextmanager
async def listening(application: Any) -> AsyncIterator[str]:
    """The address under which the application answers."""
    server = _Server(
        uvicorn.Config(application, port=0, log_config=None, lifespan="off", ws="none")
    )
    serving = asyncio.create_task(server.serve())
    await server.listens.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def tax_registry() -> AsyncIterator[tuple[str, SandboxTaxRegistry]]:
    """The base address of a taxpayer registry, and the registry to look into."""
    application = SandboxTaxRegistry()
    async with listening(application) as address:
        yield f"{address}{PATH}", application
