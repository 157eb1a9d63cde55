"""Naming of pipelines and stages: which one is meant by an id, a code or a name?

Names count in both languages, in any case and without marks: a model says what people call it.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Protocol, TypeVar

from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold

_MOST_NEAR = 2


class Named(Protocol):
    """A pipeline or a stage, as a row or a value."""

    @property
    def id(self) -> str: ...

    @property
    def code(self) -> str: ...

    @property
    def name_vi(self) -> str: ...

    @property
    def name_en(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def called(reference: str, rows: Iterable[NamedT]) -> list[NamedT]:
    """Those with this id, else with this code, else with this name in one of its languages."""
    there, typed = list(rows), reference.strip()
    for same in (
        [one for one in there if one.id == typed],
        [one for one in there if one.code == typed.lower()],
    ):
        if same:
            return same
    wanted = fold(typed)
    return [one for one in there if wanted and wanted in _names(one)]


def only(found: Sequence[NamedT], what: str) -> NamedT | None:
    """The one that was found. Raises PIPELINE_AMBIGUOUS or STAGE_AMBIGUOUS where several are so
    called: those of one code count as the first of them.
    """
    codes = list(dict.fromkeys(one.code for one in found))
    if len(codes) > 1:
        raise Fault(
            f"{what.upper()}_AMBIGUOUS",
            Kind.CONFLICT,
            f"{len(codes)} {what}s are called so.",
            f"Say which by its code: {', '.join(codes)}.",
            {f"{what}s": codes},
        )
    return found[0] if found else None


def near(reference: str, rows: Iterable[Named]) -> list[str]:
    """The codes of up to two whose code or name comes near to what was said."""
    codes = {name: one.code for one in rows for name in sorted(_names(one))}
    close = get_close_matches(fold(reference), codes, n=_MOST_NEAR)
    return list(dict.fromkeys(codes[name] for name in close))


def _names(one: Named) -> set[str]:
    return {fold(one.code), fold(one.name_vi), fold(one.name_en)}
