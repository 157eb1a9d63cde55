"""Account: what do we know about this account?"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from domain.accounts import service
from domain.activities import queries as activities
from domain.overview import service as overview
from policies.gate.contract import Call, tool
from tools.crm.views import (
    ACTIVITY_WORDS,
    PROFILE_WORDS,
    AccountFields,
    ActivityView,
    account_profile,
    activity_view,
    viewer,
)
from tools.shapes import Ask, Id, untrusted_in, untrusted_in_each


class GetAccount(Ask):
    """Which account."""

    id: Id = Field(description="From crm_search_accounts.")
    activity_limit: Annotated[int, Field(ge=0, le=50)] = Field(
        default=5, description="How many of its latest activities to show."
    )


# How the first modules' counts are called here; of a later one they have the names it gives them.
_NAMES = {
    "contacts": "contact_count",
    "deals": "deal_count",
    "open_deals": "open_deal_count",
    "activities": "activity_count",
}


class AccountDetail(AccountFields):
    """An account with what belongs to it, as far as the caller may see."""

    model_config = ConfigDict(extra="allow", frozen=True)

    contact_count: int
    deal_count: int
    open_deal_count: int
    activity_count: int
    activities: list[ActivityView]
    untrusted_fields: list[str] = Field(default_factory=list)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """The contract names what later modules count, too."""
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        later = [name for name in overview.names() if name not in _NAMES]
        schema["properties"].update({name: {"type": "integer"} for name in later})
        schema["required"] += later
        return schema


@tool("cyberos.crm.get_account", title="Show an account", answer=AccountDetail)
async def TOOL(call: Call, arguments: GetAccount) -> AccountDetail:
    """Show one account with its tax code, owner, custom fields, counts and latest activities.

    Use this when you have an account id and need more than crm_search_accounts shows.
    Its people come from crm_list_contacts, its deals from crm_list_deals.
    Returns the account; counts and activities leave out deals hidden from you.
    """
    who = viewer(call.principal)
    card = await service.get(call.tx, arguments.id)
    counts = await overview.counts(call.tx, card.id, who)
    latest = await activities.recent(
        call.tx, who, account_id=card.id, limit=arguments.activity_limit
    )
    counted: dict[str, Any] = {_NAMES.get(name, name): number for name, number in counts.items()}
    view = AccountFields(**account_profile(card))
    shown = [activity_view(activity) for activity in latest]
    return AccountDetail(
        **account_profile(card),
        **counted,
        activities=shown,
        untrusted_fields=[
            *untrusted_in(view, PROFILE_WORDS),
            *untrusted_in_each("activities", shown, ACTIVITY_WORDS),
        ],
    )
