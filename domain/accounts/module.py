"""Accounts as a module."""

from domain.accounts import queries
from domain.accounts.settings import CUSTOM_FIELDS
from domain.accounts.tables import Account
from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role

_WRITES = Grant(insert=True, update=ALL)

MODULE = Module(
    name="accounts",
    uses=(
        "identity",
        "taxpayers",
        "vn",
    ),
    tables={
        Account: Stored(
            unguarded="edited by agents; the chain holds every change",
            grants={Role.AGENT: _WRITES, Role.EXECUTOR: _WRITES},
            searched=queries.SEARCHED,
        )
    },
    scopes=("crm.read", "crm.write"),
    settings=(CUSTOM_FIELDS,),
    topics=("account.created", "account.tax_code_checked", "account.updated"),
)
