"""Is a migrated database what models and descriptors say, to the last length and trigger?"""

import pytest

from tests.rows import tables
from tests.store import catalogue, made

KINDS = ("sqlite", "postgresql")

# --- one database, made in two ways ---


@pytest.mark.parametrize("kind", KINDS)
async def test_a_migrated_database_is_what_models_and_descriptors_make(kind, tmp_path):
    tables()
    async with made.empty(kind, tmp_path, "migrated") as one:
        by_revisions = await made.done(one, made.migrated)
    async with made.empty(kind, tmp_path, "modelled") as other:
        by_models = await made.done(other, made.modelled)

    assert catalogue.differences(by_revisions, by_models) == []
    assert len(by_models) > 500, "the catalogue was not read"
