"""Account search: which accounts have such a name?"""

from typing import Annotated, Literal

from pydantic import Field

from domain.contacts import searching
from policies.gate.contract import Call, tool
from tools.crm.shapes import AccountTypeName
from tools.crm.views import ACCOUNT_WORDS, AccountView, account_view, lines
from tools.shapes import (
    MOST_FIELDS,
    Id,
    Paged,
    PlaceNumber,
    PlaceWords,
    QueryLine,
    View,
    chosen,
    cursor_to,
    position_of,
    untrusted_in_each,
)

AccountField = Literal[
    "name", "account_type", "vn_mst", "vn_mst_validated", "vn_mst_status", "industry", "address",
    "lead_source", "owner", "created_at", "version",
]  # fmt: skip


_ADVICE = "Try fewer words, a tax code, or a contact's phone or e-mail."

# Where the page before ended: in the order of names, or behind the two ranks of a search as well.
_LISTED = tuple[PlaceWords, Id]
_RANKED = tuple[PlaceNumber, PlaceNumber, PlaceWords, Id]


class SearchAccounts(Paged):
    """Which accounts, and what of them."""

    query: QueryLine | None = Field(
        default=None,
        description="Words of the name or of a contact's, phone, e-mail, domain, tax code.",
    )
    account_type: AccountTypeName | None = Field(default=None, description="Only this type.")
    fields: Annotated[list[AccountField], Field(max_length=MOST_FIELDS)] | None = Field(
        default=None, description="Only these, beside id."
    )


class FoundAccounts(View):
    """A page of accounts."""

    accounts: list[AccountView]
    nearest: list[AccountView] | None = None
    advice: str | None = None
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        found = lines(self.accounts, "No account fits.", self.truncated, self.next_cursor)
        near = ["Nearest:", *(one.text() for one in self.nearest)] if self.nearest else []
        return "\n".join([found, *near, *([self.advice] if self.advice else [])])


@tool("cyberos.crm.search_accounts", title="Search accounts", answer=FoundAccounts)
async def TOOL(call: Call, arguments: SearchAccounts) -> FoundAccounts:
    """Find customers and prospects, best match first, by name, tax code or somebody there.

    Use this to get an account_id for another tool, and before crm_create_account.
    Accents, case, word order and legal forms do not matter; each word may be cut short.
    Returns a page of accounts; if none fits, `nearest`. Counts and activities of one come from
    crm_get_account. `truncated` without next_cursor means too many fit: add a word.
    """
    question = {"query": arguments.query, "account_type": arguments.account_type}
    found = await searching.customers(
        call.tx,
        query=arguments.query,
        account_type=arguments.account_type,
        limit=arguments.limit,
        after=position_of(
            "accounts", question, arguments.cursor, _LISTED if arguments.query is None else _RANKED
        ),
    )
    accounts = [
        AccountView(**chosen(account_view(card), arguments.fields)) for card in found.accounts
    ]
    near = [AccountView(**chosen(account_view(card), arguments.fields)) for card in found.nearest]
    nothing = not accounts and arguments.cursor is None and arguments.query is not None
    return FoundAccounts(
        accounts=accounts,
        nearest=near or None,
        advice=_ADVICE if nothing else None,
        next_cursor=cursor_to("accounts", question, found.next) if found.next else None,
        truncated=found.truncated,
        untrusted_fields=[
            *untrusted_in_each("accounts", accounts, ACCOUNT_WORDS),
            *untrusted_in_each("nearest", near, ACCOUNT_WORDS),
        ],
    )
