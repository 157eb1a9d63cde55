"""`cyberos-inv` imports time, drafts it and has it sent, as an agent, through the gate."""

import re

from tests.cli.console import ROOT

APRIL = ROOT / "fixtures" / "demo" / "april.csv"
ASKED = ("invoice", "draft", "--engagement", "acme-q2-2026", "--period", "2026-04")


def test_april_is_imported_and_drafted_once_in_the_words_of_the_specification(fresh):
    fresh.inv("time", "import", str(APRIL))

    first = fresh.inv(*ASKED, "--lang", "en")
    again = fresh.inv(*ASKED, "--lang", "en")

    assert (first.code, first.err) == (0, "")
    *lines, invoice, audit = first.out.splitlines()
    assert lines == [
        "[draft] reading TIME entries for engagement acme-q2-2026 (2026-04)",
        "[time] 47 entries (168.00 h)",
        "[engagement] rate=USD 150.00 · currency=USD",
        "[draft] subtotal: USD 25,200.00",
        "[draft] vat: USD 0.00 (0%)",
        "[draft] total: USD 25,200.00",
    ]
    assert re.fullmatch(r"\[invoice\] INV-2026-04-\d{3} · status=draft", invoice)
    assert re.fullmatch(r"\[audit\] brain seq=\d+ chain=[0-9a-f]{12}…", audit)
    assert again.out.splitlines()[-2] == invoice


def test_a_draft_is_tried_in_vietnamese_and_nothing_is_written(fresh):
    fresh.inv("time", "import", str(APRIL))

    tried = fresh.inv(*ASKED, "--dry-run", "--lang", "vi")

    assert tried.code == 0, tried.everything
    assert "[time] 47 mục giờ (168.00 giờ)" in tried.out
    assert tried.out.splitlines()[-1] == "[audit] chạy thử, chưa ghi gì"


def test_what_cannot_be_drafted_is_a_fault_with_a_code(fresh):
    nothing = fresh.inv(*ASKED[:-1], "2025-01", "--json")
    strange = fresh.inv(*ASKED[:-1], "2026-13", "--json")
    unknown = fresh.inv(*ASKED[:3], "no-such-work", *ASKED[4:], "--json")

    codes = [one.body["code"] for one in (nothing, strange, unknown)]
    assert codes == ["NOTHING_TO_BILL", "INVALID_ARGS", "NOT_FOUND"]
    assert all(one.code != 0 for one in (nothing, strange, unknown))


# --- sending, and what follows ---


def test_a_sending_names_who_signs_and_then_what_became_of_each_thing(fresh):
    fresh.inv("time", "import", str(APRIL))
    number = fresh.inv(*ASKED, "--json").body["number"]

    asked = fresh.inv("invoice", "send", "--id", number, "--lang", "en")
    action_id = re.search(r"action_id=(\w{26})", asked.out)[1]
    follow = ("invoice", "follow", "--action", action_id, "--lang", "en")
    signed = fresh.run("approve", action_id, *fresh.signing("duc.nguyen"))
    waits = fresh.inv(*follow)
    fresh.run("approve", action_id, *fresh.signing("quang.vo"))
    sent = fresh.inv(*follow)

    assert asked.code == signed.code == waits.code == sent.code == 0, sent.everything
    assert "[send] status=pending_approval" in asked.out
    assert f"[send] follow it: cyberos-inv invoice follow --action {action_id}" in asked.out
    assert "[send]   ✓ AM" in waits.out and "[send]   · CFO" in waits.out
    tags = [line.partition("]")[0] + "]" for line in sent.out.splitlines()]
    assert tags == ["[mst]", "[hoadon]", "[gdt]", "[ledger]", "[pdf]", "[email]", "[status]",
                    "[audit]"]  # fmt: skip
    assert "[pdf] archived, kept for ten years" in sent.out
    assert "[email] the letter with the PDF was sent" in sent.out
    status = r"\[status\] sent · due=[0-9-]{10} · reference=HD\w{8}"
    assert re.fullmatch(status, sent.out.splitlines()[-2])


def test_the_code_of_a_sent_invoice_is_drawn_and_that_of_a_draft_is_refused(fresh, tmp_path):
    fresh.inv("time", "import", str(APRIL))
    number = fresh.inv(*ASKED, "--json").body["number"]
    early = fresh.inv("vietqr", "--invoice", number, "--json")
    action_id = fresh.inv("invoice", "send", "--id", number, "--json").body["action_id"]
    for person in ("duc.nguyen", "quang.vo"):
        fresh.run("approve", action_id, *fresh.signing(person))
    picture = tmp_path / "code.png"

    drawn = fresh.inv("vietqr", "--invoice", number, "--image", str(picture), "--lang", "en")
    nowhere = tmp_path / "no" / "code.png"
    unwritable = fresh.inv("vietqr", "--invoice", number, "--image", str(nowhere), "--json")

    assert early.body["code"] == "INVOICE_NOT_SENT"
    assert drawn.code == 0, drawn.everything
    assert "[vietqr] amount: VND 658,224,000" in drawn.out
    assert re.search(r"^\[vietqr\] addInfo: HD\w{8}$", drawn.out, re.MULTILINE)
    assert "[image] code.png" in drawn.out and picture.read_bytes().startswith(b"\x89PNG")
    assert unwritable.body["code"] == "FILE_UNWRITABLE"


def test_a_sending_that_people_refused_says_why(fresh):
    fresh.inv("time", "import", str(APRIL))
    number = fresh.inv(*ASKED, "--json").body["number"]
    action_id = fresh.inv("invoice", "send", "--id", number, "--json").body["action_id"]
    fresh.run("reject", action_id, *fresh.signing("duc.nguyen"), "--reason", "the hours are wrong")

    refused = fresh.inv("invoice", "follow", "--action", action_id, "--lang", "en")

    assert refused.code == 0
    assert refused.out.startswith("[send] ") and "the hours are wrong" in refused.out
