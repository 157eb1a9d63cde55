"""Engagements as a module."""

from domain.engagements import audit, on_won
from domain.engagements.tables import Engagement
from domain.store.declarations import Consequence
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import fixed, never_deleted

MODULE = Module(
    name="engagements",
    on_won=(
        Consequence(kind=on_won.KIND, rank=10, line=40, foresee=on_won.foresee, do=on_won.create),
    ),
    tables={
        Engagement: Stored(
            guards=(fixed(), never_deleted()), grants={Role.EXECUTOR: Grant(insert=True)}
        )
    },
    topics=("engagement.created",),
    laws=(audit.made_of_won_deals, audit.won_deals_have_one),
)
