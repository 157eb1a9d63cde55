"""E-invoices as a module: no hóa đơn leaves without people, and each number stands once."""

from domain.einvoices import audit
from domain.einvoices.tables import EInvoice
from domain.einvoices.triggers import (
    AS_IT_LEFT,
    CHANGED_BY_ACTION,
    IN_ORDER,
    SIGNED_BY_ACTION,
    SOUND_ADDED,
    SOUND_CHANGED,
    STEPS,
)
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import begins_as, fixed, never_deleted, numbered

_SENT = (
    *("state", "message_id", "xml", "xml_sha256", "reply", "provider_reference", "refusal_code"),
    *("currency", "subtotal_minor", "vat_minor", "total_minor", "action_id", "settled_at"),
    "version",
)

MODULE = Module(
    name="einvoices",
    uses=("vat", "vn"),
    tables={
        EInvoice: Stored(
            guards=(
                SIGNED_BY_ACTION,
                CHANGED_BY_ACTION,
                begins_as(state="signed", version=1, settled_at=None, reply=None),
                fixed("id", "invoice_id", "form", "symbol", "year", "number", "issued_on"),
                STEPS,
                AS_IT_LEFT,
                SOUND_ADDED,
                SOUND_CHANGED,
                IN_ORDER,
                numbered("number", "form", "symbol", "year"),
                never_deleted(),
            ),
            grants={Role.EXECUTOR: Grant(insert=True, update=_SENT)},
        ),
    },
    laws=(audit.accepted_by_people, audit.numbered_without_hole, audit.as_it_left),
)
