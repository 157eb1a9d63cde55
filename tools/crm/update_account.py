"""Correct what is known about an account."""

from typing import Annotated, Any, Literal

from pydantic import Field

from domain.accounts import unusual, updating
from domain.accounts.rules import AccountType
from domain.taxpayers import service as taxpayers
from policies.gate.contract import Call, tool
from tools.crm.shapes import AccountTypeName
from tools.crm.views import PROFILE_WORDS, AccountFields, account_profile
from tools.shapes import (
    Doubted,
    Edit,
    Id,
    Line,
    LongLine,
    PersonReference,
    ShortLine,
    changed_text,
    untrusted_in,
)
from tools.tax_codes import hints, prefetch

Clearable = Literal["vn_mst", "industry", "address", "lead_source", "owner"]


class UpdateAccount(Edit, Doubted):
    """Which account, and what is different."""

    account_id: Id = Field(description="From crm_search_accounts.")
    name: Line | None = Field(default=None, description="As the customer writes it.")
    account_type: AccountTypeName | None = Field(
        default=None, description="The tax code has to fit it."
    )
    vn_mst: ShortLine | None = Field(default=None, description="Vietnamese tax code, 10-13 digits.")
    industry: Line | None = Field(default=None, description="What it does.")
    address: LongLine | None = Field(default=None, description="On one line.")
    lead_source: ShortLine | None = Field(default=None, description="How it came to us.")
    owner: PersonReference | None = Field(default=None, description="E-mail or id of a colleague.")
    custom_fields: dict[str, Any] | None = Field(
        default=None, description="Merged into those that are there; null removes one."
    )
    clear: Annotated[list[Clearable], Field(max_length=5)] = Field(
        default_factory=list, description="Fields to make empty."
    )


class UpdatedAccountView(AccountFields):
    """The account as it is now."""

    changed: list[str]
    warnings: list[str] = Field(default_factory=list)
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line for what changed, one for the account, one for each warning."""
        return self.telling(
            changed_text(self.changed), but=("changed", "warnings"), then=self.warnings
        )


@tool(
    "cyberos.crm.update_account",
    title="Update an account",
    answer=UpdatedAccountView,
    prefetch=prefetch(lambda arguments: arguments.vn_mst),
)
async def TOOL(call: Call, arguments: UpdateAccount) -> UpdatedAccountView:
    """Change fields of an account; what is left out stays as it is.

    Use this when a name, type, tax code, address, owner or custom field is wrong or new.
    Its people are crm_update_contact's. To make a field empty name it in `clear`.
    Returns the account, and in `changed` the fields that were something else.
    """
    kind = AccountType(arguments.account_type) if arguments.account_type else None
    said = await unusual.look_at(
        call.tx,
        arguments.vn_mst,
        kind,
        account_id=arguments.account_id,
        on=call.day,
        confirmed=arguments.confirm_unusual,
    )
    updated = await updating.update(
        call.tx,
        arguments.account_id,
        updating.AccountChanges(
            name=arguments.name,
            account_type=kind,
            vn_mst=arguments.vn_mst,
            industry=arguments.industry,
            address=arguments.address,
            lead_source=arguments.lead_source,
            owner=arguments.owner,
            custom_fields=arguments.custom_fields,
        ),
        clear=tuple(arguments.clear),
        expected_version=arguments.expected_version,
        on=call.day,
    )
    card = updated.account
    warnings = [*said]
    if arguments.vn_mst is not None and card.vn_mst is not None:
        known = await taxpayers.standing(call.tx, card.vn_mst)
        warnings += hints(known, call.port_error, typed_name=card.name)
    view = UpdatedAccountView(
        **account_profile(card), changed=list(updated.changed), warnings=warnings
    )
    return view.model_copy(update={"untrusted_fields": untrusted_in(view, PROFILE_WORDS)})
