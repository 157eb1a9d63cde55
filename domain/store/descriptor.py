"""Module descriptors: what a business module brings along, found in its package and listed nowhere.

`domain/<module>/module.py` holds one frozen `MODULE`. Migrations, verifier, doctor, worker and HTTP
server loop over the descriptors; `cyberos serve` loads none before the first list of its tools.
"""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of `domain/`, under the name of its package."""

    name: str


@cache
def modules() -> tuple[Module, ...]:
    """Every module that has a descriptor, by name."""
    packages = sorted(
        package.name
        for package in files("domain").iterdir()
        if package.is_dir() and package.joinpath("module.py").is_file()
    )
    return tuple(_descriptor(name) for name in packages)


def _descriptor(package: str) -> Module:
    found = import_module(f"domain.{package}.module").MODULE
    assert isinstance(found, Module) and found.name == package, f"domain/{package}/module.py"
    return found
