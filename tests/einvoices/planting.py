"""The hóa đơn of a private deal's invoice, which no outsider may hear of."""

from sqlalchemy import select

from domain.approvals.tables import PendingAction
from domain.deals.tables import Deal
from domain.einvoices import service
from domain.einvoices.tables import EInvoice
from domain.invoices import drafting
from domain.kernel.canonical import sha256_hex
from domain.kernel.money import Money
from domain.store import numbering
from tests.einvoices.examples import document
from tests.planting import WORDS, Ground
from tests.world import World


async def _einvoice(world: World, _there: Ground, deal_id: str) -> None:
    """As if it had been signed: the action that would have sent it is about the deal itself."""
    made = document()
    xml = WORDS[0].encode()
    async with world.without_triggers("einvoice"), world.owning() as tx:
        deal = await tx.first(select(Deal).where(Deal.id == deal_id))
        about = select(PendingAction).where(PendingAction.entity_id == deal_id)
        action = await tx.first(about)
        assert deal is not None and action is not None
        worth = Money(deal.amount_minor, deal.currency)
        invoice = await drafting.draft_of_deal(
            tx,
            deal_id,
            account_id=deal.account_id,
            title=WORDS[1],
            worth=worth,
            on=made.issued_on,
            by="test",
        )
        await tx.flush()
        number = await numbering.take(tx, service.series(made.form, made.symbol, 2026))
        tx.add(
            EInvoice(
                invoice_id=invoice.id,
                form=made.form,
                symbol=made.symbol,
                year=made.issued_on.year,
                number=number,
                issued_on=made.issued_on,
                currency=made.currency,
                subtotal_minor=made.subtotal_minor,
                vat_minor=made.vat_minor,
                total_minor=made.total_minor,
                state="signed",
                message_id=f"{made.seller.tax_code}{sha256_hex(invoice.id.encode())[:32]}",
                xml=xml,
                xml_sha256=sha256_hex(xml),
                action_id=action.id,
                created_at=tx.at,
                version=1,
            )
        )


PLANTERS = {"einvoice": _einvoice}
