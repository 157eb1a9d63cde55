"""Output lines of `cyberos-inv`: those of the specification, where they are true.

Every function takes a tool's answer and gives lines back. What is said in brackets is the same in
both languages, so that a script finds its line; untrusted text stays on one line.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from server.cli import agent_lines
from server.cli.agent_lines import money
from server.cli.render import one_line
from server.inv_cli.words import InvWords

Row = Mapping[str, Any]
_SUMS = ("subtotal", "vat", "total")
VIETQR = "inv_generate_vietqr"
_OUTCOMES = {"new": "new", "corrected": "corrected", "known": "there"}
_IN_FLIGHT = ("approved", "executing", "unknown")
# Which line tells of a dispatch of an action, and what it says when that is done.
_FOLLOWING = {"invoice.archive": ("pdf", "archived"), "invoice.mail": ("email", "mailed")}
_STATES = {"failed": "failed", "unknown": "not_known"}


def time_imported(answer: Row, words: InvWords) -> list[str]:
    """How many entries and hours were new, corrected, and there already."""
    return [
        f"[time] {_sum(answer[outcome], words)} {words[word]}"
        for outcome, word in _OUTCOMES.items()
    ]


def invoice_drafted(answer: Row, engagement: str, words: InvWords) -> list[str]:
    """The draft of an engagement and a month, with what it still lacks."""
    lines, currency = answer["lines"], answer["currency"]
    sums = {name: money(answer[f"{name}_minor"], currency, words) for name in _SUMS}
    taxed = " · ".join(dict.fromkeys(line["vat_rate"] for line in lines))
    shown = [
        f"[draft] {words['reading'].format(one_line(engagement), answer['period'])}",
        *_worked(answer, lines, words),
        f"[draft] {words['subtotal']}: {sums['subtotal']}",
        f"[draft] {words['vat']}: {sums['vat']}{f' ({taxed})' if taxed else ''}",
        f"[draft] {words['total']}: {sums['total']}",
    ]
    shown += [f"[draft] {words['needs']}: {words[f'needs_{one}']}" for one in answer["needs"]]
    return [*shown, f"[invoice] {answer['number']} · status={answer['status']}"]


def _worked(answer: Row, lines: Sequence[Row], words: InvWords) -> list[str]:
    """How much time stands on it, at which rates; nothing of an invoice without time."""
    timed = [line for line in lines if line.get("hours")]
    if not timed:
        return []
    hours = str(sum(Decimal(line["hours"]) for line in timed))
    rates = dict.fromkeys(money(line["rate_minor"], answer["currency"], words) for line in timed)
    return [
        f"[time] {_sum({'entries': answer['entries'], 'hours': hours}, words)}",
        f"[engagement] {words['rate']}={', '.join(rates)} · currency={answer['currency']}",
    ]


def _sum(one: Row, words: InvWords) -> str:
    noun = words["entry" if one["entries"] == 1 else "entries"]
    return noun.format(f"{one['entries']:,}", one["hours"])


# --- sending ---


def waiting(tag: str, answer: Row, words: InvWords, zone: ZoneInfo) -> list[str]:
    """What waits for people, or what is being carried out and nobody knows the end of yet."""
    follow = f"cyberos-inv invoice follow --action {answer['action_id']}"
    if answer.get("state") not in _IN_FLIGHT:
        return agent_lines.waiting(tag, answer, words, zone, follow=follow)
    said = "handed_over" if answer.get("awaits_answer") else "in_flight"
    return [
        f"[{tag}] status={answer['state']} · action_id={answer['action_id']}",
        f"[{tag}] {words[said]}",
        f"[{tag}] {words['follow']}: {follow}",
    ]


def settled(answer: Row, words: InvWords) -> list[str]:
    """How an action that waited for people ended, and what follows it."""
    is_code = answer["tool"] == VIETQR
    if answer["state"] != "succeeded":
        return agent_lines.not_done("vietqr" if is_code else "send", answer, words)
    if is_code:
        return code(answer["result"], words)
    return sent(answer["result"], answer.get("dispatches") or (), words)


def sent(result: Row, following: Sequence[Row], words: InvWords) -> list[str]:
    """What became of a sending: each line says only what was written down as done."""
    total = money(result["total_minor"], result["currency"], words)
    paid_by = f"due={result['due_at']} · reference={result['payment_reference']}"
    return [
        f"[mst] ✓ {words['checked']}",
        f"[hoadon] {result['einvoice_number']} · {result['issued_on']} · {total}",
        f"[gdt] ✓ {words['accepted']}",
        f"[ledger] {words['booked']}",
        *(_followed(one, words) for one in following),
        f"[status] {result['status']} · {paid_by}",
    ]


def _followed(one: Row, words: InvWords) -> str:
    tag, done = _FOLLOWING.get(one["kind"], (one["kind"], "to_come"))
    if one["state"] == "done":
        return f"[{tag}] {words[done]}"
    mark = "⚠ " if one["state"] in _STATES else ""
    code = f" · {one['error_code']}" if one.get("error_code") else ""
    return f"[{tag}] {mark}{words[_STATES.get(one['state'], 'to_come')]}{code}"


# --- codes ---


def code(answer: Row, words: InvWords) -> list[str]:
    """The account, the amount and the memo of a code, as a bank's app shows them."""
    held = one_line(answer["account_name"])
    return [
        f"[vietqr] account: {answer['account_number']} @ {answer['bank']} ({held})",
        f"[vietqr] amount: {money(answer['amount_minor'], answer['currency'], words)}",
        f"[vietqr] addInfo: {answer.get('add_info') or '-'}",
        f"[vietqr] qr: {answer['payload']}",
        f"[vietqr] {words['scan']}",
    ]
