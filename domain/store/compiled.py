"""Compiled queries: a prepared statement in the words of one database, and its answers.

SQLAlchemy writes the text, and its types make the values. To let it execute the statement too costs
ten times the work of SQLite itself, and a call of ours sends a dozen (docs/decisions/0021).
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeAlias

from sqlalchemy import ClauseElement, Dialect, Executable, SelectBase
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

_Make: TypeAlias = Callable[[Any], Any]
_LONGEST_ROUNDED = 8_192


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement for one kind of database and for lists of certain lengths.

    `places` are its parameters in their order, with what makes a value for the driver, `lists` the
    parameters that are several, and `made` the columns of an answer whose values are not given by
    the driver as they are used.
    """

    text: str
    places: Sequence[tuple[str, _Make | None]]
    constants: Mapping[str, Any]
    lists: Mapping[str, Sequence[str]]
    made: Sequence[tuple[int, _Make]]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """What the driver is given. A KeyError means that a parameter was forgotten."""
        known = {**self.constants, **given}
        for name, parts in self.lists.items():
            known.update(zip(parts, _filled(known[name], len(parts)), strict=True))
        return [known[name] if make is None else make(known[name]) for name, make in self.places]

    def rows(self, names: Sequence[str], found: Sequence[Sequence[Any]]) -> list[Any]:
        """What the driver found, as named tuples."""
        if self.made and found:  # column by column, which is quicker than row by row
            columns: list[Iterable[Any]] = list(zip(*found, strict=True))
            for place, make in self.made:
                columns[place] = map(make, columns[place])
            found = list(zip(*columns, strict=True))
        return list(map(_row(tuple(names)), found))


class Wordings:
    """One statement for one kind of database, and how it says it for lists of any length.

    `names` are the parameters of a change, of which some name its columns.
    """

    def __init__(self, statement: Executable, dialect: Dialect, names: Sequence[str]) -> None:
        assert isinstance(statement, ClauseElement)
        compiled = statement.compile(dialect=dialect, column_keys=list(names) or None)
        assert isinstance(compiled, SQLCompiler) and not compiled.literal_execute_params
        missing = {column.name for column in (*compiled.insert_prefetch, *compiled.update_prefetch)}
        assert not missing, f"nobody but the caller fills in {sorted(missing)}"
        strange = set(names) - set(compiled.binds)
        assert not strange, f"the statement knows no {sorted(strange)}"
        self._compiled, self._dialect = compiled, dialect
        self._lists = sorted({parameter.key for parameter in compiled.post_compile_params})
        answered: Any = statement.selected_columns if isinstance(statement, SelectBase) else ()
        self._made = list(self._to_be_made([column.type for column in answered]))
        self._known: dict[tuple[int, ...], CompiledQuery] = {}

    def for_values(self, given: Mapping[str, Any]) -> CompiledQuery:
        """The compiled query for lists as long as these, or a little longer."""
        lengths = tuple(_rounded(len(given[name])) for name in self._lists)
        known = self._known.get(lengths)
        if known is None:
            known = self._worded(dict(zip(self._lists, lengths, strict=True)))
            if max(lengths, default=0) <= _LONGEST_ROUNDED:
                self._known[lengths] = known
        return known

    def _worded(self, lengths: Mapping[str, int]) -> CompiledQuery:
        binds, dialect = self._compiled.binds, self._dialect
        sample = dict.fromkeys(binds) | {name: [""] * length for name, length in lengths.items()}
        written = self._compiled.construct_expanded_state(sample)
        lists = {name: written.parameter_expansion[name] for name in lengths}
        whole = {part: name for name, parts in lists.items() for part in parts}
        makes = {
            name: one.type.dialect_impl(dialect).bind_processor(dialect)
            for name, one in binds.items()
        }
        return CompiledQuery(
            text=written.statement,
            places=[(name, makes[whole.get(name, name)]) for name in written.positiontup or ()],
            constants={name: one.value for name, one in binds.items() if not one.required},
            lists=lists,
            made=self._made,
        )

    def _to_be_made(self, types: Sequence[TypeEngine[Any]]) -> Iterator[tuple[int, _Make]]:
        for place, type in enumerate(types):
            make = type.dialect_impl(self._dialect).result_processor(self._dialect, None)
            if make is not None:
                yield place, make


def _rounded(length: int) -> int:
    """The next power of two: few lengths, so a database prepares few statements.

    A long list stays as it is, because both databases take no more than some 32,000 values, and
    what is compiled is not kept, because there are many such lengths and each takes a megabyte.
    """
    return 1 << (length - 1).bit_length() if 0 < length <= _LONGEST_ROUNDED else length


def _filled(values: Sequence[Any], length: int) -> list[Any]:
    """As many values, the last one again and again: in a set it makes no difference."""
    return [*values, *([values[-1]] * (length - len(values)))] if values else []


@lru_cache(maxsize=512)
def _row(names: tuple[str, ...]) -> _Make:
    kind: Any = namedtuple  # the checkers want names they can read
    # What `_make` of the class does, without a step of Python for every row.
    return partial(tuple.__new__, kind("Row", names, rename=True))
