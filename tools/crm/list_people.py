"""Colleagues: who works here, in which role?"""

from pydantic import Field

from domain.identity import queries as identity
from policies.gate.contract import Call, tool
from tools.crm.views import lines
from tools.shapes import Paged, QueryLine, View, cursor_to, position_of


class ListPeople(Paged):
    """Which colleagues."""

    query: QueryLine | None = Field(
        default=None, description="Beginnings of words of the name or e-mail; none lists all."
    )


class PersonView(View):
    """Somebody of the company; `email` and `name` are taken wherever an owner is asked for."""

    id: str
    name: str
    email: str
    roles: list[str]

    def text(self) -> str:
        """One line."""
        return f"{self.id} {self.name} {self.email} {', '.join(self.roles) or 'no role'}"


class People(View):
    """A page of colleagues, oldest first."""

    people: list[PersonView]
    next_cursor: str | None = None
    truncated: bool = False

    def text(self) -> str:
        """A line for each."""
        return lines(self.people, "Nobody here is called so.", self.truncated, self.next_cursor)


@tool("cyberos.crm.list_people", title="List people", answer=People)
async def TOOL(call: Call, arguments: ListPeople) -> People:
    """List the people of your own company, with e-mail address and roles.

    Use this to find out who `owner` may be, or who can sign as am, cro or cfo; people at
    customers come from crm_search_contacts.
    Returns a page of people who are here, not those who have left.
    """
    question = {"query": arguments.query}
    after = position_of("people", question, arguments.cursor)
    found = await identity.colleagues(
        call.tx,
        words=arguments.query,
        after=str(after[0]) if after else None,
        limit=arguments.limit + 1,
    )
    more = len(found) > arguments.limit
    page = found[: arguments.limit]
    return People(
        people=[
            PersonView(id=one.id, name=one.display_name, email=one.email, roles=sorted(one.roles))
            for one in page
        ],
        next_cursor=cursor_to("people", question, [page[-1].id]) if more else None,
        truncated=more,
    )
