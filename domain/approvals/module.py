"""Approvals as a module: actions that wait for people, what they signed, what became of it."""

from domain.approvals import checks
from domain.approvals.tables import (
    Approval,
    ExecutionAttempt,
    PendingAction,
    PolicyVersion,
    Resolution,
)
from domain.approvals.triggers import (
    AGENT_CANCELS,
    ASKED_BY,
    EMBEDDED_LIFETIME,
    EXECUTOR_EXECUTES,
    ONLY_WHILE_PENDING,
    ONLY_WHILE_UNKNOWN,
    QUORUM,
    SERVED_LIFETIME,
    SLOTS_COUNTED,
    STEPS,
)
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted, numbered

_STATE = ("state", "state_seq", "error_code", "closed_by", "closed_at")
_EXECUTED = ("lease_owner", "lease_until", "attempt", "provider_ref", "result")

MODULE = Module(
    name="approvals",
    tables={
        PendingAction: Stored(
            guards=(
                begins_as(
                    state="pending",
                    state_seq=1,
                    attempt=0,
                    error_code=None,
                    closed_by=None,
                    closed_at=None,
                    lease_owner=None,
                    lease_until=None,
                    provider_ref=None,
                    result=None,
                ),
                never_deleted(),
                fixed_but(*_STATE, *_EXECUTED),
                AGENT_CANCELS,
                ASKED_BY,
                EMBEDDED_LIFETIME,
                EXECUTOR_EXECUTES,
                QUORUM,
                SERVED_LIFETIME,
                SLOTS_COUNTED,
                STEPS,
            ),
            grants={
                Role.AGENT: Grant(insert=True, update=_STATE),
                Role.INBOX: Grant(update=_STATE),
                Role.EXECUTOR: Grant(update=(*_STATE, *_EXECUTED)),
            },
        ),
        Approval: Stored(
            guards=(append_only(), ONLY_WHILE_PENDING), grants={Role.INBOX: Grant(insert=True)}
        ),
        Resolution: Stored(
            guards=(append_only(), ONLY_WHILE_UNKNOWN), grants={Role.INBOX: Grant(insert=True)}
        ),
        ExecutionAttempt: Stored(
            guards=(numbered("n", "action_id"), final("ended_at"), never_deleted()),
            grants={
                Role.EXECUTOR: Grant(insert=True, update=("ended_at", "outcome", "provider_ref"))
            },
        ),
        PolicyVersion: Stored(
            guards=(append_only(),), ungranted="put into force by `cyberos init` and `migrate`"
        ),
    },
    checks=(checks.actions,),
)
