"""Steps that hints may name, and the tools of this namespace that take them."""

STEPS = {
    "actions": "approvals_list",
    "cancel_action": "approvals_cancel",
}
