"""Customers are found by whatever somebody has of them, however a name is shortened."""

import pytest

from tests.tools.talk import talking

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

NAME = "Công ty Cổ phần Dược phẩm An Khang"


async def _customer(talk, name=NAME, **more):
    return await talk.ok("crm_create_account", name=name, account_type="jsc", **more)


def _ids(answer):
    return [one["id"] for one in answer["accounts"]]


async def test_a_short_name_another_legal_form_and_an_english_trade_mean_the_same(own):
    async with talking(own) as talk:
        wanted = await _customer(talk)
        await _customer(talk, "Công ty TNHH Hanabi")
        queries = (
            "An Khang", "ankhang", "AnKhang", "An Khang Pharma", "cty cp dược an khang",
            "CTCP An Khang", "an khang jsc", "dược an khang co., ltd",
        )  # fmt: skip
        found = {one: _ids(await talk.ok("crm_search_accounts", query=one)) for one in queries}
        joined = await _customer(talk, "SongXanh Corp")
        apart = await talk.ok("crm_search_accounts", query="song xanh")

    assert found == {one: [wanted["id"]] for one in queries}
    assert _ids(apart) == [joined["id"]]


async def test_a_customer_is_found_by_somebody_who_works_there(own):
    async with talking(own) as talk:
        wanted = await _customer(talk)
        await talk.ok(
            "crm_create_contact",
            account_id=wanted["id"],
            display_name="Nguyễn Thị Hòa",
            email="hoa.nguyen@ankhang.example",
            phone="0901000101",
            title="Giám đốc",
        )
        queries = (
            "0901 000 101", "+84901000101", "hoa.nguyen@ankhang.example", "@ankhang.example",
            "ankhang.example", "Nguyễn Thị Hòa", "hoa thi",
        )  # fmt: skip
        found = {one: _ids(await talk.ok("crm_search_accounts", query=one)) for one in queries}
        title = await talk.ok("crm_search_accounts", query="giám đốc")
        other = await talk.ok("crm_search_accounts", query="hoa thi", account_type="llc")

    assert found == {one: [wanted["id"]] for one in queries}
    assert title["accounts"] == other["accounts"] == [], "a title says nothing of a customer"


async def test_a_tax_code_is_found_whole_and_from_its_fourth_digit(own):
    async with talking(own) as talk:
        wanted = await _customer(talk, vn_mst="0316794479")
        person = await talk.ok(
            "crm_create_account", name="Bà Lan", account_type="individual", vn_mst="001085001234"
        )
        queries = ("0316794479", "0316 794 479", "031679", "0316")
        found = {one: _ids(await talk.ok("crm_search_accounts", query=one)) for one in queries}
        short = await talk.ok("crm_search_accounts", query="031")
        whole = await talk.ok("crm_search_accounts", query="001085001234")
        guessed = await talk.ok("crm_search_accounts", query="0010850012")

    assert found == {one: [wanted["id"]] for one in queries}
    assert short["accounts"] == guessed["accounts"] == [], "the number of a person is not guessed"
    assert _ids(whole) == [person["id"]]


async def test_where_none_fits_the_nearest_are_named_with_what_to_try(own):
    async with talking(own) as talk:
        hanabi = await _customer(talk, "Công ty TNHH Hanabi")
        khang = await _customer(talk)
        near = {
            query: await talk.ok("crm_search_accounts", query=query)
            for query in ("Hanbai", "dược phẩm an khánh", "Zzyzx")
        }
        text = await talk.text("crm_search_accounts", query="Hanbai")

    assert [answer["accounts"] for answer in near.values()] == [[]] * 3
    nearest = {query: [o["id"] for o in a.get("nearest", [])] for query, a in near.items()}
    assert nearest == {"Hanbai": [hanabi["id"]], "dược phẩm an khánh": [khang["id"]], "Zzyzx": []}
    assert all(answer["advice"] for answer in near.values()) and hanabi["id"] in text


async def test_another_company_has_no_customers_nearby(own):
    async with talking(own, company=own.theirs) as talk:
        theirs = await _customer(talk)
        await talk.ok(
            "crm_create_contact", account_id=theirs["id"], display_name="Lan", phone="0901000102"
        )
    async with talking(own) as talk:
        answers = [
            await talk.ok("crm_search_accounts", query=query)
            for query in ("ankhang", "An Khang Pharma", "0901000102", "an khank")
        ]

    assert [answer["accounts"] + answer.get("nearest", []) for answer in answers] == [[]] * 4
