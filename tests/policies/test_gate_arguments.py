"""Arguments at the gate: what becomes of arguments that are wrong?
One fault names them all, and nothing is written.

For one tool of each shape on both databases, and for every tool there is (tests/shapes.py).
"""

import json

import pytest
import pytest_asyncio

from policies.gate import floor
from policies.gate.parsing import MOST_PROBLEMS
from tests import shapes
from tests.rows import difference, everything
from tests.tools.mistakes import CANARY, half_a_letter, mistakes
from tests.tools.samples import agent_for, valid_calls
from tests.wire import fault_in, spoken
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED = floor.load_checked()
ROWS = pytest.mark.parametrize("rows", shapes.proofs(SHIPPED.tool))
# What an agent that was fooled, or wants to fool, adds to a call that is right.
SHORT_CUTS = {
    "confirm": True,
    "confirm_token": "4f9c2b",
    "approved_by": "am",
    "approval_id": "01HZK7AAAAAAAAAAAAAAAAAAAA",
    "force": True,
    "read_only": False,
    "tenant_id": "01HZK7AAAAAAAAAAAAAAAAAAAA",
    "requester": "human:x",
    "_meta": {},
    "DEAL_ID": "01HZK7AAAAAAAAAAAAAAAAAAAA",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls(shared: World):
    """Right arguments for every tool."""
    return await valid_calls(shared)


def named(fault) -> set[str]:
    """The arguments that a fault complains about."""
    assert fault["code"] == "INVALID_ARGS" and fault["kind"] == "invalid"
    return {field["field"].partition(".")[0] for field in fault["facts"]["fields"]}


@ROWS
async def test_A11_every_wrong_argument_is_named_at_once_and_nothing_is_written(
    shared, calls, rows
):
    async with shapes.nothing_changes(shared) as watch:
        for row in watch.each(rows):
            schema, right = shared.contract(row.name).input_schema, calls[row.name]
            made = list(mistakes(schema, right))
            async with spoken(shared, agent_for(row)) as wire:
                complaints = [
                    f"{row.name}: {mistake.way}: {complaint}"
                    for mistake in made
                    if (complaint := _complaint(await wire.call(row.name, mistake.text), mistake))
                ]
                half = half_a_letter(schema, right)
                if half is not None:
                    broken = await wire.call(row.name, half)
                    assert broken["error"]["code"] == -32700
                alive = await wire.call("whoami", "{}")

            assert complaints == []
            wrong = set().union(*(mistake.wrong for mistake in made))
            assert wrong == set(schema.get("properties", {})), row.name
            assert alive["result"]["isError"] is False


def _complaint(answer, mistake) -> str:
    said = named(fault_in(answer))
    if CANARY in json.dumps(answer):
        return "repeats what was sent"
    told_enough = said < mistake.wrong and len(fault_in(answer)["facts"]["fields"]) == MOST_PROBLEMS
    return (
        ""
        if said == mistake.wrong or told_enough
        else f"{sorted(said)}, not {sorted(mistake.wrong)}"
    )


@ROWS
async def test_A12_B03_what_would_loosen_the_rules_is_no_argument(shared, calls, rows):
    async with shapes.nothing_changes(shared) as watch:
        for row in watch.each(rows):
            right = calls[row.name]
            async with spoken(shared, agent_for(row)) as wire:
                one_by_one = {
                    name: fault_in(await wire.call(row.name, json.dumps({**right, name: value})))
                    for name, value in SHORT_CUTS.items()
                }
                strange = json.dumps({**right, **SHORT_CUTS, CANARY: 1, "x" * 99: 1, "ê": 1})
                all_at_once = await wire.call(row.name, strange)

            for name, fault in one_by_one.items():
                problem = {"field": name, "problem": "is not an argument of this tool"}
                assert fault["facts"]["fields"] == [problem], row.name
            told = fault_in(all_at_once)
            assert named(told) <= {*SHORT_CUTS, "an argument"}, row.name
            assert len(told["facts"]["fields"]) == MOST_PROBLEMS
            assert told["message"].startswith(f"{len(SHORT_CUTS) + 3} arguments are wrong")
            assert CANARY not in json.dumps(all_at_once)


async def test_arguments_that_are_no_object_are_refused_by_the_protocol(shared):
    for row in SHIPPED.tool:
        async with spoken(shared, agent_for(row)) as wire:
            answers = [
                await wire.call(row.name, said) for said in ("[]", '"x"', "5", "NaN", "true")
            ]

        assert {answer["error"]["code"] for answer in answers} == {-32602}, row.name
        assert {answer["error"]["message"] for answer in answers} == {"Invalid request parameters"}


async def test_a_number_without_a_bound_may_be_endless_and_breaks_nothing(shared, calls):
    deal = calls["crm_move_stage"]["deal_id"]
    endless = "1" + "0" * 400
    before = await everything(shared)

    async with spoken(shared) as wire:
        move = f'{{"deal_id":"{deal}","to_stage":"discovery","expected_version":{endless}}}'
        close = f'{{"deal_id":"{deal}","outcome":"won","expected_version":{endless}}}'
        moved = fault_in(await wire.call("crm_move_stage", move))
        closed = fault_in(await wire.call("crm_close_deal", close))

    assert moved["code"] == closed["code"] == "VERSION_CONFLICT"
    assert difference(before, await everything(shared)) == {}


@pytest.mark.parametrize(
    "value",
    ["NaN", "1e999", "-1e999", "1" + "0" * 400, '{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}',
     '"\\u0000"', '"\\u202e"', '"' + "x" * 40_000 + '"', "[" * 90 + "]" * 90],
    ids=lambda value: value[:12],
)  # fmt: skip
async def test_a_custom_field_that_cannot_be_kept_is_refused_without_repeating_it(shared, value):
    before = await everything(shared)

    async with spoken(shared) as wire:
        answer = await wire.call(
            "crm_create_account",
            f'{{"name":"A","account_type":"llc","custom_fields":{{"{CANARY}":{value}}}}}',
        )

    assert fault_in(answer)["code"] == "CUSTOM_FIELDS_INVALID"
    assert CANARY not in json.dumps(answer)
    assert difference(before, await everything(shared)) == {}
