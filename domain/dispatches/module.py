"""Dispatches as a module: nothing leaves that does not follow what people approved."""

from domain.dispatches import audit, checks
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.dispatches.triggers import FOLLOWS_AN_ACTION, ONLY_WHILE_UNKNOWN, STEPS
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, fixed_but, never_deleted, numbered

_STEP = (
    "state", "attempts", "lease_owner", "lease_until", "next_at", "provider_ref", "error_code",
    "done_at", "version",
)  # fmt: skip

MODULE = Module(
    name="dispatches",
    uses=("approvals",),
    tables={
        Dispatch: Stored(
            guards=(
                begins_as(state="waiting", attempts=0, version=1),
                never_deleted(),
                fixed_but(*_STEP),
                numbered("n", "action_id"),
                FOLLOWS_AN_ACTION,
                STEPS,
            ),
            grants={Role.EXECUTOR: Grant(insert=True, update=_STEP)},
        ),
        DispatchResolution: Stored(
            guards=(append_only(), ONLY_WHILE_UNKNOWN), grants={Role.INBOX: Grant(insert=True)}
        ),
    },
    checks=(checks.stuck,),
    laws=(audit.follow_what_was_approved,),
)
