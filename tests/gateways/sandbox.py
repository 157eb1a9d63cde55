"""A sandbox service on a real socket of this machine, for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn

from domain.kernel.clock import Clock, SystemClock
from fixtures.sandbox.application import BASE, Sandbox
from fixtures.sandbox.einvoice import SandboxProvider
from fixtures.sandbox.mail import SandboxMail
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
async def listening(application: Any, **options: Any) -> AsyncIterator[str]:
    """The address under which the application answers."""
    server = _Server(
        uvicorn.Config(
            application,
            port=0,
            log_config=None,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            **options,
        )
    )
    serving = asyncio.create_task(server.serve())
    await server.listens.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"{'https' if options else 'http'}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def tax_registry() -> AsyncIterator[tuple[str, SandboxTaxRegistry]]:
    """The base address of a taxpayer registry, and the registry to look into."""
    application = SandboxTaxRegistry()
    async with listening(application) as address:
        yield f"{address}{PATH}", application


@asynccontextmanager
async def einvoices(clock: Clock | None = None) -> AsyncIterator[tuple[str, Sandbox]]:
    """The base address of an e-invoice provider, and the sandbox to look into."""
    application = Sandbox(SandboxProvider(clock or SystemClock()))
    async with listening(application) as address:
        yield f"{address}{BASE}", application


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[int, SandboxMail]]:
    """The port of a mail server, and the server to look into."""
    mail = SandboxMail()
    server = await mail.serve("127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], mail


def hdon(*, seller: str = "0307654321", buyer: str = "9900000104", number: int = 1) -> bytes:
    """An e-invoice with as much in it as the sandbox reads."""
    return (
        "<HDon><DLHDon Id='d'><TTChung><KHMSHDon>1</KHMSHDon><KHHDon>C26TAA</KHHDon>"
        f"<SHDon>{number}</SHDon><NLap>2026-05-04</NLap></TTChung><NDHDon>"
        f"<NBan><Ten>Sao Biển</Ten><MST>{seller}</MST></NBan>"
        f"<NMua><Ten>Đại Dương</Ten><MST>{buyer}</MST></NMua></NDHDon></DLHDon></HDon>"
    ).encode()
