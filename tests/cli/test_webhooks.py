"""Commands of webhooks: an address is made, shown once, listed without its secrets, and ended."""

import json

import pytest

from domain.receipts import endpoints
from domain.receipts.endpoints import parse
from tests.cli.console import Place

ACCOUNT = "9900112233445"
OURS = ("--tenant", "sao-bien")


def add(place: Place, account: str = ACCOUNT):
    return place.ok("webhook", "endpoint", "add", "--account", account, *OURS)


@pytest.mark.both
def test_an_endpoint_is_made_and_its_secrets_are_shown_once(place):
    made = add(place, "9900 112233 445")
    listed = place.run("webhook", "endpoint", "list", *OURS, "--json")
    told = parse(made["path"].removeprefix("/webhook/sepay/"))

    rows = {row["id"]: row for row in listed.body["endpoints"]}
    assert told.endpoint_id == made["endpoint"]["id"] in rows
    assert rows[told.endpoint_id]["own_account"] == ACCOUNT
    secrets = (made["key"], made["path"], endpoints.digest(made["key"]), told.sha256)
    assert not [one for one in secrets if one in listed.everything]
    assert not {"endpoint_key_sha256", "secret_sha256"} & set(rows[told.endpoint_id])


def test_people_read_what_to_enter_where(place):
    ended = place.run("webhook", "endpoint", "add", "--account", ACCOUNT, *OURS)

    assert ended.code == 0
    assert "Its path, shown only now: /webhook/sepay/" in ended.out
    assert "Its key, shown only now: " in ended.out and "Apikey" in ended.out


def test_an_endpoint_is_ended_once_and_stays_in_the_list(place):
    id = add(place)["endpoint"]["id"]

    first = place.ok("webhook", "endpoint", "revoke", id, *OURS)["endpoint"]
    again = place.ok("webhook", "endpoint", "revoke", id, *OURS)["endpoint"]
    shown = place.run("webhook", "endpoint", "list", *OURS).out

    assert first == again and first["revoked_at"]
    assert f"{id}: sepay, account {ACCOUNT}, revoked " in shown
    assert place.run("audit", "verify", *OURS).code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("add", "--account", "1234567890"), "ACCOUNT_NOT_ALLOWED"),
        (("add", "--account", ACCOUNT, "--rail", "momo"), "RAIL_UNKNOWN"),
        (("revoke", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), "ENDPOINT_UNKNOWN"),
    ],
)
def test_what_cannot_be_is_refused(place, arguments, code):
    assert place.fault("webhook", "endpoint", *arguments, *OURS)["code"] == code


def test_the_demo_of_each_company_has_a_feed_of_its_own(place):
    demo = place.demo
    mine, theirs = demo["rails"]["sepay"], demo["other_tenant"]["rails"]["sepay"]

    assert set(mine) == set(theirs) == {"path", "key"}
    assert parse(mine["path"].rpartition("/")[2]).tenant_id == demo["tenant"]["id"]
    assert parse(theirs["path"].rpartition("/")[2]).tenant_id != demo["tenant"]["id"]
    assert json.dumps(mine) != json.dumps(theirs)
