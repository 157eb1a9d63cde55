"""Which implementation is behind which name? The only file that names implementations."""

from functools import cached_property
from typing import TYPE_CHECKING

from domain.kernel.clock import Clock, SystemClock
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database, Role, connect
from domain.store.revision import check_revision
from domain.store.wires import Wires
from domain.taxpayers.registry import NoRegistry, TaxRegistry
from policies import catalogue as policy_table
from policies import floor
from policies.catalogue import Catalogue
from policies.contract import LazyRegistry, Outside
from policies.gate import Gate
from policies.wires import declared
from server.settings import Settings

if TYPE_CHECKING:
    from policies.evidence import House
    from policies.executor import Executor

# Canonical id -> the module that declares the tool. Imported when the tool is first called.
TOOL_MODULES = {
    "cyberos.whoami": "tools.core.whoami",
    "cyberos.approvals.list": "tools.approvals.list",
    "cyberos.approvals.get": "tools.approvals.get",
    "cyberos.approvals.cancel": "tools.approvals.cancel",
    "cyberos.crm.search_accounts": "tools.crm.search_accounts",
    "cyberos.crm.get_account": "tools.crm.get_account",
    "cyberos.crm.create_account": "tools.crm.create_account",
    "cyberos.crm.list_contacts": "tools.crm.list_contacts",
    "cyberos.crm.create_contact": "tools.crm.create_contact",
    "cyberos.crm.list_pipelines": "tools.crm.list_pipelines",
    "cyberos.crm.pipeline_board": "tools.crm.pipeline_board",
    "cyberos.crm.list_deals": "tools.crm.list_deals",
    "cyberos.crm.get_deal": "tools.crm.get_deal",
    "cyberos.crm.create_deal": "tools.crm.create_deal",
    "cyberos.crm.move_stage": "tools.crm.move_stage",
    "cyberos.crm.log_activity": "tools.crm.log_activity",
    "cyberos.crm.update_account": "tools.crm.update_account",
    "cyberos.crm.update_contact": "tools.crm.update_contact",
    "cyberos.crm.update_deal": "tools.crm.update_deal",
    "cyberos.crm.undo_move": "tools.crm.undo_move",
    "cyberos.crm.share_deal": "tools.crm.share_deal",
    "cyberos.crm.timeline": "tools.crm.timeline",
    "cyberos.crm.close_deal": "tools.crm.close_deal",
    "cyberos.crm.generate_vietqr": "tools.crm.generate_vietqr",
    "cyberos.inv.generate_vietqr": "tools.inv.generate_vietqr",
    "cyberos.crm.validate_mst": "tools.crm.validate_mst",
    "cyberos.crm.validate_account_mst": "tools.crm.validate_account_mst",
    "cyberos.inv.validate_mst": "tools.inv.validate_mst",
    "cyberos.crm.forecast": "tools.crm.forecast",
    "cyberos.crm.forecast_accuracy": "tools.crm.forecast_accuracy",
    "cyberos.crm.next_best_action": "tools.crm.next_best_action",
    "cyberos.crm.dismiss_action": "tools.crm.dismiss_action",
    "cyberos.crm.lead_score": "tools.crm.lead_score",
    "cyberos.crm.kpis": "tools.crm.kpis",
    "cyberos.vn.decode_vietqr": "tools.vn.decode_vietqr",
    "cyberos.vn.parse_address": "tools.vn.parse_address",
    "cyberos.vn.amount_in_words": "tools.vn.amount_in_words",
    "cyberos.vn.list_banks": "tools.vn.list_banks",
    "cyberos.admin.add_bank_account": "tools.admin.add_bank_account",
}


class Gateways(Outside):
    """Who is asked outside. Nothing of them is imported before somebody asks: start-up counts."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def tax_registry(self) -> TaxRegistry:
        """The one that is configured; in a demo the invented one; else nobody."""
        if self._settings.mst_registry_url is not None:
            from server.gateways.tax_registry.http import HttpTaxRegistry

            return HttpTaxRegistry(self._settings.mst_registry_url)
        if self._settings.is_demo:
            from fixtures.vn.taxpayers import taxpayers
            from server.gateways.tax_registry.embedded import EmbeddedTaxRegistry

            return EmbeddedTaxRegistry(taxpayers())
        return NoRegistry()


def registry() -> LazyRegistry:
    """Every tool there is."""
    return LazyRegistry(TOOL_MODULES)


def wires() -> Wires:
    """Which tool opens which guard of the database; imports the tools that may ask people."""
    return declared(registry(), policy_table.load())


def clock() -> Clock:
    """The clock of this process."""
    return SystemClock()


async def database(settings: Settings, role: Role) -> Database:
    """The database of the settings, checked to be of this program's revision."""
    opened = connect(settings.database_url, role=role)
    try:
        await check_revision(opened)
    except BaseException:
        await opened.close()
        raise
    return opened


def policy(settings: Settings) -> tuple[Catalogue, Fault | None]:
    """The policy table and None, or a table that only reads and the reason why."""
    try:
        return floor.load_checked(settings.policy_file), None
    except Fault as error:
        return floor.reading_only(), error


def gate(
    settings: Settings,
    opened: Database,
    catalogue: Catalogue,
    policy_fault: Fault | None,
    *,
    read_only: bool = False,
) -> Gate:
    """The gate that agents pass."""
    return Gate(
        opened,
        clock(),
        registry(),
        catalogue,
        read_only=read_only,
        policy_fault=policy_fault,
        inbox_url=settings.inbox_url,
        outside=Gateways(settings),
    )


def house(settings: Settings) -> "House":
    """What people's commands and the executor judge actions with."""
    from policies import trust
    from policies.evidence import House

    catalogue, fault = policy(settings)
    usable = catalogue if fault is None else None
    return House(registry(), usable, trust.load(settings.trust_file))


def executor(settings: Settings, opened: Database, *, owner: str) -> "Executor":
    """The process that carries out what people approved; a server for agents never loads it."""
    from policies.executor import Executor

    return Executor(opened, clock(), house(settings), owner=owner)


def not_activated() -> Fault:
    """The policy file is not the one that was activated for this tenant."""
    return Fault(
        "POLICY_UNAVAILABLE",
        Kind.FORBIDDEN,
        "The policy table is not the one that was activated.",
        "only reading is possible until an operator runs `cyberos migrate`.",
    )
