"""Shipped policy files: the table and its floor, one file per namespace in policies/catalogue.

A namespace brings its rows by bringing its file; read in the order of their names the files are
one table. An operator's table is one file with all rows (CYBEROS_POLICY_FILE) and no floor.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

COMMON: Final = "_policy.toml"
DIGESTS: Final = "shipped.txt"  # one line for each release, written by `make publish`
_FLOOR: Final = "floor"


@dataclass(frozen=True, slots=True)
class Shipped:
    """What the files say: the table as TOML has it, and the entries of its floor."""

    table: Mapping[str, Any]
    floor: Sequence[Any]


@cache
def read() -> Shipped:
    """All files together. Raises OSError, UnicodeDecodeError or TOMLDecodeError."""
    table: dict[str, Any] = {}
    rows: list[Any] = []
    floor: list[Any] = []
    for text in _texts().values():
        part = tomllib.loads(text)
        rows += part.pop("tool", [])
        floor += part.pop(_FLOOR, [])
        table |= part
    return Shipped({**table, "tool": rows}, floor)


def as_one_file() -> str:
    """The shipped table as an operator's file begins: every row, and no floor.

    In each file the floor stands behind the rows.
    """
    parts = [text.partition(f"[[{_FLOOR}]]")[0].strip() for text in _texts().values()]
    return "\n\n".join(part for part in parts if part) + "\n"


@cache
def digests() -> frozenset[str]:
    """Digests of the tables that this program and the releases before it shipped.

    They need no signature of the root: an upgrade brings them.
    """
    lines = files("policies").joinpath("catalogue").joinpath(DIGESTS).read_text("utf-8").split("\n")
    return frozenset(line.split()[0] for line in lines if line.strip())


def _texts() -> Mapping[str, str]:
    folder = files("policies").joinpath("catalogue")
    # `_` comes before the letters, so what is common to all namespaces is read first.
    names = sorted(
        one.name
        for one in folder.iterdir()
        if one.name.endswith(".toml") and not one.name.startswith(".")
    )
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
