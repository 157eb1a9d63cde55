"""Triggers of documents that no guard can say."""

from typing import Final

from domain.store.guards import SqlRefusal

OF_AN_ACTION: Final = SqlRefusal(
    "of_an_action",
    "insert",
    "is made by an action that people approved",
    asks=(
        "NOT EXISTS (SELECT 1 FROM pending_action p WHERE p.tenant_id = new.tenant_id "
        "AND p.id = new.created_by_action AND p.state IN ('executing', 'unknown', 'succeeded'))"
    ),
)
