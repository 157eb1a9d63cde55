"""Contacts as a module."""

from domain.contacts import queries
from domain.contacts.tables import Contact
from domain.store.declarations import Count
from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role

_WRITES = Grant(insert=True, update=ALL)

MODULE = Module(
    name="contacts",
    uses=(
        "accounts",
        "vn",
    ),
    counts=(Count(("contacts",), queries.counts),),
    tables={
        Contact: Stored(
            unguarded="edited by agents; the chain holds every change",
            grants={Role.AGENT: _WRITES, Role.EXECUTOR: _WRITES},
            searched=queries.SEARCHED,
        )
    },
    topics=("contact.created", "contact.updated"),
)
