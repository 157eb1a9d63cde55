"""Gateways behind an admission: may this one be used here? Asked before anything is handed over."""

from collections.abc import Awaitable, Callable, Sequence

from domain.einvoices.transmitter import Accepted, Awaited, Rejected, SignedXmlTransmitter
from domain.mailing.port import MailSender

Admission = Callable[[], Awaitable[None]]  # raises a NotSent where it may not


class AdmittedEInvoice:
    """A provider that is handed and asked nothing where it may not be used."""

    def __init__(self, transmitter: SignedXmlTransmitter, admission: Admission) -> None:
        self._transmitter = transmitter
        self._admission = admission

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """As the provider answers. Raises what the admission raises."""
        await self._admission()
        return await self._transmitter.submit(message_id, xml)

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """As the provider answers. Raises what the admission raises."""
        await self._admission()
        return await self._transmitter.ask(message_id, xml=xml)


class AdmittedMailSender:
    """A mail server that is handed nothing where it may not be used."""

    def __init__(self, sender: MailSender, admission: Admission) -> None:
        self._sender = sender
        self._admission = admission

    async def send(self, letter: bytes, *, sender: str, to: Sequence[str]) -> str:
        """As the server answers. Raises what the admission raises."""
        await self._admission()
        return await self._sender.send(letter, sender=sender, to=to)
