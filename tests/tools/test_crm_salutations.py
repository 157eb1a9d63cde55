"""Contacts are addressed as they prefer, else as title and name say, else with the pair."""

import pytest

from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def a_contact(talk, **facts):
    account = await talk.ok("crm_create_account", name="Công ty Chào", account_type="llc")
    return await talk.ok("crm_create_contact", account_id=account["id"], **facts)


def addressed(contact):
    return contact["salutation"], contact["salutation_source"], contact["greeting"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"display_name": "Nguyễn Thị Lan"}, ("chi", "name", "Chị Lan")),
        ({"display_name": "Trần Văn Hùng"}, ("anh", "name", "Anh Hùng")),
        ({"display_name": "Lê Minh"}, ("neutral", "none", "Anh/Chị Minh")),
        ({"display_name": "John Smith"}, ("neutral", "none", "Anh/Chị Smith")),
        ({"display_name": "Mr. Lê Minh"}, ("anh", "title", "Anh Minh")),
        ({"display_name": "Lê Minh", "title": "Bà"}, ("chi", "title", "Chị Minh")),
        ({"display_name": "Lê Minh", "title": "Giám đốc"}, ("neutral", "none", "Anh/Chị Minh")),
        ({"given_name": "Lan", "middle_name": "Thị", "family_name": "Nguyễn"},
         ("chi", "name", "Chị Lan")),
        ({"display_name": "Nguyễn Thị Lan", "salutation": "em"}, ("em", "explicit", "Em Lan")),
        ({"display_name": "Nguyễn Thị Lan", "salutation": "NEUTRAL"},
         ("neutral", "explicit", "Anh/Chị Lan")),
    ],
)  # fmt: skip
async def test_what_somebody_chose_counts_then_the_title_then_the_name(shared, facts, expected):
    async with talking(shared) as talk:
        made = await a_contact(talk, **facts)
        listed = await talk.ok("crm_list_contacts", account_id=made["account_id"])

    assert addressed(made) == expected
    assert addressed(listed["contacts"][0]) == expected
    assert "/greeting" in made["untrusted_fields"]


async def test_a_whole_name_is_read_in_vietnamese_order_and_shown_as_typed(shared):
    async with talking(shared) as talk:
        made = await a_contact(talk, display_name="Bà Tôn Nữ Thị Diệu Hiền")

    assert made["display_name"] == "Bà Tôn Nữ Thị Diệu Hiền"
    assert (made["family_name"], made["middle_name"], made["given_name"]) == (
        "Tôn Nữ", "Thị Diệu", "Hiền",
    )  # fmt: skip


async def test_a_name_that_changes_is_read_again_and_a_chosen_salutation_stays(shared):
    async with talking(shared) as talk:
        made = await a_contact(talk, display_name="Trần Văn Hùng")
        which = {"contact_id": made["id"]}
        renamed = await talk.ok("crm_update_contact", **which, display_name="Trần Thị Hoa")
        parts = await talk.ok("crm_update_contact", **which, given_name="Hồng")
        titled = await talk.ok("crm_update_contact", **which, title="Mr")
        chosen = await talk.ok("crm_update_contact", **which, salutation="ban")
        kept = await talk.ok("crm_update_contact", **which, display_name="Lê Văn Nam", title="Ms")
        cleared = await talk.ok("crm_update_contact", **which, clear=["salutation", "title"])
        plain = await talk.ok("crm_update_contact", **which, email="nam@x.vn")

    assert addressed(renamed) == ("chi", "name", "Chị Hoa")
    assert set(renamed["changed"]) == {"display_name", "middle_name", "given_name", "salutation"}
    assert addressed(parts) == ("chi", "name", "Chị Hồng")
    assert parts["display_name"] == "Trần Thị Hồng" and parts["last_name"] == "Trần Thị"
    assert addressed(titled) == ("anh", "title", "Anh Hồng")
    assert addressed(chosen) == ("ban", "explicit", "Bạn Hồng")
    assert addressed(kept) == ("ban", "explicit", "Bạn Nam")
    assert addressed(cleared) == ("anh", "name", "Anh Nam")
    assert (addressed(plain), plain["changed"]) == (addressed(cleared), ["email"])


async def test_a_part_of_a_name_is_cleared_and_the_whole_follows(shared):
    async with talking(shared) as talk:
        made = await a_contact(talk, display_name="Lê Thị Minh")
        updated = await talk.ok("crm_update_contact", contact_id=made["id"], clear=["middle_name"])
        nameless = await talk.code("crm_update_contact", contact_id=made["id"], display_name="123")

    assert (updated["display_name"], updated["changed"]) == (
        "Lê Minh", ["display_name", "middle_name", "salutation"],
    )  # fmt: skip
    assert "middle_name" not in updated and nameless == "NAME_INVALID"
