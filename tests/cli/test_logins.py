"""A PostgreSQL that does not let us in: is it said which one, and why, and no password shown?"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.console import Place

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16/"


def _error(state: str) -> bytes:
    """An error as PostgreSQL says it before anybody is let in."""
    told = b"".join(kind + text.encode() + b"\x00" for kind, text in (
        (b"S", "FATAL"), (b"V", "FATAL"), (b"C", state), (b"M", "no"),
    )) + b"\x00"  # fmt: skip
    return b"E" + (len(told) + 4).to_bytes(4, "big") + told


@contextmanager
def answering(state: str) -> Iterator[int]:
    """A server that knows no TLS and refuses everybody; its port."""

    class Doorkeeper(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(8) == _SSL_REQUEST:
                self.request.sendall(b"N")
                self.request.recv(8)
            self.request.recv(4_096)
            self.request.sendall(_error(state))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Doorkeeper) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def refused(tmp_path, capsys, address: str, *more: str):
    url = f"postgresql://cyberos_people:s3cret@{address}"
    env = {"CYBEROS_DATA_DIR": str(tmp_path), "CYBEROS_DATABASE_URL": url}
    place = Place(env, capsys)
    fault = place.fault("inbox")
    told = place.run("doctor").out
    assert "internal error" not in told and "s3cret" not in "".join(place.seen)
    assert fault["message"] in told
    return fault


@pytest.mark.parametrize("state", ["28P01", "28000"])
def test_a_login_that_is_refused_is_named_with_the_server(tmp_path, capsys, state):
    with answering(state) as port:
        fault = refused(tmp_path, capsys, f"127.0.0.1:{port}/cyberos")

    assert fault["code"] == "DATABASE_LOGIN_REFUSED"
    assert f"127.0.0.1:{port} refuses the login cyberos_people" in fault["message"]


def test_a_host_that_nobody_knows_is_named(tmp_path, capsys):
    fault = refused(tmp_path, capsys, "nowhere.invalid:5432/cyberos")

    assert fault["code"] == "DATABASE_HOST_UNKNOWN"
    assert "nowhere.invalid:5432" in fault["message"] and "%40" in fault["hint"]


def test_a_port_where_nobody_listens_is_named(tmp_path, capsys):
    fault = refused(tmp_path, capsys, "127.0.0.1:9/cyberos")

    assert fault["code"] == "DATABASE_UNAVAILABLE"
    assert "127.0.0.1:9" in fault["message"]


def test_a_server_without_the_encryption_that_was_asked_for_is_named(tmp_path, capsys):
    with answering("28000") as port:
        fault = refused(tmp_path, capsys, f"127.0.0.1:{port}/cyberos?ssl=require")

    assert fault["code"] == "DATABASE_TLS_REFUSED"
    assert f"127.0.0.1:{port}" in fault["message"]
