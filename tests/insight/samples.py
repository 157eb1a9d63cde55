"""Deals as the rules see them, with every field something ordinary unless a test says otherwise."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.deals.reviews import Reviewed

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # 09:00 in Hanoi
TODAY = date(2026, 11, 21)
DEAL, ACCOUNT, STAGE = (f"01J{letter * 23}" for letter in "DAS")


def days_ago(days: float) -> datetime:
    return AT - timedelta(days=days)


def a_deal(**more: Any) -> Reviewed:
    """An open deal that needs nothing: fresh, with a contact, a date ahead and a valid code."""
    fields: dict[str, Any] = {
        "id": DEAL,
        "workspace_id": "01JW",
        "visibility": "workspace",
        "account_id": ACCOUNT,
        "account_name": "Công ty TNHH Đại Dương",
        "account_type": "llc",
        "vn_mst": "0316794479",
        "vn_mst_status": "valid",
        "vn_mst_checked_at": days_ago(1),
        "industry": "Logistics",
        "primary_contact_id": "01JC",
        "name": "Nền tảng quý 4",
        "amount_minor": 750_000_000,
        "currency": "VND",
        "pipeline_id": "01JP",
        "pipeline": "sales",
        "stage_id": STAGE,
        "stage": "discovery",
        "stage_entered_at": days_ago(1),
        "probability_pct": 25,
        "expected_close_date": TODAY + timedelta(days=30),
        "status": "open",
        "closed_date": None,
        "created_at": days_ago(40),
    }
    return Reviewed(**{**fields, **more})
