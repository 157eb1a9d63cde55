"""Activities as a module."""

from domain.activities import queries, timeline
from domain.activities.tables import Activity
from domain.store.declarations import Count
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only

MODULE = Module(
    name="activities",
    timeline=(timeline.ACTIVITIES,),
    uses=("deals",),
    counts=(Count(("activities",), queries.counts),),
    tables={
        Activity: Stored(
            guards=(append_only(),),
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), Grant(insert=True)),
        )
    },
    topics=("activity.logged",),
)
