"""Payments as a module: money goes into no account that people have not confirmed."""

from domain.payments import audit, on_won
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.payments.triggers import CONFIRMED, INTO_USED
from domain.store.declarations import Consequence
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import (
    append_only,
    begins_as,
    final,
    fixed_but,
    needs_action,
    never_deleted,
    set_once,
)

_BOTH_WRITE: dict[Role, Grant] = dict.fromkeys((Role.AGENT, Role.EXECUTOR), Grant(insert=True))

MODULE = Module(
    name="payments",
    on_won=(
        Consequence(kind=on_won.KIND, rank=20, line=10, foresee=on_won.foresee, do=on_won.collect),
    ),
    uses=("identity", "vn"),
    tables={
        BankAccount: Stored(
            guards=(
                needs_action("bank_account.add", after_first="agent"),
                needs_action("bank_account.retire", "retired_at"),
                begins_as(first_used_at=None, retired_at=None),
                fixed_but("is_default", "first_used_at", "retired_at"),
                CONFIRMED,
                set_once("first_used_at"),
                final("retired_at"),
                never_deleted(),
            ),
            grants={
                Role.EXECUTOR: Grant(
                    insert=True, update=("is_default", "first_used_at", "retired_at")
                )
            },
        ),
        PaymentReference: Stored(guards=(append_only(),), grants=_BOTH_WRITE),
        PaymentRequest: Stored(guards=(append_only(), INTO_USED), grants=_BOTH_WRITE),
    },
    scopes=("admin.bank", "crm.payment", "inv.aging_read", "inv.payment_read"),
    topics=("bank_account.added", "bank_account.retired", "deal.payment_requested"),
    laws=(
        audit.accounts_were_allowed,
        audit.accounts_were_retired,
        audit.codes_were_told,
        audit.codes_ask_for_what_was_signed,
        audit.references_are_ours,
    ),
)
