"""Limits passed in pieces: how much can be asked for in small requests before more people sign?

M1 of the hostile trial: what an agent can make (accounts, names) is no key of a limit, so the
person in whose name is asked is one too.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from domain.approvals.facts import Decision
from domain.approvals.tables import PendingAction
from domain.provisioning import service as provisioning
from policies.approvals import aggregation
from tests.forgery import kept
from tests.issuing.ground import OFFICE, Office, sendable
from tests.policies.test_aggregation import BOTH, ONE, PIECE, SERVED, done, race, signers

pytestmark = pytest.mark.both

# Nine names for one company, none of which is folded to another.
ALIKE = [
    *("Intel Vietnam", "INTEL Việt-Nam.", "lntel Vietnam", "Int\u0435l Vietnam", "1ntel Vietnam"),
    *("Inte1 Viet-nam", "lnte1 Vietnarn", "\u0406ntel Vietnam", "I-ntel Vietnam"),
]
FORMAL = "Công ty TNHH Int\u0435l Việt Nam"  # with a Cyrillic e


async def asked(world, customer, *, agent="cro_agent", outcome="won", **more):
    deal = await world.a_deal(account_id=customer, agent=agent, **{**PIECE, **more})
    return await world.ok("crm_close_deal", agent=agent, deal_id=deal["id"], outcome=outcome)


async def a_second_agent(world, person="sales"):
    """Another agent of the same person."""
    async with world.owning() as tx:
        _, world.ours.tokens["second"] = await provisioning.add_agent(
            tx,
            name="second",
            person_id=world.ours.people[person],
            scopes=["core.read", "crm.read", "crm.write", "crm.close"],
            expires_at=tx.at + timedelta(days=9),
        )
    return "second"


async def test_M1_nine_deals_of_names_that_look_alike_ask_the_cro_from_the_sixth_on(world):
    requests = [await asked(world, await world.an_account(name)) for name in ALIKE]

    assert [signers(one) for one in requests] == [ONE] * 5 + [BOTH] * 4


async def test_M1_all_agents_of_a_person_have_one_limit_together_and_another_person_has_their_own(
    world,
):
    agents = ["cro_agent", await a_second_agent(world)]
    for n in range(5):
        await asked(world, await world.an_account(f"Khách {n}"), agent=agents[n % 2])

    sixth = await asked(world, await world.an_account("Khách 6"), agent=agents[0])
    elsewhere = await asked(world, await world.an_account("Khách 7"), agent="am_agent")

    assert (signers(sixth), signers(elsewhere)) == (BOTH, ONE)


@pytest.mark.parametrize(("cents", "slots"), [(6_000_000, ONE), (6_000_001, BOTH)])
async def test_M1_one_cent_over_the_limit_of_a_person_asks_a_cro(world, cents, slots):
    for n in range(4):
        await asked(world, await world.an_account(f"Khách {n}"))

    assert signers(await asked(world, await world.an_account(), amount_minor=cents)) == slots


async def test_M1_sends_of_more_than_100_000_dollars_in_the_name_of_a_person_ask_the_cfo(world):
    office, asked_of = Office(world), []
    for n in range(11):  # of 10,000.00 dollars each, to as many customers
        made = await sendable(world, account_id=await world.an_account(f"Khách {n}"))
        draft = await office.draft(made, 1_000, rate_minor=100_000)
        answer = await world.ok("inv_send_invoice", agent=OFFICE, invoice_id=draft["invoice_id"])
        asked_of.append(signers(answer))

    assert asked_of == [ONE] * 10 + [["am", "cfo"]]


async def test_M1_similar_customers_of_the_day_are_told_to_whoever_signs(world):
    first, *others = [await world.an_account(name) for name in (*ALIKE[:3], FORMAL)]
    far = await world.an_account("Intel Thái Lan")
    request = await asked(world, first)
    for n, customer in enumerate(others):
        await asked(world, customer, amount_minor=(n + 1) * 100_000)
    await asked(world, far)
    euros = await asked(world, others[0], amount_minor=5, currency="EUR")
    await world.decide(euros["action_id"], "am", decision=Decision.REJECT)

    async with world.looking() as tx:
        row = await tx.get(PendingAction, request["action_id"])
        told = await aggregation.similar_customers(tx, row)

    assert [(one.name, one.usd_minor) for one in told] == [
        (FORMAL, 300_000),
        (ALIKE[2], 200_000),
        (ALIKE[1], 100_000),
    ]


@SERVED
async def test_M1_of_requests_that_did_not_see_each_other_the_later_is_not_signed(
    world, tmp_path, monkeypatch
):
    for n in range(4):
        await asked(world, await world.an_account(f"Khách {n}"))
    customers = [await world.an_account(f"Khách {n}") for n in (5, 6)]

    requests, outcomes = await race(world, monkeypatch, *customers)

    assert [signers(request) for request in requests] == [ONE, ONE]
    assert outcomes == ["POLICY_CHANGED", "done"]
    findings = await kept(world, tmp_path).findings()
    assert not [one for one in findings if "asks for less" in one]


async def test_M1_a_request_that_hides_an_earlier_one_of_the_person_is_found(world, tmp_path):
    first = await asked(world, await world.an_account("Khách 1"), amount_minor=30_000_000)
    await done(world, first, "am", "cro")
    world.clock.move(timedelta(hours=25))
    second = await asked(world, await world.an_account("Khách 2"))
    await done(world, second, "am")
    weak = f"action {second['action_id']}: asks for less than the policy it was proposed under"
    archive = kept(world, tmp_path)
    assert weak not in await archive.findings()

    async with world.looking() as tx:
        row = await tx.first(select(PendingAction).where(PendingAction.id == first["action_id"]))
    async with archive.forging() as forger:
        late = row.closed_at + timedelta(hours=20)
        await forger.change(PendingAction, {"id": first["action_id"]}, closed_at=late)

    assert weak in await archive.findings()


# --- a naive oracle ---


@dataclass
class Known:
    """A request as somebody remembers it who was there."""

    person: str
    customer: int
    cents: int
    at: datetime
    action: dict
    state: str = "pending"
    closed_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        day = timedelta(hours=24)
        if self.state == "pending":
            return self.at + day > now
        return self.state == "done" and self.closed_at > now - day


PEOPLE = {"cro_agent": "sales", "second": "sales", "am_agent": "am"}


@pytest.mark.parametrize("seed", range(3))
async def test_M1_who_signs_is_what_a_naive_reader_of_the_day_says(world, seed):
    """Asked, signed, rejected and waited in any order; the oracle reads a list."""
    chance, known = random.Random(seed), []
    await a_second_agent(world)
    customers = [await world.an_account(f"Khách hàng {n}") for n in range(3)]
    for _ in range(25):
        step = chance.choice(["ask", "ask", "ask", "sign", "reject", "wait"])
        open_ones = [one for one in known if one.state == "pending" and one.counts(now(world))]
        if step == "ask":
            await _ask(world, chance, customers, known)
        elif step == "wait":
            world.clock.move(timedelta(hours=chance.choice([1, 9, 23])))
        elif open_ones and step == "sign":
            one = chance.choice(open_ones)
            await done(world, one.action, *signers(one.action))
            one.state, one.closed_at = "done", now(world)
        elif open_ones:
            one = chance.choice(open_ones)
            await world.decide(one.action["action_id"], "am", decision=Decision.REJECT)
            one.state = "rejected"


async def _ask(world, chance, customers, known):
    agent, customer = chance.choice(sorted(PEOPLE)), chance.randrange(3)
    cents = chance.choice([1, 2_000_000, 4_000_000, 6_000_000, 10_000_000, 12_000_000])
    live = [one for one in known if one.counts(now(world))]
    of_customer = cents + sum(one.cents for one in live if one.customer == customer)
    of_person = cents + sum(one.cents for one in live if one.person == PEOPLE[agent])
    action = await asked(world, customers[customer], agent=agent, amount_minor=cents)
    over = of_customer > 10_000_000 or of_person > 30_000_000
    assert signers(action) == (BOTH if over else ONE), (agent, of_customer, of_person)
    known.append(Known(PEOPLE[agent], customer, cents, now(world), action))


def now(world):
    return world.clock.now()
