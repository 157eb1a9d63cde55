"""Prompt texts: do the prompts say what an agent can do, in both languages, and nothing else?"""

import pytest

from policies.gate import floor
from tools.completions import kinds
from tools.prompts.script import labelled, prompts
from tools.resources import resources

CATALOGUE = floor.load_checked()
PROMPTS, RESOURCES = prompts(), resources()
AN_ID = "01M7ZMPT9VDSHPY5BEQNNGW9G5"


def test_every_step_and_address_names_a_tool_that_is_there():
    named = {tool for one in PROMPTS for tool in one.needs}
    waiting = {tool for one in PROMPTS for step in one.steps for tool in step.tools}
    waiting |= {one.tool for one in RESOURCES}
    waiting |= {one.each.tool for one in RESOURCES if one.each is not None}

    assert named <= set(CATALOGUE.by_name)
    assert waiting <= set(CATALOGUE.by_name)


def test_no_two_namespaces_bring_the_same_name_or_address():
    names, addresses = [one.name for one in PROMPTS], [one.uri for one in RESOURCES]

    assert len(set(names)) == len(names)
    assert len(set(addresses)) == len(addresses)


def test_whatever_an_argument_or_an_address_names_can_be_completed():
    for prompt in PROMPTS:
        for argument in prompt.arguments:
            assert argument.kind in kinds(), f"{prompt.name}: nobody completes {argument.kind}"
    for resource in RESOURCES:
        for kind in resource.holds.values():
            assert kind in kinds(), f"{resource.uri}: nobody completes {kind}"


@pytest.mark.parametrize("one", PROMPTS, ids=lambda one: one.name)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_text_names_its_tools_and_leaves_no_gap(one, language):
    whole = one.text(language, {}, set(CATALOGUE.by_name))

    assert "{" not in whole and "}" not in whole
    assert all(step.words.in_(language) for step in one.steps)
    said = " ".join(step.words.in_(language) for step in one.steps)
    assert all(tool in said for step in one.steps for tool in step.tools)
    assert "untrusted" in whole and len(whole) < 3_000


@pytest.mark.parametrize("one", PROMPTS, ids=lambda one: one.name)
def test_a_step_is_left_out_for_an_agent_without_its_tool(one):
    whole = one.text("en", {}, set(one.needs))
    missing = {tool for step in one.steps for tool in step.tools} - set(one.needs)

    left_out = [step for step in one.steps if set(step.tools) & missing]
    assert not any(step.words.in_("en")[:40] in whole for step in left_out)
    assert f"\n{len(one.steps) - len(left_out)}. " in whole


@pytest.mark.parametrize(
    ("typed", "id"),
    [
        (AN_ID, AN_ID),
        (f" {AN_ID} ", AN_ID),
        (f"Công ty [Đại Dương] [{AN_ID}]", AN_ID),
        (f"[{AN_ID}] Công ty", None),
        (f"Công ty [{AN_ID[:-1]}U]", None),
        ("Công ty Đại Dương", None),
        ("", None),
    ],
)
def test_the_id_of_a_completed_label_is_found_and_of_nothing_else(typed, id):
    assert labelled(typed) == id
