"""Add a customer or prospect."""

from typing import Any

from pydantic import Field

from domain.accounts import service
from domain.accounts.rules import AccountType
from policies.contract import Call, tool
from tools.crm.views import ACCOUNT_WORDS, AccountView, account_view
from tools.shapes import (
    AccountTypeName,
    Change,
    Line,
    LongLine,
    PersonReference,
    ShortLine,
    untrusted_in,
)


class Create(Change):
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


class Created(AccountView):
    """The account that is there now."""

    untrusted_fields: list[str] = Field(default_factory=list)


@tool("cyberos.crm.create_account", title="Create an account", answer=Created)
async def TOOL(call: Call, arguments: Create) -> Created:
    """Add a company or person we do business with.

    Use this after crm_search_accounts found nothing: a tax code can be there only once, and
    then the answer is ACCOUNT_EXISTS with the id to use.
    Its people are added with crm_create_contact, opportunities with crm_create_deal.
    Returns the account; its tax code stays unverified until the registry was asked.
    """
    card = await service.create(
        call.tx,
        name=arguments.name,
        account_type=AccountType(arguments.account_type),
        on=call.day,
        vn_mst=arguments.vn_mst,
        industry=arguments.industry,
        address=arguments.address,
        lead_source=arguments.lead_source,
        owner=arguments.owner,
        custom_fields=arguments.custom_fields,
    )
    view = AccountView(**account_view(card))
    return Created(**account_view(card), untrusted_fields=untrusted_in(view, ACCOUNT_WORDS))
