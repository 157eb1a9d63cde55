"""Resolution command: can somebody at a terminal end an action whose outcome nobody knows?"""

import pytest

from server.cli import decisions
from tests.cli.console import ADMIN, AM, DPO, Place
from tests.cli.test_work import damage


@pytest.fixture
def lost(copied: Place, monkeypatch: pytest.MonkeyPatch) -> str:
    """An action that was signed, begun long ago, and never heard of again."""

    async def nothing(*_: object) -> None:
        return None

    action_id = copied.proposed()
    with monkeypatch.context() as patch:
        patch.setattr(decisions, "carry_out", nothing)
        copied.ok("approve", action_id, *copied.signing(AM))
    for state in ("executing", "unknown"):
        told = f"state = '{state}', state_seq = state_seq + 1, attempt = 1"
        long_ago = "lease_until = '2026-01-01T00:00:00.000000Z'"
        change = f"update pending_action set {told}, {long_ago} where id = ?"  # noqa: S608 - ours
        damage(copied, action_id, change)
    return action_id


def resolve(who: str, outcome: str, place: Place) -> list[str]:
    return ["--outcome", outcome, "--reason", "Không có trong sổ", *place.signing(who)]


def test_an_admin_says_that_it_did_not_happen(copied, lost):
    answer = copied.ok("resolve", lost, *resolve(ADMIN, "not-done", copied))
    shown = copied.ok("show", lost)["action"]

    assert (answer["outcome"], answer["state"]) == ("not-done", "failed")
    assert (shown["state"], shown["error_code"]) == ("failed", "EFFECT_ABSENT")
    again = copied.fault("resolve", lost, *resolve(AM, "done", copied))
    assert again["code"] == "ACTION_CONFLICT"


def test_whoever_may_not_is_refused_and_the_attempt_is_chained(copied, lost):
    refused = copied.fault("resolve", lost, *resolve(DPO, "done", copied))

    assert refused["code"] == "ROLE_NOT_ELIGIBLE"
    tail = copied.ok("audit", "tail", "--tenant", copied.demo["tenant"]["code"])
    assert tail["entries"][-1]["event"] == "action.decision_refused"


def test_what_waits_or_has_ended_is_not_resolved(copied):
    action_id = copied.proposed()

    refused = copied.fault("resolve", action_id, *resolve(AM, "done", copied))

    assert refused["code"] == "ACTION_CONFLICT"
