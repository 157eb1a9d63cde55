"""Worker: does the worker go on when something in its way is broken, and say what backs off?"""

from pathlib import Path

import pytest

from server.cli import decisions
from server.cli.work import Worker
from tests.cli.console import AM, Place
from tests.sqlite import without_triggers


def damage(place: Place, action_id: str, statement: str) -> None:
    """Write into the file what the program never writes."""
    with without_triggers(place.data_dir / "cyberos.db") as database:
        database.execute(statement, (action_id,))


BROKEN = "update pending_action set slots = '{broken' where id = ?"


def test_a_damaged_action_backs_off_and_is_named_and_the_others_are_shown(copied):
    broken, whole = copied.proposed(), copied.proposed()
    damage(copied, broken, BROKEN)

    inbox = copied.ok("inbox")
    plain = copied.run("inbox")
    shown = copied.fault("show", broken)
    doctor = copied.run("doctor")

    assert whole in [one["action_id"] for one in inbox["actions"]]
    assert inbox["damaged"] == [broken]
    assert f"{broken} không còn như lúc được đề xuất" in plain.err
    assert whole in plain.out
    assert shown["code"] == "ACTION_DAMAGED"
    assert f"Action {broken} is damaged and not carried out" in doctor.out
    assert doctor.code == 1


def test_the_worker_tells_monitoring_what_will_need_a_person(place, tmp_path):
    file = tmp_path / "cyberos.prom"
    before = figures(place, file)
    place.proposed()
    after = figures(place, file)

    pending = 'cyberos_actions{state="pending"}'
    assert after[pending] == before[pending] + 1
    assert after['cyberos_actions{state="unknown"}'] == 0
    assert after['cyberos_uncovered_seconds{by="checkpoint"}'] >= 0
    assert 0 < after['cyberos_token_days{which="first"}'] <= 91
    assert list(tmp_path.iterdir()) == [file]


def figures(place: Place, file: Path) -> dict[str, float]:
    place.ok("work", "--once", "--metrics", str(file))
    told = (line.rsplit(" ", 1) for line in file.read_text().splitlines() if line[0] != "#")
    return {name: float(value) for name, value in told}


@pytest.fixture
def nobody_executes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Approving is all that an approver's command does, as it is beside a worker."""

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(decisions, "carry_out", nothing)


def test_the_worker_carries_out_what_stands_beside_a_damaged_action(copied, nobody_executes):
    broken, whole = copied.proposed(), copied.proposed()
    for action_id in (broken, whole):
        copied.ok("approve", action_id, *copied.signing(AM))
    damage(copied, broken, BROKEN)

    done = copied.ok("work", "--once")
    again = copied.run("work", "--once")

    assert [(one["action_id"], one["state"]) for one in done["actions"]] == [(whole, "succeeded")]
    assert [(one["action_id"], one["code"]) for one in done["left_alone"]] == [
        (broken, "ACTION_DAMAGED")
    ]
    assert f"action {broken} backs off (ACTION_DAMAGED)" in again.err
    assert again.code == 0


def test_one_tenant_in_which_everything_breaks_costs_the_other_nothing(copied, nobody_executes):
    whole = copied.proposed()
    copied.ok("approve", whole, *copied.signing(AM))
    other = copied.demo["other_tenant"]["tenant"]
    idle = Worker._is_idle

    async def broken_for_one(self: Worker, tenant_id: str) -> bool:
        if tenant_id == other["id"]:
            raise RuntimeError("everything breaks here")
        return await idle(self, tenant_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Worker, "_is_idle", broken_for_one)
        done = copied.ok("work", "--once")

    assert [one["action_id"] for one in done["actions"]] == [whole]
    assert done["left_alone"] == [{"tenant": other["code"], "code": "INTERNAL_ERROR"}]
