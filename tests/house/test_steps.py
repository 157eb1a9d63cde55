"""Steps for agents: do rules name no tool, and do the steps that they name lead to one?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.reading import ROOT, Source, keeps, project, seen
from tools.steps import steps

TOOLS = frozenset(path.stem for path in Path(ROOT, "tools/contracts").glob("*.json"))
# A tool is called `crm_list_deals`; one word alone, such as `whoami`, is also a word of English.
NAMED = re.compile("|".join(rf"\b{name}\b" for name in sorted(TOOLS) if "_" in name))
STEP = re.compile(r"\{([a-z_]+)\}")


def test_no_rule_below_names_a_tool():
    keeps(named_tools)


def test_every_step_that_a_hint_names_is_taken_by_a_tool():
    keeps(steps_to_nowhere)


def test_every_step_leads_to_a_tool_that_there_is_and_is_named_by_somebody():
    named = {step for source in project() for _, step in _steps(source)}

    assert set(steps().values()) <= TOOLS
    assert set(steps()) == named


def named_tools(source: Source) -> Iterator[str]:
    if not source.is_in("domain"):
        return
    for n, line in enumerate(source.text.splitlines(), start=1):
        for found in NAMED.finditer(line):
            yield f"{source.path}:{n}: {found[0]} is a word of tools: name a step in braces"


def steps_to_nowhere(source: Source) -> Iterator[str]:
    for node, step in _steps(source):
        if step not in steps():
            yield source.at(node, f"{{{step}}}: say in tools/<namespace>/steps.py which tool it is")


def _steps(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """The steps that texts of the domain name. Where texts are formatted, braces are for that."""
    if not source.is_in("domain") or source.is_in("domain/store/migrations"):
        return
    nodes = list(ast.walk(source.tree))
    if any(isinstance(node, ast.Attribute) and node.attr == "format" for node in nodes):
        return
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docs:
                yield from ((node, found[1]) for found in STEP.finditer(text))


OFFENDERS = [
    (named_tools, "domain/deals/service.py", 'hint = "Look the id up with crm_list_deals."'),
    (named_tools, "domain/deals/service.py", "# closing is crm_close_deal's"),
    (steps_to_nowhere, "domain/deals/service.py", 'hint = "Look the id up with {dealz}."'),
    (steps_to_nowhere, "domain/deals/service.py", "hint = f'Use {{close}} with {outcome}.'"),
]
INNOCENTS = [
    (named_tools, "domain/deals/service.py", 'hint = "Look the id up with {deals}."'),
    (named_tools, "tools/crm/get_deal.py", '"From crm_list_deals."'),
    (steps_to_nowhere, "domain/deals/service.py", 'hint = "Look the id up with {deals}."'),
    (steps_to_nowhere, "domain/deals/service.py", "hint = f'It stands in {stage}.'"),
]


@pytest.mark.parametrize(("rule", "path", "text"), OFFENDERS)
def test_the_rule_sees_a_planted_offender(rule, path, text):
    assert seen(rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), INNOCENTS)
def test_the_rule_leaves_an_innocent_file_alone(rule, path, text):
    assert seen(rule, path, text) == []
