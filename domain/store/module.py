"""The store as a module: chain, outbox, counters and what else the platform remembers."""

from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, never_deleted
from domain.store.tables import (
    AuditBlob,
    AuditEntry,
    AuditHead,
    CallCounter,
    Deployment,
    GuardTool,
    IdempotencyKey,
    OutboxMessage,
    TenantDirectory,
)
from domain.store.triggers import FORWARD, ONLY_ERASE

_EVERYBODY = (Role.AGENT, Role.INBOX, Role.EXECUTOR)
_WRITES = Grant(insert=True)
_BY_MIGRATE = "written by `cyberos init` and `cyberos migrate`"

MODULE = Module(
    name="store",
    tables={
        Deployment: Stored(
            unguarded="one row, which every signed byte names", ungranted=_BY_MIGRATE
        ),
        GuardTool: Stored(unguarded="says what the program says", ungranted=_BY_MIGRATE),
        TenantDirectory: Stored(
            unguarded="a list of what else is there",
            ungranted=_BY_MIGRATE,
            # An agent must not learn which other tenants there are.
            hidden_from=frozenset({Role.AGENT}),
        ),
        AuditHead: Stored(
            guards=(FORWARD, never_deleted()),
            grants=dict.fromkeys(_EVERYBODY, Grant(update=ALL)),
        ),
        AuditEntry: Stored(guards=(append_only(),), grants=dict.fromkeys(_EVERYBODY, _WRITES)),
        AuditBlob: Stored(
            guards=(ONLY_ERASE, never_deleted()), grants=dict.fromkeys(_EVERYBODY, _WRITES)
        ),
        OutboxMessage: Stored(
            unguarded="a message is marked when it was handed on",
            grants={
                Role.AGENT: _WRITES,
                Role.EXECUTOR: Grant(insert=True, update=("dispatched_at", "attempts")),
            },
        ),
        IdempotencyKey: Stored(
            unguarded="an answer to repeat, of no weight", grants={Role.AGENT: _WRITES}
        ),
        CallCounter: Stored(
            unguarded="counts, which nothing is proved with",
            grants=dict.fromkeys(_EVERYBODY, Grant(insert=True, update=ALL)),
        ),
    },
)
