"""Add a customer or prospect."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from domain.accounts import service, unusual
from domain.accounts.rules import AccountType
from domain.accounts.service import AccountCard
from domain.taxpayers import service as taxpayers
from policies.gate.contract import Call, tool
from tools.crm.shapes import AccountTypeName
from tools.crm.views import PROFILE_WORDS, AccountFields, account_profile
from tools.shapes import Change, Doubted, Line, LongLine, PersonReference, ShortLine, untrusted_in
from tools.tax_codes import hints, prefetch


class CreateAccount(Change, Doubted):
    """The new account."""

    name: Line = Field(description="As the customer writes it, with accents.")
    account_type: AccountTypeName = Field(
        description="llc: Công ty TNHH, jsc: Công ty cổ phần, sole_proprietor: Hộ kinh doanh."
    )
    vn_mst: ShortLine | None = Field(default=None, description="Vietnamese tax code, 10-13 digits.")
    industry: Line | None = Field(default=None, description="What it does.")
    address: LongLine | None = Field(default=None, description="On one line.")
    lead_source: ShortLine | None = Field(default=None, description="How it came to us.")
    owner: PersonReference | None = Field(default=None, description="E-mail or id of a colleague.")
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="As the company's schema defines them."
    )


class CreatedAccountView(AccountFields):
    """The account that is there now."""

    warnings: list[str] = Field(default_factory=list)
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line, and one for each warning."""
        return self.telling(but=("warnings",), then=self.warnings)


@tool(
    "cyberos.crm.create_account",
    title="Create an account",
    answer=CreatedAccountView,
    prefetch=prefetch(lambda arguments: arguments.vn_mst),
)
async def TOOL(call: Call, arguments: CreateAccount) -> CreatedAccountView:
    """Add a company or person we do business with.

    Use this after crm_search_accounts found nothing: a tax code can be there only once, and
    then the answer is ACCOUNT_EXISTS with the id to use.
    Its people are added with crm_create_contact, opportunities with crm_create_deal.
    Its tax code is checked with the taxpayer registry; when that does not answer, the account is
    created all the same, with vn_mst_status unverified or stale and a warning.
    Returns the account; legal_name is the registered name, name stays as typed.
    """
    kind, confirmed = AccountType(arguments.account_type), arguments.confirm_unusual
    said = await unusual.look_at(call.tx, arguments.vn_mst, kind, on=call.day, confirmed=confirmed)
    card = await service.create(
        call.tx,
        name=arguments.name,
        account_type=kind,
        on=call.day,
        vn_mst=arguments.vn_mst,
        industry=arguments.industry,
        address=arguments.address,
        lead_source=arguments.lead_source,
        owner=arguments.owner,
        custom_fields=arguments.custom_fields,
    )
    return await created(call, card, said)


async def created(call: Call, card: AccountCard, said: Sequence[str] = ()) -> CreatedAccountView:
    """The answer about an account whose tax code was checked in this call."""
    view = CreatedAccountView(**account_profile(card))
    warnings = [*said]
    if card.vn_mst is not None:
        known = await taxpayers.standing(call.tx, card.vn_mst)
        warnings += hints(known, call.port_error, typed_name=card.name)
    marked = untrusted_in(view, PROFILE_WORDS)
    return view.model_copy(update={"warnings": warnings, "untrusted_fields": marked})
