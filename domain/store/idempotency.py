"""Idempotency keys: was this call answered before? Same key, same content, same answer."""

from typing import Any

from sqlalchemy import select

from domain.kernel.faults import Fault, Kind
from domain.store import turns
from domain.store.tables import IdempotencyKey
from domain.store.tx import Tx


async def recall(
    tx: Tx, *, principal: str, tool: str, key: str, args_sha256: str
) -> dict[str, Any] | None:
    """The first answer to this key, or None; a Fault if the key was used for other content.

    Calls with one key take turns until their transactions end: one that came a moment later finds
    the answer, and not the change that the first one has just made.
    """
    await turns.take(tx, f"{principal} {tool} {key}")
    row: IdempotencyKey | None = await tx.first(
        select(IdempotencyKey).where(
            IdempotencyKey.principal == principal,
            IdempotencyKey.tool == tool,
            IdempotencyKey.key == key,
        )
    )
    if row is None:
        return None
    if row.args_sha256 != args_sha256:
        raise Fault(
            "IDEMPOTENCY_KEY_REUSED",
            Kind.CONFLICT,
            "This idempotency_key was used before with other arguments.",
            "use a new key for a new call, or the old arguments for the old key.",
        )
    return row.result


def remember(
    tx: Tx, *, principal: str, tool: str, key: str, args_sha256: str, result: dict[str, Any]
) -> None:
    """Keep the answer in the same transaction as its effect."""
    tx.add(
        IdempotencyKey(
            principal=principal,
            tool=tool,
            key=key,
            args_sha256=args_sha256,
            result=result,
            created_at=tx.at,
        )
    )
