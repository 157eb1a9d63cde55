"""Reaching outside: what does somebody else answer, and what is learnt when they do not?

No transaction is open here. An answer is waited for as long as the tool says; every way in which
there is none becomes one of the few things that can be learnt.
"""

import logging
from typing import Final

import anyio

from domain.kernel.faults import Fault, Kind
from domain.store.tx import in_transaction
from policies.gate.contract import (
    ANSWER_WITHIN,
    Declined,
    Delivered,
    HandedOver,
    Order,
    Outside,
    Ports,
    Prefetch,
    Tool,
    nothing_left,
)

log = logging.getLogger(__name__)

# None: nobody knows, or the other side knows nothing of it.
Learnt = Delivered | Declined | HandedOver | None

# A person looked, or the settle window is over: it has not happened and cannot happen any more.
ABSENT: Final = Declined("EFFECT_ABSENT")


class NoAnswer(Exception):
    """The other side could not be asked what became of it."""


async def ask(prefetch: Prefetch, ports: Ports, question: str) -> object:
    """The answer to a question that has to be asked before anything is decided.

    Raises a Fault, UNAVAILABLE for everything that is no answer.
    """
    assert not in_transaction(), "no transaction waits for the network"
    try:
        with anyio.fail_after(ANSWER_WITHIN.total_seconds()):
            return await prefetch.ask(ports, question)
    except Fault:
        raise
    except Exception as error:
        log.exception("somebody outside could not be asked")
        raise Fault(
            "PROVIDER_UNAVAILABLE",
            Kind.UNAVAILABLE,
            "Whoever had to be asked first did not answer.",
            "try again later.",
        ) from error


async def deliver(tool: Tool, order: Order, outside: Outside) -> Learnt:
    """Send it, once. None when nobody knows whether it arrived."""
    assert tool.deliver is not None and not in_transaction()
    try:
        with anyio.fail_after(tool.answer_within.total_seconds()):
            return await tool.deliver(order, outside)
    except Fault as fault:
        if nothing_left(fault):
            log.warning("action %s was not delivered: %s", order.action_id, fault.code)
            return Declined(fault.code)
        log.warning("action %s: nobody knows whether it arrived: %s", order.action_id, fault.code)
    except Exception:
        log.exception("action %s: nobody knows whether it was delivered", order.action_id)
    return None


async def inquire(tool: Tool, order: Order, outside: Outside) -> Learnt:
    """Ask what became of it; asking never sends again. None: they do not know it.

    Raises NoAnswer. That a question was not sent says nothing of what it is about.
    """
    assert tool.inquire is not None and not in_transaction()
    try:
        with anyio.fail_after(tool.answer_within.total_seconds()):
            return await tool.inquire(order, outside)
    except Exception as error:
        known = isinstance(error, Fault | TimeoutError)
        log.warning(
            "action %s: the other side could not be asked", order.action_id, exc_info=not known
        )
        raise NoAnswer from error
