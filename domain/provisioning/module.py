"""Provisioning: how a company comes into being."""

from domain.store.descriptor import Module

MODULE = Module(name="provisioning", uses=("identity", "payments", "pipelines"))
