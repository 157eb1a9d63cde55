"""Money that comes in: endpoints, what a feed tells them, and invoices to be paid by it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import text

from domain.invoices import service as invoices
from domain.invoices.tables import Invoice
from domain.kernel.canonical import canonical
from domain.kernel.ids import derived_id
from domain.payments.tables import BankAccount
from domain.provisioning.service import OPERATOR
from domain.receipts import sepay, service
from domain.receipts.endpoints import parse
from domain.receipts.service import Kept
from domain.store import backlogs
from domain.store.tenancy import name_tenant
from domain.store.tx import writing
from tests.invoices import ground
from tests.invoices.ground import TODAY
from tests.world import Company, World

ACCOUNT = "9900112233445"
_ACT = text(
    "update pending_action set tool = :tool, entity_type = 'invoice', entity_id = :id,"
    " entity_version = :version, state = :state where id = :action"
)
_ids = count(10_000)


@dataclass(frozen=True, slots=True)
class Feed:
    """An endpoint of a company, with both its secrets in clear."""

    id: str
    company: Company
    path: str
    key: str

    @property
    def endpoint_key(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


async def own_account(
    world: World,
    company: Company | None = None,
    number: str = ACCOUNT,
    *,
    in_use: bool = False,
) -> None:
    """A bank account of the company, as if people had added it (and customers pay there); once."""
    company = company or world.ours
    id = derived_id(canonical(["bank_account", company.id, "970436", number]))
    async with world.without_triggers("bank_account"), world.owning(company) as tx:
        if await tx.get(BankAccount, id) is None:
            tx.add(
                BankAccount(
                    id=id, bank_bin="970436", account_number=number, account_name="CONG TY",
                    currency="VND", added_by="human:x", added_at=tx.at,
                    is_default=in_use, first_used_at=tx.at if in_use else None,
                )
            )  # fmt: skip


async def feed(world: World, company: Company | None = None, account: str = ACCOUNT) -> Feed:
    """A SePay endpoint for an account of the company."""
    company = company or world.ours
    await own_account(world, company, account)
    async with world.owning(company) as tx:
        row, made = await service.add_endpoint(tx, rail="sepay", account=account, actor=OPERATOR)
    return Feed(row.id, company, made.path, made.key)


def event(
    amount: int = 2_277_000, memo: str = "chuyen tien mua iphone", **more: Any
) -> dict[str, Any]:
    """A transfer as SePay tells it; each has an id of its own."""
    return {
        "id": next(_ids),
        "gateway": "Vietcombank",
        "transactionDate": "2026-11-20 14:02:37",
        "accountNumber": ACCOUNT,
        "code": None,
        "content": memo,
        "transferType": "in",
        "transferAmount": amount,
        "accumulated": 19_077_000,
        "subAccount": None,
        "referenceCode": "MBVCB.3278907687",
        "description": "",
        **more,
    }


async def told(world: World, feed: Feed, told: Mapping[str, Any]) -> Kept:
    """What the public door does once it knows who calls."""
    body = json.dumps(told).encode()
    key = parse(feed.endpoint_key)
    async with writing(world.public_side, key.tenant_id, world.clock) as tx:
        return await service.keep(tx, feed.id, "sepay", sepay.named(told), body)


async def worked(world: World, company: Company | None = None) -> dict[str, int]:
    """One round of the worker over what waits."""
    return await backlogs.work_through(
        world.executor_side, (company or world.ours).id, world.clock, backlogs.backlogs()
    )


async def invoice(
    world: World, *, hours_hundredths: int = 800, currency: str = "VND", sent: bool = True
) -> Invoice:
    """An invoice of a customer of its own: 700,000 dong (or 150 dollars) an hour, and VAT."""
    rate, category = (700_000, "standard") if currency == "VND" else (15_000, "zero")
    work = await ground.work(world, currency=currency, vat_category=category)
    await ground.log(world, work, hours_hundredths, rate_minor=rate)
    drafted = await ground.drafted(world, work)
    row = drafted.invoice
    return await send(world, row) if sent else row


async def send(world: World, row: Invoice) -> Invoice:
    """Send an invoice, as an approved action does."""
    async with world.owning() as tx:
        await invoices.lock(tx, row.id, issued_on=TODAY, terms_days=30)
    waits = await world.proposed_close()
    await _stands(world, waits["action_id"], row, "executing")
    async with world.owning() as tx:
        sent = await invoices.mark_sent(tx, row.id, at=tx.at)
    await _stands(world, waits["action_id"], row, "failed")
    return sent


async def _stands(world: World, action_id: str, row: Invoice, state: str) -> None:
    """Let an action be one that sends the invoice, in a state."""
    async with (
        world.without_triggers("pending_action"),
        world.owner_side.writer.begin() as connection,
    ):
        await name_tenant(connection, world.ours.id)
        about = {"id": row.id, "version": row.version, "state": state, "action": action_id}
        await connection.execute(_ACT, {**about, "tool": "cyberos.inv.send_invoice"})
