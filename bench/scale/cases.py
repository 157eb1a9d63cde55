"""Benchmark cases: which operations are measured, beside what, and what may each take at most?

Calls go through the whole gate and come back as the result a client gets, in this process and
without a socket: token, scope, shape, transaction, policy, run, audit, commit, cleaned answer.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import mcp_types as types

from bench.scale import bulk
from bench.scale.bulk import Known
from bench.scale.raw import Floor
from bench.scale.turns import Work
from domain.accounts import searching
from domain.identity import tokens
from domain.kernel.clock import Clock
from domain.store.engine import Database
from domain.store.tx import reading
from policies.gate import floor as policy
from policies.gate.gate import Gate
from server import wiring
from server.mcp_server import AgentServer, contract

DEALS, PAGE = 200, 20
_STAGES = ("qualifying", "discovery", "proposal", "negotiation")
# What is typed, by what makes it hard. The names come from bench/company.py.
SEARCHES: Mapping[str, tuple[str, ...]] = {
    "marks": ("đại dương", "hòa phát", "sao mai vận tải", "Đông Á xây dựng"),
    "no marks": ("dai duong", "hoa phat", "sao mai van tai", "dong a xay dung"),
    "common words": ("công ty tnhh", "cong ty", "cong ty co phan", "doanh nghiep"),
    "cut short": ("xay d", "thuong m phu q", "c", "truong s n"),
    "never together": ("tap doan tnhh", "ho kinh doanh co phan"),
    "no hit": ("khong co ai ca", "zzyzx", "cong ty qwerty"),
}
RARE = "rare word"  # the number at the end of a name, another one with each call
# Milliseconds, 95th percentile (tools/list: 99th).
LIMITS_MS = {
    "sqlite": {"search": 15, "board of 200": 10, "stage move": 4, "tools/list": 10},
    "postgresql": {"search": 40, "board of 200": 10, "stage move": 4, "tools/list": 10},
}
JUDGED_BY_P99 = {"tools/list"}


@dataclass(frozen=True, slots=True)
class Case:
    """An operation and its floor."""

    name: str
    ours: Work
    floor: Work

    def limit(self, backend: str) -> float | None:
        """What it may take on this kind of database."""
        return LIMITS_MS[backend].get(self.name.partition(":")[0])


@dataclass(frozen=True, slots=True)
class Site:
    """A company on a database, and both ways to it."""

    database: Database
    clock: Clock
    token: tokens.Token
    known: Known
    server: AgentServer
    floor: Floor

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """One call that must succeed, up to the bytes a client would be sent."""
        params = types.CallToolRequestParams(name=tool, arguments=arguments)
        result = await self.server.call_tool(SimpleNamespace(request_id=1), params)
        assert not result.is_error, result.content
        result.model_dump_json(by_alias=True, exclude_none=True)
        return result.structured_content or {}

    async def tools(self) -> int:
        """The list of tools, likewise."""
        listed = await self.server.list_tools(None, None)
        return len(listed.model_dump_json(by_alias=True, exclude_none=True))


def site(database: Database, clock: Clock, clear: str, known: Known, floor: Floor) -> Site:
    """The server as `cyberos serve` makes it, without its pipe."""
    catalogue = policy.load_checked()
    token = tokens.parse(clear)
    gate = Gate(database, clock, wiring.registry(), catalogue)
    server = AgentServer(gate, token, frozenset({"default", "crm"}), contract)
    return Site(database, clock, token, known, server, floor)


async def open_deals(here: Site) -> list[str]:
    """200 deals, as many in each open stage."""
    made = []
    for number in range(DEALS):
        stage = _STAGES[number % len(_STAGES)]
        account_id = here.known[number % len(here.known)][0]
        more: dict[str, Any] = {}
        if stage == "negotiation":
            contact = await here.call(
                "crm_create_contact", account_id=account_id, display_name="Nguyễn Văn An"
            )
            more = {"primary_contact_id": contact["id"], "expected_close_date": "2030-01-31"}
        deal = await here.call(
            "crm_create_deal", account_id=account_id, name=f"Dự án {number}", stage_id=stage,
            amount_minor=10_000_000 + number, currency="VND", **more,
        )  # fmt: skip
        made.append(deal["id"])
    return made


def cases(here: Site, deals: list[str]) -> list[Case]:
    """Every operation of this company."""
    return [*_searches(here), *_people(here), *_reads(here), *_writes(here, deals)]


def _people(here: Site) -> list[Case]:
    """Who called, and whose customer is that? Beside a call that does nothing."""
    known = len(here.known)

    async def nothing(_: int) -> None:
        await here.call("whoami")

    def asked(tool: str, query: Callable[[int], str]) -> Work:
        async def call(number: int) -> None:
            await here.call(tool, query=query(number * 7 % known), limit=PAGE)

        return call

    return [
        Case(f"people: {tool} by {how}", asked(tool, query), nothing)
        for tool in ("crm_search_contacts", "crm_search_accounts")
        for how, query in (("phone", bulk.phone_of), ("name", bulk.named))
    ]


def _searches(here: Site) -> list[Case]:
    numbers = tuple(name.rpartition(" ")[2] for _, name in here.known)
    found = []
    for kind, queries in {**SEARCHES, RARE: numbers}.items():

        async def through_gate(number: int, queries: tuple[str, ...] = queries) -> None:
            typed = queries[number % len(queries)]
            await here.call("crm_search_accounts", query=typed, limit=PAGE)

        async def in_domain(number: int, queries: tuple[str, ...] = queries) -> None:
            async with reading(here.database, here.token.tenant_id, here.clock) as tx:
                typed = queries[number % len(queries)]
                await searching.find(tx, query=typed, account_type=None, limit=PAGE, after=None)

        async def raw(number: int, queries: tuple[str, ...] = queries) -> None:
            await here.floor.search(queries[number % len(queries)])

        found += [
            Case(f"search: {kind}", through_gate, raw),
            Case(f"search, query alone: {kind}", in_domain, raw),
        ]
    return found


def _reads(here: Site) -> list[Case]:
    async def get(number: int) -> None:
        await here.call("crm_get_account", id=here.known[number % len(here.known)][0])

    async def row(number: int) -> None:
        await here.floor.account(here.known[number % len(here.known)][0])

    async def board(_: int) -> None:
        await here.call("crm_pipeline_board", cards=50)

    async def listed(_: int) -> None:
        await here.call("crm_list_deals", limit=DEALS)

    async def rows(_: int) -> None:
        await here.floor.deals(DEALS)

    async def tools(_: int) -> None:
        await here.tools()

    names = [row.name for row in policy.load_checked().tool]
    whole = types.ListToolsResult(tools=[contract(name) for name in names])

    async def bytes_alone(_: int) -> None:
        whole.model_dump_json(by_alias=True, exclude_none=True)

    return [
        Case("get account", get, row),
        Case("board of 200", board, rows),
        Case("list of 200", listed, rows),
        Case("tools/list", tools, bytes_alone),
    ]


def _writes(here: Site, deals: list[str]) -> list[Case]:
    there = dict.fromkeys(deals[0 :: len(_STAGES)], "discovery")  # those that begin in qualifying
    rotating = itertools.cycle(there)

    async def move(_: int) -> None:
        id = next(rotating)
        await here.call("crm_move_stage", deal_id=id, to_stage=there[id])
        there[id] = "qualifying" if there[id] == "discovery" else "discovery"

    events = itertools.count()

    async def log(_: int) -> None:
        number = next(events)
        id = here.known[number % len(here.known)][0]
        await here.call("crm_log_activity", kind="call", subject=f"Lần {number}", account_id=id)

    async def raw_move(_: int) -> None:
        await here.floor.move()

    async def raw_log(_: int) -> None:
        await here.floor.activity()

    return [Case("stage move", move, raw_move), Case("log activity", log, raw_log)]
