"""`cyberos vn ...` answers one value, or a hundred thousand lines, and no line breaks it."""

import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

from server.app import run
from tests.cli.console import ROOT, environ, outside
from tests.vn.examples import examples

LAUNCHER = [sys.executable, str(ROOT / "cyberos.py"), "vn"]
NOWHERE = {"CYBEROS_DATA_DIR": "/nowhere"}
PAYLOAD = (
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F"
)


Said = tuple[int, list[dict[str, Any]]]


@pytest.fixture
def ask(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Said]:
    """One command in this process: its exit code, and what each line of the answer says."""

    def asking(command: str, *value: str, lines: bytes = b"") -> Said:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(lines)))
        with environ(NOWHERE):
            code = run(["vn", command, *value])
        out, err = capsysbinary.readouterr()
        assert err == b"", err
        return code, [json.loads(line) for line in out.splitlines()]

    return asking


def piped(command: str, lines: bytes) -> Said:
    """The same as a program between two pipes."""
    done = subprocess.run(
        [*LAUNCHER, command],
        input=lines,
        capture_output=True,
        env=outside(NOWHERE),
        timeout=120,
        check=False,
    )
    assert done.stderr == b"", done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("command", "value", "answer"),
    [
        ("mst", "0100109106", {"normalised": "0100109106", "kind": "company", "checksum_ok": True}),
        ("qr-decode", PAYLOAD, {"bin": "970416", "account": "257678859", "amount": None}),
        ("bank", "VCB", {"bin": "970436", "short_name": "Vietcombank", "receives": True}),
        ("phone", "01683123456", {"e164": "+84383123456", "kind": "mobile", "migrated": True}),
        ("name", "Nguyễn Thị Lan", {"family": "Nguyễn", "middle": "Thị", "given": "Lan"}),
        ("address", "P. Bến Nghé, Q.1, TP.HCM", {"province_code": "79", "era": "old"}),
        ("words", "105000", {"text": "Một trăm linh năm nghìn đồng"}),
        ("words", "-5", {"text": "Âm năm đồng"}),
        ("fold", "Đặng  Văn-Ánh", {"text": "dang van anh"}),
        (
            "qr-encode",
            '{"bin": "970416", "account": "257678859", "amount": null}',
            {"payload": PAYLOAD},
        ),
    ],
)
def test_one_value_gets_one_object(ask, command, value, answer):
    code, said = ask(command, value)

    assert (code, len(said)) == (0, 1)
    assert said[0]["ok"] is True
    assert answer.items() <= said[0].items()


@pytest.mark.parametrize(("name", "begins"), [("code.png", b"\x89PNG\r\n"), ("code.SVG", b"<svg ")])
def test_a_code_is_drawn_as_people_scan_it(ask, tmp_path, name, begins):
    code, said = ask("qr-image", PAYLOAD, str(tmp_path / name))

    assert code == 0 and said[0]["bytes"] == (tmp_path / name).stat().st_size
    assert (tmp_path / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("payload", "name", "refusal"),
    [
        (PAYLOAD[:-1] + "0", "code.png", "VIETQR_UNREADABLE"),
        (PAYLOAD, "code.jpg", "INVALID_ARGS"),
        (PAYLOAD, "no/such/folder/code.png", "FILE_UNWRITABLE"),
    ],
)
def test_nothing_is_drawn_that_no_bank_could_trust_or_nowhere(
    capsys, tmp_path, payload, name, refusal
):
    code = run(["vn", "qr-image", payload, str(tmp_path / name)])

    assert code != 0 and capsys.readouterr().err.startswith(refusal)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_value_says_why_and_ends_with_the_exit_code_of_a_mistake(ask):
    code, said = ask("mst", "102519041")

    assert code == 2
    assert (said[0]["ok"], said[0]["code"]) == (False, "VN_MST_INVALID")
    assert said[0]["suggestion"] == "0102519041"
    assert said[0]["message"]


def test_lines_are_answered_in_order_whatever_stands_in_them():
    lines = [
        b'"105000"',
        b"105000",
        b'{"amount": "13800.25", "currency": "USD"}',
        b'{"value": 105, "zero_tens": "l\xe1\xba\xbb", "exactly": true}',
        b"",
        b'{"amount": 1, "amount": 2}',
        b'{"amount": 1, "colour": "red"}',
        b'{"amount": NaN}',
        b"[1]",
        b"1e400",
        b'"\\ud800"',
        b"\xff\xfe",
        b"x" * 20_000,
        b"[" * 10_000,
        b"15",
    ]
    code, said = piped("words", b"\n".join(lines))

    assert code == 0
    assert [one.get("text") or one["code"] for one in said] == [
        "Một trăm linh năm nghìn đồng",
        "Một trăm linh năm nghìn đồng",
        "Mười ba nghìn tám trăm đô la Mỹ và hai mươi lăm xu",
        "Một trăm lẻ năm đồng chẵn",
        "JSON_INVALID",
        "INVALID_ARGS",
        "JSON_INVALID",
        "INVALID_ARGS",
        "AMOUNT_INVALID",
        "TEXT_INVALID",
        "TEXT_INVALID",
        "LINE_TOO_LONG",
        "JSON_INVALID",
        "Mười lăm đồng",
    ]


def test_examples_of_others_go_through_the_pipe_and_back(ask):
    encoded = examples("vietqr_examples")["encode"]
    inputs = "\n".join(json.dumps(one["input"]) for one in encoded).encode()
    _, made = ask("qr-encode", lines=inputs)
    _, read = ask("qr-decode", lines="\n".join(one["payload"] for one in made).encode())

    assert [one["payload"] for one in made] == [one["payload"] for one in encoded]
    assert [{**one["input"], "ok": True} for one in encoded] == read


@pytest.mark.parametrize("one", examples("phone_examples")["numbers"], ids=lambda one: one["typed"])
def test_a_number_of_any_age_is_dialled_as_it_is_today(ask, one):
    _, said = ask("phone", one["typed"])

    assert said[0].get("e164") == one["today"]


@pytest.mark.parametrize(
    "wrong",
    [
        "[]",
        '{"bin": "970436"}',
        '{"bin": "970436", "account": "1", "colour": "red"}',
        '{"bin": 970436, "account": "1"}',
        '{"bin": "970436", "account": "1", "amount": 1.5}',
        '{"bin": "970436", "account": "1", "amount": "1,000"}',
        '{"bin": "970436", "account": "1", "amount": true}',
    ],
)
def test_a_transfer_that_is_not_one_is_refused(ask, wrong):
    code, said = ask("qr-encode", wrong)

    assert code == 2
    assert said[0]["code"] == "INVALID_ARGS"


def test_whoever_reads_only_the_first_answers_breaks_nothing():
    lines = b"15\n" * 20_000
    with subprocess.Popen(
        [*LAUNCHER, "words"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        try:
            process.stdin.write(lines[:30_000])
            process.stdin.flush()
            process.stdout.readline()
            process.stdout.close()
            process.stdin.write(lines[30_000:])
            process.stdin.close()
        except BrokenPipeError:
            process.stdin = None
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) in (0, 1)  # as every filter ends that nobody reads any more
