"""Schema objects: what stands in a database, by name, and how is each made?

    {"grant deal to cyberos_agent": "INSERT,SELECT", "trigger deal.deal_ended": "BEFORE ..."}

SQLite keeps the statements it was given. Of PostgreSQL names and properties are read; a condition
alone comes as the server prints it, which 15 and 18 do alike. Every role may read all of this.
"""

# ruff: noqa: S608 - the statements are constants

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, text

from domain.store.engine import SEARCHER, Role

Objects = Mapping[str, str]

# The tables a search index of SQLite keeps its own state in; each version makes them its own way.
_OF_SEARCH: Final = ("_data", "_idx", "_content", "_docsize", "_config")


def read(connection: Connection) -> Objects:
    """Every object of the schema."""
    is_sqlite = connection.dialect.name == "sqlite"
    return _collected(_sqlite(connection) if is_sqlite else _postgresql(connection))


def _collected(rows: Iterable[tuple[str, str]]) -> Objects:
    found: dict[str, str] = {}
    for name, how in rows:
        # Whoever writes the catalogue by hand can give two objects one name: neither is hidden.
        found[name] = f"{found[name]} and {how}" if name in found else how
    return found


def _sqlite(connection: Connection) -> Iterable[tuple[str, str]]:
    rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master")).all()
    searches = [name for _, name, _, sql in rows if (sql or "").startswith("CREATE VIRTUAL")]
    own = {f"{name}{suffix}" for name in searches for suffix in _OF_SEARCH}
    for kind, name, table, sql in rows:
        is_statistics = kind == "table" and name.startswith("sqlite_stat")
        is_of_constraint = kind == "index" and sql is None
        if is_statistics or is_of_constraint or (kind == "table" and name in own):
            continue
        place = name if kind in ("table", "view") else f"{table}.{name}"
        yield f"{kind} {place}", " ".join((sql or "").split())


def _postgresql(connection: Connection) -> Iterable[tuple[str, str]]:
    return [(name, how) for name, how in connection.execute(text(_EVERYTHING))]


# --- the catalogue of PostgreSQL, as one statement ---

_ROLES = ", ".join(f"'{name}'" for name in (SEARCHER, *(role.value for role in Role)))
_OURS = "n.nspname = 'public'"
_TABLE = "JOIN pg_class c ON c.oid = {0} JOIN pg_namespace n ON n.oid = c.relnamespace"
_OWN = (  # what came with an extension is the extension's
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = {0}.oid"
    " AND d.classid = '{1}'::regclass)"
)
_NAMED = """(SELECT string_agg(b.attname, ',' ORDER BY z.n) FROM unnest({0}::int2[])
    WITH ORDINALITY z(attnum, n) JOIN pg_attribute b ON b.attrelid = {1} AND b.attnum = z.attnum)"""

_TABLES = f"""
SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' WHEN 'S' THEN 'sequence'
    ELSE 'table' END || ' ' || c.relname,
    concat_ws(' ', c.relkind, 'of', c.relowner::regrole, CASE WHEN c.relrowsecurity THEN 'isolated'
    END, CASE WHEN c.relforcerowsecurity THEN 'forced' END, (SELECT string_agg(concat_ws(' ',
        a.attname, t.typname, nullif(a.atttypmod, -1), CASE WHEN a.attnotnull THEN 'required' END,
        nullif(a.attgenerated::text, ''), nullif(a.attidentity::text, ''),
        CASE WHEN a.attcollation <> t.typcollation THEN l.collname END,
        pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attname)
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'S'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND {_OWN.format("c", "pg_class")}
"""
_CONSTRAINTS = f"""
SELECT concat('constraint ', c.relname, '.', k.conname), concat_ws(' ', k.contype,
    {_NAMED.format("k.conkey", "k.conrelid")}, f.relname,
    {_NAMED.format("k.confkey", "k.confrelid")},
    CASE WHEN k.contype = 'f' THEN concat(k.confupdtype, k.confdeltype, k.confmatchtype) END,
    CASE WHEN k.condeferrable THEN 'deferrable' END, CASE WHEN NOT k.convalidated THEN 'unproved'
    END, pg_get_expr(k.conbin, k.conrelid))
FROM pg_constraint k {_TABLE.format("k.conrelid")} LEFT JOIN pg_class f ON f.oid = k.confrelid
WHERE {_OURS} AND k.contype IN ('c', 'f', 'p', 'u', 'x')
"""
_INDEXES = f"""
SELECT concat('index ', c.relname, '.', i.relname), concat_ws(' ', m.amname,
    CASE WHEN x.indisunique THEN 'unique' END, CASE WHEN NOT x.indisvalid THEN 'invalid' END,
    {_NAMED.format("string_to_array(x.indkey::text, ' ')", "x.indrelid")},
    pg_get_expr(x.indexprs, x.indrelid), pg_get_expr(x.indpred, x.indrelid))
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
    {_TABLE.format("x.indrelid")}
WHERE {_OURS} AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)
"""
# Those that the server makes for references are looked at only where somebody switched them off.
_TRIGGERS = f"""
SELECT concat('trigger ', c.relname, '.', t.tgname), concat_ws(' ', t.tgtype, t.tgenabled,
    o.nspname || '.' || p.proname, encode(t.tgargs, 'escape'),
    {_NAMED.format("string_to_array(t.tgattr::text, ' ')", "t.tgrelid")},
    CASE WHEN t.tgdeferrable THEN 'deferrable' END, CASE WHEN t.tgqual IS NOT NULL THEN
    substring(pg_get_triggerdef(t.oid) FROM 'WHEN (.*) EXECUTE FUNCTION') END)
FROM pg_trigger t {_TABLE.format("t.tgrelid")} JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace o ON o.oid = p.pronamespace
WHERE {_OURS} AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
"""
_FUNCTIONS = f"""
SELECT concat('function ', p.proname, '(', (SELECT string_agg(t.typname, ',' ORDER BY u.n)
    FROM unnest(p.proargtypes) WITH ORDINALITY u(type, n) JOIN pg_type t ON t.oid = u.type), ')'),
    concat_ws(' ', l.lanname, p.prorettype::regtype, p.provolatile, p.proowner::regrole,
    CASE WHEN p.prosecdef THEN 'as its owner' END, p.proconfig::text, p.prosrc,
    CASE WHEN p.prosqlbody IS NOT NULL THEN 'parsed' END)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l
    ON l.oid = p.prolang WHERE {_OURS} AND {_OWN.format("p", "pg_proc")}
UNION ALL
SELECT concat('operator ', o.oprname, '(', l.typname, ',', r.typname, ')'), o.oprcode::text
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
    LEFT JOIN pg_type l ON l.oid = o.oprleft LEFT JOIN pg_type r ON r.oid = o.oprright
WHERE {_OURS} AND {_OWN.format("o", "pg_operator")}
"""
_POLICIES = f"""
SELECT concat('policy ', c.relname, '.', p.polname), concat_ws(' ',
    CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, p.polcmd,
    (SELECT string_agg(coalesce(r.rolname, 'PUBLIC'), ',' ORDER BY r.rolname)
        FROM unnest(p.polroles) u(role) LEFT JOIN pg_roles r ON r.oid = u.role),
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
FROM pg_policy p {_TABLE.format("p.polrelid")} WHERE {_OURS}
UNION ALL
SELECT concat('rule ', c.relname, '.', r.rulename), concat_ws(' ', r.ev_type, r.ev_enabled)
FROM pg_rewrite r {_TABLE.format("r.ev_class")} WHERE {_OURS} AND r.rulename <> '_RETURN'
UNION ALL
SELECT concat('heir ', i.inhrelid::regclass, ' of ', c.relname), ''
FROM pg_inherits i {_TABLE.format("i.inhparent")} WHERE {_OURS} AND c.relkind IN ('r', 'p')
"""
# What an owner may do with the owned is left out: the list of it grows with the versions.
_GRANTS = f"""
SELECT concat('grant ', name, ' to ', coalesce(r.rolname, 'PUBLIC')),
    string_agg(privilege, ',' ORDER BY privilege)
FROM (
    SELECT c.relname::text AS name, g.grantee,
        g.privilege_type || CASE WHEN g.is_grantable THEN ' to pass on' ELSE '' END AS privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) g
    WHERE {_OURS} AND g.grantee <> c.relowner AND {_OWN.format("c", "pg_class")}
    UNION ALL
    SELECT concat(c.relname, '.', a.attname), g.grantee,
        g.privilege_type || CASE WHEN g.is_grantable THEN ' to pass on' ELSE '' END
    FROM pg_attribute a {_TABLE.format("a.attrelid")}, aclexplode(a.attacl) g
    WHERE {_OURS} AND g.grantee <> c.relowner
    UNION ALL
    SELECT 'schema public', g.grantee, g.privilege_type
    FROM pg_namespace n, aclexplode(n.nspacl) g
    WHERE {_OURS} AND g.grantee <> n.nspowner AND g.privilege_type <> 'USAGE'
) AS granted LEFT JOIN pg_roles r ON r.oid = granted.grantee GROUP BY name, r.rolname
UNION ALL
SELECT concat('member ', m.rolname, ' of ', r.rolname), '' FROM pg_auth_members a
    JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
    WHERE r.rolname IN ({_ROLES}) AND m.rolname IN ({_ROLES}) GROUP BY r.rolname, m.rolname
UNION ALL
SELECT 'role ' || rolname, concat_ws(' ', CASE WHEN rolsuper THEN 'superuser' END,
    CASE WHEN rolbypassrls THEN 'bypasses isolation' END, CASE WHEN rolcreaterole THEN
    'makes roles' END) FROM pg_roles WHERE rolname IN ({_ROLES})
"""
_EVERYTHING = "UNION ALL".join(
    (_TABLES, _CONSTRAINTS, _INDEXES, _TRIGGERS, _FUNCTIONS, _POLICIES, _GRANTS)
)
