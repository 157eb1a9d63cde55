"""Views of the CRM: how does an agent see accounts, contacts, deals and activities?"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from domain.accounts.service import AccountCard
from domain.deals.cards import DealCard
from domain.kernel.money import Locale
from domain.store.visibility import Viewer
from domain.vn.names import Salutation, address_as
from domain.vn.tax_codes import masked
from policies.gate.contract import About, Principal
from tools.shapes import Untrusted, View

ACCOUNT_WORDS = ("name", "address", "industry", "lead_source", "custom_fields")
PROFILE_WORDS = (*ACCOUNT_WORDS, "legal_name")
CONTACT_WORDS = (
    "display_name", "family_name", "middle_name", "given_name", "first_name", "last_name",
    "email", "title", "greeting",
)  # fmt: skip
DEAL_WORDS = ("name", "account_name", "lost_reason")
ACTIVITY_WORDS = ("subject",)

_MOST_OF_A_BODY = 1_000


class AccountView(View):
    """An account. `owner` is an e-mail address; lists leave custom_fields out."""

    id: str
    name: str | None = None
    account_type: str | None = None
    vn_mst: str | None = None
    vn_mst_validated: bool | None = None
    vn_mst_status: str | None = None
    industry: str | None = None
    address: str | None = None
    lead_source: str | None = None
    owner: str | None = None
    custom_fields: dict[str, Any] | None = None
    created_at: datetime | None = None
    version: int | None = None

    leads = ("id", "name", "account_type")

    def about(self) -> About:
        """The account."""
        return About("account", self.id)


class AccountFields(AccountView):
    """One account with what the taxpayer registry said, for answers about that account alone."""

    legal_name: str | None = None
    vn_mst_checked_at: datetime | None = None
    vn_mst_source: str | None = None


class ContactView(View):
    """A contact. first_name is the given name, last_name family and middle name.

    `salutation_source` says whether somebody chose the salutation (explicit) or it was read from
    title or name; `greeting` is how a letter begins.
    """

    id: str
    account_id: str | None = None
    display_name: str | None = None
    family_name: str | None = None
    middle_name: str | None = None
    given_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone_e164: str | None = None
    salutation: str | None = None
    salutation_source: str | None = None
    greeting: str | None = None
    title: str | None = None
    is_primary: bool | None = None
    version: int | None = None

    leads = ("id", "display_name", "is_primary")
    repeats = (("first_name", "given_name"), ("last_name", "family_name"))

    def about(self) -> About:
        """The contact."""
        return About("contact", self.id)


class DealView(View):
    """A deal. amount_minor_vnd repeats the amount when it is in dong."""

    id: str
    account_id: str | None = None
    account_name: str | None = None
    name: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    amount_minor_vnd: int | None = None
    pipeline: str | None = None
    pipeline_id: str | None = None
    stage: str | None = None
    stage_id: str | None = None
    stage_name: str | None = None
    probability_pct: int | None = None
    probability_manual: bool | None = None
    expected_close_date: date | None = None
    status: str | None = None
    closed_date: date | None = None
    lost_reason: str | None = None
    visibility: str | None = None
    owner: str | None = None
    primary_contact_id: str | None = None
    created_at: datetime | None = None
    version: int | None = None

    leads = ("id", "name", "amount_minor", "stage", "status")
    repeats = (("amount_minor_vnd", "amount_minor"),)

    def about(self) -> About:
        """The deal."""
        return About("deal", self.id)


class ActivityView(View):
    """Something that happened; a long body is cut."""

    id: str
    kind: str
    occurred_at: datetime
    subject: str
    body: Untrusted | None = None
    account_id: str
    contact_id: str | None = None
    deal_id: str | None = None
    source: str

    leads = ("id", "kind", "occurred_at", "subject")

    def about(self) -> About:
        """The activity."""
        return About("activity", self.id)


def account_view(card: AccountCard) -> dict[str, Any]:
    """The fields of an account's view."""
    return {
        "id": card.id,
        "name": card.name,
        "account_type": card.account_type,
        "vn_mst": masked(card.vn_mst),
        "vn_mst_validated": card.vn_mst_status == "valid",
        "vn_mst_status": card.vn_mst_status,
        "industry": card.industry,
        "address": card.address,
        "lead_source": card.lead_source,
        "owner": card.owner,
        "custom_fields": dict(card.custom_fields) if card.custom_fields else None,
        "created_at": card.created_at,
        "version": card.version,
    }


def account_profile(card: AccountCard) -> dict[str, Any]:
    """The fields of an account's profile."""
    return {
        **account_view(card),
        "legal_name": card.legal_name,
        "vn_mst_checked_at": card.vn_mst_checked_at,
        "vn_mst_source": card.vn_mst_source,
    }


def contact_view(contact: Any) -> dict[str, Any]:
    """The fields of a contact's view, from a row or an entity."""
    return {
        "id": contact.id,
        "account_id": contact.account_id,
        "display_name": contact.display_name,
        "family_name": contact.family_name or None,
        "middle_name": contact.middle_name or None,
        "given_name": contact.given_name,
        "first_name": contact.given_name,
        "last_name": f"{contact.family_name} {contact.middle_name}".strip() or None,
        "email": contact.email,
        "phone_e164": contact.phone_e164,
        "salutation": contact.salutation,
        "salutation_source": contact.salutation_source,
        "greeting": address_as(Salutation(contact.salutation), contact.given_name),
        "title": contact.title,
        "is_primary": contact.is_primary,
        "version": contact.version,
    }


def deal_view(card: DealCard, principal: Principal) -> dict[str, Any]:
    """The fields of a deal's view, with the stage in the tenant's language."""
    fields = tuple(DealView.model_fields)
    columns = deal_columns(fields, principal)
    return {name: getattr(card, one) for name, one in zip(fields, columns, strict=True)}


def deal_columns(fields: Sequence[str], principal: Principal) -> tuple[str, ...]:
    """The column of DealCard that each of these fields of a deal's view shows."""
    stage_name = "stage_vi" if locale_of(principal) == "vi" else "stage_en"
    return tuple(stage_name if name == "stage_name" else name for name in fields)


def activity_view(activity: Any) -> ActivityView:
    """An activity's view, from a row or an entity; nobody knows who wrote its words."""
    return ActivityView(
        id=activity.id,
        kind=activity.kind,
        occurred_at=activity.occurred_at,
        subject=activity.subject,
        body=words_of_others(f"activity.{activity.kind}", activity.body),
        account_id=activity.account_id,
        contact_id=activity.contact_id,
        deal_id=activity.deal_id,
        source=activity.source,
    )


def words_of_others(source: str, body: str) -> Untrusted | None:
    """A long text, cut short, with where it came from; nothing if it is empty."""
    if len(body) > _MOST_OF_A_BODY:
        body = body[: _MOST_OF_A_BODY - 1] + "…"
    return Untrusted(source=source, text=body) if body else None


def viewer(principal: Principal) -> Viewer:
    """The viewer of a deal: the person an agent acts for."""
    return Viewer(principal.person_id, principal.workspace_ids)


def locale_of(principal: Principal) -> Locale:
    """The language of the tenant."""
    locale: Literal["vi", "en"] = "vi" if principal.locale == "vi" else "en"
    return locale


def lines(views: Sequence[Any], nothing: str, more: bool, cursor: str | None = None) -> str:
    """A line for each view and what belongs to it, and how to go on."""
    said = [view.text() for view in views] or [nothing]
    if more:
        onwards = f"cursor {cursor}, or narrow" if cursor is not None else "narrow"
        said.append(f"(there are more: {onwards} the question)")
    return "\n".join(said)
