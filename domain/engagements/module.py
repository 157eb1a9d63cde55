"""Engagements as a module: work is billed at rates that people signed, and at no others."""

from domain.engagements import audit, on_won
from domain.engagements.tables import Engagement, EngagementRate, TimeEntry
from domain.engagements.triggers import (
    BORN_APPROVED,
    COUNTS,
    RATE_APPROVED,
)
from domain.store.declarations import Consequence
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import (
    append_only,
    fixed,
    fixed_but,
    needs_action,
    never_deleted,
    set_once,
)

_SET = ("code", "status", "vat_category", "vat_evidence", "card", "version", "set_by", "set_at")
_CORRECTED = (
    *("member", "worked_on", "hours_hundredths", "role", "phase", "rate_minor", "task"),
    *("recorded_by", "version"),
)
_LOGS = Grant(insert=True, update=_CORRECTED)

MODULE = Module(
    name="engagements",
    uses=("accounts", "billing", "identity", "vat"),
    on_won=(
        Consequence(kind=on_won.KIND, rank=10, line=40, foresee=on_won.foresee, do=on_won.create),
    ),
    tables={
        Engagement: Stored(
            guards=(
                BORN_APPROVED,
                COUNTS,
                needs_action("engagement.set", "version"),
                fixed_but(*_SET),
                set_once("code"),
                never_deleted(),
            ),
            grants={Role.EXECUTOR: Grant(insert=True, update=_SET)},
        ),
        EngagementRate: Stored(
            guards=(append_only(), RATE_APPROVED), grants={Role.EXECUTOR: Grant(insert=True)}
        ),
        TimeEntry: Stored(
            guards=(
                fixed("engagement_id", "currency", "source_id", "recorded_at"),
                never_deleted(),
            ),
            grants={Role.AGENT: _LOGS, Role.EXECUTOR: _LOGS},
        ),
    },
    scopes=("inv.read", "inv.draft", "inv.send"),
    topics=("engagement.created", "engagement.set", "time_entry.logged", "time_entry.corrected"),
    laws=(
        audit.allowed_by_people,
        audit.rates_were_allowed,
        audit.won_deals_have_one,
        audit.time_has_a_rate_of_a_card,
        audit.days_have_24_hours,
    ),
)
