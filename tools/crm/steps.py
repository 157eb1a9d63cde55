"""Steps that hints may name, and the tools of this namespace that take them."""

STEPS = {
    "account": "crm_get_account",
    "accounts": "crm_search_accounts",
    "close_deal": "crm_close_deal",
    "contacts": "crm_list_contacts",
    "create_task": "crm_create_task",
    "deal": "crm_get_deal",
    "deals": "crm_list_deals",
    "move_stage": "crm_move_stage",
    "next_actions": "crm_next_best_action",
    "people": "crm_list_people",
    "pipelines": "crm_list_pipelines",
    "tasks": "crm_list_tasks",
    "tax_code": "crm_validate_mst",
}
