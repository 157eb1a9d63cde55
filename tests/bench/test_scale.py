"""`make bench-scale`: its companies, its arithmetic and what it prints. Nothing here is timed."""

import asyncio
import json
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import text, update

from bench.scale import __main__ as scale
from bench.scale import bulk, picture, table, turns
from domain.accounts.tables import Account
from tests.sqlite import by_hand

SIZES = [50, 100]


async def test_a_row_in_bulk_is_the_row_the_service_would_have_written(world):
    known = await bulk.fill(world.owner_side, world.ours.id, world.clock, 60)

    await bulk.check(world.owner_side, world.ours.id, world.clock, known[:5])

    found = await world.ok("crm_search_accounts", query=known[-1][1].rpartition(" ")[2])
    assert len(known) == 60
    assert known[-1][0] in [account["id"] for account in found["accounts"]]


@pytest.mark.parametrize("wrong", [{"folded": "khac"}, {"lead_source": "web"}])
async def test_a_row_that_the_service_would_have_written_otherwise_is_noticed(world, wrong):
    known = await bulk.fill(world.owner_side, world.ours.id, world.clock, 3)
    async with world.owning() as tx:
        await tx.change(update(Account).where(Account.id == known[-1][0]).values(**wrong))

    with pytest.raises(AssertionError, match=known[-1][1]):
        await bulk.check(world.owner_side, world.ours.id, world.clock, known)


async def test_the_search_index_of_rows_in_bulk_is_sound(world):
    if not world.is_sqlite:
        pytest.skip("on PostgreSQL the index is over a column of the row")
    await bulk.fill(world.owner_side, world.ours.id, world.clock, 40)

    with by_hand(world.url.partition(":///")[2]) as raw:
        raw.execute("INSERT INTO account_search (account_search) VALUES ('integrity-check')")
        indexed = raw.execute("SELECT count(*) FROM account_search").fetchone()
        there = raw.execute("SELECT count(*) FROM account").fetchone()

    assert indexed == there


async def test_checking_leaves_nothing_behind(world):
    known = await bulk.fill(world.owner_side, world.ours.id, world.clock, 4)

    await bulk.check(world.owner_side, world.ours.id, world.clock, known)

    async with world.looking() as tx:
        connection = await tx.session.connection()
        counted = text("SELECT count(*) FROM account WHERE tenant_id = :tenant")
        assert await connection.scalar(counted, {"tenant": world.ours.id}) == 4


@pytest.mark.parametrize("power", [0, 0.5, 1, 2])
def test_the_exponent_of_a_known_curve_is_found(power):
    sizes = [1_000, 10_000, 100_000, 1_000_000]

    assert turns.exponent(sizes, [0.3 * size**power for size in sizes]) == power


def test_one_size_has_no_exponent():
    assert turns.exponent([1_000], [2.0]) is None


def test_a_percentile_is_a_time_that_was_measured():
    times = [float(number) for number in range(100, 0, -1)]

    assert [turns.percentile(times, percent) for percent in (50, 95, 99)] == [50, 95, 99]
    assert turns.interval(times, 95) == (90, 100)


@pytest.mark.parametrize(
    ("bounds", "said"), [((1, 5), True), ((5.1, 9), False), ((4, 6), "inconclusive")]
)
def test_a_limit_is_kept_missed_or_in_doubt(bounds, said):
    assert turns.verdict(bounds, 5) is said or turns.verdict(bounds, 5) == said


async def test_both_sides_take_turns_and_no_number_comes_twice():
    said: list[tuple[str, int]] = []

    async def ours(number: int) -> None:
        said.append(("ours", number))
        await asyncio.sleep(0)

    async def floor(number: int) -> None:
        said.append(("floor", number))

    figure = await turns.in_turns(ours, floor, turns.Effort(rounds=2, block=1))

    assert [who for who, _ in said[:8]] == ["ours", "floor", "floor", "ours"] * 2
    assert [number for _, number in said] == list(range(len(said)))
    assert figure["calls"] == 4


@pytest.mark.parametrize("backend", scale.BACKENDS)
async def test_a_run_says_every_operation_as_json_markdown_and_picture(backend):
    report = await scale.measured(SIZES, [backend], turns.Effort(rounds=1, block=1))

    told = json.loads(json.dumps(report))
    operations = {figure["operation"] for figure in told["figures"]}
    assert {figure["accounts"] for figure in told["figures"]} == set(SIZES)
    assert operations == {growth["operation"] for growth in told["growth"]}
    assert {"search: common words", "stage move", "tools/list", "log activity"} <= operations
    assert all(figure["ok"] in (True, False, "inconclusive") for figure in told["figures"]
               if "limit_ms" in figure)  # fmt: skip
    written = table.markdown(told)
    assert all(f"| {operation} |" in written for operation in operations)
    svg = ET.fromstring(picture.drawn(told))  # noqa: S314 - we have just written it
    dots = [shape for shape in svg if shape.tag.endswith("circle")]
    assert len(dots) == len(SIZES) * len(picture.CURVES)
