"""Forged grants: does anything decide who has to sign that neither root nor operator signed?

H1 of the hostile trial, and what an operator key is and is not good for, also when it is lost.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.company import service as company
from domain.company.rules import VatMethod
from domain.company.service import Seller
from domain.fx import service as fx
from domain.identity import keys
from domain.identity import queries as identity
from domain.identity.events import AgentAdded, KeyRevoked
from domain.identity.grants import KeyHolder
from domain.identity.tables import Agent, ApproverKey, PersonRole
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault
from domain.kernel.money import Rate
from domain.provisioning import service as provisioning
from domain.provisioning.service import OPERATOR
from domain.receipts import service as receipts
from domain.receipts.tables import Receipt
from domain.store.schema import core
from domain.store.tenancy import name_tenant
from policies.gate import activation, floor
from policies.gate.catalogue import Catalogue
from tests.forgery import kept
from tests.receipts.ground import ACCOUNT, Feed, event, feed, told, worked
from tests.redteam.append import appending
from tests.world import fault_code

pytestmark = pytest.mark.both

UNSIGNED = "is not signed by the root or an operator"


@pytest.fixture
async def operator(world):
    """The operator key of our company."""
    key = keys.generate()
    async with world.owning() as tx:
        await provisioning.enrol_operator(tx, key)
    return key


async def ghost(world, key, name="ghost", **at) -> None:
    async with appending(world, key, **at) as tx:
        _, world.ours.tokens[name] = await provisioning.add_agent(
            tx,
            name=name,
            person_id=world.ours.people["cfo"],
            scopes=["core.read", "crm.read", "crm.write", "crm.close", "admin.bank"],
            expires_at=tx.at + timedelta(days=9),
        )


async def rated(world, key, value: str, *, source="forged") -> None:
    async with appending(world, key) as tx:
        rate = Rate("USD", "VND", Decimal(value), source, tx.at.date())
        await fx.record(tx, rate, said_by=OPERATOR)


async def closing(world) -> list[str]:
    """Who is asked to close a deal of a million dollars' worth of dong."""
    pending = await world.proposed_close(amount_minor=26_000_000_000)
    return [slot["slot"] for slot in pending["slots"]]


async def test_H1_a_ghost_agent_opens_nothing_and_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await ghost(world, world.ours.keys["am"])

    assert fault_code(await world.call("whoami", agent="ghost")) == "TOKEN_INVALID"
    (found,) = await archive.findings()
    assert found.endswith(f"its agent.added {UNSIGNED}")


async def test_an_agent_that_an_operator_signed_works_and_verifies(world, tmp_path, operator):
    archive = kept(world, tmp_path)
    await ghost(world, operator)

    assert not (await world.call("whoami", agent="ghost")).is_error
    assert await archive.findings() == []


async def test_H1_a_forged_rate_lets_nobody_off_and_is_found(world, tmp_path, operator):
    archive = kept(world, tmp_path)
    await rated(world, operator, "26000", source="bank")
    honest = await closing(world)
    await rated(world, world.ours.keys["am"], "99999999")

    assert honest == ["am", "cro"]
    assert await closing(world) == honest
    (found,) = await archive.findings()
    assert found.endswith(f"its fx.recorded {UNSIGNED}")


async def test_H1_a_seller_that_nobody_signed_is_used_for_no_invoice_and_found(world, tmp_path):
    archive, today = kept(world, tmp_path), world.clock.now().date()
    async with appending(world, world.ours.keys["am"]) as tx:
        seller = Seller(
            effective_from=today,
            legal_name="Công ty Kẻ Trộm",
            tax_code="0101234566",
            address="1 Tràng Tiền, Hà Nội",
            vat_method=VatMethod.CREDIT,
            symbol=f"C{today.year % 100:02}TAA",
        )
        await company.record(tx, seller, said_by=OPERATOR)

    async with world.looking() as tx:
        with pytest.raises(Fault, match="PROFILE_UNSIGNED"):
            await company.profile_on(tx, today)
    (found,) = await archive.findings()
    assert found.endswith(f"its company.profile_recorded {UNSIGNED}")


async def test_H1_a_forged_end_strikes_nobody_off_for_the_verifier_and_is_found(world, tmp_path):
    archive, request = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    await world.decide(request, "am")
    async with appending(world, world.ours.keys["am"]) as tx:
        person = (await identity.people(tx, [world.ours.people["cro"]])).popitem()[1]
        await provisioning.leave(tx, person)

    found = await archive.findings()
    assert found[0].endswith(f"its person.left {UNSIGNED}")
    assert f"person {person.id}: the chain says that they are there" in found
    with pytest.raises(Fault):  # who wrote the rows can stop people, and nobody else by that
        await world.decide(request, "cro")


async def test_H1_a_forged_end_of_a_key_is_found(world, tmp_path):
    archive, am = kept(world, tmp_path), world.ours.keys["am"]
    async with appending(world, am) as tx:
        told = KeyRevoked.of(world.ours.keys["cro"].key_id, world.ours.people["cro"])
        told.record(tx, OPERATOR, told.sign(tx))

    (found,) = await archive.findings()
    assert found.endswith(f"its key.revoked {UNSIGNED}")


async def test_H1_a_policy_that_the_root_did_not_sign_is_not_in_force_and_found(
    world, tmp_path, operator
):
    archive, own = kept(world, tmp_path), other_policy()
    async with appending(world, operator) as tx:
        await activation.activate(tx, own, OPERATOR)

    assert not await activation.is_active(world.agent_side, world.ours.id, world.clock, own)
    (found,) = await archive.findings()
    assert found.endswith("its policy.activated is not signed by the root")


async def test_a_policy_that_the_root_signed_and_a_shipped_one_are_in_force(world, tmp_path):
    archive, own = kept(world, tmp_path), other_policy()
    async with appending(world, world.root) as tx:
        await activation.activate(tx, own, OPERATOR)
    of_root = await activation.is_active(world.agent_side, world.ours.id, world.clock, own)
    async with appending(world, world.ours.keys["am"]) as tx:
        await activation.activate(tx, world.catalogue, OPERATOR)

    back = await activation.is_active(world.agent_side, world.ours.id, world.clock, world.catalogue)
    assert (of_root, back) == (True, True)
    assert await archive.findings() == []


def other_policy() -> Catalogue:
    table = floor.load_checked()
    return Catalogue.model_validate({**table.model_dump(mode="json"), "rate_max_age_days": 3})


async def test_an_operator_gives_no_role_and_vouches_for_no_key(world, tmp_path, operator):
    archive = kept(world, tmp_path)
    async with appending(world, operator) as tx:
        new = provisioning.Enrolment(
            email=f"fake@{world.ours.workspace_id.lower()}.vn",
            name="Fake",
            roles=("cfo",),
            key=keys.generate(),
        )
        fake = await provisioning.enrol(tx, new, world.ours.workspace_id)
        people = await identity.people(tx, [fake])
        await provisioning.enrol_operator(tx, keys.generate())

    assert people[fake].roles == frozenset()
    of_roles = [one for one in await archive.findings() if "signed by the root" in one]
    assert [one.partition(": ")[2] for one in of_roles] == [
        "its operator.enrolled is not signed by the root",
        "its change of roles is not signed by the root",
    ]


async def test_a_leaked_operator_key_signs_nothing_after_its_rotation(world, tmp_path, operator):
    """What it signed before stays good, whatever instant the thief writes beside it."""
    archive, new = kept(world, tmp_path), keys.generate()
    await ghost(world, operator, "before")
    async with world.owning() as tx:
        await provisioning.rotate_operator(tx, new)
    await ghost(world, operator, "after", at=world.clock.now() - timedelta(minutes=1))
    await ghost(world, new, "newer")

    called = {name: await world.call("whoami", agent=name) for name in ("before", "after", "newer")}
    assert {name: one.is_error for name, one in called.items()} == {
        "before": False,
        "after": True,
        "newer": False,
    }
    (found,) = await archive.findings()
    assert found.endswith(f"its agent.added {UNSIGNED}")


async def test_a_leaked_operator_key_signs_no_old_row_anew_after_its_rotation(
    world, tmp_path, operator
):
    """That the agent is in the chain from before says nothing of what its row says now."""
    archive = kept(world, tmp_path)
    await ghost(world, operator, "old")
    async with world.owning() as tx:
        await provisioning.rotate_operator(tx, keys.generate())
        row = await identity.agent_by_name(tx, "old")
    signer = KeyHolder(world.deploy, operator)
    more = AgentAdded.of(replace_facts(row, scopes=[*row.scopes, "crm.payment"]))
    statement = more.statement(world.deploy, world.ours.id, stamp(row.created_at))

    async with world.without_triggers("agent"), world.owner_side.writer.begin() as connection:
        await name_tenant(connection, world.ours.id)
        forged = {"scopes": [*row.scopes, "crm.payment"], "signature": signer.sign(statement)}
        await connection.execute(update(core(Agent)).where(core(Agent).c.id == row.id), forged)

    assert fault_code(await world.call("whoami", agent="old")) == "TOKEN_INVALID"
    found = await archive.findings()
    assert f"agent {row.id}: is not as entry" in " ".join(found)


def replace_facts(row: Agent, **other: Any) -> Any:
    """What is signed of an agent, with something of it another."""
    names = ("id", "name", "person_id", "scopes", "toolsets", "token_sha256", "expires_at")
    names += ("created_at", "signed_at")
    return SimpleNamespace(**{**{name: getattr(row, name) for name in names}, **other})


async def test_the_key_file_of_somebody_who_left_signs_nothing(world, tmp_path, operator):
    archive = kept(world, tmp_path)
    request = (await world.proposed_close())["action_id"]
    async with appending(world, operator) as tx:
        person = (await identity.people(tx, [world.ours.people["am"]])).popitem()[1]
        await provisioning.leave(tx, person)
    with pytest.raises(Fault) as refused:
        await world.decide(request, "am")

    async with world.owning() as tx:  # and when somebody lets the row forget that it ended
        await revived(tx, person.id)
    with pytest.raises(Fault):
        await world.decide(request, "am")
    assert refused.value.code in {"APPROVER_KEY_REVOKED", "ROLE_NOT_ELIGIBLE"}
    assert f"role am of person {person.id}: did not end when the chain says" in (
        await archive.findings()
    )


async def revived(tx, person: str) -> None:
    """The role is back in its row; the key is held by a trigger."""
    mine = select(PersonRole).where(PersonRole.person_id == person)
    for row in await tx.all(mine):
        row.revoked_at = None
    assert all(
        one.revoked_at is not None
        for one in await tx.all(select(ApproverKey).where(ApproverKey.person_id == person))
    )


async def test_without_the_trust_file_nothing_can_be_verified_and_nobody_is_accused(
    world, tmp_path, operator
):
    archive = kept(world, tmp_path)
    await ghost(world, operator)
    blind = replace(world, agent_side=replace(world.agent_side, trust=None))

    assert fault_code(await blind.call("whoami", agent="ghost")) == "TRUST_UNREADABLE"
    assert await archive.findings(trust=None) == [
        "trust file: is missing, so signatures cannot be verified"
    ]


async def test_H1_what_an_address_said_that_nobody_signed_is_no_money(world, tmp_path):
    archive, genuine = kept(world, tmp_path), await feed(world)
    async with appending(world, world.ours.keys["am"]) as tx:
        row, made = await receipts.add_endpoint(tx, rail="sepay", account=ACCOUNT, actor=OPERATOR)
    forged = Feed(row.id, world.ours, made.path, made.key)

    for one in (genuine, forged):
        await told(world, one, event())
    await worked(world)

    async with world.looking() as tx:
        came = await tx.all(select(Receipt.endpoint_id))
    assert list(came) == [genuine.id]
    found = [one for one in await archive.findings() if UNSIGNED in one]
    assert len(found) == 1
    assert "webhook_endpoint.added" in found[0]
