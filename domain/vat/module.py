"""Value added tax of Vietnam: its dated rates, and the tax of an invoice's lines."""

from domain.store.descriptor import Module

MODULE = Module(
    name="vat",
)
