"""The catalogue of a database as plain rows: what there is, by name, and what exactly it is.

    {"deal.amount_minor": "BIGINT not null", "deal.ck_deal_amount": "CHECK (amount_minor >= 0)"}

Two databases of one kind are the same when these are equal. Of two kinds the columns are compared
by `kind_of`, everything else by its name.
"""

# ruff: noqa: S608 - the statements are constants

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, inspect, text

from domain.store.descriptor import stored
from domain.store.guards import SqlRefusal

Catalogue = dict[str, str]

_INTERNAL = re.compile(r"_(data|idx|content|docsize|config)$")  # of a search table of SQLite
_OF_ALEMBIC = "alembic_version"


def read(connection: Connection) -> Catalogue:
    """Every row of the catalogue that a migration could get wrong."""
    rows = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgresql(connection)
    found: Catalogue = {}
    for name, row in rows:
        assert name not in found, f"{name} is there twice"
        if not name.startswith(_OF_ALEMBIC):
            found[name] = re.sub(r"\s+", " ", row).strip()
    return found


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """What is not the same in both, a line each."""
    return [
        f"{name}: {one.get(name, 'absent')} | {other.get(name, 'absent')}"
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    ]


# --- what both kinds have ---


def one_sided() -> frozenset[str]:
    """What only one of the databases has: word search, and triggers about roles."""
    found: set[str] = set()
    for table, rules in stored().items():
        if rules.searched:
            found |= {f"{table}.search_words", f"{table}.ix_{table}_search_words"}
            found |= {f"{table}.{table}_search_{on}" for on in ("insert", "update", "delete")}
        refusals = (guard for guard in rules.guards if isinstance(guard, SqlRefusal))
        found |= {f"{table}.{table}_{guard.name}" for guard in refusals if guard.only}
    return frozenset(found)


_TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "bytea": "BLOB",
    "character varying": "VARCHAR",
    "date": "DATE",
    "integer": "INTEGER",
    "json": "JSON",
    "text": "TEXT",
    "timestamp with time zone": "VARCHAR(27)",  # schema.Instant
}
_KEYS = ("FOREIGN KEY", "PRIMARY KEY", "UNIQUE (")
_POLICY_NAMES = (".tenant_isolation", ".search_scope")  # of row level security


def shared(found: Catalogue) -> Catalogue:
    """The part that both kinds of database have, in the words of SQLite: columns with their types,
    keys with their columns; checks, indexes and triggers by name, because each database writes
    them down in words of its own.
    """
    rows: Catalogue = {}
    only = one_sided()
    for name, row in found.items():
        belongs_to_a_table = "." in name and " to " not in name
        if belongs_to_a_table and not name.endswith(_POLICY_NAMES) and name not in only:
            rows[name] = _shared(row)
    return rows


def _shared(row: str) -> str:
    if row.startswith(_KEYS):
        return re.sub(r'[\s"]', "", row)
    # Text is collated and numbered as the one database needs it.
    plain = re.sub(r" default nextval.*| and C$", "", row)
    type_ = plain.removesuffix(" not null")
    for theirs, ours in _TYPES.items():
        if re.fullmatch(rf"{theirs}(\(\d+\))?", type_):
            return ours + plain[len(theirs) :]
    return plain if re.fullmatch(r"[A-Z]+(\(\d+\))?", type_) else "there"


# --- SQLite ---


def _sqlite(connection: Connection) -> Iterator[tuple[str, str]]:
    reflected = inspect(connection)
    objects = connection.execute(
        text("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    ).all()
    for kind, name, table, sql in objects:
        if kind in ("index", "trigger"):
            yield f"{table}.{name}", sql
        elif sql.startswith("CREATE VIRTUAL"):
            yield name, sql
        elif kind == "table" and not _INTERNAL.search(name):
            yield from _sqlite_table(connection, name)
            for check in reflected.get_check_constraints(name):
                yield f"{name}.{check['name']}", f"CHECK ({check['sqltext']})"
            for unique in reflected.get_unique_constraints(name):
                yield f"{name}.{unique['name']}", f"UNIQUE ({_listed(unique['column_names'])})"
            for key in reflected.get_foreign_keys(name):
                there = f"{key['referred_table']} ({_listed(key['referred_columns'])})"
                here = _listed(key["constrained_columns"])
                options = _options(key["options"])
                yield f"{name}.{key['name']}", f"FOREIGN KEY ({here}) REFERENCES {there}{options}"
            primary = reflected.get_pk_constraint(name)
            columns = _listed(primary["constrained_columns"])
            yield f"{name}.{primary['name']}", f"PRIMARY KEY ({columns})"


def _options(of_key: Mapping[str, object]) -> str:
    """What a foreign key says beside its columns, in the words of PostgreSQL."""
    words = {"deferrable": " DEFERRABLE", "initially": f" INITIALLY {of_key.get('initially')}"}
    return "".join(words.get(name, f" {name} {value}") for name, value in of_key.items())


def _sqlite_table(connection: Connection, table: str) -> Iterator[tuple[str, str]]:
    columns = connection.execute(
        text('SELECT name, type, "notnull", dflt_value, hidden FROM pragma_table_xinfo(:table)'),
        {"table": table},
    )
    for name, type_, is_required, default, hidden in columns:
        yield f"{table}.{name}", _column(type_, is_required, default, hidden and "generated")


def _column(type_: str, is_required: bool, default: object, more: object = None) -> str:
    required = " not null" if is_required else ""
    return f"{type_}{required}" + "".join(
        f" {word} {value}" for word, value in (("default", default), ("and", more)) if value
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names)


# --- PostgreSQL ---


def _postgresql(connection: Connection) -> Iterator[tuple[str, str]]:
    columns = connection.execute(text(_COLUMNS))
    for table, name, type_, is_required, default, generated, collation in columns:
        more = " ".join(filter(None, (generated and "generated", collation)))
        yield f"{table}.{name}", _column(type_, is_required, default, more)
    for statement in (_CONSTRAINTS, _INDEXES, _TRIGGERS, _FUNCTIONS, _POLICIES, _TABLES, _GRANTS):
        for name, row in connection.execute(text(statement)):
            yield name, row


_OURS = "n.nspname = 'public'"
_COLUMNS = f"""
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), nullif(a.attgenerated, ''),
    CASE WHEN a.attcollation <> t.typcollation THEN l.collname END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
WHERE {_OURS} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
_CONSTRAINTS = f"""
SELECT c.relname || '.' || k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND k.contype IN ('c', 'f', 'p', 'u')
"""
_INDEXES = f"""
SELECT c.relname || '.' || i.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid
    AND k.contype IN ('p', 'u', 'x'))
"""
_TRIGGERS = f"""
SELECT c.relname || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' enabled ' || t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND NOT t.tgisinternal
"""
_FUNCTIONS = f"""
SELECT p.proname || '()', pg_get_functiondef(p.oid) FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {_OURS}
"""
_POLICIES = f"""
SELECT c.relname || '.' || p.polname, concat_ws(' ', p.polpermissive, p.polcmd,
    (SELECT string_agg(r::regrole::text, ',' ORDER BY r::regrole::text) FROM unnest(p.polroles) r),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS}
"""
_TABLES = f"""
SELECT c.relname, concat_ws(' ', c.relkind, 'of', c.relowner::regrole,
    CASE WHEN c.relrowsecurity THEN 'isolated' END,
    CASE WHEN c.relforcerowsecurity THEN 'forced' END)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
"""
_GRANTS = f"""
SELECT name || ' to ' || grantee, string_agg(privilege, ',' ORDER BY privilege) FROM (
    SELECT c.relname AS name, g.grantee::regrole::text AS grantee, g.privilege_type AS privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) g
    WHERE {_OURS}
    UNION ALL
    SELECT c.relname || '.' || a.attname, g.grantee::regrole::text, g.privilege_type
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) g
    WHERE {_OURS}
) AS granted GROUP BY name, grantee
"""
