"""The demo is the promise of the README, so it is a test: every refusal, signature and proof."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_demo_tells_the_whole_story(lang, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CYBEROS_")}
    environment["TMPDIR"] = str(tmp_path)

    told = subprocess.run(
        [sys.executable, str(ROOT / "cyberos.py"), "demo", "--lang", lang],
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
    assert told.stdout.count("pending_approval") == 1
    assert told.stdout.count("✗ INVALID_ARGS") == 2, "an invented token, a borrowed approval"
    assert "[proj] done: engagement=" in told.stdout
    assert told.stdout.count("\u2580") > 50, "the code of the deal is drawn"
    assert told.stdout.count("Waiting for people") == 2, "the close, and the first use"
    assert "its bytes do not give the stored hash" in told.stdout
    assert not list(tmp_path.glob("cyberos-demo-*")), "the demo cleans up after itself"
    environment["CYBEROS_DATA_DIR"] = str(tmp_path / "data")
    last_chapter = told.stdout.rpartition("\n\n")[2]
    steps = [line.split() for line in last_chapter.splitlines() if line.startswith("    ")]
    assert [step[1] for step in steps] == ["init", "connect", "inbox", "doctor"]
    for program, *arguments in steps:
        assert program == "cyberos"
        done = subprocess.run(
            [sys.executable, str(ROOT / "cyberos.py"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr)
