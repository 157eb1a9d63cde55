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


TAXED = '{"currency": "VND", "lines": %s}'
VAT_LINES = {
    TAXED % '[{"amount": 605656, "rate": "8%"}, {"amount": 704582, "rate": "8%"}]': {
        "ok": True,
        "groups": [{"rate": "8%", "base": 1_310_238, "tax": 104_819}],
        "line_taxes": [48_452, 56_367],
        "tax": 104_819,
        "total": 1_415_057,
    },
    TAXED % '[{"amount": -5, "rate": "10%"}, {"amount": 7, "rate": "KCT"}]': {
        "ok": True,
        "groups": [
            {"rate": "10%", "base": -5, "tax": -1},
            {"rate": "KCT", "base": 7, "tax": 0},
        ],
        "line_taxes": [-1, 0],
        "tax": -1,
        "total": 1,
    },
    '{"category": "reduced", "on": "2026-12-31"}': {
        "ok": True,
        "rate": "8%",
        "source": "Resolution 204/2025/QH15; Decree 174/2025/NĐ-CP",
    },
    '{"category": "exempt", "on": "2026-11-30"}': {
        "ok": True,
        "rate": "KCT",
        "source": "Law 48/2024/QH15, article 5",
    },
}
VAT_REFUSED = {
    TAXED % '[{"amount": 1.0, "rate": "8%"}]': "AMOUNT_INVALID",
    TAXED % '[{"amount": 1e3, "rate": "8%"}]': "AMOUNT_INVALID",
    TAXED % '[{"amount": "1000", "rate": "8%"}]': "AMOUNT_INVALID",
    TAXED % '[{"amount": true, "rate": "8%"}]': "AMOUNT_INVALID",
    TAXED % '[{"amount": null, "rate": "8%"}]': "AMOUNT_INVALID",
    TAXED % f'[{{"amount": {10**30}, "rate": "8%"}}]': "AMOUNT_INVALID",
    TAXED % '[{"amount": 1, "rate": "7%"}]': "VAT_RATE_UNKNOWN",
    TAXED % '[{"amount": 1, "rate": 8}]': "VAT_RATE_UNKNOWN",
    TAXED % '[{"amount": 1, "rate": "8%", "colour": "red"}]': "INVALID_ARGS",
    TAXED % '[{"amount": 1, "amount": 2, "rate": "8%"}]': "JSON_INVALID",
    TAXED % '[{"amount": NaN, "rate": "8%"}]': "JSON_INVALID",
    TAXED % "[[1, 2]]": "INVALID_ARGS",
    TAXED % "{}": "INVALID_ARGS",
    '{"currency": "XAU", "lines": []}': "CURRENCY_UNKNOWN",
    '{"currency": 704, "lines": []}': "INVALID_ARGS",
    '{"currency": "VND"}': "INVALID_ARGS",
    '{"currency": "VND", "lines": [], "on": "2026-12-31"}': "INVALID_ARGS",
    '{"category": "luxury", "on": "2026-12-31"}': "VAT_CATEGORY_UNKNOWN",
    '{"category": ["zero"], "on": "2026-12-31"}': "VAT_CATEGORY_UNKNOWN",
    '{"category": "zero", "on": "2026-02-30"}': "DATE_INVALID",
    '{"category": "zero", "on": "20261231"}': "DATE_INVALID",
    '{"category": "zero", "on": 20261231}': "DATE_INVALID",
    '{"category": "zero", "on": "1066-10-14"}': "VAT_RATE_UNKNOWN",
    "[]": "INVALID_ARGS",
    "nonsense": "INVALID_ARGS",
    '"\\ud800"': "INVALID_ARGS",
}


def test_tax_is_added_up_line_by_line_and_no_refused_line_stops_the_next():
    given = [*VAT_REFUSED, *VAT_LINES, *VAT_REFUSED, *VAT_LINES]

    code, said = piped("vat", "\n".join(given).encode())

    assert code == 0 and len(said) == len(given)
    for line, answer in zip(given, said, strict=True):
        if line in VAT_LINES:
            assert answer == VAT_LINES[line]
        else:
            assert (answer["ok"], answer["code"]) == (False, VAT_REFUSED[line]), line


def test_an_invoice_of_ten_thousand_lines_is_one_line_of_input(ask):
    lines = json.dumps([{"amount": 1_000, "rate": "10%"}] * 10_000)

    _, said = ask("vat", lines=(TAXED % lines).encode())

    assert (said[0]["tax"], len(said[0]["line_taxes"])) == (1_000_000, 10_000)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        *((amount, "VND") for amount in ("250.000", "1.000", "12.000", "-250.000", "5.000000")),
        *((amount, "VND") for amount in ("1.500", "0.000", "1.250.000")),
        ("25.000", "JPY"),
        *((amount, "USD") for amount in ("1.000", "1.250", "250.000", "0.500")),
    ],
)
def test_thousands_behind_a_point_are_never_read_as_decimals(ask, amount, currency):
    typed = json.dumps({"amount": amount, "currency": currency})
    number = f'{{"amount": {amount}, "currency": "{currency}"}}'

    said = [ask("words", typed)[1][0]]
    if amount.count(".") == 1:
        said += ask("words", lines=number.encode())[1]

    assert {one.get("code") for one in said} == {"AMOUNT_INVALID"}


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1000000.00", "VND", "Một triệu đồng"),
        ("13800.25", "USD", "Mười ba nghìn tám trăm đô la Mỹ và hai mươi lăm xu"),
        ("1.5", "USD", "Một đô la Mỹ và năm mươi xu"),
    ],
)
def test_decimals_that_a_currency_has_are_read(ask, amount, currency, words):
    _, said = ask("words", json.dumps({"amount": amount, "currency": currency}))

    assert said == [{"ok": True, "text": words}]


@pytest.mark.parametrize(
    ("on", "province"), [("2026-09-19", "Tỉnh Bắc Ninh"), ("2026-09-20", "Thành phố Bắc Ninh")]
)
def test_an_address_is_judged_by_its_day(ask, on, province):
    typed = json.dumps({"address": "Phường Bắc Giang, tỉnh Bắc Ninh", "on": on})

    assert ask("address", typed)[1][0]["province_now"] == province


def test_the_answer_of_one_command_is_read_by_the_other(ask):
    _, made = ask("qr-encode", '{"bin": "970416", "account": "257678859", "amount": 5000}')
    _, read = ask("qr-decode", lines=json.dumps(made[0]).encode())

    assert (read[0]["account"], read[0]["amount"]) == ("257678859", "5000")
