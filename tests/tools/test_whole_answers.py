"""Whole answers: does the text say what the structure says, and the structure what the text says?

Half of the clients show a model one of the two alone. So every field of every answer is looked for
in the text, and then changed in the answer: a text that stays the same did not tell it.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from domain.kernel.clock import VIETNAM, instant
from domain.kernel.money import Money
from domain.kernel.quoting import plain_line
from policies.gate import gate
from policies.gate.answers import NOT_YET, Answer
from server import wiring
from tests.tools.samples import agent_for, valid_calls
from tools.telling import MARKS

pytestmark = pytest.mark.asyncio(loop_scope="module")
REGISTRY = wiring.registry()
Place = tuple[str | int, ...]


def leaves(value: Any, at: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every field of an answer that holds one thing, and where it stands."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            if name not in MARKS and name not in untold(value):
                yield from leaves(getattr(value, name), (*at, name))
        for name, one in (value.model_extra or {}).items():
            yield from leaves(one, (*at, name))
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*at, name))
    elif isinstance(value, (list, tuple)):
        for n, one in enumerate(value):
            yield from leaves(one, (*at, n))
    elif value is not None and value != "":
        yield at, value


def untold(view: BaseModel) -> set[str]:
    """The fields that a view does not tell: for programs alone, or said by another one."""
    fields = type(view).model_fields
    hidden = {name for name, field in fields.items() if field.exclude}
    hidden |= dict(getattr(view, "untold", ())).keys()
    return hidden | {
        name
        for name, other in getattr(view, "repeats", ())
        if getattr(view, other, None) is not None
    }


def at_place(value: Any, place: Place) -> Any:
    """What stands at a place."""
    for step in place:
        value = value[step] if isinstance(value, (dict, list, tuple)) else getattr(value, str(step))
    return value


def with_other(value: Any, place: Place, other: Any) -> Any:
    """The same answer with one thing changed."""
    if not place:
        return other
    step, *rest = place
    inner = with_other(at_place(value, (step,)), tuple(rest), other)
    if isinstance(value, dict):
        return {**value, step: inner}
    if isinstance(value, (list, tuple)):
        return [inner if n == step else one for n, one in enumerate(value)]
    return value.model_copy(update={str(step): inner})


def other_than(name: str, value: Any) -> Any:
    """Something of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, datetime):
        return value + timedelta(days=1)
    if isinstance(value, date):
        return value + timedelta(days=1)
    words = {"currency": ("USD", "EUR"), "time_zone": ("UTC", "Asia/Tokyo")}
    known = [one for one in words.get(name, ()) if one != value]
    return known[0] if known else f"{value}x"


def spellings(answer: Any, place: Place, value: Any) -> list[str]:
    """How a fact may be written in a text."""
    name = next(str(step) for step in reversed(place) if isinstance(step, str))
    if isinstance(value, bool):
        return []
    if isinstance(value, datetime):
        return [instant(value, VIETNAM), value.astimezone(UTC).isoformat(timespec="seconds")]
    if isinstance(value, date):
        return [value.isoformat(), f"{value:%d/%m/%Y}"]
    if isinstance(value, int) and ("_minor" in name or name == "amount"):
        money = [Money(value, code) for code in ("VND", "USD", "EUR")]
        return [*(one.text("en") for one in money), *(one.text("vi") for one in money)]
    if isinstance(value, str):
        return [plain_line(value), value, json.dumps(value, ensure_ascii=False)[1:-1]]
    return [str(value), f"{value:,}", f"v{value}"]


def missing(answer: Answer) -> list[str]:
    """The fields of an answer that its text does not tell."""
    said, found = answer.text(), []
    for place, value in leaves(answer):
        name = "/".join(map(str, place))
        spelt = spellings(answer, place, value)
        if spelt and not any(is_in(one, said) for one in spelt):
            found.append(f"{name}: {value!r} does not stand in the text")
        elif retold(with_other(answer, place, other_than(str(place[-1]), value))) == said:
            found.append(f"{name}: the text is the same whatever it is")
    return found


def retold(answer: Answer) -> str:
    """The text of an answer that was changed; a word that a table of sentences misses is told."""
    try:
        return answer.text()
    except KeyError as missed:
        return f"the word {missed}"


def is_in(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def filled(value: Any) -> Any:
    """The same answer, where nothing is left out: each field that is empty holds something."""
    if isinstance(value, (list, tuple)):
        return [filled(one) for one in value]
    if not isinstance(value, BaseModel):
        return value
    fields = {}
    for name, field in type(value).model_fields.items():
        there = getattr(value, name)
        empty = there is None or there in ("", []) or there is False
        fields[name] = something(field.annotation) if empty else filled(there)
    return value.model_copy(update=fields)


def something(kind: Any) -> Any:
    """Anything of a type."""
    chosen = next((one for one in get_args(kind) if one is not type(None)), None)
    if get_origin(kind) in (Union, UnionType):
        return something(chosen)
    if get_origin(kind) in (list, tuple):
        return [something(chosen)]
    if get_origin(kind) is dict:
        return {"key": something(get_args(kind)[1])}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = {name: something(field.annotation) for name, field in kind.model_fields.items()}
        return kind.model_construct(**{**fields, **_MONEY_OF.get("currency" in fields, {})})
    return _ANYTHING.get(kind, "word")


_MONEY_OF: dict[bool, dict[str, str]] = {True: {"currency": "VND"}}
_ANYTHING: dict[Any, Any] = {
    bool: True,
    int: 271,
    datetime: datetime(2026, 8, 9, 10, 11, tzinfo=UTC),
    date: date(2026, 7, 8),
}


@pytest.fixture
def answers(monkeypatch):
    """The answers that the gate hands out."""
    seen: list[Answer] = []
    handed = gate._outcome

    def noted(answer: Answer) -> Any:
        seen.append(answer)
        return handed(answer)

    monkeypatch.setattr(gate, "_outcome", noted)
    return seen


async def test_every_tool_tells_in_its_text_all_that_its_structure_holds(shared, answers):
    calls, complaints = await valid_calls(shared), {}
    rows = sorted(shared.catalogue.tool, key=lambda row: row.id == "cyberos.approvals.cancel")
    for row in rows:
        await shared.ok(row.name, agent=agent_for(row), **calls[row.name])
        if found := {*missing(answers[-1]), *missing(filled(answers[-1]))}:
            complaints[row.name] = sorted(found)

    advice = "\n".join(f"{tool}\n  " + "\n  ".join(found) for tool, found in complaints.items())
    assert not complaints, advice


async def test_what_people_approved_is_told_as_whole(shared):
    carried, found = 0, {}
    for row in shared.catalogue.tool:
        tool = REGISTRY.get(row.id)
        if tool.execute is not None:
            carried += 1
            if complaints := missing(something(tool.execute.__annotations__["return"])):
                found[row.name] = complaints

    assert (carried >= 7, found) == (True, {})


async def test_a_list_says_with_which_cursor_it_goes_on(shared):
    told, silent = 0, []
    for row in shared.catalogue.tool:
        shape = REGISTRY.get(row.id).answer
        if "next_cursor" in shape.model_fields:
            page = something(shape).model_copy(update={"truncated": True, "next_cursor": "bmV4dA"})
            told += 1
            if "cursor bmV4dA" not in page.text():
                silent.append(row.name)

    assert (told >= 8, silent) == (True, [])


async def test_a_call_that_waits_says_in_the_structure_too_that_nothing_has_happened(shared):
    calls, waiting = await valid_calls(shared), 0
    for row in shared.catalogue.tool:
        if REGISTRY.get(row.id).propose is None:
            continue
        answered = await shared.ok(row.name, agent=agent_for(row), **calls[row.name])
        if answered["status"] == "pending_approval":
            waiting += 1
            assert answered["next"].startswith(NOT_YET), row.name

    assert waiting >= 7


async def test_a_call_that_is_only_tried_says_so_in_the_structure_too(shared):
    asked = {"name": "Công ty Thử", "account_type": "llc", "dry_run": True}
    tried = await shared.ok("crm_create_account", **asked)

    assert tried["dry_run"] is True


async def test_a_row_of_a_list_takes_at_most_200_bytes_beside_names(shared, answers):
    """What people wrote is as long as they made it; an invoice has three sums and six days."""
    calls, longest = await valid_calls(shared), {}
    for row in shared.catalogue.tool:
        if "next_cursor" in REGISTRY.get(row.id).answer.model_fields:
            await shared.ok(row.name, agent=agent_for(row), **calls[row.name])
            lines = answers[-1].text().splitlines()
            rows = [re.sub(r'"[^"]*"|\S+@\S+', "", line) for line in lines]
            longest[row.name] = max(len(one.encode()) for one in rows)
    invoices, _ = longest.pop("inv_list_invoices"), longest.pop("approvals_list")

    assert {name: size for name, size in longest.items() if size > 200} == {}
    assert invoices <= 420
