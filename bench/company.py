"""Benchmark company: the same rows every time, made from a fixed seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from domain.accounts import service as accounts
from domain.accounts.rules import AccountType
from domain.deals import service as deals
from domain.deals.service import NewDeal
from domain.identity import keys, tokens
from domain.identity import service as identity
from domain.identity.grants import KeyHolder
from domain.kernel.clock import VIETNAM, Clock, SystemClock
from domain.kernel.ids import new_id
from domain.kernel.trust import Trust
from domain.pipelines import service as pipelines
from domain.store import genesis
from domain.store.chain import SYSTEM, Event
from domain.store.engine import Database, Role, connect, sqlite_url
from domain.store.migrations.runner import migrate
from domain.store.tx import writing
from policies.approvals.trust import store
from policies.gate import activation, floor, principals
from server import wiring

_KINDS = ("Công ty TNHH", "Công ty Cổ phần", "Tập đoàn", "Hộ kinh doanh", "Doanh nghiệp")
_WORDS = (
    "Đại Dương", "Hoàng Long", "Thành Đạt", "Phú Quý", "An Khang", "Bình Minh", "Việt Á", "Sao Mai",
    "Hưng Thịnh", "Trường Sơn", "Đông Á", "Nam Việt", "Phương Đông", "Minh Đức", "Hòa Phát",
)  # fmt: skip
_TRADES = ("Xây dựng", "Thương mại", "Dịch vụ", "Vận tải", "Công nghệ", "Nội thất", "Thực phẩm")
_BATCH = 1_000
ROOT = KeyHolder("bench", keys.generate())


@dataclass(frozen=True, slots=True)
class Measured:
    """Where the company is, how an agent gets in, and its accounts."""

    directory: Path
    token: str
    account_ids: list[str]

    @property
    def environment(self) -> dict[str, str]:
        """What `cyberos serve` needs to be told."""
        return {"CYBEROS_DATA_DIR": str(self.directory), "CYBEROS_AGENT_TOKEN": self.token}


def names(count: int) -> Iterator[str]:
    """Plausible company names, the same on every machine."""
    chance = random.Random(20_261_121)
    for number in range(count):
        kind, word, trade = chance.choice(_KINDS), chance.choice(_WORDS), chance.choice(_TRADES)
        yield f"{kind} {trade} {word} {chance.choice(_WORDS)} {number}"


async def crowded(directory: Path, *, deal_count: int) -> tuple[Measured, str]:
    """A company with as many open deals, and the token of an agent of another one beside it."""
    made = await populated(directory, account_count=deal_count)
    database, clock = (
        connect(sqlite_url(str(directory / "cyberos.db")), role=Role.OWNER),
        SystemClock(),
    )
    try:
        _, neighbour = await provisioned(database, clock)
        token = tokens.parse(made.token)
        for start in range(0, deal_count, _BATCH):
            async with writing(database, token.tenant_id, clock) as tx:
                principal = await principals.agent(tx, token)
                for account_id in made.account_ids[start : start + _BATCH]:
                    new = NewDeal(
                        account_id=account_id, name="Deal", amount_minor=10_000_000, currency="VND"
                    )
                    await deals.create(tx, principal.viewer, new, created_by="system:bench")
                tx.record(Event("bench.made", SYSTEM))
    finally:
        await database.close()
    return made, neighbour


async def populated(directory: Path, *, account_count: int) -> Measured:
    """Make the company in a fresh embedded database."""
    url = sqlite_url(str(directory / "cyberos.db"))
    await migrate(url, wiring.wires())
    database, clock = connect(url, role=Role.OWNER), SystemClock()
    try:
        tenant_id, token = await provisioned(database, clock)
        made: list[str] = []
        todo = list(names(account_count))
        for start in range(0, len(todo), _BATCH):
            async with writing(database, tenant_id, clock) as tx:
                for name in todo[start : start + _BATCH]:
                    card = await accounts.create(
                        tx,
                        name=name,
                        account_type=AccountType.LLC,
                        on=clock.now().astimezone(VIETNAM).date(),
                    )
                    made.append(card.id)
                tx.record(Event("bench.made", SYSTEM))
    finally:
        await database.close()
    store(directory / "trust.json", trust(tenant_id))
    return Measured(directory, token, made)


def trust(tenant_id: str) -> Trust:
    """Whose signatures count in a measured company."""
    return Trust(ROOT.deploy, {tenant_id: ROOT.key.public_key})


async def provisioned(database: Database, clock: Clock) -> tuple[str, str]:
    """Provision the company without accounts: its tenant, and the token of its agent."""
    tenant_id = new_id()
    async with writing(database, tenant_id, clock, signer=ROOT) as tx:
        await genesis.begin_chain(tx)
        await identity.add_tenant(tx, code=tenant_id.lower(), name="Bench")
        workspace = await identity.add_workspace(tx, code="main", name="Main")
        person, _ = await identity.add_person(
            tx, email="am@bench.vn", display_name="Bench", roles=["am"], workspaces=[workspace.id]
        )
        await pipelines.install_template(tx, workspace.id, "sales")
        await activation.activate(tx, floor.load_checked(), SYSTEM)
        _, token = await identity.add_agent(
            tx,
            name="bench",
            person_id=person.id,
            scopes=["core.read", "crm.read", "crm.write"],
            expires_at=tx.at + timedelta(days=7),
        )
    return tenant_id, token
