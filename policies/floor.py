"""What may no policy file weaken? Compiled in, checked at every load.

And what is left when there is no valid file: reading, with the scopes written here.
"""

from collections.abc import Mapping
from pathlib import Path

from domain.kernel.faults import Fault, Kind
from policies.catalogue import CUSTOMER_SUM, Catalogue, Confirm, Effect, ToolPolicy, load
from policies.decide import holds

# Tools whose effect cannot be taken back, and the roles that at least must sign, each by a
# person of her own (rulings G2 and G4; facts on policy, section 3.1).
AT_LEAST: Mapping[str, tuple[frozenset[str], ...]] = {
    "cyberos.crm.close_deal": (frozenset({"am"}),),
    "cyberos.crm.merge_contacts": (frozenset({"sales", "am"}),),
    "cyberos.inv.send_invoice": (frozenset({"am"}),),
    "cyberos.inv.send_dunning": (frozenset({"am", "cfo"}),),
    "cyberos.inv.void_invoice": (frozenset({"am"}),),
    "cyberos.inv.cancel_einvoice": (frozenset({"am"}), frozenset({"cfo"})),
    "cyberos.inv.issue_credit_note": (frozenset({"cfo"}),),
    "cyberos.data.export_full": (frozenset({"dpo"}),),
    "cyberos.admin.add_bank_account": (frozenset({"cfo"}), frozenset({"admin"})),
}
# Tools that send money into an account, and who at least confirms the first use of one (G1).
FIRST_USE = ("cyberos.crm.generate_vietqr", "cyberos.inv.generate_vietqr")
FIRST_USE_ROLES = frozenset({"am", "cfo"})
LARGE_DEAL_USD_MINOR = 10_000_000
OLDEST_RATE_DAYS = 45

# The scope a reading tool needs, in case there is no policy to ask.
READING: Mapping[str, str] = {
    "cyberos.whoami": "core.read",
    "cyberos.approvals.list": "core.read",
    "cyberos.approvals.get": "core.read",
    "cyberos.crm.search_accounts": "crm.read",
    "cyberos.crm.get_account": "crm.read",
    "cyberos.crm.validate_mst": "crm.read",
    "cyberos.inv.validate_mst": "inv.aging_read",
    "cyberos.crm.list_contacts": "crm.read",
    "cyberos.crm.list_pipelines": "crm.read",
    "cyberos.crm.list_deals": "crm.read",
    "cyberos.crm.forecast": "crm.read",
    "cyberos.crm.forecast_accuracy": "crm.read",
    "cyberos.crm.get_deal": "crm.read",
    "cyberos.crm.timeline": "crm.read",
    "cyberos.crm.pipeline_board": "crm.read",
    "cyberos.crm.next_best_action": "crm.read",
    "cyberos.crm.lead_score": "crm.read",
    "cyberos.crm.kpis": "crm.read",
    "cyberos.vn.decode_vietqr": "core.read",
    "cyberos.vn.parse_address": "core.read",
    "cyberos.vn.amount_in_words": "core.read",
    "cyberos.vn.list_banks": "core.read",
}
# Nothing can approve, enrol a key, grant a role or change the policy through a tool.
NEVER_A_TOOL = ("approve", "reject", "enrol", "enroll", "grant", "sign", "policy")
# Cancellations, exports, keys and policy are read one by one before they are signed (ruling G5).
NEVER_BATCHED = frozenset({"cyberos.inv.cancel_einvoice", "cyberos.inv.void_invoice"})
NEVER_BATCHED_IN = ("cyberos.admin.", "cyberos.data.")


def check(catalogue: Catalogue, *, of_the_past: bool = False) -> None:
    """Raise POLICY_TOO_WEAK, naming every row that is weaker than the floor.

    A policy `of_the_past`, as it stands in a chain, need not know what the floor learnt since:
    that the deals of a customer are added up.
    """
    weak = [problem for row in catalogue.tool for problem in _problems(row)]
    large = catalogue.by_id.get("cyberos.crm.close_deal")
    judged_by = {CUSTOMER_SUM, "amount_usd_minor"} if of_the_past else {CUSTOMER_SUM}
    if large is not None and not _large_deals_escalate(large, judged_by):
        weak.append(f"{large.id} must ask a CRO above 100,000 USD for one customer in a day")
    if catalogue.rate_max_age_days > OLDEST_RATE_DAYS:
        weak.append(f"rate_max_age_days must not be above {OLDEST_RATE_DAYS}")
    if weak:
        raise Fault(
            "POLICY_TOO_WEAK",
            Kind.FORBIDDEN,
            "The policy table is weaker than the program allows: " + "; ".join(weak) + ".",
            "restore the rows; the floor is compiled in and needs a new release to change.",
        )


def load_checked(path: Path | None = None) -> Catalogue:
    """The policy table, read and found strong enough."""
    catalogue = load(path)
    check(catalogue)
    return catalogue


def reading_only() -> Catalogue:
    """The table that is left when the real one cannot be used."""
    rows = tuple(
        ToolPolicy(id=id, scope=scope, effect=Effect.READ) for id, scope in READING.items()
    )
    return Catalogue(version=1, tool=rows)


def _problems(row: ToolPolicy) -> list[str]:
    found = []
    if any(word in row.id.split(".")[-1].split("_") for word in NEVER_A_TOOL):
        found.append(f"{row.id} must not be a tool")
    if row.id in READING and (row.effect is not Effect.READ or row.scope != READING[row.id]):
        found.append(f"{row.id} must be a reading tool with the scope {READING[row.id]}")
    if row.id in FIRST_USE and not _asks_on_first_use(row):
        found.append(f"{row.id} must ask an AM or a CFO on the first use of an account")
    if row.batch and (row.id in NEVER_BATCHED or row.id.startswith(NEVER_BATCHED_IN)):
        found.append(f"{row.id} must not be batched")
    if row.id not in AT_LEAST:
        return found
    if row.effect is not Effect.DESTRUCTIVE or row.confirm is not Confirm.ALWAYS:
        found.append(f"{row.id} must be destructive and always ask people")
    if not _covers(row, AT_LEAST[row.id]):
        found.append(f"{row.id} needs more or other signatures")
    return found


def _covers(row: ToolPolicy, needed: tuple[frozenset[str], ...]) -> bool:
    """Whether each needed signature has a slot of its own that only those roles may fill."""
    slots = [frozenset(slot.roles) for slot in row.slots]
    for roles in needed:
        fitting = next((slot for slot in slots if slot <= roles), None)
        if fitting is None:
            return False
        slots.remove(fitting)
    return True


def _asks_on_first_use(row: ToolPolicy) -> bool:
    asks = row.confirm is Confirm.ALWAYS or any(
        rule.field == "account_first_use" and holds(rule, {rule.field: True}) for rule in row.ask
    )
    return asks and _covers(row, (FIRST_USE_ROLES,))


def _large_deals_escalate(row: ToolPolicy, judged_by: set[str]) -> bool:
    return any(
        step.when.field in judged_by
        and step.when.op in {">", ">="}
        and step.when.value <= LARGE_DEAL_USD_MINOR
        and any(set(slot.roles) == {"cro"} for slot in step.slots)
        for step in row.escalate
    )
