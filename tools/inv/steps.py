"""Steps that hints may name, and the tools of this namespace that take them."""

STEPS = {
    "billing": "inv_set_billing",
    "draft_invoice": "inv_draft_invoice",
    "engagements": "inv_list_engagements",
    "get_invoice": "inv_get_invoice",
    "invoices": "inv_list_invoices",
    "send_invoice": "inv_send_invoice",
    "set_billing": "inv_set_billing",
    "set_engagement": "inv_set_engagement",
    "time_entries": "inv_list_time_entries",
    "update_draft": "inv_update_draft",
}
