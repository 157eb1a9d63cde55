"""E-invoices over HTTP: `POST <base>/documents` hands one over, `GET <base>/documents/<id>` asks.

The signed XML is the body as it was stored, the message id a header; nothing is sent twice. What
the answers look like says `reply.py`.
"""

import hashlib

from domain.einvoices.transmitter import Accepted, Awaited, Rejected
from domain.kernel.faults import Fault
from server.gateways.einvoice.reply import check_message_id, read_reply
from server.gateways.http_client import Circuit, HttpClient

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 4_194_304  # an answer may hold the document again, with the authority's signature


class HttpEInvoice:
    """The provider at one address."""

    def __init__(
        self, base_url: str, *, timeout: float = TIMEOUT_SECONDS, circuit: Circuit | None = None
    ) -> None:
        self._client = HttpClient(
            base_url,
            code="EINVOICE",
            who="The e-invoice provider",
            timeout=timeout,
            most_bytes=MOST_BYTES,
            circuit=circuit,
        )

    async def submit(self, message_id: str, xml: bytes) -> Accepted | Rejected | Awaited:
        """What the provider made of a document.

        Raises EINVOICE_NOT_SENT (a NotSent) while nothing left; after that EINVOICE_NO_ANSWER,
        _BUSY, _FAILED, _BAD_ANSWER and _WRONG_DOCUMENT.
        """
        check_message_id(message_id)
        headers = {
            "content-type": "application/xml",
            "x-message-id": message_id,
            "x-sha256": hashlib.sha256(xml).hexdigest(),
        }
        body = await self._client.post("documents", xml, headers=headers)
        answer = read_reply(body, message_id, xml, self._fault)
        if answer is None:
            raise self._fault("BAD_ANSWER", "does not know what it was just given.")
        return answer

    async def ask(
        self, message_id: str, *, xml: bytes | None = None
    ) -> Accepted | Rejected | Awaited | None:
        """What became of a message. Raises EINVOICE_... for whatever goes wrong."""
        check_message_id(message_id)
        body = await self._client.get(f"documents/{message_id}")
        return read_reply(body, message_id, xml, self._fault)

    def _fault(self, suffix: str, what: str) -> Fault:
        return self._client.fault(suffix, what)
