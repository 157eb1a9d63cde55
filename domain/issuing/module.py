"""Issuing as a module: it has no rows of its own, and brings those of others together."""

from domain.issuing import audit
from domain.store.descriptor import Module

MODULE = Module(
    name="issuing",
    uses=(
        "accounts",
        "billing",
        "company",
        "documents",
        "einvoices",
        "fx",
        "invoices",
        "ledger",
        "mailing",
        "payments",
        "receipts",
        "taxpayers",
        "vat",
        "vn",
    ),
    laws=(audit.sent_ones_are_accepted_and_booked, audit.only_sent_ones_are_booked),
)
