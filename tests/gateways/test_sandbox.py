"""The sandbox is one process with three services, and shows what came to them."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import pytest

from domain.kernel.faults import Fault
from domain.mailing.mime import mime
from domain.mailing.port import Letter
from fixtures.sandbox import mail
from fixtures.sandbox.einvoice import MOST_BYTES
from server.gateways.addresses import mail_server
from server.gateways.einvoice.http import HttpEInvoice
from server.gateways.http_client import HttpClient
from server.gateways.mail.smtp import SmtpMailSender
from server.gateways.tax_registry.http import HttpTaxRegistry
from tests.gateways import sandbox
from tests.gateways.sandbox import hdon
from tests.world import NOW

TIMEOUT = 10.0


@asynccontextmanager
async def process(*arguments):
    """The sandbox as `make sandbox` starts it; what it says of its addresses, by name."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fixtures.sandbox", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    try:
        lines = [(await running.stdout.readline()).decode().strip() for _ in range(6)]
        yield dict(line.split("=", 1) for line in lines if "=" in line), lines
    finally:
        if running.returncode is None:
            running.terminate()
        await running.communicate()


async def listed(base, path):
    return json.loads(await HttpClient(base, code="X", who="It", timeout=TIMEOUT).get(path))


async def test_one_process_is_registry_provider_and_mail_server():
    letter = mime(Letter("1", "a@b.example", ("c@d.example",), "Hóa đơn", "Kính gửi"), NOW)
    async with process("--http-port", "0", "--smtp-port", "0") as (urls, lines):
        base = lines[0].split()[1]
        empty = [await listed(base, path) for path in ("einvoice/received", "mail")]
        taxpayer = await HttpTaxRegistry(urls["CYBEROS_MST_REGISTRY_URL"], timeout=TIMEOUT).look_up(
            "0307654321"
        )
        await HttpEInvoice(urls["CYBEROS_EINVOICE_URL"], timeout=TIMEOUT).submit("M-1", hdon())
        sender = SmtpMailSender(mail_server(urls["CYBEROS_SMTP_URL"]))
        await sender.send(letter, sender="a@b.example", to=["c@d.example"])
        (document,), (mail,) = [await listed(base, path) for path in ("einvoice/received", "mail")]

    assert empty == [[], []]
    assert taxpayer.taxpayer is not None and taxpayer.taxpayer.gdt_status == "00"
    assert document["xml"].encode() == hdon() and document["message_id"] == "M-1"
    assert (mail["subject"], mail["text"], mail["to"]) == ("Hóa đơn", "Kính gửi", ["c@d.example"])


async def test_a_port_that_is_taken_is_said_in_a_sentence():
    async with sandbox.mail_server() as (port, _):
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fixtures.sandbox"),
            *("--http-port", "0", "--smtp-port", str(port)),
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await running.communicate()

    assert running.returncode == 1 and said.startswith(b"The sandbox cannot listen: ")


@pytest.mark.parametrize("code", ["9900000951", "9900000952", "9900000953", "9900000954"])
async def test_the_registry_knows_the_buyers_that_make_the_provider_misbehave(code):
    async with sandbox.tax_registry() as (url, _):
        answer = await HttpTaxRegistry(url, timeout=TIMEOUT).look_up(code)

    assert answer.taxpayer is not None and answer.taxpayer.gdt_status == "00"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b" " * (MOST_BYTES + 1), {"x-message-id": "M-1"}),
        (hdon(), {}),
        (hdon(), {"x-message-id": "../x"}),
    ],
    ids=["too large", "no id", "an id that leads elsewhere"],
)
async def test_what_is_not_as_agreed_is_refused_at_the_door(body, headers):
    async with sandbox.einvoices() as (url, there):
        to = HttpClient(url, code="X", who="It", timeout=TIMEOUT)
        with pytest.raises(Fault, match="X_FAILED"):
            await to.post("documents", body, headers=headers)

    assert there.provider.received() == []


async def talked(port, *lines):
    """What a mail server says to each line, as status codes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = [await reader.readline()]
    for line in lines:
        writer.write(line)
        said.append(await reader.readline())
        while said[-1][3:4] == b"-":
            said[-1] = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return [int(one[:3]) for one in said]


MAIL, RCPT = b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@d.example>\r\n"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([b"EHLO x\r\n", b"helo x\r\n", b"NOOP\r\n", b"RSET\r\n", b"QUIT\r\n"], [250] * 4 + [221]),
        ([RCPT, MAIL, MAIL, b"DATA\r\n", RCPT, b"DATA\r\n"], [503, 250, 503, 503, 250, 354]),
        ([MAIL, RCPT, b"RSET\r\n", b"DATA\r\n"], [250, 250, 250, 503]),
        ([b"MAIL FROM:<a@b.example> SIZE=99999999 BODY=8BITMIME\r\n"], [552]),
        ([b"MAIL FROM:<a@b.example> SIZE=99\r\n", b"RCPT TO:<>\r\n"], [250, 501]),
        ([b"MAIL TO:<a@b.example>\r\n", b"MAIL FROM: a@b\r\n", b"VRFY x\r\n"], [501, 501, 502]),
        ([b"MAIL FROM:<>\r\n", *[RCPT] * 101], [250] * 101 + [452]),
    ],
)
async def test_the_mail_server_keeps_to_its_order(lines, codes):
    async with sandbox.mail_server() as (port, there):
        assert await talked(port, *lines) == [220, *codes]

    assert there.letters == []


async def test_a_letter_ends_with_a_dot_on_a_line_of_its_own_and_nowhere_else():
    body = b"x\n.\nMAIL FROM:<e@f.example>\n..y\r\n..\r\n\r.\r\n.\r\n"
    async with sandbox.mail_server() as (port, there):
        codes = await talked(port, MAIL, RCPT, b"DATA\r\n", body)

    assert codes == [220, 250, 250, 354, 250]
    assert [one[2] for one in there.letters] == [
        b"x\n.\nMAIL FROM:<e@f.example>\n..y\r\n.\r\n\r.\r\n"
    ]


async def test_half_a_letter_is_none_and_one_that_is_too_large_neither(monkeypatch):
    monkeypatch.setattr(mail, "MOST_BYTES", 100)
    async with sandbox.mail_server() as (port, there):
        too_large = await talked(port, MAIL, RCPT, b"DATA\r\n", b"x\r\n" * 50 + b".\r\n")
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(MAIL + RCPT + b"DATA\r\nhalf")
        writer.close()
        await writer.wait_closed()

    assert too_large[-1] == 552 and there.letters == []


async def test_a_letter_that_is_none_is_shown_all_the_same():
    async with sandbox.mail_server() as (port, there):
        await talked(port, MAIL, RCPT, b"DATA\r\n", b"\xff\x00 no letter\r\n.\r\n")
        await talked(
            port, MAIL, RCPT, b"DATA\r\n", b"Content-Type: text/x; charset=y\r\n\r\n\xff\r\n.\r\n"
        )

    assert [one["from"] for one in there.received()] == ["a@b.example"] * 2
