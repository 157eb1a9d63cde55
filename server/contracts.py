"""Committed contracts: what is known of a tool before anything of it is imported."""

from importlib.resources import files


def committed(name: str) -> bytes:
    """The contract of a tool of the catalogue, by its name on the wire, as JSON text."""
    return files("tools").joinpath("contracts", f"{name}.json").read_bytes()
