"""Rates of currencies as a module."""

from domain.fx import audit
from domain.fx.tables import FxRate
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only

MODULE = Module(
    name="fx",
    uses=("identity",),
    tables={FxRate: Stored(guards=(append_only(),), grants={Role.EXECUTOR: Grant(insert=True)})},
    laws=(audit.rates_were_recorded,),
)
