"""Pending answers: what is an agent told in plain words while people think?"""

from datetime import UTC, datetime

from policies.gate.answers import PendingAnswer, SlotView


def test_an_agent_reads_who_has_to_sign_and_until_when_to_the_second():
    waits = PendingAnswer(
        status="pending_approval",
        action_id="01HZK7A0000000000000000000",
        summary='Close the deal "ACME Q3".',
        slots=[SlotView(slot="am", roles=["am", "cro"]), SlotView(slot="cfo", roles=["cfo"])],
        expires_at=datetime(2026, 11, 22, 19, 19, 38, 573_016, tzinfo=UTC),
        how_to_approve="cyberos approve",
    )

    assert waits.text().startswith(
        "Waiting for people (am: am or cro; cfo) until 2026-11-22T19:19:38+00:00: "
        'Close the deal "ACME Q3".\nAction 01HZK7A0000000000000000000. '
        "Nothing has happened yet and calling again changes nothing; "
    )
