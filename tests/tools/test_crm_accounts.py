"""Accounts and contacts through the front door: found, added once, refused with a way on."""

import unicodedata

import pytest

from domain.identity import queries as identity
from domain.identity.tables import Person
from domain.kernel.ids import new_id
from tests.rows import difference, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def names(talk, query, **more) -> list[str]:
    found = await talk.ok("crm_search_accounts", query=query, **more)
    return [account["name"] for account in found["accounts"]]


async def test_a_name_is_found_however_it_is_typed_and_the_exact_one_comes_first(shared):
    made = ("Phở Thìn Bờ Hồ", "Pho Thin", "Phở Thìn", "Quán Phở Thìn")
    typed = ("PHỞ THÌN", "thìn phở", "ph th", unicodedata.normalize("NFD", "phở thìn"))

    async with talking(shared) as talk:
        for name in made:
            await talk.ok("crm_create_account", name=name, account_type="llc")
        with_marks = await names(talk, "Phở Thìn")
        without = await names(talk, "pho thin")
        however = [set(await names(talk, query)) for query in typed]
        none = await names(talk, "phở gà")

    assert with_marks[0] == "Phở Thìn"
    assert without[:2] == ["Pho Thin", "Phở Thìn"]
    assert however == [set(made)] * len(typed)
    assert none == []


async def test_F01_F02_F04_what_means_something_to_a_database_means_nothing_in_a_query(shared):
    """A sign is no letter, an operator is a word like any other."""
    nothing = (
        "%", "_", "\\", "*", "'", '"', "' OR '1'='1", "'; DROP TABLE account; --", "b_nh",
        "x' UNION SELECT * FROM person --", "banh* OR mi*", "NEAR(banh mi)", "folded : banh",
        "{{7*7}}", "$(id)",
    )  # fmt: skip
    its_words = ("banh%", "^banh", "-banh", "banh & !mi", "banh | 25", "'banh':*", "../banh")

    async with talking(shared) as talk:
        await talk.ok("crm_create_account", name="Bánh Mì 25", account_type="llc")
        await talk.ok("crm_create_account", name="100% Xanh_Sạch", account_type="llc")
        before = await everything(shared)
        found = {query: await names(talk, query) for query in (*nothing, *its_words)}
        by_sign = await names(talk, "100% xanh")

    assert [query for query in nothing if found[query]] == []
    assert [query for query in its_words if found[query] != ["Bánh Mì 25"]] == []
    assert by_sign == ["100% Xanh_Sạch"]
    assert difference(before, await everything(shared)) == {}


async def test_F03_F05_F07_a_query_has_an_end_and_its_filters_are_a_closed_list(shared):
    many_words = " ".join(f"{number:x}" for number in range(70))[:200]
    refused = (
        {"query": "a" * 201},
        {"query": "a\u200bb"},
        {"fields": ["tenant_id"]},
        {"account_type": "ltd"},
        {"limit": 201},
        {"order_by": "1; --"},
    )

    async with talking(shared) as talk:
        found = await names(talk, many_words)
        codes = {await talk.code("crm_search_accounts", **arguments) for arguments in refused}

    assert found == []
    assert codes == {"INVALID_ARGS"}


async def test_pages_continue_their_own_question_and_show_the_fields_that_were_asked_for(shared):
    async with talking(shared) as talk:
        for number in range(7):
            await talk.ok(
                "crm_create_account", name=f"Trang Trại {number}", account_type="sole_proprietor"
            )
        one = await talk.ok("crm_search_accounts", query="trang trai", limit=3, fields=["name"])
        two = await talk.ok(
            "crm_search_accounts",
            query="trang trai",
            limit=4,
            fields=["name"],
            cursor=one["next_cursor"],
        )
        other = await talk.refused("crm_search_accounts", query="tr", cursor=one["next_cursor"])
        foreign = await talk.refused("crm_list_deals", cursor=one["next_cursor"])

    assert {field for account in one["accounts"] for field in account} == {"id", "name"}
    assert [one["truncated"], two["truncated"], "next_cursor" in two] == [True, False, False]
    assert [a["name"] for a in (*one["accounts"], *two["accounts"])] == [
        f"Trang Trại {number}" for number in range(7)
    ]
    assert other["facts"]["fields"] == foreign["facts"]["fields"]
    assert other["facts"]["fields"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    ("account_type", "typed", "kept"),
    [
        ("llc", "0314556601", "0314556601"),
        ("LLC", "0314 556 602", "0314556602"),
        ("jsc", "0314556603-001", "0314556603-001"),
        ("fdi", "0314556604001", "0314556604-001"),
        ("sole_proprietor", "0314556605", "0314556605"),
        ("sole_proprietor", "001099012345", "*********345"),
        ("individual", "001099012346", "*********346"),
        ("other", "12345", "12345"),
        ("llc", "０３１４５５６６０７", "0314556607"),
        ("llc", "031455660", None),
        ("llc", "001099012347", None),
        ("jsc", "03145566031", None),
        ("individual", "0314556608-001", None),
        ("llc", "031455660O", None),
        ("other", "1" * 21, None),
    ],
)
async def test_a_tax_code_has_the_length_its_account_type_asks_for(
    shared, account_type, typed, kept
):
    account = {"name": "Công ty Mã Số", "account_type": account_type, "vn_mst": typed}

    async with talking(shared) as talk:
        if kept is None:
            refused = await talk.refused("crm_create_account", **account)
        else:
            created = await talk.ok("crm_create_account", **account)
            again = await talk.refused("crm_create_account", **account)

    if kept is None:
        assert refused["code"] == "VN_MST_INVALID"
        assert refused["facts"]["lengths"] == sorted(refused["facts"]["lengths"])
        assert typed not in str(refused)
    else:
        assert (created["vn_mst"], created["vn_mst_validated"]) == (kept, False)
        assert created["vn_mst_status"] == "unverified"
        assert again["code"] == "ACCOUNT_EXISTS"
        assert again["facts"] == {"account_id": created["id"]}


async def test_E11_a_tax_code_of_the_other_tenant_is_free_here(shared):
    account = {"name": "Hai Nhà", "account_type": "llc", "vn_mst": "0399999999"}

    async with talking(shared, company=shared.theirs) as talk:
        theirs = await talk.ok("crm_create_account", **account)
    async with talking(shared) as talk:
        ours = await talk.ok("crm_create_account", **account)

    assert ours["id"] != theirs["id"]


async def test_an_account_has_an_owner_of_the_company_and_fields_of_its_own(shared):
    async with shared.owning() as tx:
        (await identity.tenant(tx)).custom_fields_schema = {
            "type": "object",
            "properties": {"tier": {"enum": ["gold", "silver"]}},
            "additionalProperties": False,
        }
        left = Person(id=new_id(), email="left@here.vn", display_name="Đã nghỉ", active=False)
        tx.add(left)
    account = {"name": "Vàng Bạc", "account_type": "jsc", "industry": "Trang sức",
               "address": "12 Hàng Bạc, Hà Nội", "lead_source": "web"}  # fmt: skip

    async with talking(shared) as talk:
        created = await talk.ok(
            "crm_create_account",
            **account,
            owner=shared.ours.people["am"],
            custom_fields={"tier": "gold"},
        )
        shown = await talk.ok("crm_get_account", id=created["id"])
        codes = [
            await talk.code("crm_create_account", **account, owner="nobody@here.vn"),
            await talk.code("crm_create_account", **account, owner=shared.theirs.people["am"]),
            await talk.code("crm_create_account", **account, owner=left.id),
            await talk.code("crm_create_account", **account, custom_fields={"tier": "lead"}),
        ]

    assert codes == ["PERSON_UNKNOWN", "PERSON_UNKNOWN", "PERSON_INACTIVE", "CUSTOM_FIELDS_INVALID"]
    assert shown["owner"].startswith("am@") and shown["custom_fields"] == {"tier": "gold"}
    assert account.items() <= shown.items()
    assert set(shown["untrusted_fields"]) == {
        "/name", "/address", "/industry", "/lead_source", "/custom_fields",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0903 123 456", "+84903123456"),
        ("+84 (0)903-123-456", "+84903123456"),
        ("84903123456", "+84903123456"),
        ("01203123456", "+84703123456"),
        ("024 3825 5555", "+842438255555"),
        ("+65 6123 4567", "+6561234567"),
        ("090312345", None),
        ("O9O3123456", None),
        ("19001234", None),
        ("0903 123 456 ext 7", None),
    ],
)
async def test_a_phone_is_kept_in_one_form_or_refused(shared, typed, kept):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Điện Thoại", account_type="llc")
        person = {"account_id": account["id"], "display_name": "Lan", "phone": typed}
        if kept is None:
            assert await talk.code("crm_create_contact", **person) == "PHONE_INVALID"
        else:
            assert (await talk.ok("crm_create_contact", **person))["phone_e164"] == kept


async def test_an_account_has_one_primary_contact_and_names_in_their_parts(shared):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Nhiều Người", account_type="llc")
        person = {"account_id": account["id"]}
        no_primary = await talk.code(
            "crm_create_contact", **person, display_name="An", is_primary=False
        )
        first = await talk.ok(
            "crm_create_contact",
            **person,
            display_name="Nguyễn Thị Minh Khai",
            email="Khai@Example.VN",
            salutation="CHI",
            title="Giám đốc",
        )
        second = await talk.ok(
            "crm_create_contact", **person, given_name="Nam", family_name="Lê", email="khai@x.vn"
        )
        third = await talk.ok(
            "crm_create_contact",
            **person,
            display_name="Tôn Nữ Hoa",
            email="Khai@example.vn",
            is_primary=True,
        )
        listed = await talk.ok("crm_list_contacts", **person, limit=2)
        rest = await talk.ok("crm_list_contacts", **person, cursor=listed["next_cursor"])
        codes = [
            await talk.code("crm_create_contact", **person),
            await talk.code("crm_create_contact", **person, family_name="Lê"),
            await talk.code("crm_create_contact", **person, display_name="A", email="a@b"),
            await talk.code("crm_create_contact", account_id=new_id(), display_name="A"),
            await talk.code("crm_list_contacts", account_id=new_id()),
        ]

    assert no_primary == "PRIMARY_REQUIRED"
    assert [first[part] for part in ("family_name", "middle_name", "given_name")] == [
        "Nguyễn", "Thị Minh", "Khai",
    ]  # fmt: skip
    assert (first["email"], first["salutation"]) == ("Khai@example.vn", "chi")
    assert (first["is_primary"], second["is_primary"], third["is_primary"]) == (True, False, True)
    assert third["possible_duplicates"] == [first["id"]] and second["possible_duplicates"] == []
    assert [one["is_primary"] for one in (*listed["contacts"], *rest["contacts"])] == [
        False, False, True,
    ]  # fmt: skip
    assert third["family_name"] == "Tôn Nữ"
    assert codes == ["NAME_REQUIRED", "NAME_REQUIRED", "EMAIL_INVALID", "NOT_FOUND", "NOT_FOUND"]
