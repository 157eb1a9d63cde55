"""An e-invoice provider in this process, for the demo: the sandbox's, with its state in a folder.

The demo runs one process for each command, so what was handed over lies beside the demo's database
and is there for the next one.
"""

from domain.einvoices.transmitter import Accepted, Awaited, Rejected
from domain.kernel.faults import Fault, Kind
from fixtures.sandbox.einvoice import Answer, SandboxProvider
from server.gateways.einvoice.reply import check_message_id, read_reply


class EmbeddedEInvoice:
    """It takes what it is handed at once, and is as silent or wrong as the sandbox over HTTP."""

    def __init__(self, provider: SandboxProvider) -> None:
        self._provider = provider

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """What the provider made of a document. Raises EINVOICE_NO_ANSWER and _WRONG_DOCUMENT."""
        check_message_id(message_id)
        answer = read_reply(
            self._heard(self._provider.submit(message_id, xml)), message_id, xml, _fault
        )
        assert answer is not None, "what was submitted is known"
        return answer

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """What became of a message. Raises EINVOICE_WRONG_DOCUMENT."""
        check_message_id(message_id)
        return read_reply(self._heard(self._provider.ask(message_id)), message_id, xml, _fault)

    def _heard(self, answer: Answer) -> bytes:
        if answer.hangs:  # over a socket one would wait for the timeout
            raise _fault("NO_ANSWER", "was sent something and did not answer.")
        return answer.body


def _fault(suffix: str, what: str) -> Fault:
    return Fault(
        f"EINVOICE_{suffix}",
        Kind.UNAVAILABLE,
        f"The demo's e-invoice provider {what}",
        "ask again in a minute; the sandbox does this on purpose.",
    )
