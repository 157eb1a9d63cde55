"""Lines of `cyberos-inv` about what cannot be made to happen in a demo: silence, and no mail."""

import pytest

from domain.kernel.clock import VIETNAM
from server.inv_cli import lines
from server.inv_cli.words import InvWords

ACTION = "01M8QDSEKFAJ1A72T2CW5WQRMB"
SENT = {
    "einvoice_number": "1C26TCY 1", "issued_on": "2026-12-01", "total_minor": 100,
    "currency": "VND", "status": "sent", "due_at": "2026-12-31", "payment_reference": "HD7XZJJWHV",
}  # fmt: skip


@pytest.mark.parametrize(
    ("dispatch", "line"),
    [
        ({"kind": "invoice.mail", "state": "waiting"}, "[email] is to come"),
        (
            {"kind": "invoice.mail", "state": "failed", "error_code": "MAIL_REFUSED"},
            "[email] ⚠ failed · MAIL_REFUSED",
        ),
        (
            {"kind": "invoice.mail", "state": "unknown"},
            "[email] ⚠ nobody knows whether it arrived; it is ended by cyberos resolve",
        ),
        ({"kind": "invoice.archive", "state": "done"}, "[pdf] archived, kept for ten years"),
        ({"kind": "invoice.later", "state": "waiting"}, "[invoice.later] is to come"),
    ],
)
def test_what_follows_is_told_as_it_stands_and_never_as_done_before(dispatch, line):
    assert line in lines.sent(SENT, [dispatch], InvWords("en"))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(("answer", "said"), [({"awaits_answer": True}, "handed_over"),
                                              ({}, "in_flight")])  # fmt: skip
def test_a_provider_that_is_silent_is_never_told_as_nothing_happened(language, answer, said):
    words = InvWords(language)

    told = lines.waiting(
        "send", {"action_id": ACTION, "state": "unknown", **answer}, words, VIETNAM
    )

    assert told == [
        f"[send] status=unknown · action_id={ACTION}",
        f"[send] {words[said]}",
        f"[send] {words['follow']}: cyberos-inv invoice follow --action {ACTION}",
    ]
