"""Programs and exit codes: how does a command end, as a program:
exit codes, signals, a terminal, the agent's server?
"""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Role
from server.app import guarded
from server.cli.context import opened, perform
from server.cli.work import Worker
from server.version import VERSION
from tests.cli.console import AM, ROOT, SALES, Place, environ, outside

LAUNCHER = [sys.executable, str(ROOT / "cyberos.py")]


def _listen_to_interrupts() -> None:
    """A job in the background of a shell ignores Ctrl-C, and so does all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """A program that somebody sits in front of. `said` is all of it."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*LAUNCHER, *arguments],
            env=outside({**place.env, "NO_COLOR": "1"}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_listen_to_interrupts,
        )
        os.close(slave)
        self._bytes = b""
        self._heard = 0

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)

    @property
    def said(self) -> str:
        return self._bytes.decode(errors="replace")

    @property
    def text(self) -> str:
        return self.said[: self._heard]

    def wait_for(self, words: str) -> None:
        """Read on until the words are there, after those that were waited for before."""
        while (place := self.said.find(words, self._heard)) < 0:
            assert self._read(), f"it ended before it said {words!r}: {self.said}"
        self._heard = place + len(words)

    def type(self, line: str) -> None:
        os.write(self._master, f"{line}\n".encode())

    def ended(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        self._heard = len(self.said)
        return self.process.wait(timeout=60)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 60)
        assert ready, self.said
        try:
            piece = os.read(self._master, 65_536)
        except OSError:  # how Linux says that nobody is at the other end any more
            return False
        self._bytes += piece
        return bool(piece)


def test_the_launcher_shows_what_there_is(empty):
    bare, helped = empty.program(), empty.program("--help")

    assert bare.code == helped.code == 0
    assert bare.out == helped.out
    for command in ("init", "serve", "agent", "inbox", "show", "approve", "reject", "work"):
        assert f"\n  {command} " in helped.out
    assert helped.err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["show"],
        ["show", "--nonsense"],
        ["approve", "X"],
        ["agent", "add", "--days", "x"],
    ],
)
def test_a_typing_mistake_is_a_fault_like_any_other(empty, arguments):
    fault = empty.fault(*arguments)
    plain = empty.run(*arguments)

    assert (fault["code"], fault["exit"]) == ("USAGE", 2)
    assert plain.code == 2
    assert plain.out == ""
    assert plain.err.splitlines()[0].startswith("USAGE: ")
    assert plain.err.splitlines()[1].startswith("Hint: ")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (Kind.INVALID, 2),
        (Kind.NOT_FOUND, 3),
        (Kind.CONFLICT, 4),
        (Kind.FORBIDDEN, 5),
        (Kind.UNAVAILABLE, 6),
    ],
)
def test_each_kind_of_fault_has_an_exit_code(capsys, kind, code):
    def refuse() -> int:
        raise Fault("SOME_CODE", kind, "It cannot be done.", "do that first.", {"n": 1})

    assert guarded(refuse, []) == code
    assert capsys.readouterr() == ("", "SOME_CODE: It cannot be done.\nHint: do that first.\n")
    assert guarded(refuse, ["x", "--json"]) == code
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out) == {
        "ok": False,
        "code": "SOME_CODE",
        "message": "It cannot be done.",
        "hint": "do that first.",
        "facts": {"n": 1},
    }


def test_our_own_mistake_shows_nothing_of_itself(capsys):
    def break_down() -> int:
        raise RuntimeError("cyb_secret and everything around it")

    assert guarded(break_down, []) == 70
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1
    assert "internal error" in err and "secret" not in err
    assert guarded(break_down, ["--json"]) == 70
    assert json.loads(capsys.readouterr().out)["code"] == "INTERNAL_ERROR"
    assert guarded(break_down, ["--debug"]) == 70
    assert "break_down" in capsys.readouterr().err


def test_an_interrupted_command_ends_as_a_shell_expects(capsys):
    def interrupt() -> int:
        raise KeyboardInterrupt

    assert guarded(interrupt, []) == 130
    assert capsys.readouterr().err == "\ncyberos: interrupted\n"


def test_a_misspelt_setting_is_named(empty):
    fault = Place({**empty.env, "CYBEROS_DATADIR": "x"}, empty.capsys).fault("inbox")

    assert (fault["code"], fault["exit"]) == ("SETTING_UNKNOWN", 2)
    loud = Place({**empty.env, "CYBEROS_LOG_LEVEL": "LOUD"}, empty.capsys)
    assert loud.fault("inbox")["code"] == "SETTING_INVALID"


def test_the_server_starts_without_the_command_line(embedded):
    program = (
        "import sys; from server.app import run; code = run(['serve']);"
        " assert 'typer' not in sys.modules, 'typer'; sys.exit(code)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=outside(embedded.env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "TOKEN_INVALID" in done.stderr


def test_what_mcp_json_says_starts_the_server(embedded):
    entry = json.loads((embedded.data_dir / "mcp.json").read_text())["mcpServers"]["cyberos"]
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }

    done = subprocess.run(
        [entry["command"], *entry["args"]],
        cwd="/",
        env={**entry["env"], "PATH": ""},
        input=json.dumps(hello) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert json.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"] == "cyberos"


def test_a_person_types_their_passphrase_and_it_is_not_echoed(embedded):
    action_id = embedded.proposed()
    *flags, _, file = embedded.signing(AM)
    words = Path(file).read_text(encoding="utf-8").strip()
    with Terminal(embedded, "approve", action_id, *flags, "--lang", "en") as terminal:
        terminal.wait_for("Passphrase of")
        shown_before = terminal.text

        terminal.type(words)

        assert terminal.ended() == 0
        assert "What will happen" in shown_before
        assert "State: done (succeeded)" in terminal.text
        assert words not in terminal.text


def test_ctrl_c_at_the_passphrase_decides_nothing(embedded):
    action_id = embedded.proposed()
    with Terminal(embedded, "approve", action_id, *embedded.signing(AM)[:-2]) as terminal:
        terminal.wait_for("Cụm mật khẩu của ")  # the language of the company

        terminal.process.send_signal(signal.SIGINT)

        assert terminal.ended() == 130
    assert embedded.ok("show", action_id)["action"]["state"] == "pending"


def test_init_asks_for_what_nobody_gave(empty):
    conversation = [
        ("Short name", "Tây Nguyên"),
        ("small letters", None),
        ("Short name", "tay-nguyen"),
        ("Name of the company", "Công ty TNHH Tây Nguyên"),
        ("Your name", "Hồ Văn Nam"),
        ("Your e-mail", "nam"),
        ("an e-mail address is none", None),
        ("Your e-mail", "nam@taynguyen.example"),
        ("Your roles (of admin, am, cfo, cro, dpo, sales; needed and held by nobody yet: ", None),
        ("admin, am, cfo, cro)", "boss"),
        ("there is no role boss", None),
        ("Your roles", ""),
        ("Passphrase of Hồ Văn Nam", "sáu chữ cái dài"),
        ("Once more", "không giống"),
        ("not the same", None),
        ("Passphrase of Hồ Văn Nam", "sáu chữ cái dài"),
        ("Once more", "sáu chữ cái dài"),
        ("Somebody else who signs? E-mail (empty: nobody)", ""),
        ("act for?", "lan@taynguyen.example"),
        ("one of the people", None),
        ("act for?", ""),
        ("Nobody holds am, cfo, cro", None),
        ("Go on all the same?", "n"),
        ("Somebody else who signs?", "Nam@taynguyen.example"),
        ("already", None),
        ("Somebody else who signs?", "lan@taynguyen.example"),
        ("Name of this person", "Đỗ Thị Lan"),
        ("held by nobody yet: am, cfo, cro)", "am, sales"),
        ("Passphrase of Đỗ Thị Lan", "một câu của riêng Lan"),
        ("Once more", "một câu của riêng Lan"),
        ("Somebody else who signs?", ""),
        ("Nobody holds cfo, cro", None),
        ("Go on all the same?", "y"),
        ("Passphrase of the root key", "ngắn"),
        ("At least 10 characters", None),
        ("Passphrase of the root key", "cụm từ cho khóa gốc"),
        ("Once more", "cụm từ cho khóa gốc"),
    ]
    with Terminal(empty, "init", "--no-bank-account") as terminal:
        for question, line in conversation:
            terminal.wait_for(question)
            if line is not None:
                terminal.type(line)

        assert terminal.ended() == 0, terminal.said
        assert "Công ty TNHH Tây Nguyên (tay-nguyen) is ready." in terminal.said
        assert "Nobody holds cfo, cro: what needs their signature" in terminal.said
        typed = ("sáu chữ", "cụm từ", "ngắn", "một câu")
        assert not any(words in terminal.said for words in typed)
    people = empty.ok("person", "list")["people"]
    assert [(one["email"], one["roles"]) for one in people] == [
        ("nam@taynguyen.example", ["admin"]),
        ("lan@taynguyen.example", ["am", "sales"]),
    ]
    assert empty.ok("agent", "list")["agents"][0]["for_email"] == "nam@taynguyen.example"


def test_a_flag_that_cannot_be_is_asked_again_at_once_in_a_terminal(empty):
    given = ["--tenant-code", "x!", "--time-zone", "Asia/Nowhere", "--no-bank-account"]
    with Terminal(empty, "init", *given, "--tenant-name", "Một công ty") as terminal:
        terminal.wait_for("small letters")
        terminal.wait_for("Short name")
        terminal.type("mot-cong-ty")
        terminal.wait_for("no such time zone")
        terminal.wait_for("Time zone")
        terminal.type("Asia/Tokyo")
        terminal.wait_for("Your name")

        terminal.process.send_signal(signal.SIGINT)

        assert terminal.ended() == 130
    assert not empty.data_dir.exists()


def test_a_worker_carries_out_and_stops_cleanly(place):
    worker = subprocess.Popen(
        [*LAUNCHER, "work"],
        env=outside(place.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    assert worker.stdout.readline().startswith("Working")
    action_id = place.proposed()

    answer = place.ok("approve", action_id, *place.signing(AM), "--wait", "30")
    worker.send_signal(signal.SIGTERM)
    out, err = worker.communicate(timeout=60)

    assert answer["state"] == "succeeded"
    assert worker.returncode == 0
    assert (out, err) == ("Stopped.\n", "")


def test_a_worker_learns_of_a_tenant_that_is_younger_than_itself(served):
    action_id = served.proposed()
    assert served.ok("approve", action_id, *served.signing(AM), "--wait", "0")["waits_for"] == []
    file = served.data_dir / "trust.json"
    known = file.read_text()

    async def begin_before_the_root_is_known() -> None:
        async with opened(Role.EXECUTOR) as context:
            file.write_text(json.dumps({**json.loads(known), "roots": {}}))
            worker = Worker(context)
            file.write_text(known)
            await worker.round()

    with environ(served.env):
        perform(begin_before_the_root_is_known)

    assert served.ok("show", action_id)["action"]["state"] == "succeeded"


def test_a_round_in_which_nothing_is_left_to_do_says_so(place):
    place.a_deal()
    place.ok("work", "--once")

    done = place.ok("work", "--once")

    nothing = {
        "actions": [],
        "dispatches": [],
        "received": 0,
        "messages": 0,
        "left_alone": [],
        "dead_letters": [],
    }
    assert done == {"ok": True, **nothing}


def test_a_reader_that_hangs_up_is_no_error(embedded):
    embedded.proposed()
    with subprocess.Popen(
        [*LAUNCHER, "inbox"],
        env=outside(embedded.env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()

    assert b"Traceback" not in err
    assert process.returncode in (0, 1)


def test_sales_may_look_but_not_sign(embedded):
    action_id = embedded.proposed()

    assert embedded.run("show", action_id, "--as", embedded.signing(SALES)[1]).code == 0


def test_which_version_it_is_can_be_asked(empty):
    assert empty.run("--version").out == f"cyberos {VERSION}\n"


def test_whoever_starts_the_server_in_a_terminal_is_told_that_it_waits(embedded):
    there = Place(
        {**embedded.env, "CYBEROS_AGENT_TOKEN": embedded.demo["agents"]["cro_agent"]["token"]}
    )
    with Terminal(there, "serve") as terminal:
        terminal.wait_for("Waiting for an MCP client")
        terminal.type("\x04")  # Ctrl-D, at the beginning of a line
        assert terminal.ended() == 0
