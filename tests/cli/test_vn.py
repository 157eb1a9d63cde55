"""`cyberos vn ...` answers one value, or a hundred thousand lines, and no line breaks it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vn.examples import examples

LAUNCHER = [sys.executable, str(Path(__file__).parents[2] / "cyberos.py"), "vn"]
PAYLOAD = (
    "00020101021138530010A0000007270123000697041601092576788590208QRIBFTTA53037045802VN6304AE9F"
)


def ask(command: str, *value: str, lines: bytes = b"") -> tuple[int, list[dict]]:
    """The exit code, and what each line of the answer says."""
    done = subprocess.run(
        [*LAUNCHER, command, *value],
        input=lines,
        capture_output=True,
        env={**os.environ, "CYBEROS_DATA_DIR": "/nowhere"},
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
def test_one_value_gets_one_object(command, value, answer):
    code, said = ask(command, value)

    assert (code, len(said)) == (0, 1)
    assert said[0]["ok"] is True
    assert answer.items() <= said[0].items()


@pytest.mark.parametrize(("name", "begins"), [("code.png", b"\x89PNG\r\n"), ("code.SVG", b"<svg ")])
def test_a_code_is_drawn_as_people_scan_it(tmp_path, name, begins):
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
def test_nothing_is_drawn_that_no_bank_could_trust_or_nowhere(tmp_path, payload, name, refusal):
    done = subprocess.run(
        [*LAUNCHER, "qr-image", payload, str(tmp_path / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode != 0 and done.stderr.startswith(refusal)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_value_says_why_and_ends_with_the_exit_code_of_a_mistake():
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
    code, said = ask("words", lines=b"\n".join(lines))

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


def test_examples_of_others_go_through_the_pipe_and_back():
    encoded = examples("vietqr_examples")["encode"]
    inputs = "\n".join(json.dumps(one["input"]) for one in encoded).encode()
    _, made = ask("qr-encode", lines=inputs)
    _, read = ask("qr-decode", lines="\n".join(one["payload"] for one in made).encode())

    assert [one["payload"] for one in made] == [one["payload"] for one in encoded]
    assert [{**one["input"], "ok": True} for one in encoded] == read


@pytest.mark.parametrize("one", examples("phone_examples")["numbers"], ids=lambda one: one["typed"])
def test_a_number_of_any_age_is_dialled_as_it_is_today(one):
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
def test_a_transfer_that_is_not_one_is_refused(wrong):
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
