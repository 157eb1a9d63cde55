"""A letter is handed over once; until the server has asked for it, it is certain that it was not.

Both adapters keep letters whole: the embedded one in a folder, and the one over SMTP with the
sandbox on a real socket. What servers do wrong is played by a script.
"""

import asyncio
import logging
import socket
import traceback
from base64 import b64encode
from contextlib import asynccontextmanager, suppress

import pytest

from domain.kernel.clock import HandClock
from domain.kernel.faults import Fault, Kind, NotSent
from domain.mailing.mime import mime
from domain.mailing.port import Attachment, Letter, NoMailSender
from domain.store.tx import reading
from policies.gate.contract import is_definite_no, nothing_left
from server.gateways.addresses import MailServer, mail_server
from server.gateways.mail.embedded import EmbeddedMailSender
from server.gateways.mail.smtp import SmtpMailSender
from server.settings import read
from tests.gateways import sandbox
from tests.gateways.tls import certificate, server_side, trusting
from tests.world import NOW

TIMEOUT, SHORT = 10.0, 0.3
SENDER, TO = "ar@saobien.example", ("hoa@daiduong.example", "Kế toán <kt@daiduong.example>")
CANARY = "k9canary!7"
LETTER = mime(
    Letter(
        "01ABC",
        f"Sao Biển <{SENDER}>",
        TO,
        "Hóa đơn tháng 4",
        "Kính gửi\n.\n.QUIT\n\nSao Biển",
        (Attachment("Hóa đơn.pdf", "application/pdf", bytes(range(256)) * 9),),
    ),
    NOW,
)


def local(port, **more):
    return MailServer("127.0.0.1", port, more.pop("tls", "none"), **more)


async def sent(sender, letter=LETTER, to=TO):
    return await sender.send(letter, sender=SENDER, to=to)


async def fault_of(sender, letter=LETTER, to=TO):
    with pytest.raises(Fault) as caught:
        await sent(sender, letter, to)
    return caught.value


class Script:
    """A server that answers each verb as it was told, and keeps what it heard.

    An answer of None is silence, one of b"" hangs up.
    """

    def __init__(self, **answers):
        self.answers = {
            "greeting": b"220 x",
            "EHLO": b"250-x\r\n250 AUTH PLAIN LOGIN",
            "AUTH": b"235 ok",
            "MAIL": b"250 ok",
            "RCPT": b"250 ok",
            "DATA": b"354 go",
            "letter": b"250 taken",
            "QUIT": b"221 bye",
            **answers,
        }
        self.heard = []
        self.visits = 0

    @asynccontextmanager
    async def listening(self, context=None):
        self.gone = asyncio.Semaphore(0)
        server = await asyncio.start_server(self._visit, "127.0.0.1", 0, ssl=context)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for _ in range(self.visits):
                await self.gone.acquire()

    async def _visit(self, reader, writer):
        self.visits += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, EOFError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.gone.release()

    async def _talk(self, reader, writer):
        if not await self._say("greeting", reader, writer):
            return
        while True:
            line = await reader.readuntil(b"\r\n")
            self.heard.append(line)
            verb = line[:4].decode().upper()
            if not await self._say(verb, reader, writer) or verb == "QUIT":
                return
            if verb == "DATA" and self.answers["DATA"].startswith(b"354"):
                self.heard.append(await reader.readuntil(b"\r\n.\r\n"))
                if not await self._say("letter", reader, writer):
                    return

    async def _say(self, verb, reader, writer):
        answer = self.answers.get(verb, b"502 what")
        if answer is None:
            await reader.read(-1)
            return False
        if answer:
            writer.write(answer + b"\r\n")
            await writer.drain()
        return bool(answer)


async def test_a_letter_arrives_as_it_is_for_everybody_on_the_envelope():
    async with sandbox.mail_server() as (port, mail):
        answer = await sent(SmtpMailSender(local(port)))
        (shown,) = mail.received()

    assert mail.letters == [(SENDER, ("hoa@daiduong.example", "kt@daiduong.example"), LETTER)]
    assert answer == "250 OK, kept as number 1"
    assert shown["subject"] == "Hóa đơn tháng 4" and ".QUIT" in shown["text"]
    assert shown["message_id"] == "<01ABC@saobien.example>"
    (attachment,) = shown["attachments"]
    assert attachment == {"name": "Hóa đơn.pdf", "media_type": "application/pdf", "bytes": 2304}


async def test_the_embedded_server_keeps_letters_in_a_folder(tmp_path):
    sender = EmbeddedMailSender(tmp_path / "mail")

    answers = [await sent(sender), await sent(sender)]

    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == "01ABC@saobien.example.eml" and file.read_bytes() == LETTER
    assert answers == [f"250 kept as {file.name}"] * 2
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Fault, match="ADDRESS_INVALID"):
        await sent(sender, to=("nobody",))


async def test_a_message_id_cannot_choose_a_folder(tmp_path):
    evil = LETTER.replace(b"<01ABC@saobien.example>", b"<../../../x@y>")

    await sent(EmbeddedMailSender(tmp_path / "a" / "mail"), evil)

    (file,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert file.parent == tmp_path / "a" / "mail"


async def test_starttls_comes_before_the_password_and_what_was_said_before_it_is_forgotten(
    tmp_path,
):
    file = certificate(tmp_path)
    upgrading = {"EHLO": b"250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STAR": b"220 go"}
    script = Script(**upgrading)
    say = script._say

    async def and_upgrade(verb, reader, writer):
        went_on = await say(verb, reader, writer)
        if verb == "STAR":
            script.answers["EHLO"] = b"250-x\r\n250 AUTH PLAIN"
            await writer.start_tls(server_side(file))
        return went_on

    script._say = and_upgrade
    async with script.listening() as port:
        server = local(port, tls="required", user="ar", password=CANARY)
        sender = SmtpMailSender(server, timeout=TIMEOUT, tls_context=trusting(file))
        answer = await sent(sender)

    said = [line.split()[0] for line in script.heard]
    assert answer == "250 taken"
    assert said[:4] == [b"EHLO", b"STARTTLS", b"EHLO", b"AUTH"]


@pytest.mark.parametrize("at_once", [True, False], ids=["smtps", "without"])
async def test_tls_stands_before_a_word_is_said(tmp_path, at_once):
    file, script = certificate(tmp_path), Script()
    tls = "at_once" if at_once else "required"

    async with script.listening(server_side(file) if at_once else None) as port:
        server = local(port, tls=tls, user="ar", password=CANARY)
        sender = SmtpMailSender(server, timeout=TIMEOUT, tls_context=trusting(file))
        if at_once:
            assert await sent(sender) == "250 taken"
        else:
            fault = await fault_of(sender)

    if not at_once:  # the server offers no STARTTLS
        assert isinstance(fault, NotSent) and fault.code == "MAIL_NOT_SENT"
        assert [line[:4] for line in script.heard] == [b"EHLO"]


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    script = Script()

    async with script.listening(server_side(certificate(tmp_path))) as port:
        fault = await fault_of(SmtpMailSender(local(port, tls="at_once"), timeout=TIMEOUT))

    assert isinstance(fault, NotSent) and script.heard == []


NO = {
    "not ready": ({"greeting": b"554 go away"}, "MAIL_NOT_SENT", 554),
    "no login": ({"AUTH": b"535 wrong"}, "MAIL_NOT_SENT", 535),
    "sender": ({"MAIL": b"550 no"}, "MAIL_REFUSED", 550),
    "sender now": ({"MAIL": b"451 later"}, "MAIL_NOT_SENT", 451),
    "recipient": ({"RCPT": b"550 nobody"}, "MAIL_REFUSED", 550),
    "recipient now": ({"RCPT": b"450 full"}, "MAIL_NOT_SENT", 450),
    "data": ({"DATA": b"554 no"}, "MAIL_REFUSED", 554),
    "data now": ({"DATA": b"451 later"}, "MAIL_NOT_SENT", 451),
    "letter": ({"letter": b"554 spam"}, "MAIL_REFUSED", 554),
    "letter now": ({"letter": b"452 full"}, "MAIL_NOT_SENT", 452),
    "hangs up at once": ({"greeting": b""}, "MAIL_NOT_SENT", None),
    "silent at once": ({"greeting": None}, "MAIL_NOT_SENT", None),
    "silent at mail": ({"MAIL": None}, "MAIL_NOT_SENT", None),
    "silent at data": ({"DATA": None}, "MAIL_NOT_SENT", None),
    "hangs up at data": ({"DATA": b""}, "MAIL_NOT_SENT", None),
    "no SMTP": ({"greeting": b"HTTP/1.1 400 Bad Request"}, "MAIL_NOT_SENT", None),
    "endless": ({"greeting": b"220-x\r\n" * 20_000}, "MAIL_NOT_SENT", None),
}


@pytest.mark.parametrize(("answers", "code", "status"), NO.values(), ids=NO)
async def test_a_no_is_certain_and_says_whether_it_is_for_good(answers, code, status):
    script = Script(**answers)
    silent = None in answers.values()

    async with script.listening() as port:
        server = local(port, user="ar", password=CANARY)
        fault = await fault_of(SmtpMailSender(server, timeout=SHORT if silent else TIMEOUT))

    assert isinstance(fault, NotSent) and fault.code == code
    assert nothing_left(fault) and is_definite_no(fault) is (code == "MAIL_REFUSED")
    assert fault.kind is (Kind.CONFLICT if code == "MAIL_REFUSED" else Kind.UNAVAILABLE)
    assert fault.facts.get("smtp_status") == status and script.visits == 1


UNKNOWN = {
    "silence": {"letter": None},
    "hangs up": {"letter": b""},
    "asks again": {"letter": b"354 more"},
    "no SMTP": {"letter": b"fine, thanks"},
    "no status": {"letter": b"000 ok"},
    "a status of nobody": {"letter": b"999 ok"},
}


@pytest.mark.parametrize("answers", UNKNOWN.values(), ids=UNKNOWN)
async def test_without_an_answer_to_the_letter_nobody_knows(answers):
    script = Script(**answers)

    async with script.listening() as port:
        timeout = SHORT if answers["letter"] is None else TIMEOUT
        fault = await fault_of(SmtpMailSender(local(port), timeout=timeout))

    assert fault.code == "MAIL_NO_ANSWER" and not nothing_left(fault)
    assert script.visits == 1, "it is not sent again"


async def test_one_recipient_that_is_refused_keeps_the_letter_from_all():
    script = Script(RCPT=b"250 ok")
    say = script._say

    async def second_is_refused(verb, reader, writer):
        if b"kt@" in (script.heard or [b""])[-1]:
            script.answers["RCPT"] = b"550 nobody"
        return await say(verb, reader, writer)

    script._say = second_is_refused
    async with script.listening() as port:
        fault = await fault_of(SmtpMailSender(local(port)))

    assert fault.code == "MAIL_REFUSED"
    assert not [line for line in script.heard if line.startswith(b"DATA")]


async def test_a_goodbye_that_does_not_come_changes_nothing():
    async with Script(QUIT=b"").listening() as port:
        assert await sent(SmtpMailSender(local(port))) == "250 taken"


async def test_no_connection_is_a_letter_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    closed = await fault_of(SmtpMailSender(local(port)))
    nameless = await fault_of(SmtpMailSender(MailServer("nobody.invalid", 25, "required")))

    assert isinstance(closed, NotSent) and isinstance(nameless, NotSent)


async def test_a_name_that_leads_home_is_not_even_called(monkeypatch):
    script = Script()
    async with script.listening() as port:
        home = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: home)
        fault = await fault_of(SmtpMailSender(MailServer("mail.example", port, "required")))

    assert isinstance(fault, NotSent) and "private network" in fault.message
    assert script.visits == 0


@pytest.mark.parametrize("to", ["a@b.example>\r\nRCPT TO:<c@d.example", "a b@c.example", "a@b c"])
async def test_an_address_cannot_say_a_command(to):
    script = Script()

    async with script.listening() as port:
        fault = await fault_of(SmtpMailSender(local(port)), to=(to,))

    assert fault.code == "ADDRESS_INVALID" and script.heard == []


@pytest.mark.parametrize("ending", [b"x\n.\nMAIL FROM:<e@f.example>\r\n", b"x\r.\r\n"])
async def test_a_letter_cannot_hide_another_one(ending):
    with pytest.raises(AssertionError, match="CRLF"):
        await sent(SmtpMailSender(local(25)), LETTER + ending)


FORMS = [CANARY, *(b64encode(one.encode()).decode() for one in (CANARY, f"\0ar\0{CANARY}"))]
ECHOING = [
    {"AUTH": f"535 wrong password {' '.join(FORMS)}".encode()},
    {"greeting": f"554 {CANARY}".encode()},
    {"MAIL": f"550 {CANARY}".encode()},
    {"letter": f"554 {CANARY}".encode()},
    {"letter": CANARY.encode()},
    {"letter": f"250 {' '.join(FORMS)}".encode()},
]


@pytest.mark.parametrize("answers", ECHOING)
async def test_a_password_is_shown_nowhere(answers, caplog):
    caplog.set_level(logging.DEBUG)
    shown = []

    async with Script(**answers).listening() as port:
        url = f"smtp://ar:{CANARY}@127.0.0.1:{port}"
        settings, server = read({"CYBEROS_SMTP_URL": url}), mail_server(url)
        try:
            shown.append(await sent(SmtpMailSender(server, timeout=TIMEOUT)))
        except Fault as fault:
            shown += [repr(fault), str(fault), "".join(traceback.format_exception(fault))]

    shown += [repr(settings), repr(server), str(server), caplog.text]
    assert server.password == CANARY
    assert not [one for one in shown for form in FORMS if form in one]


async def test_nobody_sends_with_a_transaction_open(world):
    async with reading(world.agent_side, world.ours.id, HandClock(NOW)):
        with pytest.raises(AssertionError, match="transaction"):
            await sent(SmtpMailSender(local(25)))


async def test_without_a_server_nothing_is_sent():
    fault = await fault_of(NoMailSender())

    assert isinstance(fault, NotSent) and fault.code == "MAIL_NOT_CONFIGURED"
    assert "CYBEROS_SMTP_URL" in fault.hint


ALLOWED = {
    "smtps://mail.example": MailServer("mail.example", 465, "at_once"),
    "smtp://mail.example": MailServer("mail.example", 587, "required"),
    "smtp://10.1.2.3:25": MailServer("10.1.2.3", 25, "required"),
    "smtp://127.0.0.1:8125": MailServer("127.0.0.1", 8125, "none"),
    "smtp://[::1]:8125/": MailServer("::1", 8125, "none"),
    "smtps://a%40b:p%3Aw@mail.example:1": MailServer("mail.example", 1, "at_once", "a@b", "p:w"),
}
REFUSED = [
    "mail.example",
    "http://mail.example",
    "smtp://",
    "smtp://mail.example/box",
    "smtp://mail.example?tls=no",
    "smtp://mail.example#x",
    "smtp://169.254.169.254",
    "smtp://0.0.0.0",
    "smtp://[::1",
    "smtp://mail.example:port",
    f"smtp://:{CANARY}@mail.example",
    "smtp://user@mail.example",
    f"smtp://user:{CANARY}%0d%0aQUIT@mail.example",
    f"smtp://user:{CANARY}@mail example",
]


@pytest.mark.parametrize(("url", "server"), ALLOWED.items())
def test_an_operator_may_configure(url, server):
    assert mail_server(url) == server
    assert read({"CYBEROS_SMTP_URL": url}).smtp_url == url


@pytest.mark.parametrize("url", REFUSED)
def test_nobody_may_configure(url):
    with pytest.raises(Fault) as caught:
        read({"CYBEROS_SMTP_URL": url})

    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.code == "SETTING_INVALID" and CANARY not in f"{caught.value!r}{told}"
