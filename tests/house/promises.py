"""Promises that hold for every module, as functions: each gives back what is not kept.

A test of the promise itself stands with the others of its subject; here they stand together, so
that a module that is new can be held against all of them in one process (test_new_module.py).
Every complaint names the file to write.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import anyio

from domain.identity.service import known_scopes
from domain.overview import service as overview
from domain.store import subscribers
from domain.store.descriptor import all_tables, modules
from domain.store.migrations.runner import revisions
from domain.store.revision import newest
from domain.store.visibility import restricted_kinds
from domain.timeline import service as timeline
from policies.gate import fitting, floor, personas
from server import publish, wiring
from server.cli import commands
from tests import planting
from tests.house import (
    test_arrows,
    test_audit_kinds,
    test_bans,
    test_idle,
    test_modules,
    test_sizes,
    test_statements,
    test_steps,
    test_topics,
)
from tests.house.reading import Rule, Source, broken
from tests.policies import test_fitting, test_floor, test_wires
from tests.store import made, test_visibility
from tests.tools.samples import without_sample
from tools import resources
from tools.completions import kinds
from tools.prompts.script import prompts

Promise = Callable[[Sequence[Source]], list[str]]

_RULES: tuple[Rule, ...] = (
    test_arrows.imports_that_turn_back,
    test_arrows.heavy_foundations,
    test_arrows.reaches_into_modules,
    test_arrows.relative_imports,
    test_bans.prints,
    test_bans.commits,
    test_bans.left_open,
    test_bans.banned_names,
    test_bans.banned_modules,
    test_bans.found_by_chance,
    test_bans.hurried,
    test_sizes.long_files,
    test_sizes.long_functions,
    test_sizes.long_lines,
    test_sizes.full_inits,
    test_sizes.silent_files,
    test_sizes.nameless_files,
    test_statements.statements_without_isolation,
    test_statements.writes_among_queries,
    test_statements.assembled_statements,
    test_statements.lasting_settings,
    test_steps.named_tools,
    test_steps.steps_to_nowhere,
    test_topics.undeclared_topics,
)


def _source(sources: Sequence[Source]) -> list[str]:
    uses = test_arrows.uses()
    mine = {source.parts[1] for source in sources if source.is_in("domain")}
    declared = {name: used for name, used in uses.items() if name in mine}
    return [
        *(line for rule in _RULES for line in broken(rule, sources)),
        *broken(test_arrows.undeclared_uses(uses), sources),
        *test_arrows.idle_uses(declared, sources),
        *test_arrows.cycles(uses),
        *test_arrows.cycles(test_arrows.files_used(sources)),
        *test_idle.idle(sources),
    ]


def _descriptors(sources: Sequence[Source]) -> list[str]:
    mine = {source.parts[1] for source in sources if source.is_in("domain")}
    return [
        *test_modules.complaints(test_modules.models(), modules()),
        *test_audit_kinds.undeclared(all_tables()),
        *test_visibility.open_references(),
        *planting.unplanted(restricted_kinds()),
        *test_topics.told_twice(),
        *test_idle.unlawful([one for one in modules() if one.name in mine], sources),
        *_refused(subscribers.subscriptions),
        *_refused(timeline.sources),
        *_refused(overview.names),
    ]


def _tools(_: Sequence[Source]) -> list[str]:
    table, registry = floor.load_checked(), wiring.registry()
    return [
        *publish.complaints(),
        *fitting.unfit(table, registry),
        *floor.weaknesses(table),
        *test_fitting.undeclared_scopes(table),
        *test_floor.unheld(table.tool, floor.entries()),
        *test_wires.complaints(modules(), wiring.wires(), registry),
        *without_sample(table.tool),
        *_beside_the_tools({row.name for row in table.tool}),
        *_jobs_of_agents(),
        *_refused(commands.application),
    ]


def _published(_: Sequence[Source]) -> list[str]:
    return publish.stale()


def _beside_the_tools(names: set[str]) -> list[str]:
    """Resources and prompts whose tools are not there, or whose arguments nothing completes."""
    known = kinds()
    return [
        *(
            f"tools/<namespace>/resources.py: {one.uri} is answered by {one.tool}, which is no tool"
            for one in resources.resources()
            if one.tool not in names
        ),
        *(
            f"tools/<namespace>/completions.py: KINDS must have {kind}, which {one.uri} names"
            for one in resources.resources()
            for kind in one.holds.values()
            if kind not in known
        ),
        *(
            f"tools/<namespace>/prompts.py: {one.name} needs {tool}, which is no tool"
            for one in prompts()
            for tool in one.needs
            if tool not in names
        ),
    ]


def _jobs_of_agents() -> list[str]:
    """Personas with scopes or sets of tools that are not there."""
    sets = {row.toolset for row in floor.load_checked().tool}
    sets |= {one.name for one in personas.shipped().preset}
    return [
        f"policies/personas/<namespace>.toml: the persona {one.name} has {what}, which is not there"
        for one in personas.shipped().persona
        for what in sorted({*one.scopes} - known_scopes() | {*one.toolsets} - sets)
    ]


def _schema(_: Sequence[Source]) -> list[str]:
    """A database that was migrated beside one that models and descriptors make, on SQLite."""
    if revisions()[-1] != newest():
        return [f"domain/store/migrations/versions: {newest()} does not lead on from the others"]
    with tempfile.TemporaryDirectory() as folder:
        return anyio.run(_compared, Path(folder))


async def _compared(folder: Path) -> list[str]:
    async with made.empty("sqlite", folder, "migrated") as one:
        by_revisions = await made.done(one, made.migrated)
    async with made.empty("sqlite", folder, "modelled") as other:
        by_models = await made.done(other, made.modelled)
    return made.complaints(by_revisions, by_models)


def _refused(step: Callable[[], object]) -> list[str]:
    """What a loop over the descriptors says that cannot go on."""
    try:
        step()
    except AssertionError as error:
        return [str(error)]
    return []


PROMISES: Mapping[str, Promise] = {
    "source": _source,
    "descriptors": _descriptors,
    "tools": _tools,
    "published": _published,
    "schema": _schema,
}


def complaints(sources: Sequence[Source]) -> Iterator[str]:
    """What is not kept by the modules there are, or by these files of one of them.

    Promise by promise: whoever has heard enough need not wait for the rest.
    """
    for name, promise in PROMISES.items():
        try:
            yield from promise(sources)
        except Exception as error:  # so that one that cannot be asked does not hide the others
            yield f"{name}: {type(error).__name__}: {error}"
