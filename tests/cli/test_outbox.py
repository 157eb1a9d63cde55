"""Outbox from the command line:
does a message reach its subscriber from the command line, and is a dead letter named there?
"""

import pytest

from domain.kernel.faults import Fault, Kind
from domain.store import descriptor, subscribers
from domain.store.chain import SYSTEM, Event
from domain.store.declarations import Subscriber
from domain.store.descriptor import Module
from tests.cli.console import AM, Place
from tests.sqlite import by_hand

CONTENT = "Nguyễn Văn A"


async def greet(tx, message):
    """What a module might do when a deal is won."""
    tx.record(Event("toy.greeted", SYSTEM, object=message.payload["deal_id"]))


async def stumble(tx, message):
    raise Fault("TOY_BROKEN", Kind.INVALID, f"It is about {CONTENT}.")


@pytest.fixture
def subscribed(monkeypatch: pytest.MonkeyPatch):
    """Let a module take what is won, as if it had come with this version."""

    def subscribe(handler) -> None:
        toy = Module(name="toy", subscribers={"deal.won": (Subscriber("toy.greeter", handler),)})
        every = (*descriptor.modules(), toy)
        monkeypatch.setattr(descriptor, "modules", lambda: every)

    return subscribe


def won(place: Place) -> tuple[str, str]:
    """An approved closing: the deal, and the state of the action."""
    deal_id = place.a_deal()
    asked = place.call("crm_close_deal", {"deal_id": deal_id, "outcome": "won"})
    approved = place.ok("approve", asked["action_id"], *place.signing(AM))
    return deal_id, approved["state"]


def greeted(place: Place) -> list[str]:
    with by_hand(place.data_dir / "cyberos.db") as database:
        sql = "select object from audit_entry where event = 'toy.greeted' order by seq"
        return [one for (one,) in database.execute(sql)]


def test_an_embedded_database_serves_subscribers_where_people_approve(copied, subscribed):
    subscribed(greet)

    deal_id, state = won(copied)
    copied.ok("work", "--once")  # what other modules are still told of
    again = copied.ok("work", "--once")

    assert state == "succeeded"
    assert greeted(copied)[-1] == deal_id  # after what was won here before
    assert greeted(copied).count(deal_id) == 1
    assert (again["messages"], again["dead_letters"]) == (0, [])


def test_elsewhere_a_worker_does(served, subscribed):
    subscribed(greet)
    deal_id = served.a_deal()
    asked = served.call("crm_close_deal", {"deal_id": deal_id, "outcome": "won"})
    served.ok("approve", asked["action_id"], *served.signing(AM), "--wait", "0")

    first, second = served.ok("work", "--once"), served.ok("work", "--once")

    assert asked["action_id"] in [one["action_id"] for one in first["actions"]]
    assert (first["messages"] >= 1, second["messages"]) == (True, 0)


def test_a_subscriber_that_breaks_does_not_undo_what_people_approved(copied, subscribed):
    subscribed(stumble)

    _, state = won(copied)

    assert state == "succeeded"
    assert greeted(copied) == []


@pytest.fixture
def stuck(copied: Place, subscribed) -> Place:
    """A message at which a subscriber has failed seven times, a while ago."""
    subscribed(stumble)
    won(copied)
    with by_hand(copied.data_dir / "cyberos.db") as database:
        sql = "update outbox_cursor set failures = 7, retry_at = null where failures = 1"
        assert database.execute(sql).rowcount == 1
    return copied


def test_a_dead_letter_is_named_by_work_and_doctor_and_nothing_of_its_content(stuck):
    done = stuck.ok("work", "--once")
    plain = stuck.run("work", "--once")
    doctor = stuck.run("doctor", "--json")

    [dead] = done["dead_letters"]
    assert {**dead, "message_id": ""} == {
        "tenant": "sao-bien", "subscriber": "toy.greeter", "topic": "deal.won", "message_id": "",
        "code": "TOY_BROKEN",
    }  # fmt: skip
    named = f"deal.won {dead['message_id']} is a dead letter of toy.greeter"
    assert f"{named} (TOY_BROKEN); see `cyberos doctor`." in plain.err
    advice = "mend the cause, then run `cyberos work --once --retry-dead`."
    sentences = [one["sentence"] for one in doctor.body["checks"]]
    assert [one for one in sentences if "dead letter" in one] == [
        f"{named}: it failed 8 times (TOY_BROKEN); {advice}"
    ]
    assert doctor.code == 0
    assert CONTENT not in "".join(stuck.seen)


def test_a_dead_letter_is_tried_again_when_its_cause_is_mended(stuck, subscribed, monkeypatch):
    [dead] = stuck.ok("work", "--once")["dead_letters"]

    in_vain = stuck.ok("work", "--once", "--retry-dead")
    monkeypatch.undo()
    subscribed(greet)
    untouched = stuck.ok("work", "--once")
    mended = stuck.ok("work", "--once", "--retry-dead")

    assert in_vain["dead_letters"] == untouched["dead_letters"] == [dead]
    assert (untouched["messages"], mended["messages"], mended["dead_letters"]) == (0, 1, [])
    assert len(greeted(stuck)) == 1


def test_a_second_subscriber_of_a_name_or_an_unknown_topic_is_a_mistake(monkeypatch):
    greeter = Subscriber("toy.greeter", greet)
    wrong = {
        "domain/toy/module.py: no module tells deal.wno": [{"deal.wno": (greeter,)}],
        "domain/toy/module.py: toy.greeter is there twice": [{"deal.won": (greeter, greeter)}],
        "domain/other/module.py: toy.greeter is there twice": [
            {"deal.won": (greeter,)}, {"deal.lost": (greeter,)},
        ],
    }  # fmt: skip
    real = descriptor.modules()

    for complaint, declared in wrong.items():
        toys = [
            Module(name=name, subscribers=each)
            for name, each in zip(("toy", "other"), declared, strict=False)
        ]
        monkeypatch.setattr(descriptor, "modules", lambda toys=toys: (*real, *toys))
        with pytest.raises(AssertionError, match=complaint):
            subscribers.subscriptions()
