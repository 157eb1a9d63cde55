"""Replies of an e-invoice provider: what did it say, and is it about what we asked?

One JSON object, with HTTP status 200 whatever became of the document:
`{"message_id", "sha256", "state": accepted | rejected | pending | unknown, "reference", "code",
"reason"}`. Believed only when it names the message that was asked about and, where we know them,
the digest of the bytes that were sent: an answer about another document says nothing about ours.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ValidationError

from domain.einvoices.transmitter import Accepted, Awaited, Rejected
from domain.kernel import text
from domain.kernel.faults import Fault

LONGEST_REFERENCE, LONGEST_REASON = 100, 500
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,46}")  # MTDiep of the tax authority: 46 at most
_REFERENCE = re.compile(rf"[!-~]{{1,{LONGEST_REFERENCE}}}")
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")

Refusal = Callable[[str, str], Fault]


class _Reply(BaseModel):
    message_id: str
    state: Literal["accepted", "rejected", "pending", "unknown"]
    sha256: str = ""
    reference: str = ""
    code: str = ""
    reason: str = ""


def check_message_id(message_id: str) -> None:
    """An id goes into addresses as it is, so our own mistakes end here."""
    assert _MESSAGE_ID.fullmatch(message_id), "a message id is 1 to 46 letters, digits, - and _"


def read_reply(
    body: bytes, message_id: str, xml: bytes | None, fault: Refusal
) -> Accepted | Rejected | Awaited | None:
    """What a provider said of a message; None when it does not know it.

    `fault` makes the provider's faults: WRONG_DOCUMENT for an answer about another message or
    other bytes, BAD_ANSWER for what is not as agreed.
    """
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError:
        raise fault("BAD_ANSWER", "gave an answer that is not what was agreed.") from None
    if reply.message_id != message_id:
        raise fault("WRONG_DOCUMENT", "answered about another message.")
    if reply.state == "unknown":
        return None
    if xml is not None and reply.sha256 != hashlib.sha256(xml).hexdigest():
        raise fault("WRONG_DOCUMENT", "answered about another document.")
    if reply.state == "rejected":
        if not _CODE.fullmatch(reply.code):
            raise fault("BAD_ANSWER", "rejected a document without a code.")
        return Rejected(reply.code, _tidy(reply.reason), body)
    if not _REFERENCE.fullmatch(reply.reference):
        raise fault("BAD_ANSWER", "gave no reference of its own for a document.")
    if reply.state == "pending":
        return Awaited(reply.reference)
    return Accepted(reply.reference, body)


def _tidy(words: str) -> str:
    """Untrusted input on one line, without what cannot be seen."""
    return " ".join(text.clean_outgoing(words[: 4 * LONGEST_REASON]).split())[:LONGEST_REASON]
