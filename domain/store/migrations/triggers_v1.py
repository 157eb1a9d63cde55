"""Triggers, version 1: guards rendered for SQLite and PostgreSQL. Frozen: old revisions use it."""

# ruff: noqa: S608 - what the statements are made of stands in revisions

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Dialect

from domain.store.guards import (
    AppendOnly,
    BeginsAs,
    Final,
    Fixed,
    Follows,
    Guard,
    NeedsAction,
    NeverDeleted,
    Numbered,
    SetOnce,
    SqlRefusal,
    Value,
)

# What every trigger of PostgreSQL without a query of its own ends in.
PREPARATION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %', TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = coalesce(TG_ARGV[1], 'check_violation');
END $$
"""
_EXECUTING = (
    "NOT EXISTS (SELECT 1 FROM pending_action p JOIN guard_tool g ON g.tool = p.tool"
    " WHERE g.guard = {wire} AND p.tenant_id = new.tenant_id AND p.entity_id = new.id"
    " AND p.state IN ('executing', 'unknown'){version})"
)


class Renderer:
    """Statements for one table of one database."""

    def __init__(self, dialect: Dialect, table: str, columns: Sequence[str]) -> None:
        self._is_sqlite = dialect.name == "sqlite"
        self._dialect = dialect.name
        self._quote = dialect.identifier_preparer.quote
        self._table, self._columns = table, columns

    def statements(self, guards: Iterable[Guard]) -> Iterator[str]:
        """Everything that makes the guards, in order."""
        for guard in guards:
            if isinstance(guard, Follows):
                yield from self._follows(guard)
                continue
            for refusal in self._refusals(guard):
                if refusal.only in ("", self._dialect):
                    yield from self._sqlite(refusal) if self._is_sqlite else self._served(refusal)

    def _sqlite(self, refusal: SqlRefusal) -> Iterator[str]:
        conditions = [condition for condition in (refusal.when, refusal.asks) if condition]
        when = f" WHEN ({') AND ('.join(conditions)})" if conditions else ""
        yield (
            f"CREATE TRIGGER {self._table}_{refusal.name}"
            f" BEFORE {refusal.on.upper()} ON {self._quote(self._table)}{when}"
            f" BEGIN SELECT RAISE(ABORT, {_literal(f'{self._table} {refusal.says}')}); END"
        )

    def _served(self, refusal: SqlRefusal) -> Iterator[str]:
        name = f"{self._table}_{refusal.name}"
        code = "insufficient_privilege" if refusal.denied else "check_violation"
        function = f"refuse_change({_literal(refusal.says)}, '{code}')"
        if refusal.asks:
            function = f"{name}()"
            result = "old" if refusal.on == "delete" else "new"
            yield (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF {refusal.asks} THEN"
                f" RAISE EXCEPTION {_literal(f'{self._table} {refusal.says}')}"
                f" USING ERRCODE = '{code}'; END IF; RETURN {result}; END $$"
            )
        when = f" WHEN ({refusal.when})" if refusal.when else ""
        yield (
            f"CREATE TRIGGER {name} BEFORE {refusal.on.upper()} ON {self._quote(self._table)}"
            f" FOR EACH ROW{when} EXECUTE FUNCTION {function}"
        )

    def _follows(self, guard: Follows) -> Iterator[str]:
        name = f"{self._table}_{guard.name}"
        trigger = f"CREATE TRIGGER {name} AFTER INSERT ON {self._quote(self._table)}"
        if self._is_sqlite:
            yield f"{trigger} BEGIN {guard.does}; END"
            return
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" {guard.does}; RETURN new; END $$"
        )
        yield f"{trigger} FOR EACH ROW EXECUTE FUNCTION {name}()"

    def _refusals(self, guard: Guard) -> Iterator[SqlRefusal]:
        match guard:
            case SqlRefusal():
                yield guard
            case AppendOnly():
                yield SqlRefusal("no_update", "update", "is append-only")
                yield SqlRefusal("no_delete", "delete", "is append-only")
            case NeverDeleted():
                yield SqlRefusal("no_delete", "delete", "is never deleted")
            case Fixed():
                yield SqlRefusal(
                    "fixed", "update", "is fixed", self._any_changes(self._fixed(guard))
                )
            case BeginsAs(values):
                others = [self._differs(f"new.{self._quote(c)}", _literal(v)) for c, v in values]
                yield SqlRefusal(
                    "begins_as", "insert", f"begins as {_begun(values[0])}", " OR ".join(others)
                )
            case Final(column, unless):
                ended = self._differs(f"old.{self._quote(column)}", _literal(unless))
                yield SqlRefusal("ended", "update", "has ended", ended)
            case SetOnce(column):
                was = f"old.{self._quote(column)} IS NOT NULL"
                changes = self._any_changes([column])
                yield SqlRefusal(f"{column}_once", "update", "is fixed", f"{was} AND ({changes})")
            case Numbered(column, within):
                yield self._counted(column, within)
            case NeedsAction():
                yield self._approved(guard)

    def _fixed(self, guard: Fixed) -> Sequence[str]:
        unknown = {*guard.columns, *guard.but} - set(self._columns)
        assert not unknown, f"{self._table} has no column {', '.join(sorted(unknown))}"
        return guard.columns or [name for name in self._columns if name not in guard.but]

    def _counted(self, column: str, within: Sequence[str]) -> SqlRefusal:
        name = self._quote(column)
        same = " AND ".join(
            f"x.{self._quote(one)} = new.{self._quote(one)}" for one in ("tenant_id", *within)
        )
        last = f"SELECT max(x.{name}) FROM {self._quote(self._table)} x WHERE {same}"
        asks = f"new.{name} <> 1 + coalesce(({last}), 0)"
        return SqlRefusal(f"{column}_numbered", "insert", "counts without a gap", asks=asks)

    def _approved(self, guard: NeedsAction) -> SqlRefusal:
        version = f" AND p.entity_version = old.{guard.version}" if guard.version else ""
        asks = _EXECUTING.format(wire=_literal(guard.wire), version=version)
        name = guard.wire.rpartition(".")[2]
        if guard.after_first:
            table = self._quote(guard.after_first)
            begun = f"EXISTS (SELECT 1 FROM {table} f WHERE f.tenant_id = new.tenant_id)"
            asks = f"{begun} AND {asks}"
        if guard.column is None:
            return SqlRefusal(
                f"needs_{name}", "insert", "is added by approved actions only", "", asks
            )
        says = f"changes its {guard.column} by approved actions only"
        when = self._any_changes([guard.column])
        return SqlRefusal(f"needs_{name}", "update", says, when, asks)

    def _any_changes(self, columns: Iterable[str]) -> str:
        names = [self._quote(column) for column in columns]
        return " OR ".join(self._differs(f"old.{name}", f"new.{name}") for name in names)

    def _differs(self, one: str, other: str) -> str:
        # As text, because PostgreSQL compares no two values of type json.
        if self._is_sqlite:
            return f"{one} IS NOT {other}"
        return f"{one}::text IS DISTINCT FROM {other}::text"


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(int(value))


def _begun(first: tuple[str, Value]) -> str:
    column, value = first
    return f"one without {column}" if value is None else str(value)
