"""Receipts as a module: what a bank feed tells is kept as it came, and taken down once."""

from domain.receipts import audit, checks, service
from domain.receipts.tables import (
    Receipt,
    ReceiptApplication,
    WebhookConflict,
    WebhookEndpoint,
    WebhookEvent,
)
from domain.receipts.triggers import WITHIN_INVOICE, WITHIN_RECEIPT
from domain.store.declarations import Backlog
from domain.store.descriptor import ALL, Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted

_SETTLED = ("state", "reason", "failures", "retry_at", "settled_at")
_AGENTS = frozenset({Role.AGENT})
_WAITING = ("waits_for", "reference", "deal_id", "version")
# What the public door reads of what was received: names and digests, no amount and no word.
_DIGESTS = ("tenant_id", "id", "endpoint_id", "rail", "own_account", "provider_id", "sha256")
_ALERTS = ("tenant_id", "id", "event_id", "sha256")

MODULE = Module(
    name="receipts",
    uses=(
        "identity",
        "payments",
    ),
    tables={
        WebhookEndpoint: Stored(
            guards=(
                begins_as(revoked_at=None),
                fixed_but("revoked_at"),
                final("revoked_at"),
                never_deleted(),
            ),
            grants={Role.PUBLIC: Grant(reads=ALL)},  # the owner's commands write it
            hidden_from=_AGENTS,
        ),
        WebhookEvent: Stored(
            guards=(
                begins_as(state="new", reason=None, failures=0, settled_at=None),
                fixed_but(*_SETTLED),
                final("state", unless="new"),
                never_deleted(),
            ),
            grants={
                Role.PUBLIC: Grant(reads=_DIGESTS, insert=True),
                Role.EXECUTOR: Grant(update=_SETTLED),
            },
            # Bank feeds quote payers: an agent reads what was made of it, never the raw bytes.
            hidden_from=_AGENTS,
        ),
        WebhookConflict: Stored(
            guards=(
                begins_as(told_at=None),
                fixed_but("told_at"),
                final("told_at"),
                never_deleted(),
            ),
            grants={
                Role.PUBLIC: Grant(reads=_ALERTS, insert=True),
                Role.EXECUTOR: Grant(update=("told_at",)),
            },
            hidden_from=_AGENTS,
        ),
        Receipt: Stored(
            guards=(fixed_but(*_WAITING), never_deleted()),
            grants={Role.EXECUTOR: Grant(insert=True, update=_WAITING)},
        ),
        ReceiptApplication: Stored(
            guards=(append_only(), WITHIN_RECEIPT, WITHIN_INVOICE),
            grants={Role.EXECUTOR: Grant(insert=True)},
        ),
    },
    topics=("receipts.conflict", "receipt.applied"),
    backlogs=(
        Backlog(
            name="receipts.conflicts",
            waits=service.untold,
            work=service.tell_conflicts,
            fail=service.leave_untold,
        ),
    ),
    checks=(checks.feeds,),
    laws=(audit.endpoints_were_made_by_operators, audit.receipts_say_what_was_told),
)
