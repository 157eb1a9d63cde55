"""Contacts: whom do we know at this account?"""

from typing import Annotated, Literal

from pydantic import Field

from domain.contacts import service
from policies.gate.contract import Call, tool
from tools.crm.views import CONTACT_WORDS, ContactView, contact_view, lines
from tools.shapes import (
    MOST_FIELDS,
    Id,
    Paged,
    View,
    chosen,
    cursor_to,
    position_of,
    untrusted_in_each,
)

ContactField = Literal[
    "account_id", "display_name", "family_name", "middle_name", "given_name", "first_name",
    "last_name", "email", "phone_e164", "salutation", "salutation_source", "greeting", "title",
    "is_primary", "version",
]  # fmt: skip


class ListContacts(Paged):
    """Whose contacts, and what of them."""

    account_id: Id = Field(description="From crm_search_accounts.")
    fields: Annotated[list[ContactField], Field(max_length=MOST_FIELDS)] | None = Field(
        default=None, description="Only these, beside id."
    )


class Contacts(View):
    """A page of contacts, oldest first."""

    contacts: list[ContactView]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(
            self.contacts, "This account has no contacts yet.", self.truncated, self.next_cursor
        )


@tool("cyberos.crm.list_contacts", title="List contacts", answer=Contacts)
async def TOOL(call: Call, arguments: ListContacts) -> Contacts:
    """List the people we know at one account, with how to reach and address them.

    Use this for everybody at an account, or before crm_create_contact; one person somebody names
    comes from crm_search_contacts. A letter begins with `greeting`, like Anh Minh.
    Returns a page of contacts, oldest first.
    """
    question = {"account_id": arguments.account_id}
    after = position_of("contacts", question, arguments.cursor)
    rows, more = await service.of_account(
        call.tx,
        arguments.account_id,
        after=str(after[0]) if after else None,
        limit=arguments.limit,
    )
    contacts = [ContactView(**chosen(contact_view(row), arguments.fields)) for row in rows]
    return Contacts(
        contacts=contacts,
        next_cursor=cursor_to("contacts", question, [rows[-1].id]) if more else None,
        truncated=more,
        untrusted_fields=untrusted_in_each("contacts", contacts, CONTACT_WORDS),
    )
