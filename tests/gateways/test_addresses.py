"""Service addresses: where may our questions go? Only where an operator meant them to."""

import asyncio
import logging
import socket

import pytest

from domain.kernel.faults import Fault
from server.gateways.addresses import check_address, may_talk_to
from server.gateways.http_client import Circuit, HttpClient
from server.settings import read
from tests.gateways.sandbox import tax_registry

ALLOWED = [
    "https://api.vietqr.io/v2/business",
    "https://10.1.2.3/mst/",
    "http://127.0.0.1:8000/v2/business",
    "http://localhost:8000",
    "http://[::1]:8000",
]
REFUSED = [
    "",
    "api.vietqr.io",
    "http://api.vietqr.io/v2/business",
    "http://10.1.2.3",
    "ftp://api.vietqr.io",
    "file:///etc/passwd",
    "https://",
    "https://user:secret@api.vietqr.io",
    "https://api.vietqr.io?code=1",
    "https://api.vietqr.io#here",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://0.0.0.0",
    "https://224.0.0.1",
    "https://api.vietqr.io:port",
    "https://[::1",
]


@pytest.mark.parametrize("url", ALLOWED)
def test_an_operator_may_configure(url):
    check_address(url)

    assert read({"CYBEROS_MST_REGISTRY_URL": url}).mst_registry_url == url


@pytest.mark.parametrize("url", REFUSED)
def test_nobody_may_configure(url):
    with pytest.raises(Fault) as caught:
        check_address(url)

    assert caught.value.code == "SETTING_INVALID"
    if url:
        with pytest.raises(Fault, match="SETTING_INVALID"):
            read({"CYBEROS_MST_REGISTRY_URL": url})


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("api.vietqr.io", "103.9.76.10", True),
        ("api.vietqr.io", "127.0.0.1", False),
        ("api.vietqr.io", "10.0.0.1", False),
        ("api.vietqr.io", "169.254.169.254", False),
        ("api.vietqr.io", "fe80::1%eth0", False),
        ("api.vietqr.io", "::ffff:10.0.0.1", False),
        ("api.vietqr.io", "nowhere", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "10.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
    ],
)
def test_a_name_must_lead_to_the_public_internet(host, address, allowed):
    assert may_talk_to(host, address) is allowed


async def test_a_name_that_leads_home_is_hung_up_on_before_a_byte_is_sent(monkeypatch):
    heard: list[bytes] = []
    gone = asyncio.Event()

    async def listen(reader, writer):
        heard.append(await reader.read())
        writer.close()
        gone.set()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    home = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: home)
    client = HttpClient(f"https://registry.example:{port}", code="X", who="X", timeout=10.0)
    async with server:
        with pytest.raises(Fault) as caught:
            await client.get("9900000104")
        await gone.wait()

    assert caught.value.code == "X_FAILED"
    assert "private network" in caught.value.message
    assert heard == [b""]


async def test_no_tax_code_comes_into_the_log(caplog):
    caplog.set_level(logging.DEBUG)
    async with tax_registry() as (url, _):
        await HttpClient(url, code="X", who="X", timeout=10.0).get("9900000104")

    assert "9900000104" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("http")
    )


def test_retries_come_out_of_a_budget_that_answers_fill():
    circuit = Circuit()

    at_first = [circuit.may_retry() for _ in range(4)]
    for _ in range(10):
        circuit.succeeded()
    later = [circuit.may_retry() for _ in range(2)]

    assert at_first == [True, True, True, False]
    assert later == [True, False]


def test_one_good_answer_closes_the_circuit_and_a_failed_trial_opens_it_again():
    now = 0.0
    circuit = Circuit(lambda: now)
    for _ in range(3):
        circuit.failed()
    opened = circuit.open_for()
    now += opened
    circuit.failed()
    again = circuit.open_for()
    now += again
    circuit.succeeded()
    circuit.failed()

    assert (opened, again, circuit.open_for()) == (30, 30, 0)
