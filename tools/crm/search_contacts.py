"""Contact search: who is that, at which customer?"""

from typing import Any

from pydantic import Field

from domain.contacts import searching
from domain.kernel.quoting import quoted
from domain.vn.names import Salutation, address_as
from policies.gate.contract import Call, tool
from tools.crm.views import lines
from tools.shapes import (
    Id,
    Paged,
    PlaceNumber,
    PlaceWords,
    QueryLine,
    View,
    cursor_to,
    position_of,
    untrusted_in_each,
)

_POSITION = tuple[PlaceNumber, PlaceWords, Id]
_WORDS = ("account_name", "display_name", "email", "title", "greeting")


class SearchContacts(Paged):
    """Who is sought."""

    query: QueryLine = Field(
        description="Phone, e-mail, domain, or words of name or title in any order."
    )
    account_id: Id | None = Field(default=None, description="Only at this account.")


class FoundContact(View):
    """Somebody at a customer."""

    id: str
    display_name: str
    account_id: str
    account_name: str
    title: str | None = None
    email: str | None = None
    phone_e164: str | None = None
    greeting: str
    is_primary: bool
    version: int

    def text(self) -> str:
        """One line: who, what they are and where, how they are reached and addressed."""
        said = [self.id, quoted(self.display_name)]
        said += [quoted(self.title)] if self.title else []
        said += ["at", quoted(self.account_name), self.account_id]
        said += [part for part in (self.email, self.phone_e164) if part]
        said += [f"({self.greeting})", *(["primary"] if self.is_primary else [])]
        return " ".join([*said, f"v{self.version}"])


class FoundContacts(View):
    """A page of contacts, best first; `nearest` where nobody fits."""

    contacts: list[FoundContact]
    nearest: list[FoundContact] | None = None
    advice: str | None = None
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        found = lines(self.contacts, "Nobody fits.", self.truncated, self.next_cursor)
        near = ["Nearest:", *(one.text() for one in self.nearest)] if self.nearest else []
        return "\n".join([found, *near, *([self.advice] if self.advice else [])])


@tool("cyberos.crm.search_contacts", title="Search contacts", answer=FoundContacts)
async def TOOL(call: Call, arguments: SearchContacts) -> FoundContacts:
    """Find people at customers by phone, e-mail, name or title, across all accounts.

    Use this for who called or wrote, or to get a contact id from a name; colleagues of your own
    company come from crm_list_people.
    Returns a page, best match first, each with the account; if nobody fits, `nearest` names.
    """
    question = {"query": arguments.query, "account_id": arguments.account_id}
    found = await searching.find(
        call.tx,
        query=arguments.query,
        account_id=arguments.account_id,
        limit=arguments.limit,
        after=position_of("contacts", question, arguments.cursor, _POSITION),
    )
    contacts = [_view(row) for row in found.contacts]
    near = [_view(row) for row in found.nearest]
    return FoundContacts(
        contacts=contacts,
        nearest=near or None,
        advice=_advice(arguments) if not contacts and arguments.cursor is None else None,
        next_cursor=cursor_to("contacts", question, found.next) if found.next else None,
        truncated=found.truncated,
        untrusted_fields=[
            *untrusted_in_each("contacts", contacts, _WORDS),
            *untrusted_in_each("nearest", near, _WORDS),
        ],
    )


def _advice(arguments: SearchContacts) -> str:
    where = "Leave account_id out, or try" if arguments.account_id else "Try"
    return f"{where} fewer words, a phone number or an e-mail."


def _view(row: Any) -> FoundContact:
    return FoundContact(
        id=row.id,
        display_name=row.display_name,
        account_id=row.account_id,
        account_name=row.account_name,
        title=row.title,
        email=row.email,
        phone_e164=row.phone_e164,
        greeting=address_as(Salutation(row.salutation), row.given_name),
        is_primary=row.is_primary,
        version=row.version,
    )
