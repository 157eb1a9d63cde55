"""Inline dispatch: on an embedded database nobody else does what follows, so a command does.

What follows an action outside is carried out, and messages are handed on.
"""

import logging
import os
import socket

from domain.kernel.faults import Fault
from domain.store.dispatcher import Dispatcher
from server import wiring
from server.cli.context import CliContext, Company

log = logging.getLogger("cyberos.work")


def owner() -> str:
    """How this process is named in leases."""
    return f"cli:{socket.gethostname()[:40]}:{os.getpid()}"


async def dispatch(context: CliContext, company: Company) -> None:
    """What follows an action that has ended here: what it leaves without ground, what happens
    outside, and messages to their subscribers.

    What is broken or busy now waits for the next command or for `cyberos work`: the action has
    ended all the same, and nobody is to think that it did not.
    """
    assert context.database.is_sqlite, "elsewhere a worker does it"
    try:
        executor = wiring.executor(context.settings, context.database, owner=owner())
        await executor.settle_overdue(company.id)
        following = wiring.dispatching(context.settings, context.database, owner=owner())
        await following.run_due(company.id)
        await Dispatcher(context.database, context.clock).dispatch(company.id)
    except Fault as fault:
        log.warning("what follows waits: %s", fault)
