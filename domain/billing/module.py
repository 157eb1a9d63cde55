"""Billing profiles of accounts as a module."""

from domain.billing.tables import BillingProfile
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import fixed, never_deleted

_CHANGES = Grant(
    insert=True,
    update=(
        *("kind", "name", "country", "tax_id", "address", "email", "currency", "terms_days"),
        *("version", "changed_by", "changed_at"),
    ),
)

MODULE = Module(
    name="billing",
    uses=("accounts", "vn"),
    tables={
        BillingProfile: Stored(
            guards=(fixed("account_id"), never_deleted()),
            grants={Role.AGENT: _CHANGES, Role.EXECUTOR: _CHANGES},
        )
    },
    topics=("billing_profile.set",),
)
