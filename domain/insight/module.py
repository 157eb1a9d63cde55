"""Forecasts, scores and suggestions as a module: what was said is not rewritten."""

from domain.insight import forecasts, lead_scores, next_actions
from domain.insight.tables import (
    DismissedAction,
    LeadScore,
    NightlyRun,
    StoredForecast,
    SuggestedAction,
)
from domain.store.declarations import Job
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, final, fixed_but, never_deleted

_SCORED = ("state", "actual_minor", "scored_at")
_BY_NIGHT = Stored(guards=(append_only(),), grants={Role.EXECUTOR: Grant(insert=True)})

MODULE = Module(
    name="insight",
    uses=(
        "accounts",
        "activities",
        "contacts",
        "deals",
        "fx",
        "identity",
        "payments",
        "pipelines",
        "tasks",
        "taxpayers",
        "vn",
    ),
    tables={
        SuggestedAction: _BY_NIGHT,
        LeadScore: _BY_NIGHT,
        NightlyRun: _BY_NIGHT,
        DismissedAction: Stored(guards=(append_only(),), grants={Role.AGENT: Grant(insert=True)}),
        StoredForecast: Stored(
            guards=(fixed_but(*_SCORED), final("state", unless="open"), never_deleted()),
            grants={
                Role.AGENT: Grant(insert=True, update=_SCORED),
                Role.EXECUTOR: Grant(update=_SCORED),
            },
        ),
    },
    topics=("action.dismissed",),
    jobs=(
        Job(lead_scores.JOB, lead_scores.score_open),
        Job("next_actions", next_actions.record_night),
        Job("forecasts", forecasts.score_night),
    ),
)
