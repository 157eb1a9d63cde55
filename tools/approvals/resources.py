"""Resources about what waits for people."""

from tools.resources import Resource

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
        "crm://approvals/{action_id}",
        "approval",
        "approvals_get",
        "Action that waits for people",
        "One of your actions: who has signed, who has to, and what became of it.",
        holds={"action_id": "action"},
    ),
)
