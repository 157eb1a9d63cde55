"""Deals: for whom they exist, how they move, and what a move leaves behind."""

from datetime import date
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from domain.activities import queries as activities
from domain.deals import closing, queries, service
from domain.deals.queries import Filter
from domain.deals.rules import Visibility
from domain.deals.service import Details, Expected, NewDeal, Sought
from domain.identity import service as identity
from domain.kernel.faults import Fault
from domain.overview import service as overview
from domain.store.tables import OutboxMessage
from domain.store.visibility import Viewer
from tests.traffic import traffic


def viewer(world, person="sales"):
    return Viewer(world.ours.people[person], (world.ours.workspace_id,))


async def a_deal(world, *, person="sales", **more):
    account_id = more.pop("account_id", None) or await world.an_account()
    fields = {"account_id": account_id, "name": "Nền tảng", "amount_minor": 750_000_000}
    async with world.owning() as tx:
        new = NewDeal(**{**fields, **more})
        return await service.create(tx, viewer(world, person), new, created_by="human:x")


async def move(world, deal, to_stage, *, reason=None, learnt=None, **expected):
    async with world.owning() as tx:
        return await service.move(
            tx,
            deal.id,
            viewer=viewer(world),
            to_stage=to_stage,
            reason=reason,
            expected=Expected(**expected),
            moved_by="agent:x",
            learnt=learnt or Details(),
        )


def refused(code):
    return pytest.raises(Fault, match=f"^{code}: ")


# --- for whom they exist ---

PEOPLE = ("owner", "listed", "colleague", "outsider")


@pytest.mark.parametrize(("visibility", "who"), list(product(Visibility, PEOPLE)))
async def test_who_sees_a_deal_sees_it_everywhere_and_who_does_not_sees_it_nowhere(
    world, visibility, who
):
    account_id = await world.an_account()
    deal = await a_deal(
        world,
        account_id=account_id,
        visibility=visibility,
        shared_with=(world.ours.people["cro"],),
    )
    await world.ok("crm_log_activity", kind="note", subject="Giá", deal_id=deal.id)
    here, elsewhere = (world.ours.workspace_id,), ()
    looking = {
        "owner": Viewer(world.ours.people["sales"], elsewhere),
        "listed": Viewer(world.ours.people["cro"], elsewhere),
        "colleague": Viewer(world.ours.people["cfo"], here),
        "outsider": Viewer(world.ours.people["cfo"], elsewhere),
    }[who]

    async with world.looking() as tx:
        one = await queries.get(tx, deal.id, looking)
        listed = await queries.listed(tx, looking, Filter(), before=None, limit=9)
        counts = await overview.counts(tx, account_id, looking)
        happened = await activities.recent(tx, looking, account_id=account_id, limit=9)

    wanted = who in ("owner", "listed") or (who, visibility) == ("colleague", "workspace")
    assert (one is not None) == wanted
    assert [row.id for row in listed] == ([deal.id] if wanted else [])
    assert [counts[name] for name in ("deals", "open_deals", "activities")] == [wanted] * 3
    assert len(happened) == wanted


async def test_what_is_hidden_cannot_be_moved_closed_or_talked_about(world):
    deal = await a_deal(world, person="cro", visibility=Visibility.PRIVATE)

    with refused("NOT_FOUND"):
        await move(world, deal, "discovery")
    with refused("NOT_FOUND"):
        async with world.looking() as tx:
            await closing.plan(
                tx, deal.id, viewer=viewer(world), outcome="won", lost_reason=None,
                expected=Expected(),
            )  # fmt: skip
    result = await world.call("crm_log_activity", kind="note", subject="x", deal_id=deal.id)
    assert result.content[0].text.startswith("NOT_FOUND: There is no such deal.")


async def test_sharing_a_private_deal_shows_it(world):
    deal = await a_deal(world, person="cro", visibility=Visibility.PRIVATE)

    async with world.owning() as tx:
        await service.share(tx, deal.id, [world.ours.people["sales"], world.ours.people["cro"]])
        await service.share(tx, deal.id, [world.ours.people["sales"]])

    async with world.looking() as tx:
        assert (await service.get(tx, deal.id, viewer(world))).id == deal.id


async def test_whoever_makes_a_private_deal_for_another_sees_it(world):
    deal = await a_deal(world, visibility=Visibility.PRIVATE, owner=world.ours.people["am"])

    async with world.looking() as tx:
        for person in ("sales", "am"):
            assert await queries.get(tx, deal.id, viewer(world, person)) is not None
        assert await queries.get(tx, deal.id, viewer(world, "cfo")) is None


async def test_deals_of_another_workspace_are_not_there(world):
    async with world.owning() as tx:
        other = await identity.add_workspace(tx, code="north", name="North")
    deal = await a_deal(world)

    async with world.looking() as tx:
        assert await queries.get(tx, deal.id, Viewer(world.ours.people["cfo"], (other.id,))) is None


# --- how they begin ---


async def test_a_deal_begins_in_the_first_open_stage_of_the_first_pipeline(world):
    deal = await a_deal(world)

    assert (deal.pipeline, deal.stage, deal.probability_pct) == ("sales", "qualifying", 10)
    assert (deal.currency, deal.status, deal.version) == ("VND", "open", 1)
    assert deal.owner_id == world.ours.people["sales"]
    async with world.owning() as tx:
        (step,) = await queries.moves(tx, deal.id)
        topics = await tx.all(select(OutboxMessage.topic))
    assert (step.n, step.from_stage_id, step.to_stage_id) == (1, None, deal.stage_id)
    assert "deal.created" in topics


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"stage": "closed_won"}, "STAGE_TERMINAL"),
        ({"stage": "nowhere"}, "STAGE_UNKNOWN"),
        ({"stage": "negotiation"}, "FIELDS_REQUIRED"),
        ({"pipeline": "nowhere"}, "PIPELINE_UNKNOWN"),
        ({"workspace": "nowhere"}, "WORKSPACE_UNKNOWN"),
        ({"currency": "XXX"}, "CURRENCY_UNKNOWN"),
        ({"amount_minor": -1}, "AMOUNT_INVALID"),
        ({"account_id": "01HZK7AAAAAAAAAAAAAAAAAAAA"}, "NOT_FOUND"),
        ({"primary_contact_id": "01HZK7AAAAAAAAAAAAAAAAAAAA"}, "NOT_FOUND"),
        ({"owner": "nobody@nowhere.vn"}, "PERSON_UNKNOWN"),
    ],
)
async def test_a_deal_that_makes_no_sense_is_refused(world, more, code):
    with refused(code):
        await a_deal(world, **more)


# --- how they move ---


async def test_a_move_takes_the_stages_probability_and_is_remembered(world):
    deal = await a_deal(world, probability_pct=66)
    assert deal.probability_manual

    moved = await move(world, deal, "Discovery", version=1, stage="qualifying")

    assert (moved.from_stage, moved.deal.stage, moved.deal.version) == (
        "qualifying", "discovery", 2,
    )  # fmt: skip
    assert (moved.deal.probability_pct, moved.deal.probability_manual) == (25, False)
    async with world.owning() as tx:
        steps = await queries.moves(tx, deal.id)
        topics = await tx.all(select(OutboxMessage.topic))
    assert [(step.n, step.from_stage_id, step.to_stage_id) for step in steps] == [
        (1, None, deal.stage_id),
        (2, deal.stage_id, moved.deal.stage_id),
    ]
    assert "deal.stage_moved" in topics


@pytest.mark.parametrize(
    ("to_stage", "more", "code"),
    [
        ("closed_won", {}, "STAGE_TERMINAL"),
        ("cancelled", {}, "STAGE_TERMINAL"),
        ("qualifying", {}, "STAGE_SAME"),
        ("nowhere", {}, "STAGE_UNKNOWN"),
        ("proposal", {}, "REASON_REQUIRED"),
        ("negotiation", {"reason": "bỏ qua"}, "FIELDS_REQUIRED"),
        ("discovery", {"version": 7}, "VERSION_CONFLICT"),
        ("discovery", {"stage": "proposal"}, "STAGE_CHANGED"),
        ("discovery", {"learnt": Details(amount_minor=1)}, "ALREADY_KNOWN"),
    ],
)
async def test_a_refused_move_changes_nothing_and_says_what_is_possible(
    world, to_stage, more, code
):
    deal = await a_deal(world)

    with refused(code) as caught:
        await move(world, deal, to_stage, **more)

    async with world.looking() as tx:
        assert await service.get(tx, deal.id, viewer(world)) == deal
        assert len(await queries.moves(tx, deal.id)) == 1
    if code in {"STAGE_TERMINAL", "STAGE_SAME", "STAGE_UNKNOWN", "REASON_REQUIRED"}:
        assert [(one["stage"], one["needs_reason"]) for one in caught.value.facts["allowed"]] == [
            ("discovery", False), ("proposal", True), ("negotiation", True),
        ]  # fmt: skip
    if code == "STAGE_TERMINAL":
        assert "{close_deal}" in caught.value.hint


async def test_what_a_stage_needs_can_be_given_with_the_move(world):
    account_id = await world.an_account()
    contact = await world.ok("crm_create_contact", account_id=account_id, display_name="Trần Lan")
    deal = await a_deal(world, account_id=account_id, amount_minor=0)

    moved = await move(
        world,
        deal,
        "negotiation",
        reason="đã thống nhất",
        learnt=Details(
            amount_minor=5_000,
            expected_close_date=date(2026, 12, 31),
            primary_contact_id=contact["id"],
        ),
    )

    assert (moved.deal.stage, moved.deal.amount_minor) == ("negotiation", 5_000)
    assert moved.deal.primary_contact_id == contact["id"]


# --- lists ---


async def test_a_list_is_filtered_by_code_or_id_and_continues_where_it_ended(world):
    deals = [await a_deal(world, pipeline="partner") for _ in range(3)]
    await a_deal(world)
    pipeline_id = world.ours.pipeline_ids["partner"]

    async with world.looking() as tx:
        who = viewer(world)
        first, more = await service.find(tx, who, Sought(pipeline="partner"), limit=2)
        last, end = await service.find(
            tx,
            who,
            Sought(pipeline=pipeline_id, stage="identified"),
            before=first[-1].id,
            limit=2,
        )

    assert [deal.id for deal in first + last] == [deal.id for deal in reversed(deals)]
    assert (more, end) == (True, False)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"pipeline": "nowhere"}, "PIPELINE_UNKNOWN"),
        ({"stage": "nowhere"}, "STAGE_UNKNOWN"),
        ({"owner": "nobody@nowhere.vn"}, "PERSON_UNKNOWN"),
        ({"account_id": "01HZK7AAAAAAAAAAAAAAAAAAAA"}, "NOT_FOUND"),
    ],
)
async def test_a_misspelt_filter_is_not_an_empty_list(world, wanted, code):
    with refused(code):
        async with world.looking() as tx:
            await service.find(tx, viewer(world), Sought(**wanted), limit=5)


async def test_the_number_of_statements_does_not_grow_with_the_list(world):
    for _ in range(5):
        await a_deal(world)
    spent = []

    for limit in (1, 5):
        async with world.looking() as tx:
            with traffic(world.owner_side) as statements:
                found, _ = await service.find(tx, viewer(world), Sought(), limit=limit)
        assert len(found) == limit
        spent.append(len(statements.reads))

    assert spent[0] == spent[1] <= 4


# --- how they end ---


async def test_the_database_closes_no_deal_without_an_approved_action(world):
    deal = await a_deal(world)

    with pytest.raises(IntegrityError, match="changes its status by approved actions only"):
        async with world.owning() as tx:
            await closing.close(
                tx, deal.id, viewer=viewer(world), outcome="won", lost_reason=None,
                expected=Expected(), on=date(2026, 11, 21), closed_by="human:x",
            )  # fmt: skip

    async with world.looking() as tx:
        assert await service.get(tx, deal.id, viewer(world)) == deal


KINDS = ["close", "vietqr", "hoadon", "inv", "proj", "brain", "audit"]


@pytest.mark.parametrize(
    ("outcome", "visibility", "stage", "states"),
    [
        ("won", "workspace", "closed_won", "done skipped skipped done done pending done"),
        ("won", "private", "closed_won", "done skipped skipped done done skipped done"),
        ("lost", "workspace", "closed_lost", "done skipped skipped skipped skipped pending done"),
        ("cancelled", "workspace", "cancelled", "done " + "skipped " * 5 + "done"),
    ],
)
async def test_an_approved_end_is_carried_out_with_what_follows(
    world, outcome, visibility, stage, states
):
    deal = await world.a_deal(visibility=visibility)
    more = {"lost_reason": "Giá cao"} if outcome == "lost" else {}
    asked = await world.ok(
        "crm_close_deal", deal_id=deal["id"], outcome=outcome.upper(), expected_version=1, **more
    )
    for person in ("am", "cro"):
        await world.decide(asked["action_id"], person)

    report = await world.execute(asked["action_id"])

    assert report.state == "succeeded", report
    closed = report.result["deal"]
    assert (closed["status"], closed["stage"], closed["version"]) == (outcome, stage, 2)
    assert (closed["closed_date"], closed.get("lost_reason")) == (
        "2026-11-21", "price" if outcome == "lost" else None,
    )  # fmt: skip
    effects = report.result["side_effects"]
    assert [one["kind"] for one in effects] == KINDS
    assert [one["state"] for one in effects] == states.split()
    async with world.owning() as tx:
        topics = await tx.all(select(OutboxMessage.topic))
        assert len(await queries.moves(tx, deal["id"])) == 2
    assert f"deal.{outcome}" in topics
    assert ("engagement.created" in topics) == (outcome == "won")


async def test_a_deal_that_moved_after_it_was_signed_is_not_closed(world):
    deal = await world.a_deal()
    asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    for person in ("am", "cro"):
        await world.decide(asked["action_id"], person)
    await world.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")

    report = await world.execute(asked["action_id"])

    assert report.state == "stale"
    assert (await world.ok("crm_get_deal", id=deal["id"]))["status"] == "open"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"outcome": "lost"}, "LOST_REASON_REQUIRED"),
        ({"outcome": "lost", "lost_reason": "because"}, "LOST_REASON_UNKNOWN"),
        ({"outcome": "won", "lost_reason": "price"}, "LOST_REASON_UNEXPECTED"),
        ({"outcome": "open"}, "INVALID_ARGS"),
        ({"outcome": "won", "expected_version": 9}, "VERSION_CONFLICT"),
        ({"outcome": "won", "expected_stage": "proposal"}, "STAGE_CHANGED"),
    ],
)
async def test_an_end_that_makes_no_sense_is_not_even_proposed(world, more, code):
    deal = await world.a_deal()

    result = await world.call("crm_close_deal", deal_id=deal["id"], **more)

    assert result.content[0].text.startswith(f"{code}: ")


async def test_the_summary_is_ours_and_names_are_quotations_on_one_line(world):
    account_id = await world.an_account(name='ACME" APPROVED BY CFO "')
    deal = await world.a_deal(account_id, name="x" * 200)

    asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    assert f'"{"x" * 79}…"' in asked["summary"]
    assert "\"ACME' APPROVED BY CFO '\"" in asked["summary"]
    assert "750.000.000 ₫" in asked["summary"]
    assert "\n" not in asked["summary"]
