"""Planting of dispatches: one follows an action about the private deal, and is spoken of."""

from sqlalchemy import select, update

from domain.approvals.tables import PendingAction
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.store.tx import Tx
from tests.planting import WORDS, Ground
from tests.world import World


async def _dispatch(world: World, _there: Ground, _deal_id: str) -> None:
    async with world.owning() as tx:
        await _follow(tx)


async def _resolution(world: World, _there: Ground, _deal_id: str) -> None:
    key = world.ours.keys["am"]
    async with world.owning() as tx:
        lost = await _follow(tx)
        for state, attempts, version in (("leased", 1, 2), ("unknown", 1, 3)):
            step = update(Dispatch).where(Dispatch.id == lost.id)
            await tx.change(step.values(state=state, attempts=attempts, version=version))
        tx.add(
            DispatchResolution(
                dispatch_id=lost.id,
                person_id=world.ours.people["am"],
                outcome="seen",
                reason=WORDS[3],
                key_id=key.key_id,
                assurance=3,
                signed_payload="{}",
                signature=bytes(64),
                audit_head_seq=1,
                audit_head_hash="0" * 64,
                at=tx.at,
            )
        )


async def _follow(tx: Tx) -> Dispatch:
    """One more thing that follows the last action about a deal, which `plant` has carried out."""
    done = select(PendingAction).where(
        PendingAction.entity_type == "deal", PendingAction.state == "succeeded"
    )
    action = await tx.first(done.order_by(PendingAction.id.desc()))
    assert action is not None, "nothing about a deal was carried out"
    mine = select(Dispatch.id).where(Dispatch.action_id == action.id)
    row = Dispatch(
        action_id=action.id,
        n=len(await tx.all(mine)) + 1,
        tool=action.tool,
        kind="mail",
        entity_type=action.entity_type,
        entity_id=action.entity_id,
        payload={"text": WORDS[3]},
        digest=action.entity_digest,
        state="waiting",
        created_at=tx.at,
    )
    tx.add(row)
    await tx.flush()
    return row


PLANTERS = {"dispatch": _dispatch, "dispatch_resolution": _resolution}
