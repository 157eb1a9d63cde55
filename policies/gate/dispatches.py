"""Dispatch terms: what follows a carried-out action outside, and how is each kind carried out?

`Call.dispatch` writes one down, policies/approvals/dispatching.py has it done. Handlers stand
beside the tools: `tools/<namespace>/dispatches.py` with `HANDLERS`, by kind.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.store.tx import Tx
from policies.gate.contract import ANSWER_WITHIN, Declined, Delivered, Outside


@dataclass(frozen=True, slots=True)
class DispatchOrder:
    """One dispatch on its way out, as it was written down with its action.

    `id` is the same at every try: what is made of it (a Message-ID) lets the other side see that
    two are one. `digest` is that of what people approved, `attempt` counts the tries from 1.
    """

    id: str
    tenant_id: str
    action_id: str
    tool: str
    kind: str
    entity_type: str
    entity_id: str
    payload: Mapping[str, Any]
    digest: str
    attempt: int


Load = Callable[[Tx, DispatchOrder], Awaitable[Any]]
Carry = Callable[[Any, Outside], Awaitable[Delivered | Declined]]
Settle = Callable[[Tx, DispatchOrder, Delivered], Awaitable[None]]


async def nothing_to_settle(tx: Tx, order: DispatchOrder, delivered: Delivered) -> None:
    """For a kind of which nothing is written down beside the dispatch itself."""


@dataclass(frozen=True, slots=True)
class DispatchHandler:
    """How one kind of dispatch is carried out.

    `load` reads what is needed in a reading transaction, `carry` does it with no transaction open,
    `settle` writes down what came of it in the transaction that ends the dispatch. What is `once`
    (a mail) is tried once, and after a timeout nobody knows; anything else has to bear being done
    twice and is tried again, later and later.
    """

    load: Load
    carry: Carry
    settle: Settle = nothing_to_settle
    once: bool = False
    answer_within: timedelta = ANSWER_WITHIN
