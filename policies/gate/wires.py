"""Wires of guards, as the tools say them: which guard of the database does a tool open?"""

from domain.store.wires import Wires
from policies.gate.catalogue import Catalogue, Confirm
from policies.gate.contract import Registry


def declared(registry: Registry, shipped: Catalogue) -> Wires:
    """A pair for each guard and each tool that opens it.

    Only tools that may ask people are looked at, and imported for it: without an approved action
    no guard opens. The table has to be the shipped one, which no operator's file takes a row from.
    """
    asking = [row.id for row in shipped.tool if row.confirm is not Confirm.NEVER]
    tools = [tool for tool in map(registry.get, asking) if tool is not None]
    return frozenset((guard, tool.id) for tool in tools for guard in tool.opens)
