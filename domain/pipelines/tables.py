"""Pipeline rows: which way does a deal go? Pipelines, stages and moves between them, as data."""

from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKeyConstraint, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from domain.store.audit_kinds import CHAINED
from domain.store.schema import Code, Id, Line, TenantEntity, TenantRow


class Pipeline(TenantEntity):
    """One way of selling in a workspace."""

    __tablename__ = "pipeline"
    __audit__ = CHAINED

    workspace_id: Mapped[str] = mapped_column(Id)
    code: Mapped[str] = mapped_column(Code)
    template: Mapped[str] = mapped_column(Code)
    name_vi: Mapped[str] = mapped_column(Line)
    name_en: Mapped[str] = mapped_column(Line)
    position: Mapped[int] = mapped_column(Integer)
    lost_reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(Integer, default=1)

    __table_args__ = (
        UniqueConstraint("tenant_id", "workspace_id", "code"),
        ForeignKeyConstraint(
            ["tenant_id", "workspace_id"], ["workspace.tenant_id", "workspace.id"]
        ),
    )


class Stage(TenantEntity):
    """A step of a pipeline; category open, won or lost."""

    __tablename__ = "stage"
    __audit__ = CHAINED

    pipeline_id: Mapped[str] = mapped_column(Id)
    code: Mapped[str] = mapped_column(Code)
    name_vi: Mapped[str] = mapped_column(Line)
    name_en: Mapped[str] = mapped_column(Line)
    probability_pct: Mapped[int] = mapped_column(Integer)
    category: Mapped[str] = mapped_column(Code)
    outcome: Mapped[str | None] = mapped_column(Code)
    position: Mapped[int] = mapped_column(Integer)
    required_fields: Mapped[list[str]] = mapped_column(JSON, default=list)

    __table_args__ = (
        UniqueConstraint("tenant_id", "pipeline_id", "code"),
        UniqueConstraint("tenant_id", "pipeline_id", "id"),
        ForeignKeyConstraint(["tenant_id", "pipeline_id"], ["pipeline.tenant_id", "pipeline.id"]),
    )


class StageTransition(TenantRow):
    """A move that is allowed within one pipeline."""

    __tablename__ = "stage_transition"
    __audit__ = CHAINED

    pipeline_id: Mapped[str] = mapped_column(Id, primary_key=True)
    from_stage_id: Mapped[str] = mapped_column(Id, primary_key=True)
    to_stage_id: Mapped[str] = mapped_column(Id, primary_key=True)
    needs_reason: Mapped[bool] = mapped_column(Boolean)

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "from_stage_id"],
            ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
            name="fk_stage_transition_from",
        ),
        ForeignKeyConstraint(
            ["tenant_id", "pipeline_id", "to_stage_id"],
            ["stage.tenant_id", "stage.pipeline_id", "stage.id"],
            name="fk_stage_transition_to",
        ),
    )
