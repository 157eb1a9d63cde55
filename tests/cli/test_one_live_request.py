"""One live request: is it plain which of several requests counts, and which no longer can?"""

from tests.cli.console import AM, CRO, SALES, Place
from tests.cli.test_approvals import an_agent_for


def who(name: str) -> str:
    return f"{name}@saobien.example"


def asked_again(place: Place) -> tuple[str, str, str]:
    """A deal that was asked to be won at 4.2 bn dong and then, halved, once more; both requests."""
    deal = place.a_deal(amount_minor=4_200_000_000)
    first = place.call("crm_close_deal", {"deal_id": deal, "outcome": "won"})["action_id"]
    half = {"deal_id": deal, "amount_minor": 2_000_000_000, "confirm_unusual": True}
    place.call("crm_update_deal", half)
    second = place.call("crm_close_deal", {"deal_id": deal, "outcome": "won"})["action_id"]
    return deal, first, second


def test_a_newer_request_takes_the_place_of_the_older_and_says_what_differs(place):
    _, first, second = asked_again(place)

    waits = [one["action_id"] for one in place.ok("inbox")["actions"]]
    older = place.ok("show", first)["action"]
    newer = place.ok("show", second)["action"]
    page = place.run("show", second, "--lang", "en").out

    assert first not in waits and second in waits
    assert (older["state"], older["error_code"]) == ("cancelled", "SUPERSEDED")
    assert newer["supersedes"] == [first]
    assert f"takes the place of {first}" in " ".join(page.split())
    assert "VND 4,200,000,000 → VND 2,000,000,000" in " ".join(page.split())
    assert place.run("audit", "verify").code == 0


def test_what_was_asked_before_the_deal_changed_is_dead_for_whoever_looks(place):
    deal = place.a_deal(amount_minor=900_000_000)
    action = place.call("crm_close_deal", {"deal_id": deal, "outcome": "won"})["action_id"]
    less = {"deal_id": deal, "amount_minor": 800_000_000, "confirm_unusual": True}
    place.call("crm_update_deal", less)

    shown = place.ok("show", action)["action"]
    page = place.run("show", action, "--lang", "en").out
    mine = place.call("approvals_get", {"action_id": action})
    refused = place.fault("approve", action, "--as", who(AM), "--key", "nowhere.key")

    assert shown["state"] == mine["state"] == "stale"
    assert action not in [one["action_id"] for one in place.ok("inbox")["actions"]]
    assert "Amount: VND 900,000,000 → VND 800,000,000" in " ".join(page.split())
    assert (refused["code"], refused["exit"]) == ("ENTITY_CHANGED", 4)
    assert "Amount" in refused["message"]


def test_what_can_no_longer_be_done_is_written_so_and_says_why(place):
    """Two people asked to close one deal: won, lost; when it is won, the other has no ground."""
    deal = place.a_deal(amount_minor=900_000_000)
    won = place.call("crm_close_deal", {"deal_id": deal, "outcome": "won"})["action_id"]
    other = an_agent_for(place, SALES, "crm.close,core.read,crm.read,crm.write")
    no = {"deal_id": deal, "outcome": "lost", "lost_reason": "price"}
    lost = place.call_as(other, "crm_close_deal", no)["action_id"]
    beside = place.run("show", won, "--lang", "en").out

    place.ok("approve", won, *place.signing(AM), "--wait", "0")
    place.ok("work", "--once")
    dead = place.ok("show", lost)["action"]
    mine = place.call_as(other, "approvals_list", {})

    assert f"about the same, there waits {lost}" in " ".join(beside.split())
    assert (dead["state"], dead["error_code"]) == ("stale", "ENTITY_CHANGED")
    assert mine["items"] == []
    assert place.run("audit", "verify").code == 0


def test_who_has_signed_already_is_told_before_the_passphrase_is_asked_for(place):
    deal = place.a_deal(amount_minor=4_200_000_000)
    action = place.call("crm_close_deal", {"deal_id": deal, "outcome": "won"})["action_id"]
    place.ok("approve", action, *place.signing(AM), "--wait", "0")

    refused = place.fault("approve", action, "--as", who(AM), "--key", "no.key")

    assert refused["code"] == "ALREADY_DECIDED"
    assert place.ok("approve", action, *place.signing(CRO), "--wait", "0")["waits_for"] == []
