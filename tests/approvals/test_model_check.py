"""Model check: is there any order of events in which the approval machine acts wrongly?
All of them are tried.

The walk ends because the small world is finite, so "no" is an answer and not a hope. Then every
guard is taken out, one at a time, and the walk must find what that guard was for: a guard whose
absence nobody notices is either superfluous or untested. `pytest --log-cli-level=INFO` tells
the sizes and the shortest ways.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import cache

import pytest

from domain.approvals import guards
from domain.approvals.facts import ActorKind, Outcome, SelfRule, State
from domain.approvals.guards import PRODUCTION, Guards, outcome_target
from tests.approvals.steps import Walk, dead_ends, walk
from tests.approvals.universe import Universe, believed
from tests.house.reading import Source, imports, project, seen

LOG = logging.getLogger(__name__)

AGENT = Universe("an agent asks for ann")
IDEMPOTENT = Universe("the provider honours keys", idempotent=True, misfortunes=())
NEVER = Universe("self never", self_rule=SelfRule.NEVER, effects=False)
HUMAN = Universe("ann asks in person", requester=ActorKind.HUMAN, effects=False)
INTRUDER = Universe(
    "somebody writes into the database",
    self_rule=SelfRule.NEVER,
    intruder=True,
    effects=False,
    misfortunes=("erin leaves", "bob key", "carol role", "expiry edited"),
)
AHEAD = Universe(
    "the clock of whoever asked runs ahead",
    effects=False,
    misfortunes=("asked ahead", "bob key", "carol role", "entity"),
)
ALL = (AGENT, IDEMPOTENT, NEVER, HUMAN, INTRUDER, AHEAD)
CALM = replace(AGENT, name="an agent asks for ann, nothing goes wrong", misfortunes=())


def without(field: str, guard: Callable[..., object]) -> Guards:
    kept = tuple(other for other in getattr(PRODUCTION, field) if other is not guard)
    return replace(PRODUCTION, **{field: kept})


def optimistic(state: State, outcome: Outcome) -> State | None:
    if (state, outcome) == (State.EXECUTING, Outcome.TIMEOUT):
        return State.FAILED
    return outcome_target(state, outcome)


REMOVED = {
    f"{field.name}{guard.__name__}": without(field.name, guard)
    for field in fields(PRODUCTION)
    if isinstance(getattr(PRODUCTION, field.name), tuple)
    for guard in getattr(PRODUCTION, field.name)
}
CHANGED = {
    "a no does not kill": replace(PRODUCTION, kills=lambda approvals: False),
    "no quorum at all": replace(PRODUCTION, complete=()),
    "a lost lease makes it approved again": replace(PRODUCTION, lease_lost=State.APPROVED),
    "a timeout counts as failed": replace(PRODUCTION, outcome_target=optimistic),
    "not found counts at once": replace(PRODUCTION, settled=lambda action, now: True),
}
MUTANTS = REMOVED | CHANGED


def first_fault(name: str, rules: Guards) -> tuple[str, Walk]:
    """The small worlds first; what makes an approval count shows where rows are slipped in."""
    counting = name.startswith(("counts", "complete"))
    middle = (INTRUDER, NEVER) if counting else (NEVER, INTRUDER)
    for universe in (CALM, IDEMPOTENT, *middle, AHEAD, AGENT, HUMAN):
        found = walk(replace(universe, guards=rules))
        if found.broken:
            break
    return universe.name, found


def tell(title: str, universe: str, found: Walk) -> None:
    size = f"{len(found.came)} states, {found.transitions} transitions"
    steps = "".join(f"\n  {n}. {step}" for n, step in enumerate(found.path, 1))
    LOG.info("%s: %s\n  %s: %s%s", title, found.broken or "holds", universe, size, steps)


@cache
def production(universe: Universe) -> Walk:
    return walk(universe)


@pytest.mark.parametrize("universe", ALL, ids=lambda universe: universe.name)
def test_B30_no_order_of_events_breaks_an_invariant(universe):
    found = production(universe)

    tell("production", universe.name, found)
    assert (found.broken, found.path) == ("", [])
    assert len(found.came) > 1_000, "a walk this short has not seen the world"


def test_every_state_is_reached():
    assert {world.state for world in production(AGENT).came} == set(State)


@pytest.mark.parametrize("universe", [AGENT, IDEMPOTENT], ids=lambda universe: universe.name)
def test_every_action_can_still_come_to_an_end(universe):
    assert dead_ends(production(universe)) == set()


def test_an_action_would_wait_for_ever_if_absence_never_counted():
    unsettled = replace(PRODUCTION, settled=lambda action, now: False)

    found = walk(replace(CALM, guards=unsettled))

    assert {world.state for world in dead_ends(found)} >= {State.UNKNOWN}


@pytest.mark.parametrize("name", MUTANTS)
def test_B30_every_guard_is_missed_when_it_is_gone(name):
    universe, found = first_fault(name, MUTANTS[name])

    tell(name, universe, found)
    assert found.broken, f"nobody notices: {name}"
    assert found.path, "a fault comes with a way there"


def test_B30_believing_the_bytes_stored_beside_a_signature_is_noticed():
    found = walk(replace(INTRUDER, genuine=believed))

    tell("the stored payload is believed", INTRUDER.name, found)
    assert found.broken.startswith("I2 to I5")


def test_the_shortest_way_to_a_second_effect_is_told_step_by_step():
    careless = without("retry", guards._provider_idempotent)

    found = walk(replace(CALM, guards=careless))

    assert found.broken == "I6 the effect happened twice"
    assert found.path == [
        "ann: approve as am",
        "bob: approve as cfo",
        "worker 0 reads the action",
        "worker 0 claims",
        "worker 0 sends",
        "worker 0 reports no answer",
        "somebody sends again, same key",
        "a request arrives",
        "a request arrives",
    ]


def test_the_program_knows_no_guards_but_those_of_production():
    assert [place for source in project() for place in own_guards(source)] == []


def test_a_planted_record_of_guards_is_seen():
    planted = "from domain.approvals.guards import Guards"

    assert seen(own_guards, "policies/approvals/executor.py", planted)
    assert not seen(own_guards, "domain/approvals/machine.py", planted)


def own_guards(source: Source) -> Iterator[str]:
    """Whoever cannot name the record cannot pass a weaker one."""
    if not source.is_ours or source.is_in("domain/approvals/machine.py"):
        return
    for node, name in imports(source):
        if f"{name}.".startswith("domain.approvals.guards."):
            yield source.at(node, "ask domain/approvals/machine.py; guards are not for picking")
