"""Payment requests of deals: a VietQR into a company bank account, under the deal's reference.

Planning reads and refuses; asking does what was planned, as closing does.
"""

from dataclasses import dataclass

from domain.deals import service
from domain.deals.cards import DealCard, card
from domain.deals.rules import DealStatus
from domain.deals.tables import Deal
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.payments.requests import PaymentCode
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """A deal, and the account its customer would be asked to pay into."""

    deal: DealCard
    into: Beneficiary


async def plan(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    bank: str | None,
    account_number: str | None,
    hold: bool = False,
) -> CollectionPlan:
    """Who would be asked to pay what into which account; nothing is changed, `hold` keeps it so.

    Raises NOT_FOUND, DEAL_CLOSED, VIETQR_NEEDS_VND, AMOUNT_MISSING, VIETQR_INVALID, and what
    `beneficiaries.chosen` raises.
    """
    deal = await service.load(tx, deal_id, viewer, lock=hold)
    _check_collectable(deal)
    into = await beneficiaries.chosen(tx, bank, account_number)
    requests.transfer(into.account, Money(deal.amount_minor, deal.currency), None)
    return CollectionPlan(await card(tx, deal.id), into)


async def ask(tx: Tx, plan: CollectionPlan, *, requested_by: str) -> PaymentCode:
    """Make the code of a plan, which confirms the account when people approved its first use."""
    await beneficiaries.confirm_use(tx, plan.into.account)
    amount = Money(plan.deal.amount_minor, plan.deal.currency)
    return await requests.ask_for_deal(
        tx, plan.deal.id, plan.into.account, amount, requested_by=requested_by
    )


def _check_collectable(deal: Deal | DealCard) -> None:
    """Refuse what a VietQR cannot ask for: DEAL_CLOSED, VIETQR_NEEDS_VND, AMOUNT_MISSING."""
    if deal.status in (DealStatus.LOST, DealStatus.CANCELLED):
        raise Fault(
            "DEAL_CLOSED",
            Kind.CONFLICT,
            f"The deal is {deal.status}: there is nothing to collect.",
            "choose an open or a won deal from {deals}.",
            {"status": deal.status},
        )
    if deal.currency != VND:
        raise Fault(
            "VIETQR_NEEDS_VND",
            Kind.CONFLICT,
            f"A VietQR asks for dong, and the deal is in {deal.currency}.",
            "agree on an amount in dong with the customer first; nothing is converted here.",
            {"currency": deal.currency},
        )
    if deal.amount_minor == 0:
        raise Fault(
            "AMOUNT_MISSING",
            Kind.CONFLICT,
            "The deal has no amount yet.",
            "give the deal its amount first.",
        )
