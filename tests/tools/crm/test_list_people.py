"""Colleagues are found by name, in whatever order and marks, with their roles."""

import pytest

from tests.tools.samples import Sample
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLES = {"crm_list_people": Sample({"query": "am"}, statements=(5, 0))}


async def test_everybody_of_the_company_is_listed_with_their_roles_and_nobody_else(shared):
    async with talking(shared) as talk:
        answer = await talk.ok("crm_list_people", limit=200)
        text = await talk.text("crm_list_people", limit=200)

    assert {one["id"] for one in answer["people"]} == set(shared.ours.people.values())
    roles = {one["email"].partition("@")[0]: one["roles"] for one in answer["people"]}
    assert roles["both"] == ["am", "cfo"] and roles["cro"] == ["cro"]
    for one in answer["people"]:
        assert one["id"] in text and one["email"] in text and one["name"] in text


async def test_a_name_is_found_by_beginnings_of_its_words_and_a_strange_one_is_not(shared):
    async with talking(shared) as talk:
        everybody = (await talk.ok("crm_list_people", limit=200))["people"]
        words = everybody[0]["name"].upper().split()
        found = await talk.ok("crm_list_people", query=" ".join(reversed(words)))
        by_mail = await talk.ok("crm_list_people", query=everybody[0]["email"])
        nobody = await talk.ok("crm_list_people", query="Zzyzx")
        dots = await talk.ok("crm_list_people", query="...")

    assert everybody[0] in found["people"] and everybody[0] in by_mail["people"]
    assert nobody["people"] == dots["people"] == []


async def test_pages_hold_everybody_once(shared):
    async with talking(shared) as talk:
        whole = await talk.ok("crm_list_people", limit=200)
        found, more = [], {}
        while True:
            page = await talk.ok("crm_list_people", limit=3, **more)
            found += page["people"]
            if not page["truncated"]:
                break
            more = {"cursor": page["next_cursor"]}
        wrong = await talk.code("crm_list_people", query="am", **more)

    assert found == whole["people"]
    assert wrong == "INVALID_CURSOR"


async def test_an_owner_nobody_knows_is_answered_with_where_to_look(shared):
    async with talking(shared) as talk:
        refused = await talk.refused("crm_list_deals", owner="Zzyzx")

    assert refused["code"] == "PERSON_UNKNOWN" and "crm_list_people" in refused["hint"]
