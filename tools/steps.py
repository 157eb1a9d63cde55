"""Steps: which tool is meant where a hint names the next step in braces?

The rules below know no tool. Each namespace of tools says in its `steps.py` which of its tools
takes which step; a fault gets the names on its way out.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from domain.kernel.faults import Fault

_STEP = re.compile(r"\{(\w+)\}")


def worded(fault: Fault) -> Fault:
    """The same fault, whose hint now says the names of tools."""
    if "{" in fault.hint:
        fault.hint = _STEP.sub(lambda found: steps().get(found[1], found[0]), fault.hint)
    return fault


@cache
def steps() -> Mapping[str, str]:
    """The name of the tool for every step, of all namespaces that say any."""
    found: dict[str, str] = {}
    for file in sorted(Path(__file__).parent.glob("*/steps.py")):
        said: Mapping[str, str] = import_module(f"tools.{file.parent.name}.steps").STEPS
        assert not said.keys() & found.keys(), f"{file} repeats a step of another namespace"
        found.update(said)
    return found
