"""Wires of guards, as the tools say them: which guard of the database does a tool open?"""

from domain.approvals.events import Moved, Proposed
from domain.approvals.facts import State
from domain.identity.events import UntrustedRead
from domain.store.triggers import AGENT_EVENTS
from domain.store.wires import Wires
from policies.gate.catalogue import Catalogue, Confirm
from policies.gate.contract import Registry
from policies.gate.events import CallsDenied

# What the gate tells of an agent beside a call, which has the name of its tool.
_TOLD_OF_AGENTS = {
    CallsDenied.EVENT,
    Proposed.EVENT,
    UntrustedRead.EVENT,
    *(Moved.EVENTS[state] for state in (State.CANCELLED, State.EXPIRED, State.STALE)),
}


def declared(registry: Registry, shipped: Catalogue) -> Wires:
    """A pair for each guard and each tool that opens it, and for each event an agent may cause.

    Only tools that may ask people are looked at, and imported for it: without an approved action
    no guard opens. The table has to be the shipped one, which no operator's file takes a row from.
    """
    asking = [row.id for row in shipped.tool if row.confirm is not Confirm.NEVER]
    tools = [tool for tool in map(registry.get, asking) if tool is not None]
    opened = {(guard, tool.id) for tool in tools for guard in tool.opens}
    events = {row.id for row in shipped.tool if not row.is_read} | _TOLD_OF_AGENTS
    return frozenset(opened | {(AGENT_EVENTS, event) for event in events})
