"""Implementations behind ports: who is asked for what? The only file that names them."""

from typing import TYPE_CHECKING

from domain.kernel.clock import Clock, SystemClock
from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database, Role, connect
from domain.store.revision import check_revision
from domain.store.wires import Wires
from domain.taxpayers.registry import NoRegistry, TaxRegistry
from policies.gate import catalogue as policy_table
from policies.gate import floor
from policies.gate.catalogue import Catalogue
from policies.gate.contract import LazyRegistry, Ports
from policies.gate.gate import Gate
from policies.gate.wires import declared
from server.settings import Settings

if TYPE_CHECKING:
    from policies.approvals.evidence import ApprovalContext
    from policies.approvals.executor import Executor


def ports(settings: Settings) -> Ports:
    """Who is asked outside. Nothing of them is imported before somebody asks: start-up counts."""
    return Ports({TaxRegistry: lambda: _tax_registry(settings)})


def _tax_registry(settings: Settings) -> TaxRegistry:
    """The one that is configured; in a demo the invented one; else nobody."""
    if settings.mst_registry_url is not None:
        from server.gateways.tax_registry.http import HttpTaxRegistry

        return HttpTaxRegistry(settings.mst_registry_url)
    if settings.is_demo:
        from fixtures.vn.taxpayers import taxpayers
        from server.gateways.tax_registry.embedded import EmbeddedTaxRegistry

        return EmbeddedTaxRegistry(taxpayers())
    return NoRegistry()


def registry() -> LazyRegistry:
    """Every tool there is, found by its id below `tools/`."""
    return LazyRegistry()


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
    """The policy table and None, or what of the shipped one only reads and the reason why."""
    try:
        return floor.load_checked(settings.policy_file), None
    except Fault as error:
        return floor.reading_only(), error


def policy_to_activate(settings: Settings) -> Catalogue:
    """The policy table, found strong enough and to fit the tools; a Fault says what is wrong."""
    from policies.gate import fitting

    catalogue = floor.load_checked(settings.policy_file)
    fitting.check(catalogue, registry())
    return catalogue


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
        ports=ports(settings),
    )


def approval_context(settings: Settings) -> "ApprovalContext":
    """What people's commands and the executor judge actions with."""
    from policies.approvals import trust
    from policies.approvals.evidence import ApprovalContext

    catalogue, fault = policy(settings)
    usable = catalogue if fault is None else None
    return ApprovalContext(registry(), usable, trust.load(settings.trust_file))


def executor(settings: Settings, opened: Database, *, owner: str) -> "Executor":
    """The process that carries out what people approved; a server for agents never loads it."""
    from policies.approvals.executor import Executor

    return Executor(opened, clock(), approval_context(settings), owner=owner)


def not_activated() -> Fault:
    """The policy file is not the one that was activated for this tenant."""
    return Fault(
        "POLICY_UNAVAILABLE",
        Kind.FORBIDDEN,
        "The policy table is not the one that was activated.",
        "only reading is possible until an operator runs `cyberos migrate`.",
    )
