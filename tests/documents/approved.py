"""Approved actions for tests: what may a document have come of?"""

from datetime import date

from domain.documents import service
from domain.documents.service import About, Kept
from domain.kernel.canonical import sha256_hex
from domain.kernel.ids import new_id
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from tests.tools.admin.samples import ACCOUNT_OF_OURS
from tests.world import World

DAY = date(2026, 4, 30)
PATH = "inv/2026/04/INV-2026-04-001.pdf"


async def an_action(world: World, number: str = "0071009999999") -> str:
    """An action that people approved and that was carried out."""
    asked = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        **{**ACCOUNT_OF_OURS, "account_number": number},
    )
    for person in ("both", "admin"):
        await world.decide(asked["action_id"], person)
    assert (await world.execute(asked["action_id"])).state == "succeeded"
    return str(asked["action_id"])


def about(action_id: str, **more: object) -> About:
    """What a document is about, unless said otherwise."""
    fields: dict[str, object] = {
        "kind": "invoice_pdf",
        "entity_type": "invoice",
        "entity_id": new_id(),
        "media_type": "application/pdf",
        "dated_on": DAY,
        "action_id": action_id,
    }
    return About(**{**fields, **more})  # type: ignore[arg-type]


def kept(content: bytes = b"%PDF", path: str = PATH) -> Kept:
    """What a store says of bytes that it keeps."""
    return Kept(path, sha256_hex(content), len(content))


async def filed(world: World, what: Kept, of: About) -> str:
    """A document on record, as the executor writes it; its id."""
    async with writing(world.executor_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        return (await service.record(tx, what, of)).id
