"""Lines that the command lines of agents have in common: tables, amounts, what the chain holds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.kernel.clock import instant
from domain.kernel.money import Money
from domain.store.chain import Sealed
from server.cli.agent_words import AgentWords
from server.cli.render import one_line

WIDTH = 80
_GAP = "  "
_NARROWEST = 12  # a text is clipped no shorter than this
_HASH_SHOWN = 12


def sealed(entry: Sealed | None, words: AgentWords, *, dry_run: bool = False) -> list[str]:
    """Where the audit chain holds it."""
    if dry_run:
        return [f"[audit] {words['dry_run']}"]
    if entry is None:
        return [f"[audit] {words['known']}"]
    return [f"[audit] brain seq={entry.seq} chain={entry.hash[:_HASH_SHOWN]}…"]


def waiting(
    tag: str, answer: Mapping[str, Any], words: AgentWords, zone: ZoneInfo, *, follow: str
) -> list[str]:
    """What waits for people, who has to sign until when, how, and what to type afterwards."""
    until = instant(datetime.fromisoformat(answer["expires_at"]), zone)
    slots = [
        f"[{tag}]   {'✓' if slot.get('filled') else '·'} {'/'.join(slot['roles']).upper()}"
        for slot in answer["slots"]
    ]
    action_id = answer["action_id"]
    how = answer.get("how_to_approve") or f"cyberos approve {action_id} --as E-MAIL --key FILE"
    return [
        f"[{tag}] status={answer.get('status') or answer['state']} · action_id={action_id}",
        f"[{tag}] {one_line(answer['summary'])}",
        f"[{tag}] {words['signatures'].format(until)}",
        *slots,
        f"[{tag}] {words['sign']}: {answer.get('inbox_url') or how}",
        f"[{tag}] {words['follow']}: {follow}",
    ]


def not_done(tag: str, answer: Mapping[str, Any], words: AgentWords) -> list[str]:
    """How an action ended that was not carried out, and why."""
    why = [one_line(one["reason"]) for one in answer["decisions"] if one.get("reason")]
    code = [answer["error_code"]] if answer.get("error_code") else []
    return [" · ".join([f"[{tag}] {words.state(answer['state'])}", *code, *why])]


def money(minor: int, currency: str, words: AgentWords) -> str:
    """An amount with its currency."""
    return Money(minor, currency).text(words.locale)


def number(minor: int, currency: str, words: AgentWords) -> str:
    """An amount under a heading that names its currency."""
    return money(minor, currency, words).replace("₫", "").replace(currency, "").strip()


def table(
    columns: Mapping[str, Sequence[str]],
    *,
    shrinking: Sequence[str] = (),
    right: Sequence[str] = (),
    heading: bool = True,
) -> list[str]:
    """Columns side by side in 80 characters; those that may shrink are clipped, widest first."""
    shown = {
        name: [*([name] if heading else []), *(one_line(cell) for cell in cells)]
        for name, cells in columns.items()
    }
    widths = {name: max(map(len, cells), default=0) for name, cells in shown.items()}
    while sum(widths.values()) + len(_GAP) * (len(widths) - 1) > WIDTH:
        widest = max(shrinking, key=lambda name: widths[name], default=None)
        if widest is None or widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    lines = zip(
        *(
            [_fitted(cell, widths[name], at_right=name in right) for cell in cells]
            for name, cells in shown.items()
        ),
        strict=True,
    )
    return [_GAP.join(line).rstrip() for line in lines]


def _fitted(cell: str, width: int, *, at_right: bool) -> str:
    clipped = cell if len(cell) <= width else f"{cell[: width - 1].rstrip()}…"
    return clipped.rjust(width) if at_right else clipped.ljust(width)
