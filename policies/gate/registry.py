"""Registry: which tools are there, and where is each found? By its id, imported when called."""

import re
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.resources import files
from types import ModuleType

from policies.gate.contract import TOOL_ID, Tool
from policies.gate.dispatches import DispatchHandler


def module_of(tool_id: str, package: str = "tools") -> str | None:
    """Where a tool is declared: `cyberos.<ns>.<tool>` in `tools.<ns>.<tool>`; None for no id.

    What has no namespace of its own belongs to `core`: `cyberos.whoami` is `tools.core.whoami`.
    """
    if not re.fullmatch(TOOL_ID, tool_id):
        return None
    _, *namespace, name = tool_id.split(".")
    return ".".join([package, *(namespace or ["core"]), name])


def dispatch_handlers(tool_id: str, package: str = "tools") -> Mapping[str, DispatchHandler]:
    """How what follows the tools of this one's namespace is carried out, by kind; maybe nothing.

    `HANDLERS` in `tools/<namespace>/dispatches.py`.
    """
    namespace = (module_of(tool_id, package) or "").rpartition(".")[0]
    found = _imported(f"{namespace}.dispatches") if namespace else None
    handlers: Mapping[str, DispatchHandler] = getattr(found, "HANDLERS", {})
    return handlers


class LazyRegistry:
    """Tools by their id, found where it says, and imported when somebody calls them.

    Every file of a tool has one `TOOL`. Start-up is part of the product: listing tools needs only
    the policy and the committed contracts, so no tool's shapes are built before it is called.
    """

    def __init__(self, package: str = "tools") -> None:
        self._package = package
        self._tools: dict[str, Tool] = {}

    def names(self) -> Iterable[str]:
        """Every wire name, as published."""
        contracts = files(self._package).joinpath("contracts").iterdir()
        return [one.name.removesuffix(".json") for one in contracts if one.name.endswith(".json")]

    def get(self, tool_id: str) -> Tool | None:
        """The tool with this canonical id, imported now if it was not before."""
        found = self._tools.get(tool_id) or self._found(tool_id)
        if found is not None:
            self._tools[tool_id] = found
        return found

    def _found(self, tool_id: str) -> Tool | None:
        # An id may come from a policy file or a row of the database: only its shape is trusted.
        module = module_of(tool_id, self._package)
        if module is None:
            return None
        declared = getattr(_imported(module), "TOOL", None)
        return declared if isinstance(declared, Tool) and declared.id == tool_id else None


def _imported(module: str) -> ModuleType | None:
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name not in {module, module.rpartition(".")[0]}:
            raise  # the file is there, and something that it needs is not
        return None
