"""Add a person at an account."""

from pydantic import Field

from domain.contacts import service
from domain.vn.names import Salutation
from policies.gate.contract import Call, tool
from tools.crm.shapes import SalutationName
from tools.crm.views import CONTACT_WORDS, ContactView, contact_view
from tools.shapes import Change, Id, Line, ShortLine, untrusted_in


class CreateContact(Change):
    """The new contact."""

    account_id: Id = Field(description="From crm_search_accounts.")
    display_name: Line | None = Field(
        default=None, description="As written, Vietnamese order: Nguyễn Văn A."
    )
    family_name: Line | None = Field(default=None, description="Only if not in display_name.")
    middle_name: Line | None = Field(default=None, description="Only with given_name.")
    given_name: Line | None = Field(default=None, description="By which the person is called.")
    email: Line | None = Field(default=None, description="The bare address.")
    phone: ShortLine | None = Field(default=None, description="Any usual spelling; stored E.164.")
    salutation: SalutationName | None = Field(
        default=None, description="As the person prefers; left out: read from title and name."
    )
    title: Line | None = Field(default=None, description="Job title.")
    is_primary: bool | None = Field(
        default=None, description="true replaces the account's primary contact."
    )


class CreatedContactView(ContactView):
    """The contact that is there now."""

    possible_duplicates: list[str] = Field(
        default_factory=list, description="Contacts with the same e-mail or phone."
    )
    untrusted_fields: list[str] = Field(default_factory=list)


@tool("cyberos.crm.create_contact", title="Create a contact", answer=CreatedContactView)
async def TOOL(call: Call, arguments: CreateContact) -> CreatedContactView:
    """Add a person at an account; the first one becomes its primary contact.

    Use this after crm_list_contacts did not show the person.
    Give display_name, or given_name with family_name. Phones are checked and normalised.
    Returns the contact, and in possible_duplicates the ids of others who share its e-mail or
    phone: tell the user about them.
    """
    created = await service.create(
        call.tx,
        arguments.account_id,
        name=service.PersonName(
            arguments.display_name,
            arguments.family_name,
            arguments.middle_name,
            arguments.given_name,
        ),
        email=arguments.email,
        phone=arguments.phone,
        title=arguments.title,
        salutation=Salutation(arguments.salutation) if arguments.salutation else None,
        is_primary=arguments.is_primary,
    )
    view = ContactView(**contact_view(created.contact))
    return CreatedContactView(
        **contact_view(created.contact),
        possible_duplicates=created.possible_duplicates,
        untrusted_fields=untrusted_in(view, CONTACT_WORDS),
    )
