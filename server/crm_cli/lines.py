"""Output lines of `cyberos-crm`: those of the specification, where they are true.

Every function takes a tool's answer and gives lines back. What is said in brackets is the same in
both languages, so that a script finds its line; untrusted text stays on one line.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from server.cli import agent_lines
from server.cli.agent_lines import money, number, table
from server.cli.render import one_line
from server.crm_cli.words import CrmWords

_FACTS = re.compile(r" (?=[a-z_]+=)")  # what stands between two of them

Row = Mapping[str, Any]


def account_created(answer: Row, typed_name: str, words: CrmWords) -> list[str]:
    """What the tax registry said of a new account, and its id."""
    lines = _registry(answer, typed_name, words) if answer.get("vn_mst") else []
    return [*lines, f"[create] account_id: {answer['id']}"]


def _registry(answer: Row, typed_name: str, words: CrmWords) -> list[str]:
    status, name = answer["vn_mst_status"], one_line(answer.get("legal_name") or answer["name"])
    if status == "unverified" and not answer.get("vn_mst_checked_at"):
        return [f"[mst] ⚠ {words['mst_no_answer']}"]
    invoked = f"[mst] {words['invoked'].format('vn-mst-validate')}"
    if status != "valid":
        return [invoked, f"[mst] ⚠ {words[f'mst_{status}']}"]
    renamed = name != one_line(typed_name)
    lines = [invoked, f"[mst] ✓ {words['mst_valid']}: {_quoted(name)}"]
    return [*lines, f"[mst] ⚠ {words['mst_renamed'].format(_quoted(name))}"] if renamed else lines


def contacts(rows: Sequence[Row], words: CrmWords) -> list[str]:
    """How the people at an account are reached and addressed."""
    if not rows:
        return [words["no_contacts"]]
    columns = {
        "display_name": [row["display_name"] for row in rows],
        "email": [row.get("email") or "-" for row in rows],
        "phone": [row.get("phone_e164") or "-" for row in rows],
        "salutation": [words.salutation(row["salutation"]) for row in rows],
        "primary": [words["yes" if row["is_primary"] else "no"] for row in rows],
    }
    return table(columns, shrinking=("email", "display_name"))


def accounts(rows: Sequence[Row], words: CrmWords) -> list[str]:
    """Accounts with the ids that the other commands take."""
    if not rows:
        return [words["no_accounts"]]
    columns = {
        "account_id": [row["id"] for row in rows],
        "name": [row["name"] for row in rows],
        "type": [row["account_type"] for row in rows],
    }
    return table(columns, shrinking=("name",))


def deals(rows: Sequence[Row], words: CrmWords) -> list[str]:
    """Deals with the ids that the other commands take."""
    if not rows:
        return [words["no_deals"]]
    columns = {
        "deal_id": [row["id"] for row in rows],
        "name": [row["name"] for row in rows],
        "amount": [money(row["amount_minor"], row["currency"], words) for row in rows],
        "stage": [row["stage"] for row in rows],
    }
    return table(columns, shrinking=("name", "stage"), right=("amount",))


def deal_moved(answer: Row, words: CrmWords, *, dry_run: bool = False) -> list[str]:
    """Which way the deal went, and where it stands."""
    allowed = words["move_allowed"].format(f"{answer['from_stage']} → {answer['stage']}")
    stands = f"stage: {answer['stage']} probability: {answer['probability_pct']}%"
    # Without a number, because nobody counts who listens; and nobody hears of a dry run.
    heard = [] if dry_run else [f"[ws] {words['broadcast']}"]
    return [
        f"[validate] {allowed}",
        f"[move] deal status: {answer['status']} {stands}",
        *heard,
    ]


def waiting(answer: Row, words: CrmWords, zone: ZoneInfo) -> list[str]:
    """What waits for people, who has to sign until when, and how."""
    follow = f"cyberos-crm deal follow --action {answer['action_id']}"
    return agent_lines.waiting("close", answer, words, zone, follow=follow)


def settled(answer: Row, words: CrmWords) -> list[str]:
    """How an action that waited for people ended."""
    if answer["state"] == "succeeded":
        return deal_closed(answer["result"], words)
    return agent_lines.not_done("close", answer, words)


def deal_closed(result: Row, words: CrmWords) -> list[str]:
    """What closing the deal entailed, in the order it was done."""
    name = result["deal"].get("name") or ""
    return [line for one in result["side_effects"] for line in _consequence(one, name, words)]


def _consequence(one: Row, deal_name: str, words: CrmWords) -> list[str]:
    kind, state, detail = one["kind"], one["state"], one_line(one["detail"])
    facts = _FACTS.sub(" · ", detail)
    if state == "skipped":
        return [f"[{kind}] {words['skipped']}: {words.reason(detail)}"]
    match kind:
        case "audit":
            return []  # the line with the number of the entry says it
        case "vietqr":
            invoked = words["invoked"].format("vn-bank-transfer")
            return [f"[vietqr] {invoked}", f"[vietqr] {words['generated']}: {facts}"]
        case "hoadon":
            return [f"[hoadon] {words['invoked'].format('vn-vat-invoice')}", f"[hoadon] {facts}"]
        case "inv":
            return [f"[inv] {words['invoice']} ({facts})"]
        case "proj":
            return [f"[proj] {words['engagement']}: {_quoted(deal_name)}"]
        case "brain":
            return [f"[brain] {words['ingested' if state == 'done' else 'to_be_ingested']}"]
        case _:
            return [f"[{kind}] {facts}"]


def forecast(answer: Row, pipeline: str | None, month: str | None, words: CrmWords) -> list[str]:
    """Bands of what will come in, and the deals that weigh most."""
    first, last = (date.fromisoformat(answer[name]) for name in ("from_date", "to_date"))
    days = (last - first).days
    ahead = words["next_day" if days == 1 else "next_days"].format(days)
    span = f"{first} – {last}" if month else ahead
    heading = f"pipeline: {pipeline or words['every_pipeline']} ({span})"
    totals = [answer[name] for name in ("total", "total_usd") if answer.get(name)]
    if not totals:
        return [heading, one_line(answer["summary"])]
    bands = [line for total in totals for line in _bands(total, words)]
    notes = [f"· {one_line(note)}" for note in answer.get("notes", [])]
    return [heading, *bands, *_heaviest(answer.get("top_deals", []), words), *notes]


def _bands(total: Row, words: CrmWords) -> list[str]:
    currency, bands = total["currency"], total["bands"]
    columns = {"band": [f"{band['band_pct']}%" for band in bands]}
    for end in ("low", "mid", "high"):
        amounts = [number(band[f"{end}_minor"], currency, words) for band in bands]
        columns[f"{currency.lower()}_{end}"] = amounts
    return table(columns, right=tuple(columns)[1:])


def _heaviest(deals: Sequence[Row], words: CrmWords) -> list[str]:
    columns = {
        "deal_id": [deal["id"] for deal in deals],
        "name": [deal["name"] for deal in deals],
        "amount": [money(deal["amount_minor"], deal["currency"], words) for deal in deals],
        "probability": [f"{deal['probability_pct']}%" for deal in deals],
    }
    shown = table(columns, shrinking=("name",), right=("amount", "probability"), heading=False)
    heading = words["top_deal" if len(deals) == 1 else "top_deals"].format(len(deals))
    return [heading, *shown] if deals else []


def _quoted(text: str) -> str:
    return '"' + one_line(text).replace('"', "'") + '"'
