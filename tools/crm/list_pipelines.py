"""Pipelines: which way do deals go here?"""

from domain.pipelines import service
from policies.gate.contract import Call, tool
from tools.crm.views import lines, locale_of
from tools.shapes import Ask, View


class ListPipelines(Ask):
    """No arguments."""


class StageView(View):
    """A step; category open, won or lost."""

    id: str
    code: str
    name: str
    probability_pct: int
    category: str
    required_fields: list[str] | None = None

    leads = ("id", "code", "name", "category")


class PipelineView(View):
    """A pipeline with its stages in order."""

    id: str
    code: str
    name: str
    workspace_id: str
    stages: list[StageView]
    lost_reasons: list[str]

    leads = ("id", "code", "name")


class Pipelines(View):
    """Every pipeline of the caller's workspaces."""

    items: list[PipelineView]
    truncated: bool = False

    def text(self) -> str:
        """A line for each, its stages under it."""
        return lines(self.items, "There are no pipelines.", self.truncated)


@tool("cyberos.crm.list_pipelines", title="List pipelines", answer=Pipelines)
async def TOOL(call: Call, arguments: ListPipelines) -> Pipelines:
    """List the sales pipelines with their stages, default probabilities and lost reasons.

    Use this to learn stage codes for crm_create_deal, crm_move_stage and crm_list_deals, and
    reasons for crm_close_deal.
    Returns all pipelines of your workspaces at once. A stage of category won or lost is reached
    by closing a deal only.
    """
    vietnamese = locale_of(call.principal) == "vi"
    shapes = await service.shapes_of(call.tx, call.principal.workspace_ids)
    return Pipelines(
        items=[
            PipelineView(
                id=shape.pipeline.id,
                code=shape.pipeline.code,
                name=shape.pipeline.name_vi if vietnamese else shape.pipeline.name_en,
                workspace_id=shape.pipeline.workspace_id,
                stages=[
                    StageView(
                        id=stage.id,
                        code=stage.code,
                        name=stage.name_vi if vietnamese else stage.name_en,
                        probability_pct=stage.probability_pct,
                        category=stage.category,
                        required_fields=stage.required_fields or None,
                    )
                    for stage in shape.stages
                ],
                lost_reasons=[reason.code for reason in shape.lost_reasons],
            )
            for shape in shapes
        ]
    )
