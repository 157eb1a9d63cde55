"""Resources about accounts, deals, boards and figures."""

from tools.resources import Each, Resource

RESOURCES = (
    Resource(
        "crm://kpis",
        "kpis",
        "crm_kpis",
        "Key figures",
        "The figures of the sales team, as crm_kpis answers without arguments.",
    ),
    Resource(
        "crm://pipelines/{pipeline_id}/board",
        "board",
        "crm_pipeline_board",
        "Pipeline board",
        "Open stages with counts, totals, weighted totals and deals; "
        "what crm_pipeline_board answers.",
        holds={"pipeline_id": "pipeline"},
        each=Each("crm_list_pipelines", {"pipeline_id": "id"}),
    ),
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
)
