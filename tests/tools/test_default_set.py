"""The default set: is everything listed that a listed tool or a hint of one names?

A model calls what it can read of. What is named and not listed is a dead end for most clients.
"""

import json
import re

from policies.gate import floor, personas
from server import publish
from tools.crm.next_action_words import TOOLS
from tools.steps import steps

CATALOGUE = floor.load_checked()
MADE = publish.contracts()
LISTED = {row.name for row in CATALOGUE.tool if row.toolset == "default"}
CRM = next(one for one in personas.shipped().persona if one.name == "crm")
CALLABLE = {row.name for row in CATALOGUE.tool if row.scope in CRM.scopes}
NAMED = re.compile("|".join(rf"\b{name}\b" for name in sorted(MADE, key=len, reverse=True)))
DAILY = {
    "crm_update_account", "crm_update_contact", "crm_update_deal", "crm_search_accounts",
    "crm_search_contacts", "crm_search_deals", "crm_list_people", "crm_list_activities",
    "crm_create_task", "crm_list_tasks", "crm_complete_task", "crm_validate_account_mst",
    "crm_dismiss_action",
}  # fmt: skip
# Of the banks and lists of another set a hint speaks only where somebody has named a bank wrongly.
ELSEWHERE = {"vn_list_banks"}


def unlisted(named: set[str]) -> set[str]:
    """What an agent of the pipeline may call of these and is not shown."""
    return (named & CALLABLE) - LISTED - ELSEWHERE


def test_the_daily_tools_are_listed():
    assert DAILY <= LISTED


def test_what_a_listed_tool_names_is_listed():
    named = {
        found
        for name in LISTED
        for found in NAMED.findall(
            json.dumps([MADE[name]["description"], MADE[name]["inputSchema"]], ensure_ascii=False)
        )
    }

    assert unlisted(named) == set()


def test_what_a_hint_names_is_listed():
    assert unlisted(set(steps().values())) == set()


def test_what_is_advised_to_do_next_is_listed():
    ids = {row.id: row.name for row in CATALOGUE.tool}

    assert {ids[one] for one in TOOLS.values()} - LISTED == set()


def test_a_tool_that_is_named_and_hidden_would_be_found():
    assert unlisted({"crm_kpis"}) == {"crm_kpis"}
