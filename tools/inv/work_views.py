"""Views of work: how does an agent see engagements, billing profiles and time?"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from domain.billing.service import Billing
from domain.engagements import rules
from domain.engagements.rules import Rate
from domain.engagements.tables import Engagement, TimeEntry
from domain.kernel.email import masked_address
from domain.kernel.money import Money
from domain.vn.tax_codes import masked
from policies.gate.contract import About
from tools.shapes import View

BILLING_WORDS = ("name", "address", "email")
ENTRY_WORDS = ("task",)


class RateView(View):
    """What an hour of a role costs."""

    role: str
    phase: str | None = None
    rate_minor: int


class BillingSummary(View):
    """How an account is billed, in a list; the address is covered."""

    kind: str
    country: str
    email: str
    currency: str
    terms_days: int


class EngagementView(View):
    """An engagement. One of a deal has the deal's amount and may have no code and no rates."""

    id: str
    code: str | None = None
    account_id: str
    account_name: str | None = None
    deal_id: str | None = None
    currency: str
    billing_mode: str
    amount_minor: int | None = None
    status: str
    vat_category: str | None = None
    evidence: str | None = None
    rates: list[RateView]
    version: int

    leads = ("id", "code", "account_name", "amount_minor", "status")

    def about(self) -> About:
        """The engagement."""
        return About("engagement", self.id)


class ListedEngagement(EngagementView):
    """An engagement with how its account is billed, and the hours that are on no invoice."""

    billing: BillingSummary | None = None
    unbilled_hours: str

    def text(self) -> str:
        """A line for it, one for how it is billed, one for each rate."""
        return self.telling(then=() if self.billing else ("no billing profile",))


class BillingView(View):
    """How an account is billed; name and tax_id are what stands on its invoices."""

    id: str
    account_id: str
    kind: str
    name: str
    country: str
    tax_id: str | None = None
    address: str
    email: str
    currency: str
    terms_days: int
    version: int
    changed_by: str
    changed_at: datetime

    def about(self) -> About:
        """The billing profile."""
        return About("billing_profile", self.id)


class TimeEntryView(View):
    """Time that was worked, at the rate of then."""

    id: str
    engagement_id: str
    engagement: str | None = None
    member: str
    worked_on: date
    hours: str
    role: str
    phase: str | None = None
    rate_minor: int
    currency: str
    task: str | None = None
    source_id: str | None = None
    billed: bool | None = None
    version: int

    leads = ("id", "worked_on", "member")

    def about(self) -> About:
        """The entry."""
        return About("time_entry", self.id)


def engagement_view(
    row: Engagement, rates: Iterable[Rate], account_name: str | None = None
) -> dict[str, Any]:
    """The fields of an engagement."""
    return {
        "id": row.id,
        "code": row.code,
        "account_id": row.account_id,
        "account_name": account_name,
        "deal_id": row.deal_id,
        "currency": row.currency,
        "billing_mode": row.billing_mode,
        "amount_minor": row.amount_minor,
        "status": row.status,
        "vat_category": row.vat_category,
        "evidence": row.vat_evidence,
        "rates": [
            RateView(role=one.role, phase=one.phase, rate_minor=one.rate_minor) for one in rates
        ],
        "version": row.version,
    }


def billing_view(billing: Billing) -> dict[str, Any]:
    """The fields of a billing profile; most of a person's number is covered."""
    return {
        "id": billing.id,
        "account_id": billing.account_id,
        "kind": billing.kind.value,
        "name": billing.name,
        "country": billing.country,
        "tax_id": masked(billing.tax_id),
        "address": billing.address,
        "email": billing.email,
        "currency": billing.currency,
        "terms_days": billing.terms_days,
        "version": billing.version,
        "changed_by": billing.changed_by,
        "changed_at": billing.changed_at,
    }


def billing_summary(billing: Billing | None) -> BillingSummary | None:
    """The same for a list, if there is one."""
    if billing is None:
        return None
    return BillingSummary(
        kind=billing.kind.value,
        country=billing.country,
        email=masked_address(billing.email),
        currency=billing.currency,
        terms_days=billing.terms_days,
    )


def entry_view(row: TimeEntry, code: str | None, *, billed: bool | None = None) -> dict[str, Any]:
    """The fields of a time entry."""
    return {
        "id": row.id,
        "engagement_id": row.engagement_id,
        "engagement": code,
        "member": row.member,
        "worked_on": row.worked_on,
        "hours": rules.hours_text(row.hours_hundredths),
        "role": row.role,
        "phase": row.phase,
        "rate_minor": row.rate_minor,
        "currency": row.currency,
        "task": row.task,
        "source_id": row.source_id,
        "billed": billed,
        "version": row.version,
    }


def rate_text(rate: RateView | Rate, currency: str) -> str:
    """`engineer/discovery USD 150.00`."""
    phase = f"/{rate.phase}" if rate.phase else ""
    return f"{rate.role}{phase} {Money(rate.rate_minor, currency).text()}"
