"""Audit events: is each a class of its module, so that its name is written in one place?

Who writes an event and who verifies it use the class; a name written twice is one that can be
changed in one place and not in the other.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module

import pytest

from tests.house.reading import Source, dotted, keeps, project, seen

HOME = "events"


def test_an_event_is_named_in_its_class_alone():
    keeps(unnamed_events)


def test_the_name_of_an_event_is_written_once():
    keeps(repeated_names)


def test_no_two_classes_have_the_same_event():
    found = [name for source in project() if _is_home(source) for name in _names_in(source)]

    assert sorted(set(found)) == sorted(found)
    assert {"person.added", "action.proposed", "action.succeeded", "policy.activated"} <= {*found}


def unnamed_events(source: Source) -> Iterator[str]:
    """Events with a name of their own that are made elsewhere; a tool's call has the tool's."""
    if not source.is_ours or _is_home(source):
        return
    if not any(
        alias.name == "Event"
        for node in source.all(ast.ImportFrom)
        if node.module == "domain.store.chain"
        for alias in node.names
    ):
        return
    for call in source.all(ast.Call):
        if dotted(call.func) != "Event":
            continue
        named = [*call.args[:1], *(one.value for one in call.keywords if one.arg == "event")]
        if any(isinstance(name, ast.Constant | ast.JoinedStr) for name in named):
            where = "/".join(source.parts[:2])
            yield source.at(call, f"make it a class of {where}/events.py with `record` and `read`")


def repeated_names(source: Source) -> Iterator[str]:
    """Names of events outside the file of their class. Topics may be called alike."""
    if not source.is_ours or _is_home(source):
        return
    topics = {id(one) for one in _topics(source)}
    for node in source.all(ast.Constant):
        home = _names().get(node.value) if isinstance(node.value, str) else None
        if home is not None and id(node) not in topics:
            yield source.at(node, f'"{node.value}" is the event of a class in {home}: use that')


def _topics(source: Source) -> Iterator[ast.AST]:
    for call in source.all(ast.Call):
        if dotted(call.func) == "outbox.emit":
            yield from call.args
        for keyword in call.keywords:
            if keyword.arg in {"topics", "subscribers"}:
                yield from ast.walk(keyword.value)


@cache
def _names() -> Mapping[str, str]:
    """The names of all events, and the files of their classes."""
    return {
        name: source.path for source in project() if _is_home(source) for name in _names_in(source)
    }


def _is_home(source: Source) -> bool:
    return source.is_in("domain", "policies") and source.parts[-1] == HOME


def _names_in(source: Source) -> Iterator[str]:
    """`EVENT` and `EVENTS` of the classes that stand in a file."""
    module = import_module(".".join(source.parts))
    written = {node.value for node in source.all(ast.Constant) if isinstance(node.value, str)}
    for kind in vars(module).values():
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            names = [getattr(kind, "EVENT", None), *getattr(kind, "EVENTS", {}).values()]
            yield from (name for name in names if name in written)
    if source.is_in("domain/store"):  # laws of every module ask for the step that approvals take
        yield module.SUCCEEDED


IMPORTED = "from domain.store.chain import Event\n"
OFFENDERS = [
    (unnamed_events, "domain/deals/service.py", IMPORTED + "tx.record(Event('deal.lost', me))"),
    (
        unnamed_events,
        "policies/gate/gate.py",
        IMPORTED + "tx.record(Event(event=f'a.{b}', actor=me))",
    ),
    (repeated_names, "policies/audit/verify.py", "entries_of(tx, 'person.added')"),
    (repeated_names, "domain/deals/audit.py", "entry.event == 'action.succeeded'"),
    (repeated_names, "policies/audit/verify.py", "VOTES = {'action.approved_by': 'approve'}"),
]
INNOCENTS = [
    (unnamed_events, "policies/gate/gate.py", IMPORTED + "tx.record(Event(row.tool, me))"),
    (unnamed_events, "domain/deals/events.py", IMPORTED + "tx.record(Event('deal.lost', me))"),
    (unnamed_events, "domain/deals/service.py", "Event('deal.lost', me)"),
    (repeated_names, "domain/payments/service.py", "outbox.emit(tx, 'bank_account.added')"),
    (repeated_names, "domain/payments/module.py", "Module(topics=('bank_account.added',))"),
    (repeated_names, "domain/payments/events.py", "EVENT = 'bank_account.added'"),
    (repeated_names, "tests/audit/test_verify.py", "'person.added'"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
