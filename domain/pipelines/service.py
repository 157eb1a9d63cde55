"""Pipelines service: pipelines are installed and looked up, and a move through one is planned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.pipelines import naming, queries
from domain.pipelines import templates as shapes
from domain.pipelines.rules import Graph, check_move, check_pipeline
from domain.pipelines.tables import Pipeline, Stage, StageTransition
from domain.pipelines.templates import LostReason, StageCategory, Transition
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class PipelineShape:
    """A pipeline with its stages in their order."""

    pipeline: Any  # a row of `queries.of_workspaces`, or the whole Pipeline
    stages: Sequence[Any]  # rows of `queries.stages`

    @property
    def lost_reasons(self) -> list[LostReason]:
        """The reasons a deal of this pipeline may be lost for."""
        return [LostReason(**reason) for reason in self.pipeline.lost_reasons]

    def stage(self, reference: str) -> Any | None:
        """The stage with this id, code or name. Raises STAGE_AMBIGUOUS."""
        return naming.only(naming.called(reference, self.stages), "stage")

    def first_open(self) -> Any:
        """Where a new deal stands."""
        return next(stage for stage in self.stages if stage.category == StageCategory.OPEN)


@dataclass(frozen=True, slots=True)
class AllowedMove:
    """A move that is allowed."""

    start: Stage
    end: Stage


async def install_template(tx: Tx, workspace_id: str, template: str) -> Pipeline:
    """Copy a template into a workspace; a pipeline of that code stays as it is.

    Raises TEMPLATE_UNKNOWN, which names the templates there are.
    """
    shape = shapes.TEMPLATES.get(template.strip().lower())
    if shape is None:
        raise Fault(
            "TEMPLATE_UNKNOWN",
            Kind.INVALID,
            "There is no such pipeline template.",
            f"Use one of {', '.join(shapes.TEMPLATES)}.",
            {"templates": list(shapes.TEMPLATES)},
        )
    there = await queries.with_code(tx, workspace_id, shape.code)
    if there is not None:
        return there
    transitions = shapes.default_transitions(shape.stages)
    check_pipeline(shape.stages, transitions)

    pipeline = Pipeline(
        id=new_id(),
        workspace_id=workspace_id,
        code=shape.code,
        template=shape.code,
        name_vi=shape.name_vi,
        name_en=shape.name_en,
        position=await queries.count(tx, workspace_id) + 1,
        lost_reasons=[asdict(reason) for reason in shape.lost_reasons],
    )
    tx.add(pipeline)
    await tx.flush()
    ids = {stage.code: new_id() for stage in shape.stages}
    for stage in shape.stages:
        tx.add(_row(stage, ids[stage.code], pipeline.id))
    await tx.flush()
    for move in transitions:
        tx.add(
            StageTransition(
                pipeline_id=pipeline.id,
                from_stage_id=ids[move.from_code],
                to_stage_id=ids[move.to_code],
                needs_reason=move.needs_reason,
            )
        )
    await tx.flush()
    return pipeline


async def shapes_of(tx: Tx, workspace_ids: Iterable[str]) -> list[PipelineShape]:
    """Every pipeline of these workspaces with its stages."""
    pipelines = await queries.of_workspaces(tx, workspace_ids)
    stages: dict[str, list[Stage]] = {pipeline.id: [] for pipeline in pipelines}
    for stage in await queries.stages(tx, stages):
        stages[stage.pipeline_id].append(stage)
    return [PipelineShape(pipeline, stages[pipeline.id]) for pipeline in pipelines]


async def find(tx: Tx, reference: str | None, workspace_ids: Iterable[str]) -> PipelineShape:
    """The pipeline with this id, code or name in these workspaces; without one, the first.

    A code that several workspaces use means the pipeline of the oldest of them. Raises
    PIPELINE_UNKNOWN, which names the codes there are, and PIPELINE_AMBIGUOUS.
    """
    found = await named(tx, reference, workspace_ids)
    return PipelineShape(found[0], await queries.stages_of(tx, found[0].id))


async def named(tx: Tx, reference: str | None, workspace_ids: Iterable[str]) -> Sequence[Any]:
    """The pipelines with this id, code or name as rows, at least one; None means all.

    Raises PIPELINE_UNKNOWN and PIPELINE_AMBIGUOUS.
    """
    there = await queries.of_workspaces(tx, workspace_ids)
    found = there if reference is None else naming.called(reference, there)
    if not found:
        raise _unknown([pipeline.code for pipeline in there])
    if reference is not None:
        naming.only(found, "pipeline")
    return found


async def stages_named(
    tx: Tx, reference: str, pipeline_ids: Sequence[str] | None
) -> tuple[str, ...]:
    """The ids of the stages with this id, code or name, in these pipelines (None: in any).

    Raises STAGE_UNKNOWN, which names the codes that come near.
    """
    if pipeline_ids is None:
        there = await queries.every_stage(tx)
    else:
        there = await queries.stages(tx, pipeline_ids)
    found = naming.called(reference, there)
    if not found:
        near = naming.near(reference, there)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise Fault(
            "STAGE_UNKNOWN",
            Kind.NOT_FOUND,
            "There is no such stage.",
            f"{meant}Look the stages up with {{pipelines}}.",
            {"near": near},
        )
    return tuple(stage.id for stage in found)


async def shape(tx: Tx, pipeline_id: str) -> PipelineShape:
    """The pipeline a deal goes through; it is there, because a foreign key says so."""
    pipeline = await queries.get(tx, pipeline_id)
    assert pipeline is not None
    return PipelineShape(pipeline, await queries.stages_of(tx, pipeline_id))


async def plan_move(
    tx: Tx,
    pipeline_id: str,
    *,
    from_stage_id: str,
    to_stage: str,
    reason: str | None,
    deal_facts: Mapping[str, Any],
) -> AllowedMove:
    """The step a deal may take to a stage named by id, code or name.

    Raises what `rules.check_move` raises; `facts["allowed"]` lists the stages it may move to.
    """
    rows = await queries.stages_ahead(tx, pipeline_id, from_stage_id)
    stages = {stage.code: stage for stage in rows}
    codes = {stage.id: code for code, stage in stages.items()}
    start = codes[from_stage_id]
    graph = Graph(
        stages=tuple(_value(stage) for stage in rows),
        transitions=tuple(
            Transition(start, stage.code, stage.needs_reason)
            for stage in rows
            if stage.needs_reason is not None
        ),
    )
    meant = naming.only(naming.called(to_stage, rows), "stage")
    move = check_move(graph, start, meant.code if meant else to_stage, reason, deal_facts)
    return AllowedMove(stages[move.from_code], stages[move.to_code])


def entry(known: PipelineShape, reference: str | None, deal_facts: Mapping[str, Any]) -> Any:
    """The open stage in which a new deal with these facts may stand; without one, the first.

    Raises STAGE_UNKNOWN, STAGE_TERMINAL and FIELDS_REQUIRED.
    """
    stage = known.stage(reference) if reference is not None else known.first_open()
    opened = [one.code for one in known.stages if one.category == StageCategory.OPEN]
    hint, facts = f"The open stages are {', '.join(opened)}.", {"stages": opened}
    if stage is None:
        raise Fault("STAGE_UNKNOWN", Kind.INVALID, "This pipeline has no such stage.", hint, facts)
    if stage.category != StageCategory.OPEN:
        message = f"A deal cannot begin in {stage.code}, which ends one."
        raise Fault("STAGE_TERMINAL", Kind.INVALID, message, hint, facts)
    missing = [name for name in stage.required_fields if not deal_facts.get(name)]
    if missing:
        raise Fault(
            "FIELDS_REQUIRED",
            Kind.INVALID,
            f"The stage {stage.code} needs {', '.join(missing)}.",
            f"Give {', '.join(missing)}, or begin in an earlier stage.",
            {"fields": missing},
        )
    return stage


def _row(stage: shapes.StageTemplate, id: str, pipeline_id: str) -> Stage:
    return Stage(
        id=id,
        pipeline_id=pipeline_id,
        code=stage.code,
        name_vi=stage.name_vi,
        name_en=stage.name_en,
        probability_pct=stage.probability_pct,
        category=stage.category.value,
        outcome=stage.outcome,
        position=stage.position,
        required_fields=list(stage.required_fields),
    )


def _value(stage: Stage) -> shapes.StageTemplate:
    outcome: Any = stage.outcome
    return shapes.StageTemplate(
        code=stage.code,
        name_vi=stage.name_vi,
        name_en=stage.name_en,
        probability_pct=stage.probability_pct,
        category=StageCategory(stage.category),
        outcome=outcome,
        position=stage.position,
        required_fields=tuple(stage.required_fields),
    )


def _unknown(codes: Sequence[str]) -> Fault:
    if not codes:
        return Fault(
            "PIPELINE_UNKNOWN",
            Kind.NOT_FOUND,
            "You belong to no workspace with a pipeline.",
            "Ask an administrator to add one.",
            {"pipelines": []},
        )
    return Fault(
        "PIPELINE_UNKNOWN",
        Kind.NOT_FOUND,
        "There is no such pipeline in your workspaces.",
        f"The pipelines are {', '.join(codes)}.",
        {"pipelines": list(codes)},
    )
