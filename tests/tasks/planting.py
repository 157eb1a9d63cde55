"""A task about the private deal that no outsider may hear of, and the steps it took."""

from tests.planting import INSIDER, WORDS, Ground
from tests.tools.talk import talking
from tests.world import World


async def _task(world: World, _there: Ground, deal_id: str) -> None:
    async with talking(world, INSIDER) as talk:
        await talk.ok("crm_create_task", title=WORDS[1], due="2026-12-01", deal_id=deal_id)


async def _step(world: World, _there: Ground, deal_id: str) -> None:
    """Put off, with a note: an entry of the timeline."""
    async with talking(world, INSIDER) as talk:
        (task,) = (await talk.ok("crm_list_tasks", deal_id=deal_id))["tasks"]
        await talk.ok(
            "crm_complete_task",
            task_id=task["id"],
            outcome="put_off",
            until="2026-12-04T09:00",
            note=WORDS[3],
        )


PLANTERS = {"task": _task, "task_step": _step}
