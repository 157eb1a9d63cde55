"""Mail over SMTP: one letter, one connection, and every way it can end.

The machine is looked at before it is spoken to, and nothing is said in the clear but to this one.
Until the server has asked for the letter (354) nothing can arrive, so all that goes wrong is a
NotSent. From then on only the server's answer counts: without one nobody knows.
"""

import asyncio
import logging
import re
import socket
from base64 import b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio

from domain.kernel import text
from domain.kernel.faults import Fault, Kind, NotSent
from domain.mailing import addresses
from domain.store.tx import in_transaction
from server.gateways.addresses import MailServer, may_talk_to

if TYPE_CHECKING:
    from aiosmtplib import SMTP, SMTPResponse

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 30.0  # until the server asks for the letter, and again until it has taken it
_GOODBYE_SECONDS = 2.0
_LONGEST_ANSWER = 200
_HINT = "ask again in a minute; if it stays so, tell an operator."


class SmtpMailSender:
    """The mail server of an operator's choice."""

    def __init__(
        self, server: MailServer, *, timeout: float = TIMEOUT_SECONDS, tls_context: Any = None
    ) -> None:
        self._server = server
        self._timeout = timeout
        self._tls = tls_context

    async def send(self, letter: bytes, *, sender: str, to: Sequence[str]) -> str:
        """Hand a letter over, for every recipient or for none; what the server answered.

        `letter` has CRLF after each line, as domain/mailing/mime.py writes it. Raises a NotSent:
        MAIL_NOT_SENT (Kind UNAVAILABLE), or MAIL_REFUSED (Kind CONFLICT) for a definite no to
        sender, recipient or letter; and MAIL_NO_ANSWER when nobody knows. `smtp_status` among the
        facts is the server's.
        """
        assert not in_transaction(), "nobody waits for the network with a transaction open"
        assert to and not re.search(rb"(?<!\r)\n|\r(?!\n)", letter), "lines of a letter end in CRLF"
        envelope = addresses.bare(sender), [addresses.bare(one) for one in to]
        from aiosmtplib import SMTP  # not at the top: start-up counts

        client = SMTP(
            hostname=self._server.host,
            use_tls=self._server.tls == "at_once",
            start_tls=self._server.tls == "required",
            tls_context=self._tls,
            timeout=self._timeout,
        )
        try:
            await self._until_asked(client, *envelope)
            answer = await self._handed_over(client, letter)
        finally:
            client.close()
        return self._readable(answer)

    async def _until_asked(self, client: "SMTP", sender: str, to: list[str]) -> None:
        """Everything before the letter itself."""
        from aiosmtplib import SMTPRecipientRefused, SMTPResponseException, SMTPSenderRefused

        status, why, refused = 0, "did not answer in time", False
        with anyio.move_on_after(self._timeout):
            try:
                await self._connect(client)
                await client.mail(sender)
                for one in to:
                    await client.rcpt(one)
                asked = await client.execute_command(b"DATA")
                if asked.code == 354:
                    return
                status, why, refused = asked.code, "does not take the letter", asked.code >= 500
            except _Private:
                why = "has a name that leads into a private network"
            except (SMTPSenderRefused, SMTPRecipientRefused) as error:
                status, refused = error.code, error.code >= 500
                who = "sender" if isinstance(error, SMTPSenderRefused) else "recipient"
                why = f"does not take the {who}"
            except SMTPResponseException as error:
                status, why = error.code, "does not let us in"
            except Exception as error:
                # A broken library is a letter not sent too, and its words may hold a password.
                log.info("MAIL: %s", type(error).__name__)
                why = "cannot be reached as it is configured"
        if refused and 500 <= status < 600:
            raise _refused(why, status)
        raise _not_sent(why, status)

    async def _connect(self, client: "SMTP") -> None:
        connected = await self._allowed_socket()
        here = connected.getsockname()[0]
        # An address is a name that needs no name server (RFC 5321, 4.1.3).
        client.local_hostname = f"[IPv6:{here}]" if ":" in here else f"[{here}]"
        client.sock = connected
        try:
            await client.connect()
        except BaseException:
            connected.close()
            raise
        if self._server.user:
            await client.login(self._server.user, self._server.password)

    async def _allowed_socket(self) -> socket.socket:
        """A connection to a machine that the name may lead to; not a byte was sent on it."""
        loop = asyncio.get_running_loop()
        host, port = self._server.host, self._server.port
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        problem: Exception = _Private()
        for family, sort, protocol, _, place in found:
            if not may_talk_to(host, str(place[0])):
                continue
            made = socket.socket(family, sort, protocol)
            made.setblocking(False)
            try:
                await loop.sock_connect(made, place)
            except OSError as error:
                made.close()
                problem = error
            except BaseException:
                made.close()
                raise
            else:
                return made
        raise problem

    async def _handed_over(self, client: "SMTP", letter: bytes) -> "SMTPResponse":
        """The letter, and the server's word on it."""
        body = re.sub(rb"(?m)^\.", b"..", letter)
        body += b"" if body.endswith(b"\r\n") else b"\r\n"
        answer: SMTPResponse | None = None
        with anyio.move_on_after(self._timeout):
            try:
                assert client.protocol is not None
                client.protocol.write(body + b".\r\n")
                answer = await client.protocol.read_response(self._timeout)
            except Exception as error:
                log.info("MAIL: %s", type(error).__name__)
        if answer is None or not 200 <= answer.code < 600 or 300 <= answer.code < 400:
            raise Fault(
                "MAIL_NO_ANSWER",
                Kind.UNAVAILABLE,
                "The mail server was given the letter and did not say that it took it.",
                "nobody knows whether it arrives; ask the recipient before another one is sent.",
            )
        if answer.code >= 500:
            raise _refused("does not take the letter", answer.code)
        if answer.code >= 400:
            raise _not_sent("does not take the letter now", answer.code)
        with anyio.move_on_after(_GOODBYE_SECONDS):
            try:
                await client.quit()
            except Exception as error:
                log.debug("MAIL: no goodbye (%s)", type(error).__name__)
        return answer

    def _readable(self, answer: "SMTPResponse") -> str:
        """Status and words on one line: untrusted input, and never our own secret sent back."""
        words = text.clean_outgoing(answer.message.encode("utf-8", "replace").decode())
        for secret in _forms(self._server):
            words = words.replace(secret, "***")
        return f"{answer.code} {' '.join(words.split())}"[:_LONGEST_ANSWER].strip()


class _Private(Exception):
    """The name leads to machines that it may not lead to, and to no other."""


def _forms(server: MailServer) -> list[str]:
    """The password as it is and as it was sent."""
    if not server.password:
        return []
    sent = (server.password, f"\0{server.user}\0{server.password}")
    return [server.password, *(b64encode(one.encode()).decode() for one in sent)]


def _not_sent(why: str, status: int = 0) -> NotSent:
    sentence = f"The mail server {why}, so the letter was not sent."
    return NotSent("MAIL_NOT_SENT", Kind.UNAVAILABLE, sentence, _HINT, _facts(status))


def _refused(why: str, status: int) -> NotSent:
    sentence = f"The mail server {why}, for good, so the letter was not sent."
    hint = "correct the address, or ask the recipient for another one."
    return NotSent("MAIL_REFUSED", Kind.CONFLICT, sentence, hint, _facts(status))


def _facts(status: int) -> dict[str, int]:
    return {"smtp_status": status} if 200 <= status < 600 else {}
