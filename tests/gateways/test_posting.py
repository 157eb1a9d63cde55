"""Handing over: it leaves once, and whoever hands it over learns whether a byte can have left."""

import asyncio
import socket
from contextlib import suppress

import pytest

from domain.kernel.faults import Fault, Kind, NotSent
from server.gateways.http_client import Circuit, HttpClient
from tests.gateways.sandbox import listening
from tests.gateways.tls import certificate

TIMEOUT, SHORT = 10.0, 0.3
HEADERS = {"content-type": "application/xml", "x-message-id": "M1"}


def client(url, *, timeout=TIMEOUT, **more):
    return HttpClient(url, code="X", who="The service", timeout=timeout, **more)


async def posted(to, body=b"<a/>"):
    """What comes of it: the exception that is raised."""
    with pytest.raises(Fault) as caught:
        await to.post("documents", body, headers=HEADERS)
    return caught.value


class Service:
    """An application that keeps what came and answers what it was told."""

    def __init__(self, status=200, body=b"{}", headers=()):
        self.answer = status, body, list(headers)
        self.came = []

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.came.append((scope["method"], scope["path"], dict(scope["headers"]), body))
        status, said, headers = self.answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": said})


class Raw:
    """A server that reads `reads` bytes of each visit, says something and goes, or stays silent."""

    def __init__(self, *, reads=1, says=b"", hangs=False):
        self.reads, self.says, self.hangs = reads, says, hangs
        self.visits = 0

    async def __aenter__(self):
        self.left = asyncio.Semaphore(0)
        self.server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}"

    async def __aexit__(self, *_):
        self.server.close()
        for _ in range(self.visits):
            await self.left.acquire()

    async def _visit(self, reader, writer):
        self.visits += 1
        try:
            if self.reads:
                await reader.read(self.reads)
            writer.write(self.says)
            if self.hangs:
                await reader.read(-1)
        except ConnectionError:
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.left.release()


async def test_bytes_and_headers_arrive_as_they_are_and_the_answer_comes_back():
    service, body = Service(body=b'{"ok":1}'), bytes(range(256)) * 400

    async with listening(service) as url:
        said = await client(f"{url}/base/").post("documents", body, headers=HEADERS)

    ((method, path, headers, came),) = service.came
    assert (said, method, path, came) == (b'{"ok":1}', "POST", "/base/documents", body)
    assert headers[b"x-message-id"] == b"M1" and headers[b"content-type"] == b"application/xml"
    assert headers[b"accept-encoding"] == b"identity"


async def test_a_larger_answer_is_read_only_where_it_was_asked_for():
    async with listening(Service(body=b" " * 100_000)) as url:
        larger = await client(url).post("x", b"", headers={}, most_bytes=100_000)
        got = await client(url, most_bytes=100_000).get("x")
        here = await client(url).get("x", most_bytes=100_000)
        refused = await posted(client(url))

    assert len(larger) == len(got) == len(here) == 100_000
    assert refused.code == "X_BAD_ANSWER" and not isinstance(refused, NotSent)


async def test_nothing_leaves_for_a_closed_port_or_an_unknown_name():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    closed = await posted(client(f"http://127.0.0.1:{port}"))
    nameless = await posted(client("https://nobody.invalid"))

    for fault in (closed, nameless):
        assert isinstance(fault, NotSent)
        assert (fault.code, fault.kind) == ("X_NOT_SENT", Kind.UNAVAILABLE)


async def test_nothing_leaves_for_a_name_that_leads_home(monkeypatch):
    async with Raw(reads=0) as url:
        port = int(url.rpartition(":")[2])
        home = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: home)
        fault = await posted(client(f"https://provider.example:{port}"))

    assert isinstance(fault, NotSent) and fault.code == "X_NOT_SENT"
    assert "private network" in fault.message


async def test_nothing_leaves_before_tls_stands(tmp_path):
    service, file = Service(), certificate(tmp_path)

    async with listening(service, ssl_certfile=str(file), ssl_keyfile=str(file)) as url:
        fault = await posted(client(url))
    async with Raw(reads=0, hangs=True) as url:
        silent = await posted(client(url.replace("http:", "https:"), timeout=SHORT))

    assert isinstance(fault, NotSent) and isinstance(silent, NotSent)
    assert (fault.code, silent.code, service.came) == ("X_NOT_SENT", "X_NOT_SENT", [])


async def test_nothing_leaves_during_a_pause():
    now = 1_000.0
    circuit = Circuit(lambda: now)
    for _ in range(3):
        circuit.failed()
    service = Service()

    async with listening(service) as url:
        fault = await posted(client(url, circuit=circuit))

    assert isinstance(fault, NotSent) and service.came == []
    assert fault.facts == {"retry_after_seconds": 30}


@pytest.mark.parametrize("reads", [0, 1, 65_536])
@pytest.mark.parametrize("hangs", [False, True], ids=["hangs up", "hangs"])
async def test_silence_after_the_first_byte_is_not_known_and_not_sent_again(reads, hangs):
    raw = Raw(reads=reads, hangs=hangs)

    async with raw as url:
        fault = await posted(client(url, timeout=SHORT if hangs else TIMEOUT), b"x" * 500_000)

    assert (fault.code, fault.kind) == ("X_NO_ANSWER", Kind.UNAVAILABLE)
    assert not isinstance(fault, NotSent) and raw.visits == 1


@pytest.mark.parametrize(
    "says",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 2",
        b"\0\xff not HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
    ],
    ids=["half a body", "bad chunk", "half a line", "no HTTP", "endless header"],
)
async def test_half_an_answer_is_no_answer(says):
    raw = Raw(reads=65_536, says=says)

    async with raw as url:
        fault = await posted(client(url))

    assert (fault.code, raw.visits) == ("X_NO_ANSWER", 1)


@pytest.mark.parametrize(
    ("service", "code"),
    [
        (Service(500), "X_FAILED"),
        (Service(404), "X_FAILED"),
        (Service(302, headers=[(b"location", b"http://127.0.0.1:1/")]), "X_FAILED"),
        (Service(429, headers=[(b"retry-after", b"60")]), "X_BUSY"),
        (Service(200, headers=[(b"content-encoding", b"gzip")]), "X_BAD_ANSWER"),
    ],
    ids=["500", "404", "redirect", "busy", "compressed"],
)
async def test_an_answer_that_is_none_leaves_it_unknown(service, code):
    service.came.clear()

    async with listening(service) as url:
        fault = await posted(client(url))

    assert fault.code == code and not isinstance(fault, NotSent) and len(service.came) == 1
