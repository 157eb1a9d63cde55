"""Does every code that was handed out say what the books and the chain say?

A part of the offline verifier. A payload is read as a bank's app would read it, so that whoever
edits an account number in the database, or in the payload, is found. And each code is told of in
the chain, where nobody can add one: by the call that made it at once, by the result of the action
that people allowed, or by the result of the closing that made it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import String, select, type_coerce

from domain.approvals.tables import PendingAction
from domain.kernel.canonical import sha256_hex
from domain.kernel.counting import counted
from domain.kernel.faults import Fault
from domain.payments.service import bank_account_id
from domain.payments.tables import BankAccount, PaymentReference, PaymentRequest
from domain.store import audit_verify
from domain.store.audit_verify import Report
from domain.store.tx import Tx
from domain.vn import banks, vietqr
from domain.vn.references import is_reference
from policies import audit_effects
from policies.audit_effects import CLOSE_DEAL, FOREIGN

GENERATE_FOR_DEAL = "cyberos.crm.generate_vietqr"
GENERATE = (GENERATE_FOR_DEAL, "cyberos.inv.generate_vietqr")

_DETAIL = re.compile(r"(\w+)=(.*?)(?= \w+=|$)")  # of a side effect: bank=... account=... amount=...


@dataclass(frozen=True, slots=True)
class _Told:
    """An entry that tells of a code; the payload's digest only where the entry has it."""

    seq: int
    reference: str
    deal_id: str
    bank_account_id: str
    amount_minor: int
    payload_sha256: str | None

    def others(self, row: Any, deal_id: str) -> list[str]:
        """What the row of a request says otherwise."""
        payload = sha256_hex(row.payload.encode()) if self.payload_sha256 else None
        pairs = {
            "deal": (self.deal_id, deal_id),
            "account": (self.bank_account_id, row.bank_account_id),
            "amount": (self.amount_minor, row.amount_minor),
            "payload": (self.payload_sha256, payload),
        }
        return [name for name, (told, now) in pairs.items() if told != now]


@dataclass(slots=True)
class _Tale:
    """All that the chain tells of codes. A deal is `silent` when a result about it was erased."""

    codes: dict[str, list[_Told]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def add(self, code: _Told) -> None:
        self.codes.setdefault(code.reference, []).append(code)


async def verify_payments(tx: Tx, report: Report) -> None:
    """Every account in use was confirmed; every code is one, is told of, and none is gone."""
    used = type_coerce(BankAccount.first_used_at, String).label("used")
    accounts = {
        row.id: row
        for row in await tx.rows(
            select(BankAccount.id, BankAccount.bank_bin, BankAccount.account_number, used)
        )
        if isinstance(row.bank_bin, str) and isinstance(row.account_number, str)
    }  # one that is not text has its finding in audit_effects.py
    actions = {
        row.id: row
        for row in await tx.rows(
            select(
                PendingAction.id,
                PendingAction.entity_id,
                PendingAction.amount_minor,
                PendingAction.currency,
                PendingAction.args_json,
            ).where(PendingAction.tool.in_(GENERATE), PendingAction.state == "succeeded")
        )
    }
    confirmed = {action.entity_id for action in actions.values()}
    for id, account in accounts.items():
        if (account.used is not None) != (id in confirmed):
            what = "is in use and nobody confirmed that" if account.used else "was confirmed once"
            report.found(f"bank account {id}", what)
    tale = _Tale()
    await _tell_of_calls(tx, report, actions, tale)
    await _tell_of_closings(tx, accounts, tale)
    deals = await _verify_references(tx, report, tale)
    await _verify_requests(tx, report, accounts, deals, tale)


# --- what the chain tells ---


async def _tell_of_calls(tx: Tx, report: Report, actions: Mapping[str, Any], tale: _Tale) -> None:
    """Codes that were made at once, and those of actions, which are about what was signed."""
    for event in GENERATE:
        entries = await audit_verify.told(tx, event)
        carried_out = [seq for seq, content in entries if content.get("action")]
        results = await audit_effects.committed(tx, carried_out, "result")
        for seq, content in entries:
            action = actions.get(str(content.get("action")))
            result = results.get(seq)
            if not content.get("action"):
                data = audit_verify.data_of(content)
                if "reference" in data:
                    tale.add(_at_once(seq, str(content.get("object")), data))
            elif result is not None:
                if action is not None:
                    audit_effects.check_worth(report, action, result)
                if result.get("reference"):
                    tale.add(_allowed(tx, seq, result))
            elif action is not None:
                tale.silent.add(str(audit_effects.arguments_of(action).get("deal_id")))


def _at_once(seq: int, deal_id: str, data: Mapping[str, Any]) -> _Told:
    return _Told(
        seq,
        reference=str(data.get("reference")),
        deal_id=deal_id,
        bank_account_id=str(data.get("bank_account_id")),
        amount_minor=int(data.get("amount_minor", 0)),
        payload_sha256=str(data.get("payload_sha256")),
    )


def _allowed(tx: Tx, seq: int, result: Mapping[str, Any]) -> _Told:
    bank, number = str(result.get("bank_bin")), str(result.get("account_number"))
    return _Told(
        seq,
        reference=str(result.get("reference")),
        deal_id=str(result.get("deal_id")),
        bank_account_id=bank_account_id(tx.tenant_id, bank, number),
        amount_minor=int(result.get("amount_minor", 0)),
        payload_sha256=sha256_hex(str(result.get("payload")).encode()),
    )


async def _tell_of_closings(tx: Tx, accounts: Mapping[str, Any], tale: _Tale) -> None:
    """A deal that was won may have made its code in the same step."""
    entries = await audit_verify.told(tx, CLOSE_DEAL)
    results = await audit_effects.committed(tx, [seq for seq, _ in entries], "result")
    for seq, content in entries:
        deal_id = str(content.get("object")).removeprefix("deal:")
        if seq not in results:
            tale.silent.add(deal_id)
            continue
        for effect in results[seq].get("side_effects") or ():
            if (effect.get("kind"), effect.get("state")) == ("vietqr", "done"):
                said = dict(_DETAIL.findall(effect.get("detail", "")))
                tale.add(_closed(seq, deal_id, said, accounts))


def _closed(seq: int, deal_id: str, said: Mapping[str, str], accounts: Mapping[str, Any]) -> _Told:
    into = [
        id
        for id, account in accounts.items()
        if account.account_number == said.get("account")
        and account.bank_bin == _bin(said.get("bank", ""))
    ]
    amount = said.get("amount", "").removesuffix(" VND").replace(",", "")
    return _Told(
        seq,
        reference=said.get("reference", ""),
        deal_id=deal_id,
        bank_account_id=next(iter(into), ""),
        amount_minor=int(amount),
        payload_sha256=None,  # that it says the same is read out of it
    )


def _bin(bank: str) -> str:
    try:
        return banks.find_bank(bank).bin
    except Fault:
        return ""


# --- what the rows say ---


async def _verify_references(tx: Tx, report: Report, tale: _Tale) -> dict[str, str]:
    """Every reference is one and belongs to the deal it was made for; its deal, by reference."""
    deals: dict[str, str] = {}
    for row in await tx.rows(select(PaymentReference.reference, PaymentReference.deal_id)):
        if not isinstance(row.reference, str) or not isinstance(row.deal_id, str):
            report.found("a payment reference", FOREIGN)
            continue
        place, told = f"payment reference {row.reference}", tale.codes.get(row.reference)
        deals[row.reference] = row.deal_id
        if not is_reference(row.reference):
            report.found(place, "its check character is wrong")
        if told and told[0].deal_id != row.deal_id:
            report.found(place, f"entry {told[0].seq} tells of another deal")
        elif not told and row.deal_id not in tale.silent:
            report.found(place, "no entry tells of it")
    for reference in sorted(tale.codes.keys() - deals.keys()):
        seq = tale.codes[reference][0].seq
        report.found(f"payment reference {reference}", f"is gone, and entry {seq} tells of it")
    return deals


async def _verify_requests(
    tx: Tx,
    report: Report,
    accounts: Mapping[str, Any],
    deals: Mapping[str, str],
    tale: _Tale,
) -> None:
    """Every code says what its row says, which is what an entry says, and no code is missing."""
    met: list[_Told] = []
    for row in await tx.rows(
        select(
            PaymentRequest.id,
            PaymentRequest.reference,
            PaymentRequest.bank_account_id,
            PaymentRequest.amount_minor,
            PaymentRequest.payload,
        ).order_by(PaymentRequest.id)
    ):
        place = f"payment request {row.id}"
        if not isinstance(row.reference, str) or not isinstance(row.payload, str):
            report.found(place, FOREIGN)
            continue
        account = accounts.get(row.bank_account_id)
        if account is None or _read(row.payload) != (
            account.bank_bin,
            "".join(account.account_number.split()),
            row.amount_minor,
            row.reference,
        ):
            report.found(place, "its code does not say what its row says")
        deal_id = deals.get(row.reference, "")
        told = _nearest(tale.codes.get(row.reference, ()), row, deal_id)
        if told is None:
            if deal_id not in tale.silent:
                report.found(place, "no entry tells of it")
            continue
        others = told.others(row, deal_id)
        if others and deal_id not in tale.silent:
            report.found(place, f"entry {told.seq} tells of another {', '.join(others)}")
        met.append(told)
    _check_all_met(report, tale, met)


def _nearest(codes: Sequence[_Told], row: Any, deal_id: str) -> _Told | None:
    """The entry that is meant, the first of those that fit best: a deal may have many codes."""
    return min(codes, key=lambda told: len(told.others(row, deal_id)), default=None)


def _check_all_met(report: Report, tale: _Tale, met: Sequence[_Told]) -> None:
    """No code is gone, and none is there more often than it was handed out.

    The same question twice has the same code, so several entries may tell of one row.
    """
    times = Counter(met)
    for codes in tale.codes.values():
        alike: dict[tuple[str, str, int], list[_Told]] = {}
        for code in codes:
            alike.setdefault((code.deal_id, code.bank_account_id, code.amount_minor), []).append(
                code
            )
        for entries in alike.values():
            there = sum(times[told] for told in entries)
            if not there:
                report.found(f"entry {entries[0].seq}", "tells of a payment request that is gone")
            elif there > len(entries):
                what = (
                    f"is there {counted(there, 'time')}, and "
                    f"{counted(len(entries), 'entry tells', 'entries tell')} of it"
                )
                report.found(f"payment request of entry {entries[0].seq}", what)


def _read(payload: str) -> tuple[str, str, int | None, str | None] | None:
    try:
        code = vietqr.decode(payload)
    except Fault:
        return None
    return code.bin, code.account, code.amount, code.add_info
