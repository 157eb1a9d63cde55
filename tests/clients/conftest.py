"""Fixtures of real clients: what do all clients talk to?
The server as a program of its own, on a demo company.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """demo.json of a new demo company."""
    directory = tmp_path_factory.mktemp("clients")
    subprocess.run(
        [sys.executable, ROOT / "cyberos.py", "init", "--demo"],
        env={**os.environ, "CYBEROS_DATA_DIR": str(directory)},
        capture_output=True,
        check=True,
    )
    company: dict[str, Any] = json.loads((directory / "demo.json").read_bytes())
    return company
