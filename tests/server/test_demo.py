"""The demo is the promise of the README, so it is a test: every refusal, signature and proof."""

import os
import re
import subprocess
import sys

import pytest

from server.cli.demo_words import words_in
from tests.cli.console import ROOT, Place

VIETNAMESE, ENGLISH = words_in("vi"), words_in("en")
PLACEHOLDER = re.compile(r"\{\w+\}")


def test_the_demo_tells_the_whole_story(tmp_path, capsys):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CYBEROS_")}
    environment["TMPDIR"] = str(tmp_path)

    told = subprocess.run(
        [sys.executable, str(ROOT / "cyberos.py"), "demo", "--lang", "vi"],
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )

    assert told.returncode == 0, told.stderr
    for refusal in (
        "REASON_REQUIRED",
        "INVALID_ARGS",
        "STAGE_TERMINAL",
        "Unknown tool",
        "DEAL_CLOSED",
    ):
        assert f"✗ {refusal}" in told.stdout
    assert told.stdout.count("Status pending_approval") == 2
    assert told.stdout.count("✗ INVALID_ARGS") == 2, "an invented token, a borrowed approval"
    assert "[proj] done: engagement=" in told.stdout
    assert told.stdout.count("\u2580") > 50, "the code of the deal is drawn"
    assert told.stdout.count("Waiting for people") == 2, "the close, and the first use"
    assert "accepted: 1C" in told.stdout, "the provider has the e-invoice"
    assert "ap@acme.example: Invoice INV-2026-04-001" in told.stdout, "and the customer the letter"
    assert '{"success": true}' in told.stdout and "Đã thanh toán đủ." in told.stdout
    assert "its bytes do not give the stored hash" in told.stdout
    assert not list(tmp_path.glob("cyberos-demo-*")), "the demo cleans up after itself"
    unsaid = [
        name
        for name, sentence in VIETNAMESE.items()
        if not all(part in told.stdout for part in PLACEHOLDER.split(sentence))
    ]
    assert unsaid == []
    last_chapter = told.stdout.rpartition("\n\n")[2]
    steps = [line.split() for line in last_chapter.splitlines() if line.startswith("    ")]
    assert [step[1] for step in steps] == ["init", "connect", "inbox", "doctor"]
    newcomer = Place({"CYBEROS_DATA_DIR": str(tmp_path / "data")}, capsys)
    for program, *arguments in steps:
        assert program == "cyberos"
        done = newcomer.run(*arguments)
        assert done.code == 0, (arguments, done.err)


@pytest.mark.parametrize("name", VIETNAMESE)
def test_the_same_story_can_be_told_in_english(name):
    """Sentence by sentence: apart from what a person signs, only these are told in a language."""
    vietnamese, english = VIETNAMESE[name], ENGLISH[name]

    assert english and english != vietnamese
    assert english.replace("·", "").isascii()
    assert PLACEHOLDER.findall(english) == PLACEHOLDER.findall(vietnamese)


def test_a_language_that_nobody_wrote_is_refused(tmp_path, capsys):
    refused = Place({"CYBEROS_DATA_DIR": str(tmp_path)}, capsys).run("demo", "--lang", "fr")

    assert refused.code == 2 and refused.err.startswith("USAGE: ")
