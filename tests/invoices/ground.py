"""Work to be billed: engagements and time as they stand in the database, for tests of invoices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count

from sqlalchemy import select, text

from domain.billing.tables import BillingProfile
from domain.company.events import SellerProfileRecorded
from domain.company.tables import SellerProfile
from domain.engagements.tables import Engagement, TimeEntry
from domain.invoices import drafting
from domain.invoices.drafting import Drafted
from domain.kernel.ids import new_id
from domain.store.visibility import SYSTEM
from tests.world import Company, World

TODAY = date(2026, 11, 21)
SEND = "cyberos.inv.send_invoice"
_codes = count(1)


@dataclass(frozen=True, slots=True)
class Work:
    """An engagement of an account."""

    id: str
    code: str
    account_id: str
    currency: str


async def work(
    world: World,
    *,
    company: Company | None = None,
    account_id: str | None = None,
    deal_id: str | None = None,
    currency: str = "USD",
    vat_category: str | None = "zero",
    status: str = "active",
) -> Work:
    """An engagement that people have set, billed by time."""
    if account_id is None:
        made = await world.ok(
            "crm_create_account", name="Acme Việt", account_type="llc", company=company
        )
        account_id = str(made["id"])
    code = f"billed-{next(_codes)}"
    row = Engagement(
        id=new_id(),
        account_id=account_id,
        deal_id=deal_id,
        code=code,
        title="Nền tảng Acme",
        currency=currency,
        billing_mode="time_and_material",
        status=status,
        vat_category=vat_category,
        vat_evidence="hợp đồng 12" if vat_category == "zero" else None,
        created_at=world.clock.now(),
    )
    async with world.without_triggers("engagement"), world.owning(company) as tx:
        tx.add(row)
    return Work(row.id, code, account_id, currency)


async def log(
    world: World,
    work: Work,
    hours_hundredths: int = 800,
    *,
    worked_on: date = date(2026, 4, 1),
    role: str = "engineer",
    phase: str | None = None,
    rate_minor: int = 15_000,
    member: str = "an",
    company: Company | None = None,
) -> str:
    """A time entry; its id."""
    entry = TimeEntry(
        id=new_id(),
        engagement_id=work.id,
        member=member,
        worked_on=worked_on,
        hours_hundredths=hours_hundredths,
        role=role,
        phase=phase,
        rate_minor=rate_minor,
        currency=work.currency,
        recorded_by="human:x",
        recorded_at=world.clock.now(),
    )
    async with world.owning(company) as tx:
        tx.add(entry)
    return entry.id


async def april(
    world: World, work: Work, entries: int = 47, hours_hundredths: int = 16_800
) -> None:
    """So many time entries of one role in April, with so many hundredths of hours in all."""
    each, rest = divmod(hours_hundredths, entries)
    for n in range(entries):
        await log(
            world, work, each + (n < rest), worked_on=date(2026, 4, 1 + n % 30), member=f"m{n}"
        )


async def drafted(
    world: World, work: Work, period: str = "2026-04", *, on: date = TODAY
) -> Drafted:
    """The draft of the work for a month."""
    async with world.owning() as tx:
        return await drafting.draft(tx, SYSTEM, work.code, period, on=on, by="human:x")


async def profiles(world: World, account_id: str) -> None:
    """What stands about seller and buyer on an e-invoice."""
    async with world.owning() as tx:
        seller = SellerProfile(
            id=new_id(), effective_from=date(2026, 1, 1), legal_name="Cty", tax_code="0101",
            address="Hà Nội", vat_method="credit", symbol="C26TAA", recorded_by="human:x",
            recorded_at=world.clock.now(),
        )  # fmt: skip
        SellerProfileRecorded.of(seller).sign_row(tx, seller)
        tx.add(seller)
        tx.add(
            BillingProfile(
                id=new_id(), account_id=account_id, kind="foreign", country="US", address="1 Main",
                email="ap@acme.example", currency="USD", terms_days=30, changed_by="human:x",
                changed_at=world.clock.now(),
            )
        )  # fmt: skip


_ACT = text(
    "update pending_action set tool = :tool, entity_type = 'invoice',"
    " entity_id = CAST(:id AS varchar),"
    " entity_version = (select version from invoice i where i.id = CAST(:id AS varchar)),"
    " state = :state"
    " where id = :action"
)
_TENANT = text("select set_config('app.tenant_id', :tenant, true)")


@asynccontextmanager
async def being_sent(world: World, invoice_id: str) -> AsyncIterator[None]:
    """While this lasts, an action that sends the invoice is being carried out."""
    waits = await world.proposed_close()
    planted = {"action": waits["action_id"], "id": invoice_id, "tool": SEND}
    await _plant(world, {**planted, "state": "executing"})
    try:
        yield
    finally:
        await _plant(world, {**planted, "state": "failed"})


async def _plant(world: World, planted: dict[str, str]) -> None:
    async with world.without_triggers("pending_action"), world.owner_side.writer.begin() as raw:
        if not world.is_sqlite:
            await raw.execute(_TENANT, {"tenant": world.ours.id})
        await raw.execute(_ACT, planted)


async def entries_of(world: World, work: Work) -> list[TimeEntry]:
    """The time of an engagement."""
    async with world.looking() as tx:
        return list(
            await tx.all(
                select(TimeEntry)
                .where(TimeEntry.engagement_id == work.id)
                .order_by(TimeEntry.worked_on, TimeEntry.id)
            )
        )
