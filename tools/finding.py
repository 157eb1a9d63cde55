"""Finding: what does each namespace bring beside its tools? Files of one name, listed nowhere."""

from functools import cache
from importlib import import_module
from importlib.resources import files
from types import ModuleType


@cache
def brought(name: str) -> tuple[ModuleType, ...]:
    """Every `tools/<namespace>/<name>.py`, in the order of the namespaces.

    Imported when somebody first asks: starting up and listing tools needs none of it.
    """
    namespaces = sorted(
        folder.name
        for folder in files("tools").iterdir()
        if folder.is_dir() and folder.joinpath(f"{name}.py").is_file()
    )
    return tuple(import_module(f"tools.{one}.{name}") for one in namespaces)
