"""Cash application as a module: the worker reads what bank feeds told, and applies it."""

from domain.cash_application import audit, service
from domain.receipts import service as receipts
from domain.store.declarations import Backlog, Job, Subscriber
from domain.store.descriptor import Module

MODULE = Module(
    name="cash_application",
    uses=("invoices", "ledger", "payments", "receipts", "vn"),
    backlogs=(
        Backlog(name="receipts", waits=service.waits, work=service.apply, fail=receipts.fail),
    ),
    subscribers={
        "invoice.sent": (Subscriber(service.SUBSCRIBER, service.look_again),),
        "bank_account.added": (Subscriber(service.SUBSCRIBER, service.look_at_account),),
    },
    jobs=(Job(service.JOB, service.look_at_rounding),),
    laws=(
        audit.receipts_are_applied_once,
        audit.applied_to_what_was_named,
        audit.applications_are_booked,
    ),
)
