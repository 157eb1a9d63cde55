"""An invoice in the middle of being sent, for tests of what happens to its hóa đơn.

The guard asks for an action about the invoice that is being carried out; here it is one about
something else that is made to look so, and a tool that is wired for as long as the test lasts.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from domain.invoices.tables import Invoice
from domain.payments import references
from domain.store.tx import Tx
from tests.einvoices.examples import SELLER, document
from tests.einvoices.signers import signer
from tests.world import World

TOOL = "cyberos.crm.close_deal"
_WIRED = "insert into guard_tool (guard, tool) values ('invoice.send', :tool)"
_UNWIRED = "delete from guard_tool where guard = 'invoice.send' and tool = :tool"


@dataclass(frozen=True)
class Sending:
    """An invoice, and the action that is sending it."""

    invoice_id: str
    action_id: str

    def prepared(self, at: datetime, **changes: Any) -> dict[str, Any]:
        """The arguments of `prepare` for a document that comes without a number."""
        return {
            "document": document(**{"number": 0, **changes}),
            "signer": signer(str(SELLER.tax_code)),
            "invoice_id": self.invoice_id,
            "action_id": self.action_id,
            "at": at,
        }


@asynccontextmanager
async def wired(world: World) -> AsyncIterator[None]:
    """For a while the guard listens to an action of that tool."""
    async with world.owning() as tx:
        await tx.session.execute(text(_WIRED), {"tool": TOOL})
    try:
        yield
    finally:
        async with world.owning() as tx:
            await tx.session.execute(text(_UNWIRED), {"tool": TOOL})


async def sending(world: World, invoice_id: str | None = None) -> Sending:
    """A new invoice, or this one again, that an approved action is about to send."""
    deal = await world.a_deal()
    answer = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    if invoice_id is None:
        async with world.owning() as tx:
            invoice_id = await _invoice(tx, deal)
    made = Sending(invoice_id, answer["action_id"])
    await moved(world, made, "executing")
    return made


async def moved(world: World, made: Sending, state: str) -> None:
    """The action is in this state, and about the invoice."""
    about = {"state": state, "invoice": made.invoice_id, "action": made.action_id}
    async with world.without_triggers("pending_action"), world.owning() as tx:
        await tx.session.execute(
            text(
                "update pending_action set state = :state, entity_id = :invoice where id = :action"
            ),
            about,
        )


async def _invoice(tx: Tx, deal: dict[str, Any]) -> str:
    """A draft with the totals of the document of these tests."""
    made = document()
    last = await tx.session.execute(
        text("select coalesce(max(label_no), 0) from invoice where tenant_id = :tenant"),
        {"tenant": tx.tenant_id},
    )
    invoice = Invoice(
        account_id=deal["account_id"],
        label_year=2026,
        label_month=11,
        label_no=last.scalar_one() + 1,
        period="2026-11",
        kind="flat",
        currency="VND",
        subtotal_minor=made.subtotal_minor,
        vat_minor=made.vat_minor,
        total_minor=made.total_minor,
        rounding="half_up",
        status="draft",
        payment_reference=await references.of_its_own(tx),
        created_by="test",
        created_at=tx.at,
        updated_at=tx.at,
        version=1,
    )
    tx.add(invoice)
    await tx.flush()
    return invoice.id
