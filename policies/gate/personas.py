"""Personas and presets: which job does an agent have, and which of its tools is it shown?

Scopes say what an agent may do. Toolsets say what is listed of that, and never what is allowed:
a tool that is not listed can be called by whoever holds its scope.

A namespace that came later brings presets and personas of its own in
`policies/personas/<namespace>.toml`, and says there in `[[joins]]` which persona does more with it.
"""

import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.kernel.faults import Fault, Kind
from policies.gate.catalogue import Catalogue, ToolPolicy

DEFAULT = frozenset({"default"})
MOST_IN_A_PRESET = 30


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_tuple), Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Preset(_Frozen):
    """A short list of tools, by their names on the wire, under one name."""

    name: Name
    tools: Annotated[Names, Field(max_length=MOST_IN_A_PRESET)]


class Persona(_Frozen):
    """A job that an agent does: what it may, what it is shown, what a person can ask it for."""

    name: Name
    scopes: Names
    toolsets: Names
    prompts: Names
    vi: str
    en: str


class Joining(_Frozen):
    """What a persona gets beside what it has, from a namespace that came later."""

    persona: Name
    scopes: Names
    toolsets: Names
    prompts: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = ()


class Personas(_Frozen):
    """All files together."""

    preset: Annotated[tuple[Preset, ...], BeforeValidator(_tuple)]
    persona: Annotated[tuple[Persona, ...], BeforeValidator(_tuple)]

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        for names in ([one.name for one in self.preset], [one.name for one in self.persona]):
            if len(set(names)) != len(names):
                raise ValueError("two of one name")
        return self


@lru_cache(maxsize=1)
def shipped() -> Personas:
    """The files that come with the program; tests keep them in step with catalogue and prompts."""
    return merged(_texts())


def merged(texts: Iterable[str]) -> Personas:
    """What several files say together."""
    presets: list[Any] = []
    jobs: list[Any] = []
    joins: list[Joining] = []
    for text in texts:
        part = tomllib.loads(text)
        presets += part.pop("preset", [])
        jobs += part.pop("persona", [])
        joins += [Joining.model_validate(one) for one in part.pop("joins", [])]
        assert not part, f"policies/personas: what is {', '.join(part)}?"
    for one in joins:
        job = next((job for job in jobs if job["name"] == one.persona), None)
        assert job is not None, f"policies/personas: there is no persona {one.persona} to join"
        for more in ("scopes", "toolsets", "prompts"):
            job[more] = [*job[more], *getattr(one, more)]
    return Personas.model_validate({"preset": presets, "persona": jobs})


def _texts() -> Iterator[str]:
    """What is common to all, and then what each namespace brings, in the order of their names."""
    yield files("policies").joinpath("personas.toml").read_text("utf-8")
    folder = files("policies").joinpath("personas")
    if folder.is_dir():
        for one in sorted(folder.iterdir(), key=lambda one: one.name):
            if one.name.endswith(".toml") and not one.name.startswith("."):
                yield one.read_text("utf-8")


def persona(name: str) -> Persona:
    """The persona of this name; PERSONA_UNKNOWN."""
    found = next((one for one in shipped().persona if one.name == name), None)
    if found is None:
        raise Fault(
            "PERSONA_UNKNOWN",
            Kind.INVALID,
            "There is no such persona.",
            f"personas are {', '.join(one.name for one in shipped().persona)}.",
        )
    return found


def check_toolsets(names: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The names, all known; TOOLSET_UNKNOWN, because a misspelt one would be missed silently."""
    chosen = frozenset(names)
    known = {row.toolset for row in catalogue.tool}
    if not chosen <= known:
        known |= {one.name for one in shipped().preset}
    if not chosen or not chosen <= known:
        raise Fault(
            "TOOLSET_UNKNOWN",
            Kind.INVALID,
            "There is no such set of tools.",
            f"the sets are {', '.join(sorted(known | {one.name for one in shipped().preset}))}.",
        )
    return chosen


def listed(rows: Iterable[ToolPolicy], toolsets: frozenset[str]) -> list[ToolPolicy]:
    """Those of the rows that the toolsets and presets of these names hold, in their order."""
    there = list(rows)
    shown: set[str] = set()
    if not toolsets <= {row.toolset for row in there}:  # the file is read only for a preset
        shown.update(*(one.tools for one in shipped().preset if one.name in toolsets))
    return [row for row in there if row.toolset in toolsets or row.name in shown]
