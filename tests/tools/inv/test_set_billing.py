"""Billing profiles: who is a buyer as what, where invoices go, and who said so last."""

from datetime import timedelta

import pytest

from tests.rows import difference, everything
from tests.tools.inv.work import AGENT, BUYER
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")
HERE = {**BUYER, "kind": "vn_business", "country": "vn", "currency": "vnd"}


async def test_a_profile_without_a_name_or_code_has_those_of_the_account(shared):
    account_id = await shared.an_account("Công ty Một", vn_mst="9900100017")

    async with talking(shared, AGENT) as talk:
        said = await talk.ok("inv_set_billing", account_id=account_id, **HERE)

    assert (said["name"], said["tax_id"], said["country"]) == ("Công ty Một", "9900100017", "VN")
    assert (said["currency"], said["terms_days"], said["version"]) == ("VND", 30, 1)
    assert {"kind", "email", "address"} <= set(said["changed"])
    assert said["untrusted_fields"] == ["/name", "/address", "/email"]


async def test_what_is_said_again_changes_nothing_and_keeps_who_said_it_first(shared):
    account_id = await shared.an_account("Công ty Hai")
    async with talking(shared, AGENT) as talk:
        first = await talk.ok("inv_set_billing", account_id=account_id, **BUYER)
    shared.clock.move(timedelta(minutes=1))

    async with talking(shared, "later_outsider") as talk:
        again = await talk.ok("inv_set_billing", account_id=account_id, **BUYER)
        moved = await talk.ok(
            "inv_set_billing", account_id=account_id, **{**BUYER, "email": "New@ACME.example"}
        )

    assert (again["changed"], again["version"]) == ([], 1)
    assert (again["changed_by"], again["changed_at"]) == (first["changed_by"], first["changed_at"])
    assert (moved["changed"], moved["version"], moved["email"]) == (
        ["email"],
        2,
        "New@acme.example",
    )
    assert moved["changed_by"] != first["changed_by"] and moved["changed_at"] > first["changed_at"]


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"kind": "vn_business", "country": "VN"}, "BUYER_MST_MISSING"),
        ({"kind": "vn_business"}, "BUYER_INVALID"),
        ({"country": "VN"}, "BUYER_INVALID"),
        ({"country": "Mars"}, "COUNTRY_UNKNOWN"),
        ({"kind": "company"}, "INVALID_ARGS"),
        ({"kind": "consumer", "country": "VN", "tax_id": "9900000104"}, "BUYER_INVALID"),
        ({"kind": "individual", "country": "VN", "tax_id": "123"}, "VN_MST_INVALID"),
        ({"email": "nobody"}, "EMAIL_INVALID"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "INVALID_ARGS"),
        ({"email": "A <a@b.example>"}, "EMAIL_INVALID"),
        ({"email": "a@b.example, c@d.example"}, "EMAIL_INVALID"),
        ({"address": ""}, "INVALID_ARGS"),
        ({"currency": "XYZ"}, "CURRENCY_UNKNOWN"),
        ({"terms_days": 366}, "INVALID_ARGS"),
        ({"terms_days": -1}, "INVALID_ARGS"),
        ({"expected_version": 3}, "VERSION_CONFLICT"),
    ],
)
async def test_what_cannot_be_a_buyer_is_refused_and_nothing_is_written(shared, bent, code):
    account_id = await shared.an_account()
    before = await everything(shared)

    async with talking(shared, AGENT) as talk:
        assert (
            await talk.code("inv_set_billing", account_id=account_id, **{**BUYER, **bent}) == code
        )

    assert difference(before, await everything(shared)) == {}


async def test_most_of_a_persons_number_is_covered(shared):
    account_id = await shared.an_account()
    person = {**BUYER, "kind": "individual", "country": "VN", "tax_id": "001099012345"}

    async with talking(shared, AGENT) as talk:
        said = await talk.ok("inv_set_billing", account_id=account_id, **person)

    assert said["tax_id"] == "*********345"


async def test_an_account_of_another_company_is_not_there(shared):
    theirs = await shared.ok(
        "crm_create_account", name="Của họ", account_type="llc", company=shared.theirs
    )

    asked = await shared.call("inv_set_billing", agent=AGENT, account_id=theirs["id"], **BUYER)

    assert fault_code(asked) == "NOT_FOUND"
