"""Which implementation is behind which name? The only file that names implementations."""

from domain.kernel.clock import Clock, SystemClock
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database, Role, connect
from domain.store.revision import check_revision
from policies import floor, trust
from policies.catalogue import Catalogue
from policies.contract import LazyRegistry
from policies.evidence import House
from policies.executor import Executor
from policies.gate import Gate
from server.settings import Settings

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
    "cyberos.crm.close_deal": "tools.crm.close_deal",
    "cyberos.vn.decode_vietqr": "tools.vn.decode_vietqr",
    "cyberos.vn.parse_address": "tools.vn.parse_address",
    "cyberos.vn.amount_in_words": "tools.vn.amount_in_words",
    "cyberos.vn.list_banks": "tools.vn.list_banks",
    "cyberos.admin.add_bank_account": "tools.admin.add_bank_account",
}


def registry() -> LazyRegistry:
    """Every tool there is."""
    return LazyRegistry(TOOL_MODULES)


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
    )


def house(settings: Settings) -> House:
    """What people's commands and the executor judge actions with."""
    catalogue, fault = policy(settings)
    usable = catalogue if fault is None else None
    return House(registry(), usable, trust.load(settings.trust_file))


def executor(settings: Settings, opened: Database, *, owner: str) -> Executor:
    """The process that carries out what people approved."""
    return Executor(opened, clock(), house(settings), owner=owner)


def not_activated() -> Fault:
    """The policy file is not the one that was activated for this tenant."""
    return Fault(
        "POLICY_UNAVAILABLE",
        Kind.FORBIDDEN,
        "The policy table is not the one that was activated.",
        "only reading is possible until an operator runs `cyberos migrate`.",
    )
