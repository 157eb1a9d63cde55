"""Queries of pipelines: which has a workspace, which stages has one, what is a stage called?"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, func, select

from domain.pipelines.tables import Pipeline, Stage, StageTransition
from domain.store.prepared import prepared_query
from domain.store.tx import Tx

_PIPELINES = (
    select(
        Pipeline.id,
        Pipeline.workspace_id,
        Pipeline.code,
        Pipeline.name_vi,
        Pipeline.name_en,
        Pipeline.lost_reasons,
        Pipeline.version,
    )
    .where(Pipeline.workspace_id.in_(bindparam("workspace_ids", expanding=True)))
    .order_by(Pipeline.workspace_id, Pipeline.position, Pipeline.id)
)
_OF_WORKSPACES = prepared_query(_PIPELINES)
_WHOLE_STAGES = select(
    Stage.id,
    Stage.pipeline_id,
    Stage.code,
    Stage.name_vi,
    Stage.name_en,
    Stage.probability_pct,
    Stage.category,
    Stage.outcome,
    Stage.position,
    Stage.required_fields,
).order_by(Stage.pipeline_id, Stage.position)
_STAGES = prepared_query(
    _WHOLE_STAGES.where(Stage.pipeline_id.in_(bindparam("ids", expanding=True)))
)
_EVERY_STAGE = prepared_query(_WHOLE_STAGES)
_STAGES_OF_ONE = prepared_query(_WHOLE_STAGES.where(Stage.pipeline_id == bindparam("pipeline_id")))
_STAGES_AHEAD = prepared_query(
    _WHOLE_STAGES.add_columns(StageTransition.needs_reason)
    .outerjoin(
        StageTransition,
        and_(
            StageTransition.pipeline_id == Stage.pipeline_id,
            StageTransition.from_stage_id == bindparam("from_stage_id"),
            StageTransition.to_stage_id == Stage.id,
        ),
    )
    .where(Stage.pipeline_id == bindparam("pipeline_id"))
)
_LABELS = prepared_query(
    select(
        Stage.id.label("stage_id"),
        Stage.code.label("stage"),
        Stage.name_vi.label("stage_vi"),
        Stage.name_en.label("stage_en"),
        Stage.probability_pct,
        Stage.category,
        Pipeline.id.label("pipeline_id"),
        Pipeline.code.label("pipeline"),
    )
    .join(Pipeline, Pipeline.id == Stage.pipeline_id)
    .where(Stage.id.in_(bindparam("ids", expanding=True)))
)


async def get(tx: Tx, pipeline_id: str) -> Pipeline | None:
    """One pipeline of this tenant."""
    return await tx.get(Pipeline, pipeline_id)


async def of_workspaces(tx: Tx, workspace_ids: Iterable[str]) -> Sequence[Any]:
    """The pipelines of these workspaces as rows, oldest workspace first, then in their order."""
    return await tx.fetch(_OF_WORKSPACES, workspace_ids=list(workspace_ids))


async def with_code(tx: Tx, workspace_id: str, code: str) -> Pipeline | None:
    """The pipeline of a workspace with this code."""
    return await tx.first(
        select(Pipeline).where(Pipeline.workspace_id == workspace_id, Pipeline.code == code)
    )


async def count(tx: Tx, workspace_id: str) -> int:
    """How many pipelines a workspace has."""
    found = await tx.first(
        select(func.count()).select_from(Pipeline).where(Pipeline.workspace_id == workspace_id)
    )
    return found or 0


async def stages(tx: Tx, pipeline_ids: Iterable[str]) -> Sequence[Any]:
    """The stages of these pipelines as rows, each pipeline's in their order."""
    return await tx.fetch(_STAGES, ids=list(pipeline_ids))


async def stages_of(tx: Tx, pipeline_id: str) -> Sequence[Any]:
    """The same of one pipeline."""
    return await tx.fetch(_STAGES_OF_ONE, pipeline_id=pipeline_id)


async def stages_ahead(tx: Tx, pipeline_id: str, from_stage_id: str) -> Sequence[Any]:
    """The same with `needs_reason`: whether a move there does; None if no move leads there."""
    return await tx.fetch(_STAGES_AHEAD, pipeline_id=pipeline_id, from_stage_id=from_stage_id)


async def every_stage(tx: Tx) -> Sequence[Any]:
    """The stages of every pipeline of the company as rows."""
    return await tx.fetch(_EVERY_STAGE)


async def labels(tx: Tx, stage_ids: Iterable[str]) -> Mapping[str, Any]:
    """What these stages and their pipelines are called, by stage id.

    Rows have `stage_id`, `stage`, `stage_vi`, `stage_en`, `probability_pct`, `category`,
    `pipeline_id` and `pipeline`.
    """
    wanted = sorted(set(stage_ids))
    if not wanted:
        return {}
    rows = await tx.fetch(_LABELS, ids=wanted)
    return {row.stage_id: row for row in rows}
