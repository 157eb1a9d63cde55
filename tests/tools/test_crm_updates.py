"""Accounts, contacts and deals are corrected through the front door, and only as was meant."""

import anyio
import pytest
from sqlalchemy import text

from domain.accounts.settings import CUSTOM_FIELDS
from domain.contacts import queries as contacts
from domain.identity import queries as identity
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.settings import change_setting
from tests.rows import difference, everything
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCHEMA = {
    "type": "object",
    "properties": {
        "region": {"type": "string", "enum": ["bac", "trung", "nam"]},
        "fleet": {"type": "integer", "minimum": 0},
        "code": {"type": "string", "maxLength": 5},
    },
}
_ENTRIES = text(
    "select event from audit_entry where tenant_id = :tenant and object = :object order by seq"
)
_VALIDATED = text("update account set vn_mst_status = 'valid' where id = :id")
_LEFT = text("update person set active = false where id = :id")


async def an_account(talk, name="Công ty Bình An", **more):
    return await talk.ok(
        "crm_create_account", name=name, account_type="llc", confirm_unusual=True, **more
    )


async def a_deal(talk, **more):
    account_id = more.pop("account_id", None) or (await an_account(talk))["id"]
    return await talk.ok("crm_create_deal", account_id=account_id, name="Kho", **more)


async def rows(talk):
    """One row of each kind, and how each is updated."""
    account = await an_account(talk)
    contact = await talk.ok("crm_create_contact", account_id=account["id"], display_name="Trần Mai")
    deal = await a_deal(talk, account_id=account["id"])
    return [
        ("crm_update_account", {"account_id": account["id"]}, {"industry": "Kho bãi"}),
        ("crm_update_contact", {"contact_id": contact["id"]}, {"title": "Kế toán"}),
        ("crm_update_deal", {"deal_id": deal["id"]}, {"amount_minor": 5_000}),
    ]


# --- what holds for all of them ---


async def test_an_update_changes_what_is_named_and_counts_the_version(shared):
    async with talking(shared) as talk:
        for name, which, change in await rows(talk):
            updated = await talk.ok(name, **which, **change, expected_version=1)

            assert updated["version"] == 2, name
            assert updated["changed"] == list(change), name
            assert change.items() <= updated.items(), name


async def test_an_update_to_what_is_so_already_says_so_and_writes_no_version(shared):
    async with talking(shared) as talk:
        for name, which, change in await rows(talk):
            await talk.ok(name, **which, **change)
            before = await everything(shared)
            again = await talk.ok(name, **which, **change, expected_version=2)
            said = await talk.text(name, **which, **change)

            assert (again["changed"], again["version"]) == ([], 2), name
            assert said.startswith("Nothing changed: it was so already."), name
            assert difference(before, await everything(shared)) == {}, name


async def test_an_update_of_nothing_and_one_of_both_kinds_are_refused(shared):
    async with talking(shared) as talk:
        [(_, account, _), (_, contact, _), (_, deal, _)] = await rows(talk)
        before = await everything(shared)
        nothing = [
            await talk.code("crm_update_account", **account),
            await talk.code("crm_update_contact", **contact),
            await talk.code("crm_update_deal", **deal, expected_version=1),
            await talk.code("crm_share_deal", **deal),
        ]
        both = await talk.refused("crm_update_account", **account, industry="x", clear=["industry"])

    assert nothing == ["NOTHING_GIVEN"] * 4
    assert (both["code"], both["facts"]) == ("CLEAR_CONFLICT", {"fields": ["industry"]})
    assert difference(before, await everything(shared)) == {}


async def test_a_stale_version_is_refused_and_the_current_one_named(shared):
    async with talking(shared) as talk:
        for name, which, change in await rows(talk):
            await talk.ok(name, **which, **change)
            before = await everything(shared)
            stale = await talk.refused(name, **which, **change, expected_version=1)

            assert (stale["code"], stale["facts"]) == ("VERSION_CONFLICT", {"version": 2}), name
            assert difference(before, await everything(shared)) == {}, name


async def test_a_dry_run_writes_nothing_and_a_key_writes_once(shared):
    async with talking(shared) as talk:
        for name, which, change in await rows(talk):
            before = await everything(shared)
            tried = await talk.ok(name, **which, **change, dry_run=True)
            untouched = difference(before, await everything(shared))
            first = await talk.ok(name, **which, **change, idempotency_key=f"k-{name}")
            second = await talk.ok(name, **which, **change, idempotency_key=f"k-{name}")

            assert untouched == {}, name
            assert tried["version"] == first["version"] == second["version"] == 2, name
            assert second == first, name


async def test_of_two_updates_of_one_version_exactly_one_wins(shared):
    async with talking(shared) as talk:
        everything_to_update = await rows(talk)
    for name, which, change in everything_to_update:
        codes = []

        async def update(agent, name=name, which=which, change=change, codes=codes):
            call = await shared.call(name, agent=agent, **which, **change, expected_version=1)
            codes.append(fault_code(call) if call.is_error else "won")

        async with anyio.create_task_group() as group:
            for agent in ("cro_agent", "am_agent") * 3:
                group.start_soon(update, agent)

        assert sorted(codes) == ["VERSION_CONFLICT"] * 5 + ["won"], name


async def test_what_was_updated_stands_in_the_audit_once(shared):
    async with talking(shared) as talk:
        for name, which, change in await rows(talk):
            await talk.ok(name, **which, **change)
            await talk.code(name, **which, **change, expected_version=1)
            async with shared.looking() as tx:
                entries = await tx.session.execute(
                    _ENTRIES, {"tenant": tx.tenant_id, "object": next(iter(which.values()))}
                )

            assert [event for (event,) in entries].count(
                f"cyberos.{name.replace('_', '.', 1)}"
            ) == 1


# --- accounts ---


async def test_a_renamed_account_is_found_by_its_new_name_alone(shared):
    async with talking(shared) as talk:
        account = await an_account(talk, "Công ty Thiên Nga Trắng")
        await talk.ok("crm_update_account", account_id=account["id"], name="Công ty Đại Bàng Vàng")
        new = await talk.ok("crm_search_accounts", query="dai bang vang")
        old = await talk.ok("crm_search_accounts", query="thien nga")

    assert [one["id"] for one in new["accounts"]] == [account["id"]]
    assert old["accounts"] == []


async def test_cleared_fields_are_gone_and_the_others_stay(shared):
    async with talking(shared) as talk:
        account = await an_account(
            talk, industry="Vận tải", address="Hà Nội", vn_mst="0101234567", lead_source="hội chợ",
            owner=shared.ours.people["am"],
        )  # fmt: skip
        updated = await talk.ok(
            "crm_update_account",
            account_id=account["id"],
            clear=["industry", "vn_mst", "owner", "lead_source"],
        )

    assert set(account) - set(updated) == {
        "industry", "vn_mst", "vn_mst_status", "owner", "lead_source",
    }  # fmt: skip
    assert updated["address"] == "Hà Nội" and updated["vn_mst_validated"] is False


async def test_a_tax_code_fits_its_type_is_there_once_and_begins_unverified(shared):
    async with talking(shared) as talk:
        taken = await an_account(talk, "Công ty Một", vn_mst="0200000001")
        branch = await an_account(talk, "Chi nhánh", vn_mst="0200000001-002")
        async with shared.owning() as tx:
            await tx.session.execute(_VALIDATED, {"id": branch["id"]})
        same = await talk.ok("crm_update_account", account_id=branch["id"], vn_mst="0200000001 002")
        wrong_type = await talk.code(
            "crm_update_account", account_id=branch["id"], account_type="individual"
        )
        used = await talk.refused(
            "crm_update_account", account_id=branch["id"], vn_mst="0200 000 001"
        )
        fits = await talk.ok(
            "crm_update_account",
            account_id=branch["id"],
            account_type="individual",
            vn_mst="0200000009",
            confirm_unusual=True,
        )

    assert (same["changed"], same["vn_mst_status"]) == ([], "valid")
    assert wrong_type == "VN_MST_INVALID"
    assert (used["code"], used["facts"]) == ("ACCOUNT_EXISTS", {"account_id": taken["id"]})
    assert fits["changed"] == ["account_type", "vn_mst"]
    assert (fits["vn_mst_status"], fits["vn_mst_validated"]) == ("unverified", False)


async def test_custom_fields_are_merged_and_the_whole_has_to_fit_the_schema(shared):
    async with shared.owning() as tx:
        await change_setting(tx, CUSTOM_FIELDS, SCHEMA)
    async with talking(shared) as talk:
        account = await an_account(talk, custom_fields={"region": "bac", "fleet": 3})
        which = {"account_id": account["id"]}
        merged = await talk.ok(
            "crm_update_account", **which, custom_fields={"fleet": 4, "code": "X1"}
        )
        removed = await talk.ok("crm_update_account", **which, custom_fields={"region": None})
        before = await everything(shared)
        wrong = await talk.refused(
            "crm_update_account", **which, name="Khác", custom_fields={"fleet": -1, "nope": 1}
        )

    assert merged["custom_fields"] == {"region": "bac", "fleet": 4, "code": "X1"}
    assert removed["custom_fields"] == {"fleet": 4, "code": "X1"}
    assert (wrong["code"], wrong["facts"]["count"]) == ("CUSTOM_FIELDS_INVALID", 2)
    assert difference(before, await everything(shared)) == {}, "all of it or none"


# --- contacts ---


async def test_a_primary_contact_is_replaced_and_never_only_removed(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        first = await talk.ok("crm_create_contact", account_id=account, display_name="Trần Mai")
        second = await talk.ok("crm_create_contact", account_id=account, display_name="Lê Nam")
        alone = await talk.code("crm_update_contact", contact_id=first["id"], is_primary=False)
        await talk.ok("crm_update_contact", contact_id=second["id"], is_primary=True)
        listed = (await talk.ok("crm_list_contacts", account_id=account))["contacts"]

    assert alone == "PRIMARY_REQUIRED"
    assert [(one["id"], one["is_primary"]) for one in listed] == [
        (first["id"], False), (second["id"], True),
    ]  # fmt: skip


async def test_two_contacts_that_become_primary_at_once_leave_one(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        made = [
            (await talk.ok("crm_create_contact", account_id=account, display_name=name))["id"]
            for name in ("Trần Mai", "Lê Nam", "Đỗ Hà")
        ]
    async with anyio.create_task_group() as group:
        for id in made[1:] * 2:
            group.start_soon(_make_primary, shared, id)
    async with talking(shared) as talk:
        listed = (await talk.ok("crm_list_contacts", account_id=account))["contacts"]

    assert [one["is_primary"] for one in listed].count(True) == 1


async def test_a_renamed_contact_is_kept_as_the_search_would_see_it(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        made = await talk.ok("crm_create_contact", account_id=account, display_name="Trần Mai")
        await talk.ok("crm_update_contact", contact_id=made["id"], given_name="Đào")
    async with shared.looking() as tx:
        contact = await contacts.get(tx, made["id"])

    assert contact is not None and contact.folded == "tran dao"


async def test_a_new_address_is_compared_in_its_one_spelling_too(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        there = await talk.ok(
            "crm_create_contact", account_id=account, display_name="Mẫu", email="Mau@Moi.example"
        )
        mine = await talk.ok("crm_create_contact", account_id=account, display_name="Lê Nam")
        updated = await talk.ok(
            "crm_update_contact", contact_id=mine["id"], email="MAU@moi.example"
        )
        third = await talk.ok(
            "crm_create_contact", account_id=account, display_name="Ba", email="mau@moi.example"
        )

    assert updated["possible_duplicates"] == [there["id"]]
    assert third["possible_duplicates"] == [there["id"], mine["id"]]


async def test_new_reach_is_normalised_and_others_who_have_it_are_named(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        other = await talk.ok(
            "crm_create_contact", account_id=account, display_name="Trần Mai", phone="0912 345 999"
        )
        mine = await talk.ok("crm_create_contact", account_id=account, display_name="Lê Nam")
        updated = await talk.ok(
            "crm_update_contact", contact_id=mine["id"], phone="+84 912345999", email="Nam@X.vn"
        )
        again = await talk.ok("crm_update_contact", contact_id=mine["id"], phone="0912345999")
        cleared = await talk.ok("crm_update_contact", contact_id=mine["id"], clear=["phone"])
        bad = [
            await talk.code("crm_update_contact", contact_id=mine["id"], email="không phải"),
            await talk.code("crm_update_contact", contact_id=mine["id"], phone="12"),
        ]

    assert (updated["phone_e164"], updated["email"]) == ("+84912345999", "Nam@x.vn")
    assert updated["changed"] == ["email", "phone_e164"]
    assert updated["possible_duplicates"] == again["possible_duplicates"] == [other["id"]]
    assert "phone_e164" not in cleared and cleared["possible_duplicates"] == []
    assert bad == ["EMAIL_INVALID", "PHONE_INVALID"]


# --- deals ---


async def test_a_deal_is_corrected_in_each_of_its_fields(shared):
    async with talking(shared) as talk:
        account = (await an_account(talk))["id"]
        person = await talk.ok("crm_create_contact", account_id=account, display_name="Trần Mai")
        deal = await a_deal(talk, account_id=account)
        change = {
            "name": "Kho lạnh", "amount_minor": 12_50, "currency": "USD", "probability_pct": 33,
            "expected_close_date": "2027-01-31", "primary_contact_id": person["id"],
        }  # fmt: skip
        updated = await talk.ok(
            "crm_update_deal", deal_id=deal["id"], **change, owner=shared.ours.people["am"]
        )
        shown = await talk.ok("crm_get_deal", id=deal["id"])

    assert set(updated["changed"]) == {*change, "owner"}
    assert change.items() <= shown.items() and shown["owner"].startswith("am@")
    assert shown["probability_manual"] is True


async def test_a_chance_that_is_cleared_is_again_that_of_the_stage(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, probability_pct=90)
        updated = await talk.ok("crm_update_deal", deal_id=deal["id"], clear=["probability_pct"])

    assert (updated["probability_pct"], updated["probability_manual"]) == (10, False)


async def test_another_currency_needs_its_amount(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5_000_000, currency="VND")
        alone = await talk.code("crm_update_deal", deal_id=deal["id"], currency="USD")
        unknown = await talk.code(
            "crm_update_deal", deal_id=deal["id"], currency="XYZ", amount_minor=5
        )
        same = await talk.ok("crm_update_deal", deal_id=deal["id"], currency="vnd", name="Kho 2")

    assert (alone, unknown) == ("AMOUNT_NEEDED", "CURRENCY_UNKNOWN")
    assert (same["changed"], same["amount_minor"]) == (["name"], 5_000_000)


async def test_what_the_stage_of_a_deal_needs_is_not_taken_away(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=9_000)
        which = {"deal_id": deal["id"]}
        await talk.ok("crm_move_stage", **which, to_stage="proposal", reason="Gấp")
        emptied = await talk.refused("crm_update_deal", **which, amount_minor=0)
        replaced = await talk.ok("crm_update_deal", **which, amount_minor=1)
        await talk.ok("crm_move_stage", **which, to_stage="discovery")
        early = await talk.ok("crm_update_deal", **which, amount_minor=0)

    assert (emptied["code"], emptied["facts"]) == ("FIELDS_REQUIRED", {"fields": ["amount_minor"]})
    assert (replaced["amount_minor"], early["amount_minor"]) == (1, 0)


async def test_a_contact_of_another_account_and_somebody_who_left_are_refused(shared):
    async with shared.owning() as tx:
        gone = (await identity.people(tx))[shared.ours.people["dpo"]]
        await tx.session.execute(_LEFT, {"id": gone.id})
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        other = (await an_account(talk, "Công ty Khác"))["id"]
        person = await talk.ok("crm_create_contact", account_id=other, display_name="Trần Mai")
        codes = [
            await talk.code("crm_update_deal", deal_id=deal["id"], primary_contact_id=person["id"]),
            await talk.code("crm_update_deal", deal_id=deal["id"], owner=gone.email),
            await talk.code("crm_update_deal", deal_id=deal["id"], owner="ai@do.vn"),
            await talk.code("crm_update_deal", deal_id=deal["id"], owner=new_id()),
        ]

    assert codes == ["NOT_FOUND", "PERSON_INACTIVE", "PERSON_UNKNOWN", "PERSON_UNKNOWN"]


async def test_a_deal_that_ended_is_edited_no_more(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5, currency="USD")
        asked = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        await shared.decide(asked["action_id"], "am")
        await shared.execute(asked["action_id"])
        before = await everything(shared)
        codes = [
            await talk.code("crm_update_deal", deal_id=deal["id"], name="Khác"),
            await talk.code("crm_share_deal", deal_id=deal["id"], visibility="private"),
            await talk.code("crm_undo_move", deal_id=deal["id"]),
        ]

    assert codes == ["DEAL_CLOSED"] * 3
    assert difference(before, await everything(shared)) == {}


CHANGES = pytest.mark.parametrize(
    "change", [{"amount_minor": 6}, {"expected_close_date": "2027-01-31"}]
)


@CHANGES
async def test_nobody_signs_a_close_whose_deal_was_edited_meanwhile(shared, change):
    async with talking(shared) as talk:
        asked = await a_close(talk, change)
        with pytest.raises(Fault) as caught:
            await shared.decide(asked["action_id"], "am")
        again = await talk.ok("crm_close_deal", deal_id=asked["deal_id"], outcome="won")

    assert caught.value.code == "ENTITY_CHANGED"
    assert again["action_id"] != asked["action_id"], "what waits now is about the deal as it is"


@CHANGES
async def test_a_close_that_was_signed_is_not_carried_out_on_an_edited_deal(shared, change):
    async with talking(shared) as talk:
        asked = await a_close(talk, change, signed_in=shared)
        await shared.execute(asked["action_id"])
        shown = await talk.ok("crm_get_deal", id=asked["deal_id"])

    assert await shared.state(asked["action_id"]) == "stale"
    assert shown["status"] == "open"


async def a_close(talk, change, signed_in=None):
    """A close that people were asked about, or signed, before its deal was edited."""
    deal = await a_deal(talk, amount_minor=5, currency="USD")
    asked = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    if signed_in is not None:
        await signed_in.decide(asked["action_id"], "am")
    await talk.ok("crm_update_deal", deal_id=deal["id"], **change)
    return {**asked, "deal_id": deal["id"]}


async def _make_primary(shared, contact_id):
    await shared.ok("crm_update_contact", contact_id=contact_id, is_primary=True)
