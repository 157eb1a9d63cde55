"""Answers of taxpayer registries as a module."""

from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role
from domain.taxpayers.tables import TaxRegistryAnswer

MODULE = Module(
    name="taxpayers",
    uses=(
        "identity",
        "vn",
    ),
    tables={
        TaxRegistryAnswer: Stored(
            unguarded="the last answer takes the place of the one before",
            grants={Role.AGENT: Grant(insert=True, update=ALL)},
        )
    },
)
