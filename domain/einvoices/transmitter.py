"""E-invoice transmitter port: who takes a signed e-invoice (hóa đơn) to the tax authority?

A provider is handed the signed bytes under a message id that is ours, and can be asked by that id
what became of them. Whoever calls has to tell three ends apart: an answer, a `NotSent`, and every
other exception, after which nobody knows and asking is all that is left.
"""

from dataclasses import dataclass
from typing import Protocol

from domain.kernel.faults import Kind, NotSent


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is an e-invoice now; `reference` is the provider's name for it, `reply` what it said."""

    reference: str
    reply: bytes


@dataclass(frozen=True, slots=True)
class Rejected:
    """It is none, and never will be under this message id.

    `code` is the provider's, letters and digits; `reason` is untrusted input on one line, cleaned.
    """

    code: str
    reason: str
    reply: bytes


@dataclass(frozen=True, slots=True)
class Awaited:
    """It was taken, and the answer is to come: ask for it."""

    reference: str


class SignedXmlTransmitter(Protocol):
    """A provider of e-invoices. Called with no transaction open."""

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """Hand a signed document over, once; the same message id with the same bytes is one.

        Raises a NotSent (`EINVOICE_NOT_SENT` and others, Kind UNAVAILABLE or FORBIDDEN) when not
        one byte of it can have left. After any other exception nobody knows.
        """
        ...

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """What became of a message; None when the provider does not know it.

        With `xml` an answer about other bytes under this id is refused too. Any exception means
        that nobody knows.
        """
        ...


class NoTransmitter:
    """Nobody to hand an e-invoice to."""

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """Raises EINVOICE_NOT_CONFIGURED, always."""
        raise _not_configured()

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """Raises EINVOICE_NOT_CONFIGURED, always."""
        raise _not_configured()


def _not_configured() -> NotSent:
    return NotSent(
        "EINVOICE_NOT_CONFIGURED",
        Kind.FORBIDDEN,
        "No provider of e-invoices is configured here, so nothing was sent.",
        "an operator can set CYBEROS_EINVOICE_URL for the process that carries out.",
    )
