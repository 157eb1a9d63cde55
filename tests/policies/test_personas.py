"""Personas: are personas and presets in step with catalogue,
scopes and prompts, and small enough to read?
"""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.identity import service
from domain.kernel.faults import Fault
from policies.gate import floor, personas
from policies.gate.personas import Personas
from tests.http.serving import message, site
from tests.tools.reading import read_by_a_model
from tools.prompts.script import prompts

CATALOGUE = floor.load_checked()
SHIPPED = personas.shipped()
MOST_BYTES = 48_000
EACH_PERSONA = pytest.mark.parametrize("persona", SHIPPED.persona, ids=lambda one: one.name)
EACH_PRESET = pytest.mark.parametrize("preset", SHIPPED.preset, ids=lambda one: one.name)


def shown_to(persona):
    """The tools that an agent of this persona is listed."""
    may = [row for row in CATALOGUE.tool if row.scope in persona.scopes]
    return personas.listed(may, frozenset(persona.toolsets))


def test_there_is_a_persona_for_whoever_works_the_pipeline():
    assert "crm" in {one.name for one in SHIPPED.persona}


@EACH_PERSONA
def test_a_persona_has_scopes_and_toolsets_that_are_there(persona):
    assert set(persona.scopes) <= service.known_scopes()
    assert personas.check_toolsets(persona.toolsets, CATALOGUE) == set(persona.toolsets)
    assert persona.vi != persona.en


@EACH_PERSONA
def test_every_toolset_of_a_persona_shows_something_that_it_may_call(persona):
    for toolset in persona.toolsets:
        alone = persona.model_copy(update={"toolsets": (toolset,)})
        assert shown_to(alone), toolset


@EACH_PERSONA
def test_a_persona_names_prompts_that_it_can_follow(persona):
    shown = {row.name for row in shown_to(persona)}

    assert set(persona.prompts) <= {one.name for one in prompts() if shown.issuperset(one.needs)}


@EACH_PERSONA
def test_what_a_persona_is_shown_fits_into_a_conversation(persona):
    assert read_by_a_model(row.name for row in shown_to(persona)) < MOST_BYTES


@EACH_PRESET
def test_a_preset_is_a_short_list_of_tools_under_a_name_of_its_own(preset):
    assert preset.name not in {row.toolset for row in CATALOGUE.tool}
    assert set(preset.tools) <= CATALOGUE.by_name.keys()
    assert len(set(preset.tools)) == len(preset.tools) <= personas.MOST_IN_A_PRESET
    assert read_by_a_model(preset.tools) < MOST_BYTES


def test_receivables_are_everything_about_invoices_but_what_sets_their_terms():
    receivables = next(one for one in SHIPPED.preset if one.name == "ar")
    beside = {"approvals_list", "approvals_get", "approvals_cancel", "whoami"}
    left_out = {"inv_set_engagement", "inv_set_billing", "inv_list_time_entries"}
    invoices = {row.name for row in CATALOGUE.tool if row.toolset == "inv"}

    assert set(receivables.tools) == beside | {"ledger_trial_balance"} | invoices - left_out


JOB = """[[persona]]
name = "one"
scopes = ["core.read"]
toolsets = ["default"]
prompts = ["close_deal"]
vi = "Một"
en = "One"
"""


def test_a_namespace_that_came_later_adds_to_a_persona_and_brings_presets_of_its_own():
    more = """[[joins]]
persona = "one"
scopes = ["ship.read"]
toolsets = ["ship"]

[[preset]]
name = "parcels"
tools = ["ship_list_parcels"]
"""
    found = personas.merged([JOB, more])

    assert found.persona[0].scopes == ("core.read", "ship.read")
    assert found.persona[0].toolsets == ("default", "ship")
    assert found.persona[0].prompts == ("close_deal",)
    assert found.preset[0].name == "parcels"


@pytest.mark.parametrize(
    "wrong", ['[[joins]]\npersona = "two"\nscopes = ["x.y"]\ntoolsets = ["x"]', "[[personas]]"]
)
def test_what_joins_nobody_or_has_no_meaning_is_refused(wrong):
    with pytest.raises(AssertionError, match="policies/personas: "):
        personas.merged([JOB, wrong])


def test_a_preset_of_more_tools_or_two_of_one_name_cannot_be_written():
    many = {"name": "many", "tools": [f"t_{number}" for number in range(31)]}
    one = {"name": "one", "tools": ["whoami"]}

    for presets in ([many], [one, one], [{**one, "tools": []}], [{**one, "more": 1}]):
        with pytest.raises(ValidationError):
            Personas.model_validate({"preset": presets, "persona": []})


@pytest.mark.parametrize("names", [["defualt"], ["default", ""], [], ["crm", "overvieww"]])
def test_a_misspelt_set_of_tools_is_refused(names):
    with pytest.raises(Fault) as caught:
        personas.check_toolsets(names, CATALOGUE)

    assert caught.value.code == "TOOLSET_UNKNOWN" and "overview" in caught.value.hint


async def test_a_server_lists_to_each_agent_what_is_stored_with_it(world):
    preset = SHIPPED.preset[0]
    async with world.owning() as tx:
        one = await _agent_with(tx, world, "one", ["vn"])
        two = await _agent_with(tx, world, "two", [preset.name])
        none = await _agent_with(tx, world, "none", [])

    async with site(world, of_the_agents=True) as there:
        listed = [await _listed(there, token) for token in (one, two, none)]
        unlisted = await there.call("crm_list_deals", token=one)
    async with site(world) as there:
        all_of_them = await _listed(there, one)

    sets = {
        name: {row.name for row in CATALOGUE.tool if row.toolset == name and _reads(row)}
        for name in ("vn", "default")
    }
    assert listed == [sets["vn"], set(preset.tools), sets["default"]]
    assert unlisted.json["result"]["isError"] is False, "what is listed says nothing of what may be"
    assert all_of_them > listed[0] | listed[2]


async def _agent_with(tx, world, name, toolsets):
    _, token = await service.add_agent(
        tx,
        name=name,
        person_id=world.ours.people["sales"],
        scopes=["core.read", "crm.read"],
        toolsets=toolsets,
        expires_at=world.clock.now() + timedelta(days=1),
    )
    return token


async def _listed(there, token):
    answer = await there.ask(message("tools/list"), token=token)
    return {one["name"] for one in answer.json["result"]["tools"]}


def _reads(row):
    return row.scope in {"core.read", "crm.read"}
