"""One signature over several actions of one kind, where the policy allows it for that kind.

What a person signs is a list of digests, one of the exact bytes they would have signed for each
action alone. All of them are recorded, or none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.approvals import signed
from domain.approvals.facts import Decision
from domain.approvals.service import Recorded, load
from domain.kernel.faults import Fault, Kind
from domain.store.tx import Tx
from policies.approvals import voting
from policies.approvals.evidence import ApprovalContext, may_be_batched
from policies.approvals.voting import PreparedVote


@dataclass(frozen=True, slots=True)
class Batch:
    """What a person is about to sign; `to_be_signed` are the exact bytes."""

    items: tuple[PreparedVote, ...]

    @property
    def digests(self) -> list[str]:
        return signed.batch_items([one.to_be_signed for one in self.items])

    @property
    def to_be_signed(self) -> bytes:
        return signed.batch_tbs(self.digests)


async def prepare(
    tx: Tx,
    approval_context: ApprovalContext,
    action_ids: Sequence[str],
    *,
    email: str,
    key_id: str,
    slot: str | None = None,
) -> Batch:
    """Build what this person signs for a yes to all of these; BATCH_NOT_ALLOWED if they may not.

    Raises as voting.prepare does for the first action that cannot be approved.
    """
    await check(tx, approval_context, action_ids)
    items = [
        await voting.prepare(
            tx,
            approval_context,
            id,
            email=email,
            key_id=key_id,
            decision=Decision.APPROVE,
            slot=slot,
        )
        for id in action_ids
    ]
    return Batch(tuple(items))


async def check(tx: Tx, approval_context: ApprovalContext, action_ids: Sequence[str]) -> None:
    """Refuse with BATCH_NOT_ALLOWED what cannot be signed together, whoever would."""
    if len(set(action_ids)) != len(action_ids) or not 2 <= len(action_ids) <= signed.MOST_IN_BATCH:
        raise _not_allowed(f"A batch is two to {signed.MOST_IN_BATCH} different actions.")
    tools = {(await load(tx, id)).tool for id in action_ids}
    if len(tools) > 1:
        raise _not_allowed("The actions are not all of one kind.")
    if not all(may_be_batched(approval_context.catalogue, tool) for tool in tools):
        raise _not_allowed("Actions of this kind are read and signed one by one.")


async def record(
    tx: Tx, approval_context: ApprovalContext, batch: Batch, signature: bytes
) -> list[Recorded]:
    """Write all the decisions down, or raise what stands against the first that cannot be.

    Whatever is raised, the caller's transaction is thrown away and nothing was decided.
    """
    await check(tx, approval_context, [one.action_id for one in batch.items])
    for action_id in sorted(one.action_id for one in batch.items):
        await load(
            tx, action_id, lock=True
        )  # in one order, so that two batches never wait in a ring
    digests, recorded = batch.digests, []
    for index, one in enumerate(batch.items):
        row = await load(tx, one.action_id)
        recorded.append(
            await voting.decide(tx, approval_context, row, one, signature, batch=(digests, index))
        )
    return recorded


def _not_allowed(why: str) -> Fault:
    return Fault(
        "BATCH_NOT_ALLOWED",
        Kind.FORBIDDEN,
        why,
        "approve them one by one with `cyberos approve ID`.",
    )
