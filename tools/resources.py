"""What can be read by its address? Each resource is the answer of one tool, and nothing more.

So a resource passes the same gate as its tool, with the same scope, counting and marking of what
strangers wrote. A resource whose tool the caller may not use is not there for it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_VALUE = "([A-Za-z0-9_-]{1,64})"  # an id or a code; anything else is at no address


@dataclass(frozen=True, slots=True)
class Resource:
    """An address, plain or a template (RFC 6570, level 1), and the tool that answers there.

    A variable is the argument of the tool with that name; `fixed` are further arguments. `holds`
    says for each variable what it names, so that it can be completed.
    """

    uri: str
    name: str
    tool: str
    title: str
    description: str
    holds: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def variables(self) -> list[str]:
        """The variables of a template, in order; a plain address has none."""
        return _VARIABLE.findall(self.uri)

    def arguments(self, uri: str) -> dict[str, Any] | None:
        """What the tool has to be asked for this address; None if it is another resource's."""
        match = _shape(self.uri).fullmatch(uri)
        if match is None:
            return None
        return {**dict(zip(self.variables, match.groups(), strict=True)), **self.fixed}


@lru_cache(maxsize=64)
def _shape(template: str) -> re.Pattern[str]:
    return re.compile(_VARIABLE.sub(lambda _: _VALUE, template))


BOARD = Resource(
    "crm://pipelines/{pipeline_id}/board",
    "board",
    "crm_pipeline_board",
    "Pipeline board",
    "Open stages with counts, totals, weighted totals and deals; what crm_pipeline_board answers.",
    holds={"pipeline_id": "pipeline"},
)

# Plain addresses first: `pending` is no id.
RESOURCES = (
    Resource(
        "crm://approvals/pending",
        "approvals",
        "approvals_list",
        "Pending approvals",
        "Your actions that wait for people, newest first.",
        fixed={"state": "open"},
    ),
    Resource(
        "crm://kpis",
        "kpis",
        "crm_kpis",
        "Key figures",
        "The figures of the sales team, as crm_kpis answers without arguments.",
    ),
    BOARD,
    Resource(
        "crm://accounts/{id}",
        "account",
        "crm_get_account",
        "Account",
        "One customer or prospect with counts and latest activities.",
        holds={"id": "account"},
    ),
    Resource(
        "crm://accounts/{account_id}/contacts",
        "contacts",
        "crm_list_contacts",
        "Contacts of an account",
        "The people of one account, the first 200.",
        holds={"account_id": "account"},
        fixed={"limit": 200},
    ),
    Resource(
        "crm://accounts/{account_id}/deals",
        "deals",
        "crm_list_deals",
        "Deals with an account",
        "The deals with one account that you may see, the newest 200.",
        holds={"account_id": "account"},
        fixed={"limit": 200},
    ),
    Resource(
        "crm://deals/{id}",
        "deal",
        "crm_get_deal",
        "Deal",
        "One deal with its version and latest activities.",
        holds={"id": "deal"},
    ),
    Resource(
        "crm://approvals/{action_id}",
        "approval",
        "approvals_get",
        "Action that waits for people",
        "One of your actions: who has signed, who has to, and what became of it.",
        holds={"action_id": "action"},
    ),
)
