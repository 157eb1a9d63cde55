"""Correct what is known about a person at an account."""

from typing import Annotated, Literal

from pydantic import Field

from domain.contacts import updating
from domain.vn.names import Salutation
from policies.gate.contract import Call, tool
from tools.crm.shapes import SalutationName
from tools.crm.views import CONTACT_WORDS, ContactView, contact_view
from tools.shapes import Edit, Id, Line, ShortLine, changed_text, untrusted_in

Clearable = Literal["family_name", "middle_name", "email", "phone", "title", "salutation"]


class UpdateContact(Edit):
    """Which contact, and what is different."""

    contact_id: Id = Field(description="From crm_search_contacts.")
    display_name: Line | None = Field(default=None, description="As written; is split again.")
    family_name: Line | None = Field(default=None, description="A part of it.")
    middle_name: Line | None = Field(default=None, description="A part of it.")
    given_name: Line | None = Field(default=None, description="A part of it.")
    email: Line | None = Field(default=None, description="The bare address.")
    phone: ShortLine | None = Field(default=None, description="Any usual spelling; stored E.164.")
    salutation: SalutationName | None = Field(default=None, description="Stays until cleared.")
    title: Line | None = Field(default=None, description="Job title.")
    is_primary: bool | None = Field(default=None, description="true: instead of another.")
    clear: Annotated[list[Clearable], Field(max_length=6)] = Field(
        default_factory=list,
        description="Fields to make empty.",
    )


class UpdatedContactView(ContactView):
    """The contact as it is now."""

    changed: list[str]
    possible_duplicates: list[str] = Field(
        default_factory=list, description="Contacts with the new e-mail or phone."
    )
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line for what changed, one for the contact."""
        return self.telling(changed_text(self.changed), but=("changed",))


@tool("cyberos.crm.update_contact", title="Update a contact", answer=UpdatedContactView)
async def TOOL(call: Call, arguments: UpdateContact) -> UpdatedContactView:
    """Change fields of a contact; what is left out stays as it is.

    Use this when a name, e-mail, phone, title or salutation is wrong or new, or for the primary
    contact. To make a field empty name it in `clear`. A contact stays with its account.
    Returns the contact, in `changed` the fields that were something else, in possible_duplicates
    others with the new e-mail or phone.
    """
    updated = await updating.update(
        call.tx,
        arguments.contact_id,
        updating.ContactChanges(
            display_name=arguments.display_name,
            family_name=arguments.family_name,
            middle_name=arguments.middle_name,
            given_name=arguments.given_name,
            email=arguments.email,
            phone=arguments.phone,
            title=arguments.title,
            salutation=Salutation(arguments.salutation) if arguments.salutation else None,
            is_primary=arguments.is_primary,
        ),
        clear=tuple(arguments.clear),
        expected_version=arguments.expected_version,
    )
    view = ContactView(**contact_view(updated.contact))
    return UpdatedContactView(
        **contact_view(updated.contact),
        changed=list(updated.changed),
        possible_duplicates=updated.possible_duplicates,
        untrusted_fields=untrusted_in(view, CONTACT_WORDS),
    )
