"""Word search, version 1: the index over the words in a table's column `folded`. Frozen.

Every beginning of a word that people cut short (up to seven letters) is kept ready on both
databases; longer ones are found among whole words. On PostgreSQL each is a lexeme of its own: one
that is looked up whole can be counted on beforehand, and two of them are met in one pass. What is
new waits there in a list that every search reads: a short one.
"""

PREPARATION = """
CREATE FUNCTION search_lexemes(folded text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(array_agg(DISTINCT left(word, letters)))
    FROM unnest(string_to_array(folded, ' ')) AS word,
        unnest(ARRAY[1, 2, 3, 4, 5, 6, 7, 512]) AS letters
    WHERE word <> ''
$$
"""
_SQLITE = """
CREATE VIRTUAL TABLE {0}_search USING fts5(
    tenant_id, folded, content='{0}', content_rowid='search_key',
    tokenize="ascii", prefix='1 2 3 4 5 6 7', columnsize=0, detail=column
)
--;
CREATE TRIGGER {0}_search_insert AFTER INSERT ON {0} BEGIN
    INSERT INTO {0}_search (rowid, tenant_id, folded)
    VALUES (new.search_key, new.tenant_id, new.folded);
END
--;
CREATE TRIGGER {0}_search_update AFTER UPDATE OF folded ON {0} BEGIN
    INSERT INTO {0}_search ({0}_search, rowid, tenant_id, folded)
    VALUES ('delete', old.search_key, old.tenant_id, old.folded);
    INSERT INTO {0}_search (rowid, tenant_id, folded)
    VALUES (new.search_key, new.tenant_id, new.folded);
END
--;
CREATE TRIGGER {0}_search_delete AFTER DELETE ON {0} BEGIN
    INSERT INTO {0}_search ({0}_search, rowid, tenant_id, folded)
    VALUES ('delete', old.search_key, old.tenant_id, old.folded);
END
"""
_POSTGRESQL = """
ALTER TABLE {0} ADD COLUMN search_words tsvector
    GENERATED ALWAYS AS (search_lexemes(folded)) STORED
--;
CREATE INDEX ix_{0}_search_words ON {0} USING gin (search_words)
    WITH (gin_pending_list_limit = 256)
"""


def statements(dialect: str, table: str, words: str = "folded") -> tuple[str, ...]:
    """What makes a table with the columns folded, search_key and tenant_id searchable."""
    assert words == "folded", "another column is what version 2 is for"
    script = _SQLITE if dialect == "sqlite" else _POSTGRESQL
    return tuple(script.format(table).split("--;"))
