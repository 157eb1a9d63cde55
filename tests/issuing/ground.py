"""Invoices that can be sent, and a provider, a mail server and a store on the other side."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from domain.billing.tables import BillingProfile
from domain.company.events import SellerProfileRecorded
from domain.company.tables import SellerProfile
from domain.documents.blobs import BlobStore
from domain.documents.pages import PageRenderer
from domain.einvoices.reading import parse
from domain.einvoices.signing import Signer, make_demo_key
from domain.einvoices.signing_keys import SigningKeys
from domain.einvoices.transmitter import Accepted, Awaited, Rejected, SignedXmlTransmitter
from domain.fx import service as fx
from domain.fx.columns import RateColumn
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.money import Rate
from domain.mailing.port import MailSender
from domain.taxpayers import service as taxpayers
from domain.taxpayers.registry import NoRegistry, RegistryAnswer, Taxpayer, TaxRegistry
from policies.approvals.dispatching import Dispatching
from policies.gate.contract import Ports
from tests.invoices.ground import Work, log, work
from tests.world import Company, World

SELLER = "9900000231"
BUYER = "9900000104"
EMAIL = "ap@acme.example"
TODAY = date(2026, 11, 21)
OFFICE = "later_agent"


@dataclass
class Provider:
    """The provider of e-invoices: what it was handed, and how it behaves."""

    behaviour: str = "accepts"
    received: dict[str, bytes] = field(default_factory=dict)
    asked: int = 0

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """As told."""
        if self.behaviour == "unreachable":
            raise Fault("EINVOICE_NOT_SENT", Kind.UNAVAILABLE, "Nobody is there.")
        assert message_id not in self.received, "handed over twice"
        self.received[message_id] = xml
        if self.behaviour == "silent":
            raise TimeoutError
        return self._answer(message_id)

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """What became of it."""
        self.asked += 1
        if message_id not in self.received:
            return None
        return self._answer(message_id)

    def _answer(self, message_id: str) -> Accepted | Rejected | Awaited:
        if self.behaviour == "rejects":
            return Rejected("10004", "Sai mã số thuế", b"<no/>")
        if self.behaviour == "late":
            return Awaited(f"tracking-{message_id[:8]}")
        return Accepted(f"GDT-{message_id[:8]}", b"<yes/>")

    def numbers(self) -> list[int]:
        """The numbers of the documents it has, in the order they came."""
        return [int(parse(xml).findtext(".//SHDon")) for xml in self.received.values()]


@dataclass
class LastingProvider(Provider):
    """One that outlives every process: what it was handed lies in a folder."""

    folder: Path = Path()
    moment: Any = lambda label: None

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """Keep it, and answer."""
        self.moment("before it leaves")
        with (self.folder / message_id).open("xb") as file:  # a second time would be a fault
            file.write(xml)
        self.moment("after it has left")
        return self._answer(message_id)

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """What became of it."""
        return self._answer(message_id) if (self.folder / message_id).exists() else None

    def numbers(self) -> list[int]:
        """The numbers of all documents."""
        files = self.folder.iterdir()
        return sorted(int(parse(one.read_bytes()).findtext(".//SHDon")) for one in files)


@dataclass
class PostBox:
    """The mail server: what it took."""

    behaviour: str = "takes"
    letters: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    bytes: list[bytes] = field(default_factory=list)

    async def send(self, letter: bytes, *, sender: str, to: Any) -> str:
        """As told."""
        if self.behaviour == "refuses":
            raise Fault("MAIL_REFUSED", Kind.UNAVAILABLE, "No.")
        self.letters.append((sender, tuple(to)))
        self.bytes.append(letter)
        if self.behaviour == "silent":
            raise TimeoutError
        return "250 ok"


@dataclass
class Store:
    """The store of documents."""

    full: bool = False
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)

    async def put(self, tenant_id: str, path: str, content: bytes) -> None:
        """Keep it, unless the disk is full."""
        if self.full:
            raise Fault("STORAGE_FULL", Kind.UNAVAILABLE, "The disk is full.")
        assert self.blobs.setdefault((tenant_id, path), content) == content

    async def get(self, tenant_id: str, path: str) -> bytes:
        """The bytes."""
        return self.blobs[tenant_id, path]

    async def exists(self, tenant_id: str, path: str) -> bool:
        """Whether it is there."""
        return (tenant_id, path) in self.blobs


class Renderer:
    """Draws what can be told apart, quicker than typst; that one has tests of its own."""

    async def render(self, template: str, data: Any, day: date) -> bytes:
        """The label and the words of the total."""
        return f"%PDF {template} {data['label']} {data['words']} {day}".encode()


class Keys:
    """The seller's key, made once for all tests."""

    def of(self, tax_code: str) -> Signer:
        """Open."""
        return signer(tax_code)


@cache
def signer(tax_code: str) -> Signer:
    """A key of this seller that is not legal."""
    import tempfile

    folder = Path(tempfile.mkdtemp())
    passphrase = folder / "passphrase"
    passphrase.write_text("secret")
    passphrase.chmod(0o600)
    make_demo_key(folder / "key.p12", "secret", tax_code=tax_code, name="Test")
    return Signer.open(folder / "key.p12", passphrase)


@dataclass
class Office:
    """A world in which invoices are sent, and its other sides."""

    world: World
    provider: Provider = field(default_factory=Provider)
    post: PostBox = field(default_factory=PostBox)
    store: Store = field(default_factory=Store)

    def __post_init__(self) -> None:
        self.world.ports = Ports(
            {
                TaxRegistry: NoRegistry,
                SignedXmlTransmitter: lambda: self.provider,
                MailSender: lambda: self.post,
                BlobStore: lambda: self.store,
                PageRenderer: Renderer,
                SigningKeys: Keys,
            }
        )

    async def draft(
        self,
        made: Work | None = None,
        hours_hundredths: int = 800,
        *,
        rate_minor: int = 15_000,
        **more: Any,
    ) -> dict[str, Any]:
        """A draft that lacks nothing."""
        made = made or await sendable(self.world, **more)
        await log(self.world, made, hours_hundredths, rate_minor=rate_minor)
        return await self.world.ok(
            "inv_draft_invoice", agent=OFFICE, engagement_id=made.code, period="2026-04"
        )

    async def proposed(self, invoice: dict[str, Any]) -> str:
        """The action that waits for people."""
        asked = await self.world.ok(
            "inv_send_invoice", agent=OFFICE, invoice_id=invoice["invoice_id"]
        )
        return str(asked["action_id"])

    async def signed(self, invoice: dict[str, Any], *people: str) -> str:
        """The action, with these signatures."""
        action_id = await self.proposed(invoice)
        for person in people or ("am",):
            await self.world.decide(action_id, person)
        return action_id

    async def sent(self, invoice: dict[str, Any], *people: str) -> str:
        """The action, carried out, and what follows it."""
        action_id = await self.signed(invoice, *people)
        report = await self.world.execute(action_id)
        assert report.state == "succeeded", report
        await self.follow()
        return action_id

    async def follow(self) -> None:
        """A worker does what follows."""
        await self.dispatching().run_due(self.world.ours.id)

    def dispatching(self) -> Dispatching:
        """A worker for what follows."""
        world = self.world
        return Dispatching(
            world.executor_side, world.clock, world.approval_context,
            owner="test", ports=world.ports,
        )  # fmt: skip

    async def invoice(self, invoice: dict[str, Any]) -> dict[str, Any]:
        """The invoice as it is now."""
        return await self.world.ok(
            "inv_get_invoice", agent=OFFICE, invoice_id=invoice["invoice_id"]
        )


async def sendable(
    world: World, *, company: Company | None = None, buyer: str | None = None, **more: Any
) -> Work:
    """Work for a buyer abroad (or with this tax code), billed in dollars; all profiles there."""
    made = await work(world, company=company, **more)
    async with world.owning(company) as tx:
        if await tx.first(select(SellerProfile.id)) is None:
            seller = SellerProfile(
                id=new_id(), effective_from=date(2026, 1, 1), legal_name="CTCP Sao Biển",
                tax_code=SELLER, address="Hà Nội", email="hoadon@saobien.example",
                vat_method="credit", symbol="C26TAA", recorded_by="human:x",
                recorded_at=world.clock.now(),
            )  # fmt: skip
            SellerProfileRecorded.of(seller).sign_row(tx, seller)
            tx.add(seller)
        tx.add(
            BillingProfile(
                id=new_id(), account_id=made.account_id,
                kind="foreign" if buyer is None else "vn_business",
                country="US" if buyer is None else "VN", tax_id=buyer, address="1 Main Street",
                email=EMAIL, currency=made.currency, terms_days=30, changed_by="human:x",
                changed_at=world.clock.now(),
            )
        )  # fmt: skip
        for code in (SELLER, BUYER):
            known = Taxpayer("CTCP Sao Biển", "Hà Nội", "00")
            await taxpayers.keep(tx, RegistryAnswer(code, "test", known))
        for column in (RateColumn.TRANSFER_BUY, RateColumn.CENTRAL):
            rate = Rate("USD", "VND", Decimal(26120), "bank", TODAY)
            await fx.record(tx, rate, column=column)
    return made
