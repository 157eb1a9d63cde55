"""The store as a module: chain, outbox, counters and what else the platform remembers."""

from domain.store import settings, subscribers
from domain.store.audit_outbox import messages_are_counted, messages_are_kept
from domain.store.declarations import Job, Mark
from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, final, fixed, fixed_but, never_deleted
from domain.store.tables import (
    AuditBlob,
    AuditEntry,
    AuditHead,
    AuditRow,
    CallCounter,
    DeadLetter,
    Deployment,
    GuardTool,
    IdempotencyKey,
    NumberSeries,
    OutboxCursor,
    OutboxMessage,
    TenantDirectory,
    TenantSetting,
)
from domain.store.triggers import (
    AGENT_SAYS,
    BY_ONE,
    COUNTS_MESSAGE,
    EMBEDDED_BODY,
    EMBEDDED_HEAD,
    LINKED,
    MOVES_HEAD,
    NEXT_MESSAGE,
    NEXT_NUMBER,
    ONLY_ERASE,
    SERVED_HEAD,
)
from domain.store.tx import Tx

_EVERYBODY = (Role.AGENT, Role.INBOX, Role.EXECUTOR)
_WRITES = Grant(insert=True)
_BY_MIGRATE = "written by `cyberos init` and `cyberos migrate`"
_RETRIED = ("code", "failures", "settled_at")


async def _dead_letters(tx: Tx) -> list[tuple[Mark, str]]:
    return [(Mark.WARN, _sentence(one)) for one in await subscribers.dead_letters(tx)]


def _sentence(one: DeadLetter) -> str:
    what = f"{one.topic} {one.message_id} is a dead letter of {one.subscriber}"
    why = f"it failed {one.failures} times ({one.code})"
    return f"{what}: {why}; mend the cause, then run `cyberos work --once --retry-dead`."


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
            guards=(EMBEDDED_HEAD, SERVED_HEAD, never_deleted()),
            grants=dict.fromkeys(_EVERYBODY, Grant(update=("seq", "hash", "messages"))),
        ),
        AuditEntry: Stored(
            guards=(append_only(), NEXT_NUMBER, EMBEDDED_BODY, LINKED, AGENT_SAYS, MOVES_HEAD),
            grants=dict.fromkeys(_EVERYBODY, _WRITES),
        ),
        AuditBlob: Stored(
            guards=(ONLY_ERASE, never_deleted()), grants=dict.fromkeys(_EVERYBODY, _WRITES)
        ),
        AuditRow: Stored(guards=(append_only(),), grants=dict.fromkeys(_EVERYBODY, _WRITES)),
        OutboxMessage: Stored(
            guards=(fixed(), NEXT_MESSAGE, COUNTS_MESSAGE),
            grants={Role.AGENT: _WRITES, Role.EXECUTOR: Grant(insert=True, delete=True)},
        ),
        OutboxCursor: Stored(
            unguarded="moves with the work of its subscriber",
            grants={Role.EXECUTOR: Grant(insert=True, update=("seq", "failures", "retry_at"))},
        ),
        DeadLetter: Stored(
            guards=(fixed_but(*_RETRIED), final("settled_at"), never_deleted()),
            grants={Role.EXECUTOR: Grant(insert=True, update=_RETRIED)},
        ),
        TenantSetting: Stored(
            guards=(begins_as(version=1), fixed_but("value", "version"), never_deleted()),
            ungranted="decided by the owner's commands alone",
        ),
        NumberSeries: Stored(
            guards=(begins_as(last=1), BY_ONE, never_deleted()),
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), Grant(insert=True, update=("last",))),
        ),
        IdempotencyKey: Stored(
            unguarded="an answer to repeat, of no weight", grants={Role.AGENT: _WRITES}
        ),
        CallCounter: Stored(
            unguarded="counts, which nothing is proved with",
            grants=dict.fromkeys(_EVERYBODY, Grant(insert=True, update=ALL)),
        ),
    },
    jobs=(Job("outbox", subscribers.prune),),
    checks=(_dead_letters, settings.complaints),
    laws=(messages_are_kept, messages_are_counted),
)
