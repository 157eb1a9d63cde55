"""Loading: can a process write a row whose table names others that nobody has imported?"""

import subprocess
import sys

WRITES_ONE = """
from domain.invoices.tables import Invoice
from domain.store.schema import Base
{load}
assert "fx_rate" in Base.metadata.tables
list(Invoice.__mapper__._sorted_tables)
"""
LOAD = "from domain.store.visibility import load_referred; load_referred(Invoice.__table__)"


def ended(load: str) -> int:
    """How a process of its own ends that puts the writes of one table in order."""
    program = WRITES_ONE.format(load=load)
    return subprocess.run([sys.executable, "-c", program], capture_output=True).returncode


def test_what_a_row_refers_to_is_loaded_before_it_is_written():
    assert ended(LOAD) == 0
    assert ended("") != 0, "then this test shows nothing"
