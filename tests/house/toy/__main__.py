"""Growth: what grows with the number of tools and tables? Prints one JSON object.

    python -m tests.house.toy --many 90       # ninety tools and tables in a copy of the tree

Processor seconds of promises and collecting, and how long a server takes to its first list of
tools beside the smallest server, in the tree and in a copy with as many more.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.house.reading import ROOT
from tests.house.toy import many, tree

_PROMISES = """
import json, time
from tests.house import promises
from tests.house.reading import project
from policies.gate.catalogue import load
found = {"of tools": len(load().tool), "of tables": len(promises.all_tables())}
for name, promise in promises.PROMISES.items():
    begun = time.process_time()
    wrong = promise(project())
    assert not wrong, wrong[:3]
    found[name] = round(time.process_time() - begun, 2)
print(json.dumps(found))
"""
_STARTS = """
import asyncio, json, pathlib, sys, tempfile
import bench.__main__ as measuring
from bench import company
from policies.gate.catalogue import load
with tempfile.TemporaryDirectory() as folder:
    made = asyncio.run(company.populated(pathlib.Path(folder), account_count=10))
    sets = sorted({row.toolset for row in load().tool})
    found = {"listed by default": measuring._starts(made, int(sys.argv[1]))}
    measuring.OURS += ["--toolsets", ",".join(sets)]
    found["all listed"] = measuring._starts(made, int(sys.argv[1]))
print(json.dumps(found))
"""


def main() -> None:
    """Measure the tree, and a copy of it that has grown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--many", type=int, default=90, help="how many tools and tables more")
    parser.add_argument("--starts", type=int, default=15, help="starts of each server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cyberos-many-") as folder:
        grown = tree.copied(Path(folder, "tree"))
        tree.put(grown, many.files(options.many))
        _run(grown, "-m", "server.publish")
        figures = {
            name: _figures(there, options.starts)
            for name, there in {"now": ROOT, "grown": grown}.items()
        }
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


def _figures(there: Path, starts: int) -> dict[str, Any]:
    collected, seconds = _run(there, "-m", "pytest", "--collect-only", "-q", "--both", "tests")
    counts = [line for line in collected.splitlines() if ".py: " in line]
    return {
        "promises, CPU s": json.loads(_run(there, "-c", _PROMISES)[0]),
        "tests": sum(int(line.rpartition(": ")[2]) for line in counts),
        "collecting, CPU s": round(seconds, 1),
        "start to tools/list": json.loads(_run(there, "-c", _STARTS, str(starts))[0]),
    }


def _run(there: Path, *command: str) -> tuple[str, float]:
    """What a program of a tree prints, and the processor seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(there)}
    done = subprocess.run(
        [sys.executable, *command], cwd=there, env=environment, capture_output=True, text=True
    )
    assert done.stdout and not done.stderr, done.stdout[-2_000:] + done.stderr[-4_000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, spent


if __name__ == "__main__":
    main()
