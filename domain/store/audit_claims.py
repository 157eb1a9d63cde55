"""Audit claims: what does the chain say, as the verifier and the laws of modules ask it?

A private value is believed here: the walk over the chain (domain/store/audit_verify.py) has
compared it with its commitment, and made a finding of one that does not fit.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault
from domain.store.tables import AuditBlob, AuditEntry
from domain.store.tx import Tx

_AT_ONCE: Final = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

_decoder: Any = json.JSONDecoder()
_parse = _decoder.scan_once  # what `raw_decode` calls for each text
_plain_text = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def content_of(body: str) -> Mapping[str, Any] | None:
    """The entry, if its bytes are the one spelling of it."""
    try:
        content = json.loads(body)
        # The quick spelling differs from RFC 8785 only for keys nobody uses; then ask exactly.
        if _plain_text(content) != body and canonical(content).decode() != body:
            return None
    except (ValueError, RecursionError, Fault):
        return None
    return content if isinstance(content, dict) and content.get("v") == 1 else None


def contents_of(bodies: Sequence[Any]) -> Sequence[Mapping[str, Any] | None]:
    """The same for many at once, which takes half the time when all of them are as they should."""
    try:
        parsed = [_parse(body, 0) for body in bodies]
        read = [content for content, _ in parsed]
        # No object is the beginning of another, so what fits together fits one by one.
        if (
            [end for _, end in parsed] == list(map(len, bodies))
            and _plain_text(read) == f"[{','.join(bodies)}]"
            and all(map(_is_entry, read))
        ):
            return read
    except (StopIteration, TypeError, ValueError, RecursionError):
        pass
    return [content_of(body) if isinstance(body, str) else None for body in bodies]


def _is_entry(content: Any) -> bool:
    return isinstance(content, dict) and content.get("v") == 1


def private_place(seq: int, name: str) -> str:
    """Where a private value lies. Its name is a field of ours, or not worth repeating."""
    return f"private value {seq}/{name if _NAME.fullmatch(name) else '?'}"


@dataclass(frozen=True, slots=True)
class Trace:
    """One entry about an action, as its bytes tell it."""

    seq: int
    event: str
    at: str
    actor: tuple[str, str]
    on_behalf_of: str
    data: Mapping[str, Any]


async def traces(tx: Tx, action_ids: Sequence[str]) -> dict[str, list[Trace]]:
    """What the chain says about each of these actions, in order."""
    found: dict[str, list[Trace]] = {action_id: [] for action_id in action_ids}
    for row in await tx.rows(
        select(AuditEntry.seq, AuditEntry.action_id, AuditEntry.body)
        .where(AuditEntry.action_id.in_(action_ids))
        .order_by(AuditEntry.seq)
    ):
        content = content_of(row.body) if isinstance(row.body, str) else None
        actor = content.get("actor") if content else None
        if content is None or not isinstance(actor, dict):
            continue  # the walk over the chain has said so already
        who = (str(actor.get("t")), str(actor.get("id")))
        trace = Trace(
            row.seq,
            str(content.get("event")),
            str(content.get("at")),
            who,
            str(actor.get("obo")),
            data_of(content),
        )
        found[row.action_id].append(trace)
    return found


def data_of(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an entry says besides who, when and about what."""
    data = content.get("data")
    return data if isinstance(data, dict) else {}


async def entries_of(tx: Tx, event_name: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Every entry of one kind, in order: place and content. For kinds of which there are few."""
    rows = await tx.rows(
        select(AuditEntry.seq, AuditEntry.body)
        .where(AuditEntry.event == event_name)
        .order_by(AuditEntry.seq)
    )
    read = [(row.seq, content_of(row.body) if isinstance(row.body, str) else None) for row in rows]
    return [(seq, content) for seq, content in read if content is not None]


async def committed_by(tx: Tx, seqs: Sequence[int], name: str) -> dict[int, Mapping[str, Any]]:
    """What these entries commit to under a name, as far as it can be read."""
    read: dict[int, Mapping[str, Any]] = {}
    for first in range(0, len(seqs), _AT_ONCE):
        for row in await tx.rows(
            select(AuditBlob.seq, AuditBlob.body).where(
                AuditBlob.seq.in_(seqs[first : first + _AT_ONCE]), AuditBlob.field == name
            )
        ):
            value = as_object(row.body)
            if value is not None:
                read[row.seq] = value
    return read


def as_object(text: Any) -> Mapping[str, Any] | None:
    """The object in a JSON text; None if there is none."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
