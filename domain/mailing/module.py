"""Mailing: letters, and the port that takes them to a mail server."""

from domain.store.descriptor import Module

MODULE = Module(
    name="mailing",
)
