"""Examples that others made: published codes, numbers and QR payloads, kept in fixtures/vn."""

import json
from pathlib import Path
from typing import Any

_FIXTURES = Path(__file__).parents[2] / "fixtures" / "vn"


def examples(name: str) -> Any:
    """The content of one file of examples."""
    return json.loads((_FIXTURES / f"{name}.json").read_bytes())
