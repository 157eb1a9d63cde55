"""Shapes of tools: are the shapes of tools strict on the way
in, honest on the way out, and cheap to read?
"""

import json
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel.faults import Fault
from domain.kernel.quoting import quoted
from domain.vn.tax_codes import masked
from policies.gate import floor
from server import publish, wiring
from tests.world import fault
from tools import shapes
from tools.crm.shapes import OutcomeName

REGISTRY = wiring.registry()
TOOLS = [row.id for row in floor.load_checked().tool]
SHAPE = tuple[int | str, ...]
PLACES = st.lists(st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=9), max_size=4)
QUESTIONS = st.dictionaries(st.sampled_from("abc"), st.none() | st.text(max_size=5))


class Everything(shapes.Change, shapes.Paged, shapes.ApprovalRequest):
    """An argument of every shape."""

    line: shapes.Line | None = None
    text: shapes.Text | None = None
    id: shapes.Id | None = None
    reference: shapes.Reference | None = None
    day: shapes.Day | None = None
    instant: shapes.Instant | None = None
    amount_minor: shapes.AmountMinor | None = None
    currency: shapes.Currency | None = None
    outcome: OutcomeName | None = None


GOOD = {
    "line": "Nguyễn Văn A",
    "text": "hai\ndòng",
    "id": "01HZK7AAAAAAAAAAAAAAAAAAAA",
    "reference": "closed_won",
    "day": "2026-04-30",
    "instant": "2026-04-01T09:30:00+07:00",
    "amount_minor": 2**53 - 1,
    "currency": "VND",
    "outcome": "won",
}


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("line", ""), ("line", "a\nb"), ("line", "a\u202eb"), ("line", "x" * 256), ("line", 7),
        ("line", "a\u200bb"), ("line", "\ud800"), ("text", "a\0b"), ("text", "x" * 10_001),
        ("id", "01hzk7aaaaaaaaaaaaaaaaaaaa"), ("id", "81HZK7AAAAAAAAAAAAAAAAAAAA"), ("id", "x"),
        ("reference", "a b"), ("reference", "a" * 65), ("reference", "giá"), ("reference", ""),
        ("day", "2026-02-30"), ("day", "20260430"), ("day", "٢٠٢٦-٠٤-٣٠"), ("day", 1),
        ("instant", "2026-04-01T09:30:00"), ("instant", "soon"), ("instant", 1),
        ("amount_minor", -1), ("amount_minor", 2**53), ("amount_minor", True),
        ("amount_minor", 1.5), ("amount_minor", "1"), ("amount_minor", 10**400),
        ("currency", "DONG"), ("outcome", "open"), ("outcome", "wօn"),
        ("limit", 0), ("limit", 201), ("limit", 10**9), ("limit", "5"), ("cursor", "a b"),
        ("cursor", "a" * 4_001), ("idempotency_key", ""), ("idempotency_key", "k" * 129),
        ("idempotency_key", "khoá"), ("note_to_approver", "x" * 501), ("dry_run", 1),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_without_being_repeated(name, bad):
    with pytest.raises(ValidationError) as refused:
        Everything.model_validate({**GOOD, name: bad})

    (problem,) = refused.value.errors()
    assert problem["loc"] == (name,)
    assert len(problem["msg"]) < 120
    assert not isinstance(bad, str) or len(bad) < 2 or bad not in problem["msg"]


def test_letter_case_and_spaces_around_do_not_matter():
    read = Everything.model_validate(
        {"outcome": " WON ", "currency": "vnd", "line": "  Ánh \t", "day": "2026-04-30"}
    )

    assert (read.outcome, read.currency, read.line) == ("won", "VND", "Ánh")
    assert read.day == date(2026, 4, 30)


def test_composed_and_decomposed_letters_are_one_argument():
    assert Everything(line="e\u0301") == Everything(line="é")


def test_stored_arguments_are_read_back_as_they_were():
    read = Everything.model_validate(GOOD)

    stored = json.dumps(read.model_dump(mode="json", exclude_none=True))

    assert Everything.model_validate_json(stored) == read
    assert read.instant == datetime(2026, 4, 1, 9, 30, tzinfo=timezone(timedelta(hours=7)))


@given(question=QUESTIONS, place=PLACES)
def test_a_cursor_leads_back_to_where_it_was_made(question, place):
    cursor = shapes.cursor_to("deals", question, place)

    assert shapes.position_of("deals", question, cursor, SHAPE) == tuple(place)


@given(
    question=QUESTIONS, place=PLACES, spot=st.integers(0, 10_000), letter=st.sampled_from("Aa0_")
)
def test_a_changed_cursor_or_question_is_refused(question, place, spot, letter):
    cursor = shapes.cursor_to("deals", question, place)
    spot %= len(cursor)
    changed = cursor[:spot] + letter + cursor[spot + 1 :]

    for kind, asked, given_cursor in (
        ("accounts", question, cursor),
        ("deals", {**question, "more": "x"}, cursor),
        ("deals", question, cursor + "A"),
        ("deals", question, "" if changed == cursor else changed),
    ):
        with pytest.raises(Fault, match="INVALID_CURSOR: "):
            shapes.position_of(kind, asked, given_cursor, SHAPE)


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1))
def test_an_invented_cursor_is_refused(cursor):
    with pytest.raises(Fault, match="INVALID_CURSOR: "):
        shapes.position_of("deals", {}, cursor)


def test_names_in_our_sentences_are_short_quoted_and_on_one_line():
    assert quoted('A\n"B"\u202e\u200b  C') == "\"A 'B' C\""
    assert quoted("x" * 100) == '"' + "x" * 79 + '…"'


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (None, None),
        ("0314556677", "0314556677"),
        ("0314556677-001", "0314556677-001"),
        ("001099012345", "*********345"),
    ],
)
def test_a_persons_number_is_covered(stored, shown):
    assert masked(stored) == shown


@pytest.mark.parametrize("id", TOOLS)
def test_every_argument_is_described_in_few_words(id):
    tool = REGISTRY.get(id)
    schema = tool.arguments.model_json_schema()

    for name, field in schema.get("properties", {}).items():
        assert 4 < len(field.get("description", "")) <= 80, name
        assert "anyOf" not in field, name
    assert 40 <= len(tool.description) <= 1_000
    assert "Use this" in tool.description


def test_the_contracts_are_cheap_to_carry():
    sizes = {
        name: len(json.dumps(contract, ensure_ascii=False, separators=(",", ":")).encode())
        for name, contract in publish.contracts().items()
    }

    assert max(sizes.values()) < 5_000


async def test_a_personal_number_and_untrusted_input_are_marked_at_the_front_door(world):
    made = await world.ok(
        "crm_create_account", name="Hộ Ánh", account_type="INDIVIDUAL", vn_mst="001099012345"
    )
    found = await world.ok("crm_search_accounts", query="001099012345", fields=["vn_mst"])

    assert made["vn_mst"] == "*********345"
    assert made["untrusted_fields"] == ["/name"]
    assert found["accounts"] == [{"id": made["id"], "vn_mst": "*********345"}]
    assert found["untrusted_fields"] == []
    assert "next_cursor" not in found


async def test_all_mistakes_of_a_call_are_told_at_once(world):
    result = await world.call(
        "crm_create_deal", account_id="x", name="", amount_minor=True, approved_by="cfo"
    )

    problems = fault(result)["facts"]["fields"]
    assert {one["field"] for one in problems} == {
        "account_id",
        "name",
        "amount_minor",
        "approved_by",
    }
