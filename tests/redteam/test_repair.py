"""Repair: can a company go on after its chain was damaged, with the damage named for ever? (H6)"""

# ruff: noqa: S608 - the statements are made of what stands here

import json

import pytest

from domain.kernel.faults import Fault
from tests.redteam import installations
from tests.sqlite import without_triggers

TENANT = ("--tenant", "sao-bien")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path_factory, tmp_path, capsys):
    if request.param == "postgresql":
        return installations.served(tmp_path_factory, capsys)
    whole = installations.embedded(tmp_path_factory, capsys)
    return installations.a_copy(whole, tmp_path / "copied")


def forged(place, statement):
    """Change the chain as somebody who holds the database, and whom no trigger stops."""
    if place.is_embedded:
        with without_triggers(place.data_dir / "cyberos.db") as raw:
            raw.execute(statement)
    else:
        installations.by_statement(place, f"SET session_replication_role = replica; {statement}")


def root(place):
    demo = place.demo
    return ("--root-key", demo["root_key"], "--root-passphrase-file", demo["root_passphrase_file"])


def refused_call(place):
    """An entry that has neither rows nor private values: somebody was not let in."""
    with pytest.raises(Fault):
        place.call("crm_close_deal", {"deal_id": "x", "outcome": "won"}, "reader_agent")
    return place.ok("audit", "tail", *TENANT, "-n", "1")["entries"][0]["seq"]


def a_hole(place):
    """A chain in which one entry is missing; the entry behind it."""
    place.a_deal()
    seq = refused_call(place)
    place.a_deal()
    tenant = next(t for t in place.ok("audit", "verify")["tenants"] if t["tenant"] == "sao-bien")
    whose = f"tenant_id = '{tenant['tenant_id']}'"
    forged(place, f"DELETE FROM audit_entry WHERE {whose} AND seq = {seq}")
    return seq + 1, whose


def verified(place):
    return place.run("audit", "verify", *TENANT, "--json").body["tenants"][0]


@pytest.mark.both
def test_a_chain_with_a_hole_of_one_entry_is_found_sealed_and_goes_on(place):
    behind, _ = a_hole(place)
    hole = {"place": f"entry {behind}", "what": f"follows {behind - 2}: one is missing"}
    assert verified(place)["findings"] == [hole]
    assert place.fault("audit", "checkpoint", *TENANT)["code"] == "AUDIT_BROKEN"

    sealed = place.ok("audit", "repair", *TENANT, *root(place))

    assert sealed["sealed"] == [hole]
    place.a_deal()
    after = verified(place)
    assert after["sound"] is True and hole in after["sealed"]
    assert "Sealed by the owner: entry" in place.run("audit", "verify", *TENANT).out
    place.ok("audit", "checkpoint", *TENANT)
    assert place.fault("audit", "repair", *TENANT, *root(place))["code"] == "AUDIT_WHOLE"


@pytest.mark.both
def test_H6_a_head_that_was_sent_away_is_led_back(place):
    place.a_deal()
    _, whose = a_hole(place)
    forged(place, f"UPDATE audit_head SET seq = 4611686018427387904 WHERE {whose}")
    with pytest.raises(Fault):
        place.a_deal()

    place.ok("audit", "repair", *TENANT, *root(place))

    place.a_deal()
    assert verified(place)["sound"] is True


def test_what_is_sealed_and_changed_again_is_found_again(tmp_path_factory, tmp_path, capsys):
    place = installations.a_copy(
        installations.embedded(tmp_path_factory, capsys), tmp_path / "copied"
    )
    seq = refused_call(place)
    place.a_deal()
    forged(
        place, f"UPDATE audit_entry SET object = 'x' WHERE seq = {seq} AND event = 'call.denied'"
    )
    place.ok("audit", "repair", *TENANT, *root(place))
    assert verified(place)["sound"] is True

    forged(
        place, f"UPDATE audit_entry SET object = 'y' WHERE seq = {seq} AND event = 'call.denied'"
    )

    assert verified(place)["findings"] == [
        {"place": f"entry {seq}", "what": "its column 'object' says other than its bytes"}
    ]


def test_nobody_seals_without_the_root_key(tmp_path_factory, tmp_path, capsys):
    place = installations.a_copy(
        installations.embedded(tmp_path_factory, capsys), tmp_path / "copied"
    )
    a_hole(place)
    other = json.loads((place.data_dir / "demo.json").read_text())["other_tenant"]
    wrong = ("--root-key", other["root_key"], "--root-passphrase-file")

    refused = place.fault("audit", "repair", *TENANT, *wrong, other["root_passphrase_file"])
    place.ok("audit", "repair", *TENANT, *root(place))
    with without_triggers(place.data_dir / "cyberos.db") as raw:
        raw.execute(
            'UPDATE audit_entry SET body = replace(body, \'"signature":"\', \'"signature":"00\')'
            " WHERE event = 'audit.damage_sealed'"
        )

    assert refused["code"] == "ROOT_KEY_WRONG"
    found = [one["what"] for one in verified(place)["findings"]]
    assert "its seal over damage is not signed by the root" in found
    assert any(one.endswith("one is missing") for one in found)
