"""Vietnam: addresses, names, banks, tax codes and payment codes."""

from domain.store.descriptor import Module

MODULE = Module(
    name="vn",
)
