"""Frozen revisions: does a revision still say what it said when it was written?"""

import hashlib
import json
import re
from collections.abc import Mapping
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
async def test_no_released_revision_says_anything_else_than_when_it_was_released(kind, tmp_path):
    recorded = json.loads(RECORDED.read_text("utf-8"))[kind]
    async with made.empty(kind, tmp_path, "revisions") as database:
        said = await made.done(database, _digests)

    # With a release the digests of its revisions are written down; until then they may change.
    assert changed(recorded, said) == [], f"in {RECORDED.name}; said now: {json.dumps(said)}"
    assert list(said) == revisions()


def changed(recorded: Mapping[str, str], said: Mapping[str, str]) -> list[str]:
    """A complaint about each revision that was recorded and is not what it was."""
    return [
        f"revision {name} is not what was released: leave it and write a new one that leads on"
        for name, digest in recorded.items()
        if said.get(name) != digest
    ]


def test_a_released_revision_that_changed_or_is_gone_is_named():
    recorded = {"0001": "a", "0002": "b", "0003": "c"}

    named = [one.split()[1] for one in changed(recorded, {"0001": "a", "0002": "x", "0004": "d"})]

    assert named == ["0002", "0003"]


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
