"""Answers of taxpayer registries as a module."""

from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role
from domain.taxpayers.settings import ASKS_ABOUT_PERSONS
from domain.taxpayers.tables import TaxRegistryAnswer

MODULE = Module(
    name="taxpayers",
    uses=("vn",),
    tables={
        TaxRegistryAnswer: Stored(
            unguarded="the last answer takes the place of the one before",
            # The executor asks again before it carries out what was approved.
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), Grant(insert=True, update=ALL)),
        )
    },
    settings=(ASKS_ABOUT_PERSONS,),
)
