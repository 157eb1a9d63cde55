"""Does a revision still say what it said when it was written?"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from domain.store.migrations import runner
from domain.store.migrations.runner import revisions
from tests.store import made

# Alembic's own table, and what is asked of the catalogue.
_OF_ALEMBIC = re.compile(r"alembic_version|^(SELECT|PRAGMA)\b", re.IGNORECASE)
RECORDED = Path(__file__).with_name("revisions.json")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_no_revision_says_anything_else_than_when_it_was_written(kind, tmp_path):
    recorded = json.loads(RECORDED.read_text("utf-8"))[kind]
    async with made.empty(kind, tmp_path, "revisions") as database:
        said = await made.done(database, _digests)

    changed = {name for name in said if recorded.get(name, said[name]) != said[name]}
    assert not changed, (
        f"revision {', '.join(sorted(changed))} makes something else than before: write a new one "
        "that leads on. (Before its release, or if a newer SQLAlchemy only words it otherwise, "
        f"write its digest for {kind} into {RECORDED.name}: {json.dumps(said)})"
    )
    missing = said.keys() - recorded.keys()
    assert not missing, f"write these digests for {kind} into {RECORDED.name}: {json.dumps(said)}"
    assert recorded.keys() <= said.keys(), "a revision is gone"


def _digests(connection: Connection) -> dict[str, str]:
    """A digest of what each revision tells the database, whatever its white space."""
    digests = {}
    for revision in revisions():
        said: list[str] = []

        def listen(*heard: Any, said: list[str] = said) -> None:
            said.append(" ".join(str(heard[2]).split()))

        event.listen(connection, "before_cursor_execute", listen)
        runner.run_revisions(connection, to=revision)
        event.remove(connection, "before_cursor_execute", listen)
        of_revision = [one for one in said if not _OF_ALEMBIC.search(one)]
        assert of_revision, f"revision {revision} says nothing"
        # Sorted, because a table's indexes are made in no order.
        text = "\n".join(sorted(of_revision))
        digests[revision] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digests
