"""Engagements as a module."""

from domain.engagements.tables import Engagement
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import fixed, never_deleted

MODULE = Module(
    name="engagements",
    tables={
        Engagement: Stored(
            guards=(fixed(), never_deleted()), grants={Role.EXECUTOR: Grant(insert=True)}
        )
    },
)
