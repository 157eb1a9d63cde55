"""Policy and tools: does each row have its tool, and is each fact it asks about one of the tool's?

A field nobody computes is safe, because what is unknown counts as the worst case, but it is never
what the author of the table meant. So it is found out before a table is activated, and by doctor;
a running server does not import tools for it.
"""

from collections.abc import Iterator

from domain.kernel.faults import Fault, Kind
from policies.gate.catalogue import SUMS, Catalogue, ToolPolicy
from policies.gate.contract import WORTH, Registry, Tool
from policies.gate.registry import module_of


def known_facts(tool: Tool) -> frozenset[str]:
    """What the policy may ask about a tool: what it declares, and the sums of a day."""
    declared = frozenset(fact.name for fact in tool.facts)
    return declared | SUMS if WORTH in declared else declared


def unfit(catalogue: Catalogue, registry: Registry) -> Iterator[str]:
    """A sentence for every row that does not fit the tools there are."""
    published = set(registry.names())
    for row in catalogue.tool:
        if row.name not in published:
            yield f"{row.id} has a policy row, but there is no such tool ({file_of(row)})"
        elif row.asked:
            tool = registry.get(row.id)
            known = known_facts(tool) if tool is not None else frozenset()
            for field in sorted(row.asked - known):
                yield (
                    f"{row.id} asks about {field}, which it does not know; "
                    f"it knows {', '.join(sorted(known)) or 'nothing'}"
                )


def check(catalogue: Catalogue, registry: Registry) -> None:
    """Raise POLICY_UNFIT, naming every row that does not fit."""
    if found := list(unfit(catalogue, registry)):
        raise Fault(
            "POLICY_UNFIT",
            Kind.INVALID,
            "The policy table does not fit the tools: " + "; ".join(found) + ".",
            "correct these rows; the facts of each tool stand in its file.",
        )


def file_of(row: ToolPolicy) -> str:
    """The file that declares the tool of a row: `tools/crm/close_deal.py`."""
    return f"{(module_of(row.id) or '').replace('.', '/')}.py"
