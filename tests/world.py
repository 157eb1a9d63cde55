"""A small world to test in: two companies on one migrated database, people with keys, agents.

The gate commits, so nothing is rolled back: before each test the two companies that its worker has
provisioned once are put back as they were. Calls come in through a real MCP client.
"""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult, Tool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from domain.approvals import queries as approvals
from domain.approvals.facts import Decision
from domain.approvals.service import Recorded
from domain.identity import keys, service, tokens
from domain.identity.grants import KeyHolder
from domain.identity.keys import PrivateKey
from domain.kernel.clock import HandClock
from domain.kernel.ids import new_id
from domain.pipelines import service as pipelines
from domain.provisioning import service as provisioning
from domain.provisioning.service import Enrolment
from domain.store import chain, genesis
from domain.store.engine import Database, Role, connect, sqlite_url
from domain.store.migrations.runner import migrate
from domain.store.tx import Tx, reading, writing
from domain.store.visibility import SYSTEM, Viewer
from domain.taxpayers.registry import NoRegistry, TaxRegistry
from policies.approvals import voting
from policies.approvals.evidence import ApprovalContext
from policies.approvals.executor import ExecutionReport, Executor
from policies.approvals.trust import Trust
from policies.gate import activation, floor
from policies.gate.catalogue import ToolPolicy
from policies.gate.contract import Ports, Registry
from policies.gate.contract import Tool as Made
from policies.gate.gate import Gate
from server import wiring
from server.mcp_server import ERROR_KEY, mcp_server
from server.publish import contract_of
from tests import copies, postgres
from tests.sqlite import by_hand

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # a Saturday, 09:00 in Hanoi
PEOPLE = {
    "sales": ["sales"],
    "am": ["am"],
    "cro": ["cro"],
    "cfo": ["cfo"],
    "dpo": ["dpo"],
    "admin": ["admin"],
    "admin2": ["admin"],
    "both": ["am", "cfo"],
}
_SCOPES: dict[str, tuple[str, list[str]]] = {
    "cro_agent": ("sales", ["core.read", "crm.read", "crm.write", "crm.close", "crm.payment"]),
    "am_agent": ("am", ["core.read", "crm.read", "crm.write", "crm.close", "crm.payment"]),
    "cfo_agent": (
        "cfo",
        [
            "core.read",
            "crm.read",
            "crm.payment",
            "inv.aging_read",
            "admin.bank",
            "inv.payment_read",
        ],
    ),
    "reader_agent": ("sales", ["core.read", "crm.read", "inv.aging_read"]),
    "narrow_agent": ("sales", ["inv.aging_read"]),
}
# The scopes of a module that came later are given to agents of their own.
_LATER = sorted(service.known_scopes().difference(*(scopes for _, scopes in _SCOPES.values())))
# One acts for whoever owns the deals of these tests, one for somebody else.
LATER = {
    name: (person, ["core.read", *_LATER])
    for name, person in {"later_agent": "sales", "later_outsider": "am"}.items()
    if _LATER
}
SCOPES = {**_SCOPES, **LATER}


Sides = dict[Role, Database]


@dataclass
class Company:
    """One tenant and everybody in it."""

    id: str
    workspace_id: str
    people: dict[str, str]
    keys: dict[str, PrivateKey]
    tokens: dict[str, str]
    pipeline_ids: dict[str, str]

    def untouched(self) -> "Company":
        """The same company, to which a test may add people and agents."""
        return replace(
            self,
            people=dict(self.people),
            keys=dict(self.keys),
            tokens=dict(self.tokens),
            pipeline_ids=dict(self.pipeline_ids),
        )


@dataclass
class World:
    """Two companies, `ours` and `theirs`, and the doors to them."""

    url: str
    clock: HandClock
    deploy: str
    root: PrivateKey
    ours: Company
    theirs: Company
    agent_side: Database
    inbox_side: Database
    executor_side: Database
    public_side: Database
    owner_side: Database
    registry: Registry = field(default_factory=wiring.registry)
    catalogue: Any = field(default_factory=floor.load_checked)
    era: str = "auto"
    ports: Ports = field(default_factory=lambda: Ports({TaxRegistry: NoRegistry}))

    @property
    def is_sqlite(self) -> bool:
        return self.owner_side.is_sqlite

    def gate(self, **options: Any) -> Gate:
        """A gate as `cyberos serve` makes one."""
        options = {"ports": self.ports, **options}
        return Gate(self.agent_side, self.clock, self.registry, self.catalogue, **options)

    @property
    def approval_context(self) -> ApprovalContext:
        """What people's commands judge with."""
        roots = {company.id: self.root.public_key for company in (self.ours, self.theirs)}
        return ApprovalContext(self.registry, self.catalogue, Trust(self.deploy, roots))

    def executor(self, owner: str = "test") -> Executor:
        """A worker."""
        return Executor(
            self.executor_side, self.clock, self.approval_context, owner=owner, ports=self.ports
        )

    def contract(self, name: str) -> Tool:
        """What the client is shown of a tool: made from the code, as `make publish` does."""
        row = self.catalogue.by_name[name]
        tool = self.registry.get(row.id)
        assert tool is not None
        return _shown(tool, row)

    @property
    def toolsets(self) -> frozenset[str]:
        """All there are: tests look at every tool."""
        return frozenset(row.toolset for row in self.catalogue.tool)

    @asynccontextmanager
    async def client(
        self, agent: str = "cro_agent", company: Company | None = None, **options: Any
    ) -> AsyncIterator[Client]:
        """A real MCP client of an agent."""
        clear = (company or self.ours).tokens[agent]
        server = mcp_server(
            self.gate(**options),
            tokens.parse(clear),
            self.toolsets,
            self.contract,
        )
        async with Client(server, mode=self.era) as client:
            yield client

    async def call(
        self, tool: str, /, *, agent: str = "cro_agent", company: Company | None = None, **args: Any
    ) -> CallToolResult:
        """One call, as an agent of our company unless said otherwise."""
        async with self.client(agent, company) as client:
            return await client.call_tool(tool, args)

    async def ok(self, tool: str, /, **args: Any) -> dict[str, Any]:
        """One call that must succeed; its structure."""
        result = await self.call(tool, **args)
        assert not result.is_error, result.content
        assert result.structured_content is not None
        return dict(result.structured_content)

    @asynccontextmanager
    async def owning(
        self,
        company: Company | None = None,
        *,
        viewer: Viewer = SYSTEM,
        signer: PrivateKey | None = None,
    ) -> AsyncIterator[Tx]:
        """A writing transaction of the owner, to arrange what no tool can, signed by the root.

        What it writes is chained as if an operator had done it, unless it tells of it itself.
        """
        async with writing(
            self.owner_side,
            (company or self.ours).id,
            self.clock,
            viewer=viewer,
            signer=KeyHolder(self.deploy, signer or self.root),
        ) as tx:
            yield tx
            await tx.flush()
            if (tx.has_written or tx.messages) and not tx.events:
                tx.record(chain.Event("test.arranged", chain.SYSTEM))

    @asynccontextmanager
    async def looking(
        self, company: Company | None = None, *, viewer: Viewer = SYSTEM
    ) -> AsyncIterator[Tx]:
        """A reading transaction of the owner, to see what is true."""
        async with reading(
            self.owner_side, (company or self.ours).id, self.clock, viewer=viewer
        ) as tx:
            yield tx

    @asynccontextmanager
    async def without_triggers(self, table: str) -> AsyncIterator[None]:
        """For a moment the database of somebody who holds it in their hands: no triggers."""
        superuser = create_async_engine(self.url)
        async with superuser.begin() as connection:
            if self.is_sqlite:
                listing = text(
                    "select name, sql from sqlite_master where type = 'trigger' and tbl_name = :t"
                )
                kept = (await connection.execute(listing, {"t": table})).all()
                for name, _ in kept:
                    await connection.exec_driver_sql(f"DROP TRIGGER {name}")
            else:
                await connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        try:
            yield
        finally:
            async with superuser.begin() as connection:
                if self.is_sqlite:
                    for _, statement in kept:
                        await connection.exec_driver_sql(statement)
                else:
                    await connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
            await superuser.dispose()

    async def decide(
        self,
        action_id: str,
        person: str = "am",
        *,
        decision: Decision = Decision.APPROVE,
        slot: str | None = None,
        company: Company | None = None,
        reason: str | None = None,
    ) -> Recorded:
        """A person signs, as `cyberos approve` does it, but without carrying anything out."""
        company = company or self.ours
        key = company.keys[person]
        async with reading(self.inbox_side, company.id, self.clock, viewer=SYSTEM) as tx:
            prepared = await voting.prepare(
                tx,
                self.approval_context,
                action_id,
                email=f"{person}@{company.workspace_id.lower()}.vn",
                key_id=key.key_id,
                decision=decision,
                slot=slot,
            )
        signature = keys.sign(key, prepared.to_be_signed)
        async with writing(self.inbox_side, company.id, self.clock, viewer=SYSTEM) as tx:
            return await voting.record(
                tx, self.approval_context, prepared, signature, reason=reason
            )

    async def execute(self, action_id: str, *, company: Company | None = None) -> ExecutionReport:
        """A worker carries the action out, or says why not."""
        return await self.executor().run((company or self.ours).id, action_id)

    async def state(self, action_id: str) -> str:
        """Where an action stands."""
        async with self.looking() as tx:
            row = await approvals.action(tx, action_id)
        assert row is not None
        return row.state

    async def an_account(self, name: str = "Công ty TNHH Đại Dương", **more: Any) -> str:
        """An account of ours."""
        created = await self.ok(
            "crm_create_account", name=name, account_type="llc", confirm_unusual=True, **more
        )
        return str(created["account"]["id"] if "account" in created else created["id"])

    async def a_deal(self, account_id: str | None = None, **more: Any) -> dict[str, Any]:
        """An open deal of ours."""
        fields: dict[str, Any] = {
            "account_id": account_id or await self.an_account(),
            "name": "Nền tảng quý 4",
            "amount_minor": 750_000_000,
            "currency": "VND",
            "confirm_unusual": True,
        }
        created = await self.ok("crm_create_deal", **{**fields, **more})
        return dict(created.get("deal", created))

    async def proposed_close(self, **more: Any) -> dict[str, Any]:
        """A pending action: close a deal of ours as won."""
        deal = await self.a_deal(**more)
        return await self.ok("crm_close_deal", deal_id=deal["id"], outcome="won")


@lru_cache(maxsize=256)
def _shown(made: Made, row: ToolPolicy) -> Tool:
    return Tool.model_validate(contract_of(made, row))


def fault(result: CallToolResult) -> Mapping[str, Any]:
    """The machine-readable fault of a refused call."""
    assert result.is_error, result.structured_content
    assert result.structured_content is None
    assert result.meta is not None
    return dict(result.meta[ERROR_KEY])


def fault_code(result: CallToolResult) -> str:
    """Its code, which is also what the text begins with."""
    code = str(fault(result)["code"])
    assert result.content[0].text.startswith(f"{code}: ")  # type: ignore[union-attr]
    return code


def secret_of(token: str) -> str:
    """What nobody may repeat; it may itself hold the sign that stands between the parts."""
    return token.split("_", 3)[3]


async def migrated(kind: str, directory: Path) -> str:
    """The URL of this worker's migrated database, made once."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if kind == "sqlite":
        path = directory / f"{worker}.db"
        if not path.exists():
            await migrate(sqlite_url(str(path)), wiring.wires())
        return sqlite_url(str(path))
    url = await postgres.create_database(f"{postgres.PREFIX}{worker}")
    await migrate(url, wiring.wires())
    return url


@dataclass
class ProvisionedDatabase:
    """A database of this worker, and the two companies that stand in it at the beginning."""

    url: str
    deploy: str
    root: PrivateKey
    companies: tuple[Company, Company]
    kept: copies.Copy
    idle: list[Sides]
    in_use: bool = False


_PROVISIONED: dict[str, ProvisionedDatabase] = {}


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[World]:
    """A new world on a migrated database: the provisioned companies, put back as they were.

    While one world of a database is open, another gets two companies of its own beside them.
    What an engine has learnt to say is kept for the next world; its connections are not, because
    they belong to the event loop of this one.
    """
    if url not in _PROVISIONED:
        _PROVISIONED[url] = await _provisioned(url)
    base = _PROVISIONED[url]
    alone, base.in_use = not base.in_use, True
    sides = base.idle.pop() if base.idle else _sides(url)
    clock = HandClock(NOW)
    try:
        if alone:
            await base.kept.put_back()
            ours, theirs = (company.untouched() for company in base.companies)
        else:
            ours, theirs = await _two(sides[Role.OWNER], clock, base.deploy, base.root)
        trust = Trust(base.deploy, {one.id: base.root.public_key for one in (ours, theirs)})
        trusting = {role: replace(side, trust=trust) for role, side in sides.items()}
        yield World(
            url=url,
            clock=clock,
            deploy=base.deploy,
            root=base.root,
            ours=ours,
            theirs=theirs,
            agent_side=trusting[Role.AGENT],
            inbox_side=trusting[Role.INBOX],
            executor_side=trusting[Role.EXECUTOR],
            public_side=trusting[Role.PUBLIC],
            owner_side=trusting[Role.OWNER],
        )
    finally:
        base.in_use = not alone
        await _hang_up(sides)
        base.idle.append(sides)


async def _provisioned(url: str) -> ProvisionedDatabase:
    """Provision the two companies that every world of this database begins with."""
    deploy, root, sides = new_id(), keys.generate(), _sides(url)
    companies = await _two(sides[Role.OWNER], HandClock(NOW), deploy, root)
    await _hang_up(sides)
    kept = copies.of(url)
    await kept.take()
    return ProvisionedDatabase(url, deploy, root, companies, kept, [sides])


async def _two(
    owner: Database, clock: HandClock, deploy: str, root: PrivateKey
) -> tuple[Company, Company]:
    ours = await provision(owner, clock, deploy, root, locale="vi")
    return ours, await provision(owner, clock, deploy, root, locale="en")


def _sides(url: str) -> Sides:
    return {role: connect(url, role=role, pool_size=8) for role in Role}


async def _hang_up(sides: Sides) -> None:
    for side in sides.values():
        await side.close()


async def provision(
    owner: Database, clock: HandClock, deploy: str, root: PrivateKey, *, locale: str
) -> Company:
    """A company with people, keys, pipelines, agents and the shipped policy."""
    company = Company(new_id(), "", {}, {}, {}, {})
    signer = KeyHolder(deploy, root)
    async with writing(owner, company.id, clock, viewer=SYSTEM, signer=signer) as tx:
        await genesis.begin_chain(tx)
        await service.add_tenant(tx, code=company.id.lower(), name="Cty", locale=locale)
        company.workspace_id = (await service.add_workspace(tx, code="main", name="Main")).id
        for name, roles in PEOPLE.items():
            key = company.keys[name] = keys.generate()
            email = f"{name}@{company.workspace_id.lower()}.vn"
            new = Enrolment(email=email, name=f"{name.upper()} Nguyễn", roles=tuple(roles), key=key)
            company.people[name] = await provisioning.enrol(tx, new, company.workspace_id)
        for template in ("sales", "partner", "inbound", "outbound"):
            made = await pipelines.install_template(tx, company.workspace_id, template)
            company.pipeline_ids[template] = made.id
        await activation.activate(tx, floor.load_checked(), chain.SYSTEM)
        for name, (person, scopes) in SCOPES.items():
            _, company.tokens[name] = await provisioning.add_agent(
                tx,
                name=name,
                person_id=company.people[person],
                scopes=scopes,
                expires_at=clock.now() + timedelta(days=90),
            )
    return company


def copy_of(url: str, target: Path) -> str:
    """A copy of an SQLite database to break: the file with its log folded in."""
    with by_hand(url.partition(":///")[2]) as source, by_hand(target) as copy:
        source.backup(copy)
    shutil.copymode(url.partition(":///")[2], target)
    return sqlite_url(str(target))
