"""Audit laws of payments: does money go only where people allowed, and does every code say so?

A payload is read as a bank's app would read it, so that one that does not say what its row says is
found, whoever wrote both.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import String, select, type_coerce

from domain.identity.events import AgentAdded
from domain.kernel.canonical import LARGEST_INTEGER, sha256_hex
from domain.kernel.faults import Fault
from domain.payments.events import BankAccountAdded
from domain.payments.service import bank_account_id
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store.audit_claims import committed_by, entries_of
from domain.store.audit_laws import Approved, CarriedOut, Written, last_written, pages, sealed_with
from domain.store.audit_report import FOREIGN, Report
from domain.store.tx import Tx
from domain.vn import vietqr
from domain.vn.references import is_reference

_ADD, _FIRST_USE, _RETIRE = "bank_account.add", "bank_account.first_use", "bank_account.retire"
_ACCOUNT = (
    *(BankAccount.id, BankAccount.bank_bin, BankAccount.account_number),
    *(BankAccount.account_name, BankAccount.currency),
    type_coerce(BankAccount.first_used_at, String).label("used"),
    type_coerce(BankAccount.retired_at, String).label("retired"),
)


async def accounts_were_allowed(tx: Tx, report: Report, approved: Approved) -> None:
    """Every account was added by people, or before the first agent, and used when they allowed."""
    early, provisioned = await _before_agents(tx)
    beside = await _confirmed_beside(approved)
    async for page in pages(tx, select(*_ACCOUNT), BankAccount.id):
        ids = [row.id for row in page]
        added = await approved.about(_ADD, ids)
        used = {*await approved.about(_FIRST_USE, ids)} | beside
        written = await last_written(tx, BankAccount, ids)
        actions = await approved.among(one.action_id for one in written.values() if one.action_id)
        for row in page:
            place = f"bank account {row.id}"
            if not isinstance(row.bank_bin, str) or not isinstance(row.account_number, str):
                report.found(place, FOREIGN)
                continue
            _check_added(report, row, added.get(row.id), early.get(row.id))
            if row.id != bank_account_id(tx.tenant_id, row.bank_bin, row.account_number):
                report.found(place, "its bank or number is not the one that was approved")
            if (row.used is not None) != (row.id in used):
                what = "is in use and nobody confirmed that" if row.used else "was confirmed once"
                report.found(place, what)
            last = written.get(row.id)
            if last is not None and last.seq > provisioned and not _is_allowed(last, actions):
                report.found(place, f"was written by entry {last.seq}, and nobody allowed that")


def _is_allowed(entry: Written, actions: Mapping[str, CarriedOut]) -> bool:
    return entry.is_effect and entry.action_id in actions


async def accounts_were_retired(tx: Tx, report: Report, approved: Approved) -> None:
    """An account is retired if people allowed that, and not otherwise."""
    async for page in pages(tx, select(*_ACCOUNT), BankAccount.id):
        allowed = await approved.about(_RETIRE, [row.id for row in page])
        for row in page:
            if (row.retired is not None) != (row.id in allowed):
                what = "is retired and nobody allowed that" if row.retired else "was retired once"
                report.found(f"bank account {row.id}", what)


async def _confirmed_beside(approved: Approved) -> set[str]:
    """Accounts whose first use was confirmed with something else that people allowed: a sending."""
    found = set()
    async for page in approved.carried_out(_FIRST_USE):
        named = [action.effect("first_use").get("bank_account_id") for action in page]
        found |= {id for id in named if isinstance(id, str)}
    return found


async def _before_agents(tx: Tx) -> tuple[Mapping[str, BankAccountAdded], int]:
    """The accounts that were there before the first agent, and the entry that its row stands with:
    who can append could add one later.
    """
    agents = await entries_of(tx, AgentAdded.EVENT)
    entries = await entries_of(tx, BankAccountAdded.EVENT)
    first_agent = agents[0][0] if agents else LARGEST_INTEGER
    early = [(seq, entry) for seq, entry in entries if seq < first_agent]
    kept = await committed_by(tx, [seq for seq, _ in early], BankAccountAdded.PRIVATE)
    read = (BankAccountAdded.read(entry, kept.get(seq)) for seq, entry in early)
    return {event.account_id: event for event in read}, await sealed_with(tx, first_agent)


def _check_added(
    report: Report, row: Any, action: CarriedOut | None, early: BankAccountAdded | None
) -> None:
    """What the id is not made of has to be as it was when the account was allowed."""
    place = f"bank account {row.id}"
    if action is not None:
        allowed: Mapping[str, Any] = action.effect("bank_account")
    elif early is not None:
        if early.sha256 == BankAccountAdded.of(row).sha256:
            return
        allowed = early.details or {}
    else:
        report.found(place, "was added without an approval that was carried out")
        return
    names = ("account_name", "currency")
    if others := [name for name in names if allowed.get(name) != getattr(row, name)]:
        report.found(place, f"was allowed with another {', '.join(others)}")


async def codes_were_told(tx: Tx, report: Report, approved: Approved) -> None:
    """Every code says what its row says, into an account in use, and came from a call or people,
    who signed for this amount into this account.
    """
    codes = select(
        PaymentRequest.id,
        PaymentRequest.reference,
        PaymentRequest.bank_account_id,
        PaymentRequest.amount_minor,
        PaymentRequest.payload,
    )
    async for page in pages(tx, codes, PaymentRequest.id):
        into = [row.bank_account_id for row in page]
        rows = await tx.rows(select(*_ACCOUNT).where(BankAccount.id.in_(into)))
        accounts = {account.id: account for account in rows}
        written = await last_written(tx, PaymentRequest, [row.id for row in page])
        actions = await approved.among(one.action_id for one in written.values() if one.action_id)
        gone = [account.id for account in rows if account.retired is not None]
        ended = await last_written(tx, BankAccount, gone) if gone else {}
        for row in page:
            place = f"payment request {row.id}"
            if not isinstance(row.reference, str) or not isinstance(row.payload, str):
                report.found(place, FOREIGN)
                continue
            _check_code(report, row, accounts.get(row.bank_account_id))
            if row.id in written and not _matches(written[row.id], row, actions):
                report.found(place, f"entry {written[row.id].seq} tells of another code or of none")
            until = ended.get(row.bank_account_id)  # nothing of a retired account changes
            if until and row.id in written and written[row.id].seq > until.seq:
                report.found(place, "asks to pay into an account that was retired before")


def _check_code(report: Report, row: Any, account: Any) -> None:
    place = f"payment request {row.id}"
    if account is None or _read(row.payload) != (
        account.bank_bin,
        "".join(str(account.account_number).split()),
        row.amount_minor,
        row.reference,
    ):
        report.found(place, "its code does not say what its row says")
    elif account.used is None:
        report.found(place, "asks to pay into an account that nobody confirmed")


def _matches(entry: Written, row: Any, actions: Mapping[str, CarriedOut]) -> bool:
    """Whether people allowed the effect that made the code, or the call that made it says so."""
    if entry.is_effect:
        action = actions.get(entry.action_id or "")
        return action is not None and _signed_for(action, row)
    data, payload = entry.data, sha256_hex(row.payload.encode())
    stated = data.get("reference"), data.get("payload_sha256")
    return stated == (row.reference, payload)


async def codes_ask_for_what_was_signed(tx: Tx, report: Report, approved: Approved) -> None:
    """What people allowed to be asked for is what the request itself says."""
    async for page in approved.carried_out(_FIRST_USE):
        for action in page:
            asked = action.effect("vietqr").get("amount_minor")
            if asked is not None and asked != str(action.amount_minor):
                what = "was signed for another amount than it was carried out for"
                report.found(f"action {action.action_id}", what)


def _signed_for(action: CarriedOut, row: Any) -> bool:
    """Whether the effects that were signed name this account and so many dong."""
    amounts = action.named("amount_minor") | action.named("vietqr_vnd")
    return str(row.amount_minor) in amounts and row.bank_account_id in action.named(
        "bank_account_id"
    )


async def references_are_ours(tx: Tx, report: Report, _: Approved) -> None:
    """Every reference is one that the program draws."""
    async for page in pages(tx, select(PaymentReference.reference), PaymentReference.reference):
        for row in page:
            place = f"payment reference {row.reference}"
            if not isinstance(row.reference, str):
                report.found("a payment reference", FOREIGN)
            elif not is_reference(row.reference):
                report.found(place, "its check character is wrong")


def _read(payload: str) -> tuple[str, str, int | None, str | None] | None:
    try:
        code = vietqr.decode(payload)
    except Fault:
        return None
    return code.bin, code.account, code.amount, code.add_info
