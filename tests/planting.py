"""A private deal to look for: every word, amount and row of it is a canary.

It is planted among what everybody may know, so that there are ways to reach it: its account, its
contact, its pipeline and its owner are open. A module that came later plants its own rows, in
`tests/<module>/planting.py`:

    async def _parcel(world: World, there: Ground, deal_id: str) -> None: ...

    PLANTERS = {"parcel": _parcel}
"""

import itertools
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.insight import lead_scores, next_actions
from domain.kernel.clock import VIETNAM
from domain.store.schema import TenantRow
from domain.store.visibility import restricted_kinds
from tests.rows import everything
from tests.tools.admin.samples import account_on_the_list
from tests.tools.talk import Talk, talking
from tests.world import World

INSIDER = "cro_agent"  # acts for Sales, who owns the deal; it is shared with the CRO
WORDS = ("Kanariengelb", "Hoàng Yến Kín", "canary-event@mail", "chuyện riêng Serinus")
AMOUNT = 314_159_265_000
# Tables of which `plant` itself puts in a row.
PLANTED = frozenset({
    "activity", "approval", "deal", "deal_member", "dismissed_action", "engagement",
    "execution_attempt", "forecast", "lead_score", "payment_reference", "payment_request",
    "pending_action", "stage_move", "suggested_action",
})  # fmt: skip
# Rows that this world cannot have, and why.
_SUMMED = "no person sees one, and the sums of the company count all (docs/decisions/0033)"
_PAID = "to be paid takes an invoice that was sent; tests/receipts asks who sees the money"
UNPLANTED = {
    "journal_entry": _SUMMED,
    "journal_line": _SUMMED,
    "receipt": _PAID,
    "receipt_application": _PAID,
    "resolution": "only an action of unknown outcome is resolved",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """What everybody of the company may know, by what it is."""

    known: Mapping[str, str]
    text: str

    @property
    def words(self) -> tuple[str, ...]:
        """Ids, codes and addresses, for whatever argument they fit."""
        return tuple(self.known.values())


@dataclass(frozen=True, slots=True)
class Planted:
    """What nobody outside its viewers may hear of: all ids, and by table those to be asked for."""

    ids: frozenset[str]
    asked: Mapping[str, str]
    cursors: Mapping[str, tuple[str, ...]]


Planter = Callable[[World, Ground, str], Awaitable[None]]


@cache
def planters() -> Mapping[str, Planter]:
    """What plants the rows of a table about a deal, by the name of the table."""
    found: dict[str, Planter] = {}
    for file in sorted(Path(__file__).parent.glob("*/planting.py")):
        module = import_module(f"tests.{file.parent.name}.planting")
        assert found.keys().isdisjoint(module.PLANTERS), f"{file}: it is planted already"
        found |= module.PLANTERS
    return found


def unplanted(kinds: Iterable[type[TenantRow]]) -> list[str]:
    """The restricted tables of which no row is planted, each with the file to write."""
    known = PLANTED | UNPLANTED.keys() | planters().keys()
    return [
        f"tests/{kind.__module__.split('.')[1]}/planting.py: PLANTERS must have a "
        f'"{kind.__tablename__}", the canary that looks for hidden rows of it'
        for kind in kinds
        if kind.__tablename__ not in known
    ]


async def ground(world: World, account_number: str) -> Ground:
    """An account with an open deal, of which everybody may know."""
    async with talking(world, INSIDER) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Vườn Chim", account_type="llc")
        contact = await talk.ok(
            "crm_create_contact", account_id=account["id"], display_name="Trần Mai", is_primary=True
        )
        deal = await talk.ok(
            "crm_create_deal", account_id=account["id"], name="Lồng chim", amount_minor=5_000_000
        )
        pipeline = (await talk.ok("crm_list_pipelines"))["items"][0]
    await account_on_the_list(world, account_number)
    await _night(world)
    known = {
        "account": account["id"],
        "contact": contact["id"],
        "deal": deal["id"],
        "pipeline": pipeline["id"],
        "pipeline code": pipeline["code"],
        "stage": pipeline["stages"][1]["id"],
        "stage code": pipeline["stages"][1]["code"],
        "owner": world.ours.people["sales"],
        "address": f"sales@{world.ours.workspace_id.lower()}.vn",
        "workspace": world.ours.workspace_id,
    }
    return Ground(known, json.dumps(await everything(world, but=frozenset())))


async def plant(world: World, there: Ground, account_number: str) -> Planted:
    """Two private deals, one open and one won, with everything that belongs to a deal."""
    before = await _restricted(world)
    async with talking(world, INSIDER) as talk:
        open_deal = await private_deal(talk, world, there)
        won = await private_deal(talk, world, there)
        asked = {"bank_bin": "970436", "account_number": account_number}
        await settled(world, await talk.ok("crm_generate_vietqr", deal_id=won, **asked), "cfo")
        closing = {"outcome": "won", "note_to_approver": WORDS[3]}
        waits = await talk.ok("crm_close_deal", deal_id=won, **closing)
        await settled(world, waits, "am", "cro")
        await talk.ok("crm_close_deal", deal_id=open_deal, **closing)
        await talk.ok("crm_forecast")
        for planter in planters().values():
            await planter(world, there, open_deal)
        await _night(world)
        cursors = {
            tool: await _cursors(talk, tool, there) for tool in ("crm_list_deals", "crm_timeline")
        }
    after = await _restricted(world)
    new = {name: after[name] - before.get(name, frozenset()) for name in after}
    secret = {
        name: [part for key in sorted(keys, key=repr) for part in key if _is_new(part, there)]
        for name, keys in new.items()
    }
    asked = {name: found[0] for name, found in secret.items() if found} | {"won deal": won}
    return Planted(frozenset(itertools.chain(*secret.values())), asked, cursors)


async def rows_of(world: World, planted: Planted) -> list[str]:
    """Every row that names what was planted, to see that nobody from outside has changed one."""
    found = []
    async with world.looking() as tx:
        for kind in restricted_kinds():
            for name in ("id", "deal_id", "entity_id", "action_id", "reference"):
                if (column := getattr(kind, name, None)) is not None:
                    rows = await tx.rows(select(*kind.__table__.c).where(column.in_(planted.ids)))
                    found += [repr((kind, row)) for row in rows]
    return sorted(found)


async def private_deal(talk: Talk, world: World, there: Ground) -> str:
    deal = await talk.ok(
        "crm_create_deal",
        account_id=there.known["account"],
        name=WORDS[0],
        amount_minor=AMOUNT,
        expected_close_date="2026-11-20",  # over already: something has to be done about it
        confirm_unusual=True,
        visibility="private",
        shared_with=[world.ours.people["cro"]],
    )
    id = str(deal["id"])
    proposed = await talk.ok("crm_next_best_action", deal_id=id)
    await talk.ok("crm_dismiss_action", proposal_id=proposed["actions"][0]["id"], reason=WORDS[3])
    known = {"expected_close_date": "2026-12-15", "primary_contact_id": there.known["contact"]}
    await talk.ok("crm_update_deal", deal_id=id, **known)
    happened = {"deal_id": id, "contact_id": there.known["contact"], "subject": WORDS[1]}
    await talk.ok(
        "crm_log_activity", kind="email", body=WORDS[3], source="mail",
        source_event_id=f"{WORDS[2]}{id}", **happened,
    )  # fmt: skip
    await talk.ok("crm_log_activity", kind="call", **happened)
    await talk.ok("crm_move_stage", deal_id=id, to_stage="discovery", reason=WORDS[3])
    return id


async def settled(world: World, answer: Mapping[str, Any], *people: str) -> None:
    """People sign what waits for them, and it is carried out."""
    if "action_id" not in answer:
        return
    for person in people:
        await world.decide(answer["action_id"], person)
    report = await world.execute(answer["action_id"])
    assert report.state == "succeeded", report


async def _night(world: World) -> None:
    """What the worker does once a night for every deal."""
    async with world.owning() as tx:
        day, zone = tx.at.astimezone(VIETNAM).date(), ZoneInfo("Asia/Ho_Chi_Minh")
        await lead_scores.score_open(tx, day, zone)
        await next_actions.record_standing(tx, day)


async def _cursors(talk: Talk, tool: str, there: Ground) -> tuple[str, ...]:
    """Where the pages of somebody begin who sees the deals: behind each row there is."""
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        answer = await talk.ok(tool, account_id=there.known["account"], limit=1, **more)
        if not answer.get("next_cursor"):
            return tuple(found)
        more = {"cursor": answer["next_cursor"]}
        found.append(answer["next_cursor"])


def _is_new(part: Any, there: Ground) -> bool:
    return isinstance(part, str) and part not in there.text


async def _restricted(world: World) -> dict[str, frozenset[Any]]:
    """The keys of every row that not everybody may see, by table."""
    found = {}
    async with world.looking() as tx:
        for kind in restricted_kinds():
            key = [getattr(kind, str(one.key)) for one in kind.__mapper__.primary_key]
            found[kind.__tablename__] = frozenset(tuple(row) for row in await tx.rows(select(*key)))
    return found
