"""Reading of tools by a model: how much is it? Output schemas are for programs alone."""

from collections.abc import Iterable

from server.mcp_server import contract

_READ = {"name", "title", "description", "input_schema"}


def read_by_a_model(names: Iterable[str]) -> int:
    """Bytes of name, title, description and input schema of these tools."""
    dumped = (contract(name).model_dump_json(by_alias=True, include=_READ) for name in names)
    return sum(len(one.encode()) for one in dumped)
