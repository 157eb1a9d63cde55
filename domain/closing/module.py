"""Closing: what follows when a deal ends? Modules declare their part in `on_won`."""

from domain.store.descriptor import Module

MODULE = Module(name="closing", uses=("deals",))
