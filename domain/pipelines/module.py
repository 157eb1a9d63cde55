"""Pipelines as a module."""

from domain.pipelines.tables import Pipeline, Stage, StageTransition
from domain.store.descriptor import Module, Stored

_BY_OWNER = Stored(
    unguarded="an operator may change how a company sells",
    ungranted="installed from a template by the owner's commands",
)

MODULE = Module(
    name="pipelines", tables=dict.fromkeys((Pipeline, Stage, StageTransition), _BY_OWNER)
)
