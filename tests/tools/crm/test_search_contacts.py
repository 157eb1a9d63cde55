"""People at customers are found by whatever somebody has of them, across all accounts."""

import pytest

from tests.tools.crm.samples import contact
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    await things.of(contact)
    return {"query": "mai tran"}


SAMPLES = {
    "crm_search_contacts": Sample(_arguments, statements=(4, 0), on_postgresql=(5, 0)),
}


async def _somebody(talk, name="Nguyễn Thị Hòa", **more):
    account = await talk.ok("crm_create_account", name="Đại Dương Xanh", account_type="llc")
    made = await talk.ok("crm_create_contact", account_id=account["id"], display_name=name, **more)
    return account, made


def _ids(answer):
    return [one["id"] for one in answer["contacts"]]


@pytest.mark.both
async def test_somebody_is_found_by_name_title_phone_address_and_domain(own):
    async with talking(own) as talk:
        account, hoa = await _somebody(
            talk, email="hoa.nguyen@daiduong.example", phone="0901000101", title="Kế toán trưởng"
        )
        queries = (
            "Nguyễn Thị Hòa", "hoa nguyen", "HOÀ", "thi ng", "ke toan truong", "hòa kế toán",
            "0901 000 101", "+84 901.000.101", "hoa.nguyen@DaiDuong.example", "@daiduong.example",
            "daiduong.example", "hoa.nguyen",
        )  # fmt: skip
        found = {one: await talk.ok("crm_search_contacts", query=one) for one in queries}
        text = await talk.text("crm_search_contacts", query="hoa")

    assert {one: _ids(answer) for one, answer in found.items()} == {
        one: [hoa["id"]] for one in queries
    }
    shown = found["HOÀ"]["contacts"][0]
    assert (shown["account_id"], shown["account_name"]) == (account["id"], account["name"])
    for fact in (*shown.values(),):
        assert str(fact) in text or isinstance(fact, bool | int)


async def test_who_is_called_so_comes_before_who_has_the_words(own):
    async with talking(own) as talk:
        _, longer = await _somebody(talk, "Trần Hà Anh Thư")
        _, exact = await _somebody(talk, "Hà Anh")
        _, by_title = await _somebody(talk, "Lê Vũ", title="Phó phòng Hà Anh")
        found = await talk.ok("crm_search_contacts", query="anh hà")
        first = await talk.ok("crm_search_contacts", query="anh hà", limit=1)
        rest = await talk.ok(
            "crm_search_contacts", query="anh hà", limit=5, cursor=first["next_cursor"]
        )

    assert _ids(found) == [exact["id"], longer["id"], by_title["id"]]
    assert _ids(first) + _ids(rest) == _ids(found)


async def test_a_changed_person_is_found_by_what_is_new_alone(own):
    async with talking(own) as talk:
        _, one = await _somebody(talk, "Vũ Văn Cũ", title="Trợ lý", email="cu@cu.example")
        await talk.ok(
            "crm_update_contact",
            contact_id=one["id"],
            display_name="Đỗ Mới",
            title="Giám đốc",
            email="moi@moi.example",
        )
        new = [
            await talk.ok("crm_search_contacts", query=q)
            for q in ("do moi", "giam", "@moi.example")
        ]
        old = [
            await talk.ok("crm_search_contacts", query=q)
            for q in ("vu cu", "tro ly", "cu@cu.example")
        ]

    assert [_ids(answer) for answer in new] == [[one["id"]]] * 3
    assert [_ids(answer) for answer in old] == [[]] * 3


async def test_where_nobody_fits_the_nearest_are_named_with_what_to_try(own):
    async with talking(own) as talk:
        _account, hoa = await _somebody(talk, "Nguyễn Thị Hòa")
        misspelt = await talk.ok("crm_search_contacts", query="Nguyen Thi Hao")
        nobody = await talk.ok("crm_search_contacts", query="Zzyzx")
        text = await talk.text("crm_search_contacts", query="Nguyen Thi Hao")

    assert misspelt["contacts"] == [] and [one["id"] for one in misspelt["nearest"]] == [hoa["id"]]
    assert nobody["contacts"] == nobody.get("nearest", []) == [] and nobody["advice"]
    assert hoa["id"] in text and misspelt["advice"] in text
    assert "/nearest/*/display_name" in misspelt["untrusted_fields"]


@pytest.mark.both
async def test_people_of_another_company_are_never_found(own):
    async with talking(own, company=own.theirs) as talk:
        await _somebody(talk, "Chim Cú Mèo", phone="0901000102", email="cu@meo.example")
    async with talking(own) as talk:
        answers = [
            await talk.ok("crm_search_contacts", query=query)
            for query in ("Chim Cú Mèo", "chim", "0901000102", "cu@meo.example", "@meo.example")
        ]

    assert [answer["contacts"] + answer.get("nearest", []) for answer in answers] == [[]] * 5
