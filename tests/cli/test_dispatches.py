"""Dispatches at the command line: can somebody see what follows an action, have it done, and say
what became of it?
"""

from typing import Any

import pytest

from domain.kernel.ids import new_id
from policies.approvals.dispatching import Dispatching
from server import wiring
from tests.cli.console import ADMIN, AM, DPO, Place
from tests.policies.stamped import Depot, handlers
from tests.sqlite import by_hand


@pytest.fixture
def depot(monkeypatch: pytest.MonkeyPatch) -> Depot:
    """Somebody who takes what follows."""
    depot = Depot()

    def dispatching(settings: Any, opened: Any, *, owner: str) -> Dispatching:
        return Dispatching(
            opened,
            wiring.clock(),
            wiring.approval_context(settings),
            owner=owner,
            handlers=lambda tool_id: handlers(depot),
        )

    monkeypatch.setattr(wiring, "dispatching", dispatching)
    return depot


@pytest.fixture
def followed(copied: Place) -> str:
    """An action that was carried out, and a mail that is to follow it."""
    action_id = copied.proposed()
    copied.ok("approve", action_id, *copied.signing(AM))
    with by_hand(copied.data_dir / "cyberos.db") as database:
        database.execute(
            "insert into dispatch (tenant_id, id, action_id, n, tool, kind, entity_type,"
            " entity_id, payload, digest, state, attempts, created_at, version)"
            " select tenant_id, ?, id, 1, tool, 'mail', entity_type, entity_id, '{}',"
            " entity_digest, 'waiting', 0, created_at, 1 from pending_action where id = ?",
            (new_id(), action_id),
        )
    return action_id


def state(place: Place, action_id: str) -> list[tuple[str, str]]:
    """What follows the action, and how far it is."""
    shown = place.ok("show", action_id)["action"]["dispatches"]
    return [(one["kind"], one["state"]) for one in shown]


def resolve(who: str, outcome: str, place: Place) -> list[str]:
    said = ["--dispatch", "mail", "--outcome", outcome, "--reason", "Có trong hộp thư gửi"]
    return [*said, *place.signing(who)]


def test_what_follows_is_shown_and_a_worker_does_it(copied, followed, depot):
    before = state(copied, followed)
    done = copied.ok("work", "--once")
    plain = copied.run("show", followed, "--lang", "en").out

    assert before == [("mail", "waiting")]
    assert [(one["action_id"], one["kind"], one["state"]) for one in done["dispatches"]] == [
        (followed, "mail", "done")
    ]
    assert "What follows outside, in this order:\n  1. mail: done (done)" in plain
    assert len(depot.tries) == 1


def test_on_the_embedded_database_approving_does_what_follows(copied, followed, depot):
    another = copied.proposed()

    copied.ok("approve", another, *copied.signing(AM))

    assert state(copied, followed) == [("mail", "done")]


@pytest.mark.parametrize(("outcome", "end"), [("done", "done"), ("not-done", "failed")])
def test_whoever_might_have_signed_says_what_became_of_a_mail(
    copied, followed, depot, outcome, end
):
    depot.behaviours["mail"] = "lose_after"
    copied.ok("work", "--once")
    doctor = copied.run("doctor").out

    answer = copied.ok("resolve", followed, *resolve(ADMIN, outcome, copied))
    again = copied.fault("resolve", followed, *resolve(AM, outcome, copied))

    assert f"`cyberos resolve {followed} --dispatch mail`" in doctor
    assert [one["state"] for one in answer["dispatches"]] == [end]
    assert answer["state"] == "succeeded"
    assert again["code"] == "DISPATCH_NOT_UNKNOWN"
    assert len(depot.tries) == 1


def test_whoever_may_not_is_refused_and_the_attempt_is_chained(copied, followed, depot):
    depot.behaviours["mail"] = "lose_after"
    copied.ok("work", "--once")

    refused = copied.fault("resolve", followed, *resolve(DPO, "done", copied))

    assert refused["code"] == "ROLE_NOT_ELIGIBLE"
    tail = copied.ok("audit", "tail", "--tenant", copied.demo["tenant"]["code"])
    assert tail["entries"][-1]["event"] == "action.decision_refused"


def test_what_failed_for_good_is_tried_again_when_an_operator_says_so(copied, followed, depot):
    depot.behaviours["mail"] = "refuse"
    copied.ok("work", "--once")
    failed = state(copied, followed)
    doctor = copied.run("doctor").out

    del depot.behaviours["mail"]
    copied.ok("work", "--once", "--retry-dead")

    assert failed == [("mail", "failed")]
    assert f"mail of action {followed} failed after 1 attempt (DEPOT_REFUSED)" in doctor
    assert state(copied, followed) == [("mail", "done")]
