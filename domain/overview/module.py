"""Overview: what belongs to an account, counted by every module."""

from domain.store.descriptor import Module

MODULE = Module(
    name="overview",
)
