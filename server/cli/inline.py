"""Inline dispatch: on an embedded database nobody else hands messages on, so a command does."""

import logging

from domain.kernel.faults import Fault
from domain.store.dispatcher import Dispatcher
from server.cli.context import CliContext, Company

log = logging.getLogger("cyberos.work")


async def dispatch(context: CliContext, company: Company) -> None:
    """Messages to their subscribers, after an action has ended here.

    What is broken or busy now waits for the next command or for `cyberos work`: the action has
    ended all the same, and nobody is to think that it did not.
    """
    assert context.database.is_sqlite, "elsewhere a worker does it"
    try:
        await Dispatcher(context.database, context.clock).dispatch(company.id)
    except Fault as fault:
        log.warning("messages wait for their subscribers: %s", fault)
