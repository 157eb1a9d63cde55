"""Accounts and contacts through the front door: found, added once, refused with a way on."""

import time
import unicodedata

import pytest

from domain.accounts.settings import CUSTOM_FIELDS
from domain.identity.tables import Person
from domain.kernel.ids import new_id
from domain.store.settings import change_setting
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


async def test_F01_what_is_sql_elsewhere_is_a_text_in_a_query(own):
    texts = (
        "'", '"', "' OR '1'='1", "'; DROP TABLE account; --", "x' UNION SELECT * FROM person --",
        "/**/ OR 1=1", "{{7*7}}", "$(id)",
    )  # fmt: skip

    async with talking(own) as talk:
        await talk.ok("crm_create_account", name="Hoa Mai", account_type="llc")
        before = await everything(own)
        found = {query: await names(talk, query) for query in texts}
        nul = await talk.code("crm_search_accounts", query="mai\0")
        long = await talk.code("crm_search_accounts", query="mai " * 250_000)

    assert [query for query in texts if found[query]] == []
    assert nul == long == "INVALID_ARGS"
    assert difference(before, await everything(own)) == {}


async def test_F02_the_wildcards_of_like_are_signs_and_list_nothing(own):
    async with talking(own) as talk:
        await talk.ok("crm_create_account", name="100% Xanh_Sạch", account_type="llc")
        alone = [await names(talk, query) for query in ("%", "_", "\\", "%%", "%_%", "\\%")]
        within = [await names(talk, query) for query in ("x_nh", "x%h", "%anh", "xan\\h")]
        by_sign = [await names(talk, query) for query in ("100% xanh", "xanh_sạch", "xanh%")]

    assert alone == [[]] * 6
    assert within == [[]] * 4
    assert by_sign == [["100% Xanh_Sạch"]] * 3


async def test_F04_an_operator_of_a_word_index_is_a_word_like_any_other(own):
    nothing = (
        "*",
        "cuon* OR nem*",
        "NEAR(cuon nem)",
        "folded : cuon",
        "cuon NOT nem",
        "cuon <-> x",
    )
    its_words = (
        "cuon%", "^cuon", "-cuon", "cuon & !nem", "cuon | 26", "'cuon':*", "../cuon", '"cuon" *',
        "(cuon", "cuon+nem", "cu*",
    )  # fmt: skip

    async with talking(own) as talk:
        await talk.ok("crm_create_account", name="Cuốn Nem 26", account_type="llc")
        found = {query: await names(talk, query) for query in (*nothing, *its_words)}

    assert [query for query in nothing if found[query]] == []
    assert [query for query in its_words if found[query] != ["Cuốn Nem 26"]] == []


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("crm_search_accounts", {"fields": ["tenant_id"]}),
        ("crm_search_accounts", {"fields": ["name; --"]}),
        ("crm_search_accounts", {"fields": ["custom_fields"]}),
        ("crm_search_accounts", {"account_type": "ltd"}),
        ("crm_search_accounts", {"account_type": "llc' OR '1'='1"}),
        ("crm_search_accounts", {"order_by": "name"}),
        ("crm_search_accounts", {"sort": "1; --"}),
        ("crm_search_accounts", {"filter": {"name": "x"}}),
        ("crm_search_accounts", {"limit": 201}),
        ("crm_list_deals", {"fields": ["search_words"]}),
        ("crm_list_deals", {"status": "open' --"}),
        ("crm_list_deals", {"order_by": "amount_minor"}),
        ("crm_list_contacts", {"account_id": "x' OR 1=1"}),
        ("crm_list_contacts", {"account_id": "0" * 26, "fields": ["folded"]}),
    ],
)
async def test_F03_what_can_be_filtered_shown_and_sorted_by_is_a_closed_list(
    shared, tool, arguments
):
    async with talking(shared) as talk:
        assert await talk.code(tool, **arguments) == "INVALID_ARGS"


async def test_F03_a_stage_that_nobody_calls_so_is_no_operator(shared):
    async with talking(shared) as talk:
        assert await talk.code("crm_list_deals", stage_id="x' OR 1=1") == "STAGE_UNKNOWN"


async def test_F05_no_text_keeps_the_server_busy(shared):
    """The worst that fits is answered at once, and what does not fit is refused at once."""
    words = " ".join("abcdefghijklmnopqrstuvwxyz0123456789" * 6)
    many = {"crm_search_accounts": [{"query": words[:200]}, {"query": "a " * 99 + "b"}]}
    too_many = [{"query": words[:400]}, {"query": "w " * 10_000}, {"query": "a" * 1_000_000}]
    emails = ("a." * 120 + "@", "a@" + "b-" * 120, "a@" + "b." * 120 + "-", "!" * 64 + "@" * 90)
    texts = [{"display_name": "X", "email": email} for email in emails]
    texts += [{"display_name": "X", "phone": "+" * 64}, {"display_name": "X", "phone": "1 " * 20}]

    async with talking(shared) as talk:
        for number in range(30):
            await talk.ok(
                "crm_create_account", name=f"{words[:240]} {number}", account_type="other"
            )
        account = await shared.an_account()
        began = time.process_time()
        found = [await names(talk, **one) for one in many["crm_search_accounts"]]
        codes = [await talk.code("crm_search_accounts", **one) for one in too_many]
        codes += [await talk.code("crm_create_contact", account_id=account, **one) for one in texts]
        took = time.process_time() - began

    assert [len(page) for page in found] == [20, 20]
    assert set(codes) == {"INVALID_ARGS", "EMAIL_INVALID", "PHONE_INVALID"}
    assert took < 5


@pytest.mark.asyncio(loop_scope="function")
async def test_what_the_company_requires_of_an_account_is_named_before_anything_is_written(world):
    tier = {"type": "object", "properties": {"tier": {"type": "string"}}, "required": ["tier"]}
    async with world.owning() as tx:
        await change_setting(tx, CUSTOM_FIELDS, tier)
    account = {"name": "Thiếu Hạng", "account_type": "llc"}

    async with talking(world) as talk:
        before = await everything(world)
        refused = await talk.code("crm_create_account", **account)
        after = await everything(world)
        made = await talk.ok("crm_create_account", **account, custom_fields={"tier": "A"})

    assert (refused, difference(before, after)) == ("CUSTOM_FIELDS_INVALID", {})
    assert made["custom_fields"] == {"tier": "A"}


async def test_F06_a_custom_field_has_a_name_that_the_company_defined(shared):
    """Not a path into the document, not a name of the language's own, and not any other."""
    names_of_nobody = ("other", "tier.x", "$.tier", "tier[0]", "/tier", "__proto__", "x' OR '1'='1")
    account = {"name": "Trường Riêng", "account_type": "llc"}

    async with talking(shared, company=shared.theirs) as talk:
        undefined = await talk.code("crm_create_account", **account, custom_fields={"tier": "gold"})
    async with shared.owning() as tx:
        tier = {"type": "object", "properties": {"tier": {"type": "string"}}}
        await change_setting(tx, CUSTOM_FIELDS, tier)
    async with talking(shared) as talk:
        before = await everything(shared)
        codes = {
            name: await talk.code("crm_create_account", **account, custom_fields={name: "gold"})
            for name in names_of_nobody
        }
        after = await everything(shared)
        made = await talk.ok("crm_create_account", **account, custom_fields={"tier": "gold"})
        asked = await talk.code("crm_search_accounts", custom_fields={"tier": "gold"})

    assert undefined == "CUSTOM_FIELDS_INVALID"
    assert set(codes.values()) == {"CUSTOM_FIELDS_INVALID"}
    assert difference(before, after) == {}
    assert (made["custom_fields"], asked) == ({"tier": "gold"}, "INVALID_ARGS")


async def test_F07_a_tax_code_typed_otherwise_makes_no_second_account(shared):
    account = {"name": "Một Mã", "account_type": "jsc"}
    otherwise = (
        "０３１４５５６７０１－００１", "0314 556 701 001", "0314556701–001", "0314.556.701-001",
        "\t0314556701001\n", "0314556701\u2212001", "0314556701\u2003001",
    )  # fmt: skip
    no_code = ("0314556701\u200b001", "\ufeff0314556701001", "٠٣١٤٥٥٦٧٠١", "0314556701-00\u0131")

    async with talking(shared) as talk:
        made = await talk.ok(
            "crm_create_account", **account, vn_mst="0314556701-001", confirm_unusual=True
        )
        refused = [
            await talk.refused("crm_create_account", **account, vn_mst=typed) for typed in otherwise
        ]
        found = [await names(talk, typed) for typed in otherwise]
        codes = {
            await talk.code("crm_create_account", **account, vn_mst=typed) for typed in no_code
        }

    assert {one["code"] for one in refused} == {"ACCOUNT_EXISTS"}
    assert [one["facts"]["account_id"] for one in refused] == [made["id"]] * len(otherwise)
    assert found == [["Một Mã"]] * len(otherwise)
    assert codes == {"INVALID_ARGS", "VN_MST_INVALID"}


async def test_F07_an_address_typed_otherwise_is_known_to_be_the_same(shared):
    otherwise = (
        "ｔｉến＠Ｓｏｎ．ｖｎ", unicodedata.normalize("NFD", "tiến@son.vn"),
        "tiến@SON.VN", "TIẾN@son.vn",
    )  # fmt: skip
    no_address = ("tiến\u200b@son.vn", "tiến@so\u00adn.vn", "tiến@s\u0130n.vn", "tiến@@son.vn")

    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Cùng Địa Chỉ", account_type="llc")
        person = {"account_id": account["id"], "display_name": "Tiến"}
        first = await talk.ok("crm_create_contact", **person, email="tiến@son.vn")
        again = [await talk.ok("crm_create_contact", **person, email=typed) for typed in otherwise]
        dotless = await talk.ok("crm_create_contact", **person, email="t\u0131ến@son.vn")
        codes = {await talk.code("crm_create_contact", **person, email=one) for one in no_address}

    assert [one["email"] for one in again[:3]] == ["tiến@son.vn"] * 3
    assert [one["possible_duplicates"][0] for one in again] == [first["id"]] * len(otherwise)
    assert dotless["possible_duplicates"] == [], "another letter is another address"
    assert codes == {"INVALID_ARGS", "EMAIL_INVALID"}


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
            created = await talk.ok("crm_create_account", **account, confirm_unusual=True)
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
        tiers = {
            "type": "object",
            "properties": {"tier": {"enum": ["gold", "silver"]}},
            "additionalProperties": False,
        }
        await change_setting(tx, CUSTOM_FIELDS, tiers)
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
