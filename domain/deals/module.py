"""Deals as a module: nobody closes one without people, and one that is closed stays as it is."""

from domain.accounts import queries as accounts
from domain.deals import audit, queries, timeline
from domain.deals.tables import Deal, DealMember, StageMove
from domain.store.declarations import Count, CustomerRows
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, final, needs_action, never_deleted, numbered

_MOVED = (
    "stage_id", "stage_entered_at", "probability_pct", "probability_manual", "updated_at",
    "version",
)  # fmt: skip
_LEARNT = ("amount_minor", "expected_close_date", "primary_contact_id")
_EDITED = ("name", "currency", "owner_id", "visibility")
_ENDED = ("status", "closed_date", "lost_reason")

MODULE = Module(
    name="deals",
    timeline=(timeline.STEPS,),
    customer_rows={
        "deal": CustomerRows(
            customer=queries.customer,
            of_customer=queries.others_of_customer,
            others=queries.others,
            names=accounts.names,
        )
    },
    uses=(
        "accounts",
        "approvals",
        "contacts",
        "identity",
        "payments",
        "pipelines",
        "taxpayers",
    ),
    counts=(Count(("deals", "open_deals"), queries.counts),),
    tables={
        Deal: Stored(
            guards=(
                begins_as(status="open"),
                needs_action("deal.close", "status", version="version"),
                final("status", unless="open"),
                never_deleted(),
            ),
            grants={
                Role.AGENT: Grant(insert=True, update=(*_MOVED, *_LEARNT, *_EDITED)),
                Role.EXECUTOR: Grant(insert=True, update=(*_MOVED, *_ENDED)),
            },
        ),
        DealMember: Stored(
            unguarded="people are taken off a deal and put on it again; the chain holds it",
            grants={
                Role.AGENT: Grant(insert=True, update=("removed_at",)),
                Role.EXECUTOR: Grant(insert=True),
            },
        ),
        StageMove: Stored(
            guards=(append_only(), numbered("n", "deal_id")),
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), Grant(insert=True)),
        ),
    },
    scopes=("crm.close",),
    topics=(
        "deal.created",
        "deal.updated",
        "deal.stage_moved",
        "deal.shared",
        "deal.won",
        "deal.lost",
        "deal.cancelled",
    ),
    laws=(audit.ended_as_allowed, audit.ended_by_people),
)
