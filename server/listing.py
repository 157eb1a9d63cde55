"""Listing: which tools is a caller shown? What is listed never says what is allowed."""

from policies.gate.catalogue import ToolPolicy
from policies.gate.contract import Principal
from policies.gate.gate import Gate
from policies.gate.personas import DEFAULT, listed

# The sets of tools that are listed; None: those stored with the agent, else the default one.
Toolsets = frozenset[str] | None


def shown(gate: Gate, principal: Principal, toolsets: Toolsets) -> list[ToolPolicy]:
    """What is listed for a caller of what it may call, in one fixed order."""
    return listed(gate.visible(principal), toolsets or principal.toolsets or DEFAULT)
