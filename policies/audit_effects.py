"""Is everything that was done what people agreed to, and nothing else?

The last part of the offline verifier: closed deals and bank accounts, held against the actions
that were approved for them, and the other way round.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, select

from domain.approvals.tables import PendingAction
from domain.deals.tables import Deal
from domain.payments.service import bank_account_id
from domain.payments.tables import BankAccount
from domain.store import audit_verify
from domain.store.audit_verify import Report
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

CLOSE_DEAL = "cyberos.crm.close_deal"
ADD_BANK_ACCOUNT = "cyberos.admin.add_bank_account"
_SHOWN = 100


async def check_carried_out(tx: Tx, report: Report, rows: Sequence[PendingAction]) -> None:
    """What was carried out is what was signed."""
    closings = {
        row.entity_id: row for row in rows if row.tool == CLOSE_DEAL and row.state == "succeeded"
    }
    found = await tx.rows(select(Deal.id, Deal.status).where(Deal.id.in_(closings)))
    status = {deal.id: deal.status for deal in found}
    for deal_id, row in closings.items():
        wanted = _arguments(row).get("outcome")
        if status.get(deal_id) != wanted:
            now = status.get(deal_id, "gone")
            report.found(f"deal {deal_id}", f"is {now}, and action {row.id} closed it as {wanted}")
    added = {
        row.entity_id: row
        for row in rows
        if row.tool == ADD_BANK_ACCOUNT and row.state == "succeeded"
    }
    there = set(await tx.all(select(BankAccount.id).where(BankAccount.id.in_(added))))
    for account_id in added.keys() - there:
        action_id = added[account_id].id
        report.found(f"bank account {account_id}", f"is gone, and action {action_id} added it")


def _arguments(row: PendingAction) -> Mapping[str, Any]:
    try:
        arguments = json.loads(row.args_json)
    except ValueError:
        return {}
    return arguments if isinstance(arguments, dict) else {}


async def verify_traces_lead_somewhere(tx: Tx, report: Report) -> None:
    """An action that the chain tells of cannot have vanished."""
    there = exists(PendingAction.id).where(PendingAction.id == AuditEntry.action_id)
    for row in await tx.rows(
        select(AuditEntry.seq, AuditEntry.action_id)
        .where(AuditEntry.action_id.is_not(None), ~there)
        .order_by(AuditEntry.seq)
        .limit(_SHOWN)
    ):
        report.found(f"entry {row.seq}", f"tells of action {row.action_id}, which is gone")


async def verify_deals(tx: Tx, report: Report) -> None:
    """Every deal that ended has the action that people approved for it."""
    approved = exists(PendingAction.id).where(
        PendingAction.entity_id == Deal.id,
        PendingAction.tool == CLOSE_DEAL,
        PendingAction.state == "succeeded",
    )
    for row in await tx.rows(
        select(Deal.id, Deal.status)
        .where(Deal.status != "open", ~approved)
        .order_by(Deal.id)
        .limit(_SHOWN)
    ):
        report.found(f"deal {row.id}", f"is {row.status} without an approval that was carried out")


async def verify_bank_accounts(tx: Tx, report: Report) -> None:
    """Every account was approved, or was there before the first agent, and is still the same."""
    agents = await audit_verify.told(tx, "agent.added")
    first_agent = agents[0][0] if agents else None
    founded = {
        content.get("object")
        for seq, content in await audit_verify.told(tx, "bank_account.added")
        if first_agent is None or seq < first_agent
    }
    approved = set(
        await tx.all(
            select(PendingAction.entity_id).where(
                PendingAction.tool == ADD_BANK_ACCOUNT, PendingAction.state == "succeeded"
            )
        )
    )
    for row in await tx.rows(
        select(BankAccount.id, BankAccount.bank_bin, BankAccount.account_number)
    ):
        place = f"bank account {row.id}"
        if row.id not in approved and f"bank_account:{row.id}" not in founded:
            report.found(place, "was added without an approval that was carried out")
        if row.id != bank_account_id(tx.tenant_id, row.bank_bin, row.account_number):
            report.found(place, "its bank or number is not the one that was approved")
