"""Implementations behind ports: who is asked for what? The only file that names them."""

from pathlib import Path
from typing import TYPE_CHECKING

from domain.documents.blobs import BlobStore
from domain.documents.pages import PageRenderer
from domain.einvoices.signing_keys import SigningKeys
from domain.einvoices.transmitter import NoTransmitter, SignedXmlTransmitter
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.faults import Fault, Kind
from domain.kernel.trust import Trust
from domain.mailing.port import MailSender, NoMailSender
from domain.store import schema_check
from domain.store.engine import Database, Role, connect
from domain.store.revision import check_revision
from domain.store.wires import Wires
from domain.taxpayers.registry import NoRegistry, TaxRegistry
from policies.gate import catalogue as policy_table
from policies.gate import floor
from policies.gate.catalogue import Catalogue
from policies.gate.contract import Ports
from policies.gate.gate import Gate
from policies.gate.registry import LazyRegistry
from policies.gate.turns import Turns
from policies.gate.wires import declared
from server.settings import Settings

if TYPE_CHECKING:
    from policies.approvals.dispatching import Dispatching
    from policies.approvals.evidence import ApprovalContext
    from policies.approvals.executor import Executor


def ports(settings: Settings) -> Ports:
    """Who is asked outside. Nothing of them is imported before somebody asks: start-up counts."""
    return Ports(
        {
            TaxRegistry: lambda: _tax_registry(settings),
            BlobStore: lambda: blobs(settings),
            PageRenderer: _page_renderer,
            SignedXmlTransmitter: lambda: _transmitter(settings),
            MailSender: lambda: _mail_sender(settings),
            SigningKeys: lambda: _signing_keys(settings),
        }
    )


def blobs(settings: Settings) -> BlobStore:
    """Where the files of documents lie."""
    return blobs_in(settings.documents_dir)


def blobs_in(folder: Path) -> BlobStore:
    """The files of documents in a folder, which may be a copy."""
    from server.gateways.blobs.folder import FolderBlobStore

    return FolderBlobStore(folder)


def _page_renderer() -> PageRenderer:
    from server.gateways.pages.typst import TypstRenderer

    return TypstRenderer()


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


def _transmitter(settings: Settings) -> SignedXmlTransmitter:
    """The provider that is configured, where a live one may be used; in a demo the invented one."""
    if settings.einvoice_url is not None:
        from server.deployment import admission
        from server.gateways.admission import AdmittedEInvoice
        from server.gateways.einvoice.http import HttpEInvoice

        url = settings.einvoice_url
        return AdmittedEInvoice(HttpEInvoice(url), admission(settings, url))
    if settings.is_demo:
        from fixtures.sandbox.einvoice import SandboxProvider
        from fixtures.sandbox.folder import DocumentFolder
        from server.gateways.einvoice.embedded import EmbeddedEInvoice

        folder = DocumentFolder(settings.sandbox_dir / "einvoice")
        return EmbeddedEInvoice(SandboxProvider(clock(), folder))
    return NoTransmitter()


def _mail_sender(settings: Settings) -> MailSender:
    """The mail server that is configured, where a live one may be used; in a demo a folder."""
    if settings.smtp_url is not None:
        from server.deployment import admission
        from server.gateways.addresses import mail_server
        from server.gateways.admission import AdmittedMailSender
        from server.gateways.mail.smtp import SmtpMailSender

        url = settings.smtp_url
        return AdmittedMailSender(SmtpMailSender(mail_server(url)), admission(settings, url))
    if settings.is_demo:
        from server.gateways.mail.embedded import EmbeddedMailSender

        return EmbeddedMailSender(settings.sandbox_dir / "mail")
    return NoMailSender()


def _signing_keys(settings: Settings) -> SigningKeys:
    """The key that is configured; in a demo one for each seller that says it is not legal."""
    from server.gateways.signing import ConfiguredKey, DemoKeys

    if settings.signing_key_file is None and settings.is_demo:
        return DemoKeys(settings.keys_dir)
    return ConfiguredKey(settings)


def registry() -> LazyRegistry:
    """Every tool there is, found by its id below `tools/`."""
    return LazyRegistry()


def wires() -> Wires:
    """Which tool opens which guard of the database; imports the tools that may ask people."""
    return declared(registry(), policy_table.load())


def clock() -> Clock:
    """The clock of this process."""
    return SystemClock()


async def database(settings: Settings, role: Role, *, any_schema: bool = False) -> Database:
    """The database of the settings, of this program's revision and as its migrations made it.

    `any_schema` is for who judges the schema and says so.
    """
    opened = connect(settings.database_url, role=role, trust=trusted(settings))
    try:
        await check_revision(opened)
        if not any_schema:
            await schema_check.check(opened)
    except BaseException:
        await opened.close()
        raise
    return opened


def trusted(settings: Settings) -> Trust | None:
    """Whose signatures count; None without a readable trust file: then nothing counts."""
    from policies.approvals import trust

    try:
        return trust.load(settings.trust_file)
    except Fault:
        return None


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
    turns: Turns | None = None,
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
        turns=turns,
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

    return Executor(opened, clock(), approval_context(settings), owner=owner, ports=ports(settings))


def dispatching(settings: Settings, opened: Database, *, owner: str) -> "Dispatching":
    """Who carries out what follows an action; the same process."""
    from policies.approvals.dispatching import Dispatching

    return Dispatching(
        opened, clock(), approval_context(settings), owner=owner, ports=ports(settings)
    )


def not_activated() -> Fault:
    """The policy file is not the one that was activated for this tenant."""
    return Fault(
        "POLICY_UNAVAILABLE",
        Kind.FORBIDDEN,
        "The policy table is not the one that was activated.",
        "only reading is possible until an operator runs `cyberos migrate`.",
    )
