"""Expected schema: `make schema` writes down what the migrations make, to be looked for later."""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from sqlalchemy import Connection

from domain.store import schema_objects
from domain.store.migrations import runner
from domain.store.schema_check import expected_file
from domain.store.schema_objects import Objects
from server import wiring
from tests import postgres
from tests.store import made

KINDS = ("sqlite", "postgresql")


async def as_migrated(kind: str, directory: Path) -> Objects:
    """The objects of a database of this kind that was only migrated."""

    def migrated(connection: Connection) -> Objects:
        runner.upgrade(connection, wiring.wires())
        return schema_objects.read(connection)

    async with made.empty(kind, directory, "expected") as database:
        return await made.done(database, migrated)


def main() -> None:
    """Write the lists anew, or those of the kinds that are named."""
    with postgres.offered(), tempfile.TemporaryDirectory() as directory:
        for kind in sys.argv[1:] or KINDS:
            found = asyncio.run(as_migrated(kind, Path(directory)))
            text = json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True)
            expected_file(kind).write_text(f"{text}\n", "utf-8")


if __name__ == "__main__":
    main()
