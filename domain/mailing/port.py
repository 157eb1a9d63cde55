"""Mail sender port: who takes a letter to the mail server, and what is a letter?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.kernel.faults import Kind, NotSent


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along: its name as the reader sees it, `type/subtype`, and its bytes."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody is to read. Addresses are `name@host` or `Name <name@host>`.

    `message_id` is ours: letters, digits, `.`, `_` and `-`; the same letter always has the same.
    """

    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


class MailSender(Protocol):
    """A mail server. Called with no transaction open."""

    async def send(self, letter: bytes, *, sender: str, to: Sequence[str]) -> str:
        """Hand a letter over once, for every recipient or for none; what the server answered.

        Raises a NotSent: `MAIL_NOT_SENT` when the letter did not leave and may be tried again,
        `MAIL_REFUSED` when the server said no for good. After any other exception nobody knows
        whether it arrives, and it is not sent a second time.
        """
        ...


class NoMailSender:
    """Nobody to hand a letter to."""

    async def send(self, letter: bytes, *, sender: str, to: Sequence[str]) -> str:
        """Raises MAIL_NOT_CONFIGURED, always."""
        raise NotSent(
            "MAIL_NOT_CONFIGURED",
            Kind.FORBIDDEN,
            "No mail server is configured here, so the letter was not sent.",
            "an operator can set CYBEROS_SMTP_URL for the process that carries out.",
        )
