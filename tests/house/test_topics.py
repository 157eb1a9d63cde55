"""Outbox topics: is every topic that a module tells the outbox in its descriptor, so that others
may subscribe?
"""

import ast
import re
from collections.abc import Iterator

import pytest

from domain.store.descriptor import modules
from tests.house.reading import Source, keeps, seen


def test_every_topic_that_is_told_is_declared():
    keeps(undeclared_topics)


def test_a_topic_is_told_by_one_module_alone():
    assert told_twice() == []


def told_twice() -> list[str]:
    """Topics that two modules declare, each with the files."""
    homes: dict[str, list[str]] = {}
    for module in modules():
        for topic in module.topics:
            homes.setdefault(topic, []).append(f"domain/{module.name}/module.py")
    return [
        f"{topic} is a topic of {' and of '.join(files)}: it is told by one alone"
        for topic, files in homes.items()
        if len(files) > 1
    ]


def undeclared_topics(source: Source) -> Iterator[str]:
    if not source.is_in("domain") or len(source.parts) != 3:
        return
    mine = next((one.topics for one in modules() if one.name == source.parts[1]), ())
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.emit"):
            continue
        topic = node.args[1]
        if not any(re.fullmatch(_pattern(topic), one) for one in mine):
            where = f"domain/{source.parts[1]}/module.py"
            yield source.at(node, f"{ast.unparse(topic)}: name it among the topics of {where}")


def _pattern(topic: ast.expr) -> str:
    """What a topic may be at run time: an f-string has places where anything may stand."""
    if isinstance(topic, ast.JoinedStr):
        return "".join(_pattern(part) for part in topic.values)
    return re.escape(str(topic.value)) if isinstance(topic, ast.Constant) else r"\w+"


OFFENDERS = [
    ("domain/deals/service.py", "outbox.emit(tx, 'deal.forgotten', id=1)"),
    ("domain/deals/service.py", "outbox.emit(tx, f'deals.{x}', id=1)"),
    ("domain/vn/service.py", "outbox.emit(tx, 'deal.won')"),
]
INNOCENTS = [
    ("domain/deals/service.py", "outbox.emit(tx, 'deal.won', id=1)"),
    ("domain/deals/service.py", "outbox.emit(tx, f'deal.{status}', id=1)"),
    ("tests/deals/test_service.py", "outbox.emit(tx, 'deal.forgotten')"),
]


@pytest.mark.parametrize(("path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(path, text):
    assert seen(undeclared_topics, path, text)


@pytest.mark.parametrize(("path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(path, text):
    assert seen(undeclared_topics, path, text) == []
