"""Pipeline rules: may this deal move there, and may this pipeline exist?

Every refusal of a move carries `facts["allowed"]`: the stages the deal may move to, each as
`{"stage": code, "needs_reason": bool, "missing_fields": [names]}`, and a hint that names them,
so that the next attempt can succeed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from domain.kernel.faults import Fault, Kind
from domain.pipelines.templates import Outcome, StageCategory, StageTemplate, Transition

# What a stage may require of a deal, and what the check is given to look at.
DEAL_FACTS = ("amount_minor", "expected_close_date", "primary_contact_id", "owner_id")

MAX_STAGES = 30

_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_NAME = 60
_OUTCOMES: Mapping[str, tuple[str | None, ...]] = {
    StageCategory.OPEN: (None,),
    StageCategory.WON: ("won",),
    StageCategory.LOST: ("lost", "cancelled"),
}
_ENDS: Mapping[str, int] = {StageCategory.WON: 100, StageCategory.LOST: 0}


@dataclass(frozen=True, slots=True)
class Graph:
    """A pipeline as the rules see it: its stages and the moves between the open ones."""

    stages: tuple[StageTemplate, ...]
    transitions: tuple[Transition, ...]

    def stage(self, code: str) -> StageTemplate | None:
        """The stage of that code, in any letter case; None when there is none."""
        wanted = code.strip().lower()
        return next((stage for stage in self.stages if stage.code == wanted), None)

    def moves_from(self, code: str) -> list[Transition]:
        """The moves that start in a stage, in the order of the stages they lead to."""
        places = {stage.code: stage.position for stage in self.stages}
        moves = [
            move for move in self.transitions if move.from_code == code and move.to_code in places
        ]
        return sorted(moves, key=lambda move: places[move.to_code])


def check_move(
    graph: Graph, from_code: str, to_code: str, reason: str | None, deal_facts: Mapping[str, Any]
) -> Transition:
    """The transition a deal may take from one stage to another.

    `deal_facts` holds the values of `DEAL_FACTS`; None, an empty text and an amount of 0 count
    as unknown. Fields are required on the way forward only: going back must always be possible.

    Raises Fault STAGE_UNKNOWN, STAGE_TERMINAL, STAGE_SAME, TRANSITION_NOT_ALLOWED,
    REASON_REQUIRED or FIELDS_REQUIRED.
    """
    allowed = _allowed(graph, from_code, deal_facts)
    start, end = _ends_of_move(graph, from_code, to_code, allowed)

    move = next((move for move in graph.moves_from(start.code) if move.to_code == end.code), None)
    if move is None:
        raise _refusal(
            "TRANSITION_NOT_ALLOWED",
            Kind.CONFLICT,
            f"This pipeline has no move from {start.code} to {end.code}.",
            "",
            allowed,
        )
    if move.needs_reason and not (reason and reason.strip()):
        raise _refusal(
            "REASON_REQUIRED",
            Kind.INVALID,
            f"Moving from {start.code} to {end.code} skips stages and needs a reason.",
            "Give a reason, or move one stage at a time.",
            allowed,
        )
    if missing := _missing_fields(start, end, deal_facts):
        raise _refusal(
            "FIELDS_REQUIRED",
            Kind.CONFLICT,
            f"The stage {end.code} needs {', '.join(missing)}.",
            f"Set {', '.join(missing)} on the deal first.",
            allowed,
            fields=missing,
        )
    return move


def check_pipeline(stages: Sequence[StageTemplate], transitions: Sequence[Transition]) -> None:
    """Whether a workspace may use these stages and transitions.

    Raises Fault PIPELINE_INVALID with all problems in `facts["problems"]`, a list of sentences.
    """
    problems = [*_stage_problems(stages), *_set_problems(stages)]
    problems += _transition_problems(stages, transitions)
    if not problems:
        problems += _reach_problems(stages, transitions)
    if problems:
        raise Fault(
            "PIPELINE_INVALID",
            Kind.INVALID,
            "; ".join(problems[:5]) + ".",
            "Correct all the problems in facts.problems and send the whole pipeline again.",
            {"problems": problems},
        )


def _ends_of_move(
    graph: Graph, from_code: str, to_code: str, allowed: list[dict[str, Any]]
) -> tuple[StageTemplate, StageTemplate]:
    start, end = graph.stage(from_code), graph.stage(to_code)
    if start is None:
        raise _refusal(
            "STAGE_UNKNOWN",
            Kind.CONFLICT,
            "The deal stands in a stage that its pipeline does not have.",
            f"The stages are {_listed(graph.stages)}; ask an administrator to repair the deal.",
            allowed,
        )
    if end is None:
        raise _refusal(
            "STAGE_UNKNOWN",
            Kind.INVALID,
            "This pipeline has no such stage.",
            f"The stages are {_listed(graph.stages)}.",
            allowed,
        )
    if start.category != StageCategory.OPEN:
        raise _refusal(
            "STAGE_TERMINAL",
            Kind.CONFLICT,
            f"The deal has ended in {start.code} and moves no more.",
            "Open a new deal if the work goes on.",
            allowed,
        )
    if end.category != StageCategory.OPEN:
        raise _refusal(
            "STAGE_TERMINAL",
            Kind.CONFLICT,
            f"The stage {end.code} ends a deal and is not reached by moving.",
            f'Use {{close_deal}} with the outcome "{end.outcome}".',
            allowed,
        )
    if start is end:
        raise _refusal(
            "STAGE_SAME", Kind.CONFLICT, f"The deal is already in {start.code}.", "", allowed
        )
    return start, end


def _allowed(graph: Graph, from_code: str, deal_facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    start = graph.stage(from_code)
    if start is None:
        return []
    reached = [(move, graph.stage(move.to_code)) for move in graph.moves_from(start.code)]
    return [
        {
            "stage": end.code,
            "needs_reason": move.needs_reason,
            "missing_fields": _missing_fields(start, end, deal_facts),
        }
        for move, end in reached
        if end is not None
    ]


def _missing_fields(
    start: StageTemplate, end: StageTemplate, deal_facts: Mapping[str, Any]
) -> list[str]:
    if end.position < start.position:
        return []
    return [name for name in end.required_fields if deal_facts.get(name) in (None, "", 0)]


def _refusal(
    code: str,
    kind: Kind,
    message: str,
    hint: str,
    allowed: list[dict[str, Any]],
    **facts: Any,
) -> Fault:
    freely = [move["stage"] for move in allowed if not move["needs_reason"]]
    reasoned = [move["stage"] for move in allowed if move["needs_reason"]]
    ways = [", ".join(freely)] if freely else []
    if reasoned:
        ways.append(f"with a reason to {', '.join(reasoned)}")
    moves = f"From here it can move to {'; '.join(ways)}." if ways else ""
    return Fault(code, kind, message, f"{hint} {moves}".strip(), {"allowed": allowed, **facts})


def _listed(stages: Sequence[StageTemplate]) -> str:
    return ", ".join(stage.code for stage in sorted(stages, key=lambda stage: stage.position))


# --- what a custom pipeline must keep to ---


def _stage_problems(stages: Sequence[StageTemplate]) -> Iterator[str]:
    for place, stage in enumerate(stages, start=1):
        named = _CODE.fullmatch(stage.code) is not None
        which = f"stage {stage.code}" if named else f"stage number {place}"
        if not named:
            yield f"{which} needs a code of lower-case letters, digits and _, at most 32"
        if not all(0 < len(name.strip()) <= _MAX_NAME for name in (stage.name_vi, stage.name_en)):
            yield f"{which} needs a Vietnamese and an English name of at most {_MAX_NAME} letters"
        if not 0 <= stage.probability_pct <= 100:
            yield f"{which} needs a probability from 0 to 100"
        elif stage.probability_pct != _ENDS.get(stage.category, stage.probability_pct):
            yield f"{which} is {stage.category}: its probability is {_ENDS[stage.category]}"
        if stage.outcome not in (wanted := _OUTCOMES[stage.category]):
            yield f"{which} is {stage.category}: its outcome is {' or '.join(map(str, wanted))}"
        if not set(stage.required_fields) <= set(DEAL_FACTS):
            yield f"{which} may require only {', '.join(DEAL_FACTS)}"
        if stage.required_fields and stage.category != StageCategory.OPEN:
            yield f"{which} ends a deal and cannot require fields"


def _set_problems(stages: Sequence[StageTemplate]) -> Iterator[str]:
    if len(stages) > MAX_STAGES:
        yield f"a pipeline has at most {MAX_STAGES} stages"
    if len({stage.code for stage in stages}) < len(stages):
        yield "two stages have the same code"
    if len({stage.position for stage in stages}) < len(stages):
        yield "two stages have the same position"
    outcomes = [stage.outcome for stage in stages]
    if None not in outcomes:
        yield "no stage is open"
    for outcome in get_args(Outcome):
        if outcome not in outcomes and outcome != "cancelled":
            yield f"no stage has the outcome {outcome}"
        if outcomes.count(outcome) > 1:  # closing a deal must have one place to go
            yield f"more than one stage has the outcome {outcome}"


def _transition_problems(
    stages: Sequence[StageTemplate], transitions: Sequence[Transition]
) -> Iterator[str]:
    categories = {stage.code: stage.category for stage in stages}
    pairs = [(move.from_code, move.to_code) for move in transitions]
    for place, (start, end) in enumerate(pairs, start=1):
        if start not in categories or end not in categories:
            yield f"transition number {place} names a stage that does not exist"
        elif {categories[start], categories[end]} != {StageCategory.OPEN}:
            yield f"transition number {place} touches an end; deals are closed, not moved there"
        elif start == end:
            yield f"transition number {place} leads from a stage to itself"
    if len(set(pairs)) < len(pairs):
        yield "two transitions join the same stages in the same direction"


def _reach_problems(
    stages: Sequence[StageTemplate], transitions: Sequence[Transition]
) -> Iterator[str]:
    opened = sorted(
        (stage for stage in stages if stage.category == StageCategory.OPEN),
        key=lambda stage: stage.position,
    )
    reached, waiting = set(), [opened[0].code]
    while waiting:
        code = waiting.pop()
        if code not in reached:
            reached.add(code)
            waiting += [move.to_code for move in transitions if move.from_code == code]
    for stage in opened:
        if stage.code not in reached:
            yield f"stage {stage.code} cannot be reached from {opened[0].code}"
