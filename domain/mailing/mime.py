"""MIME form of a letter: which bytes are handed to a mail server?

The same letter at the same instant is the same bytes, so that what people approved can be named by
its digest. Everything is 7 bit ASCII in short lines: no server has to be asked what it can take,
and none has a reason to change it. Nothing that is typed can become a header of its own.
"""

import hashlib
import re
from base64 import encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime
from urllib.parse import quote

from domain.kernel import text
from domain.kernel.faults import Fault, Kind
from domain.mailing import addresses
from domain.mailing.port import Attachment, Letter

MOST_RECIPIENTS = 50
_LONGEST_SUBJECT, _LONGEST_TEXT, _LONGEST_NAME = 250, 100_000, 120
_SIGNS = 16  # of a file name on one line, each up to three letters
_ID = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_CONTAINERS = ("multipart", "message")  # they would be read as parts of the letter itself
_ORDINARY = re.compile(r"[A-Za-z0-9 ]*")  # needs neither quotes nor encoding in any header
_EOL = "\r\n"


def mime(letter: Letter, at: datetime) -> bytes:
    """The bytes of a letter that is dated `at`, with CRLF after each line.

    Raises ADDRESS_INVALID, and LETTER_INVALID for an id, a subject, a text or an attachment that
    cannot be written without loss. Source: RFC 5322, RFC 2045 to 2047, RFC 2231.
    """
    _, home = addresses.bare(letter.sender).rsplit("@", 1)
    head = [
        f"From: {_mailbox(letter.sender)}",
        f"To: {_recipients(letter.to)}",
        f"Subject: {_words(_line('subject', letter.subject, _LONGEST_SUBJECT), 'Subject')}",
        f"Date: {format_datetime(at.astimezone(UTC).replace(microsecond=0))}",
        f"Message-ID: <{_id(letter.message_id)}@{home}>",
        "MIME-Version: 1.0",
    ]
    first = [
        'Content-Type: text/plain; charset="utf-8"',
        *_base64(_text(letter.text).replace("\n", _EOL).encode()),
    ]
    if not letter.attachments:
        return _written(head + first)
    # Base64 has no `_` and lines of the head end before it, so no content contains the boundary.
    boundary = f"=_{hashlib.sha256(letter.message_id.encode()).hexdigest()[:32]}"
    lines = [*head, f'Content-Type: multipart/mixed; boundary="{boundary}"', ""]
    for part in (first, *map(_part, letter.attachments)):
        lines += [f"--{boundary}", *part]
    return _written([*lines, f"--{boundary}--"])


def _part(attachment: Attachment) -> list[str]:
    kind, _, _ = attachment.media_type.partition("/")
    if not _MEDIA_TYPE.fullmatch(attachment.media_type) or kind in _CONTAINERS:
        raise _invalid("attachment's media type", "is not that of a file")
    name = _line("attachment's name", attachment.name, _LONGEST_NAME)
    if re.search(r"[/\\:*?\"<>|]", name):
        raise _invalid("attachment's name", "has signs that no file name can have everywhere")
    return [
        f"Content-Type: {attachment.media_type}",
        f"Content-Disposition: attachment{''.join(_file_name(name))}",
        *_base64(attachment.content),
    ]


def _file_name(name: str) -> Iterator[str]:
    """Parameters of RFC 2231: percent signs, in pieces that every mail program joins again."""
    signs = re.findall(r"%[0-9A-F]{2}|.", quote(name, safe=""))
    for number, start in enumerate(range(0, len(signs), _SIGNS)):
        charset = "utf-8''" if number == 0 else ""
        piece = "".join(signs[start : start + _SIGNS])
        yield f";{_EOL} filename*{number}*={charset}{piece}"


def _base64(content: bytes) -> list[str]:
    return [
        "Content-Transfer-Encoding: base64",
        "",
        *encodebytes(content).decode().splitlines(),
    ]


def _recipients(to: tuple[str, ...]) -> str:
    if not 1 <= len(to) <= MOST_RECIPIENTS:
        raise _invalid("list of recipients", f"needs 1 to {MOST_RECIPIENTS} of them")
    return f",{_EOL} ".join(_mailbox(one) for one in to)


def _mailbox(address: str) -> str:
    name, bare = addresses.parse(address)
    return f"{_words(name, 'Reply-To')}{_EOL} <{bare}>" if name else bare


def _words(value: str, header: str) -> str:
    """A value that says what it says: as encoded words (RFC 2047) wherever a sign could mean more.

    `header` says how much of the first line is taken.
    """
    if _ORDINARY.fullmatch(value) and len(value) < 60:
        return value
    return Header(value, "utf-8", maxlinelen=76, header_name=header).encode(linesep=_EOL)


def _written(lines: list[str]) -> bytes:
    return "".join(f"{line}{_EOL}" for line in lines).encode("ascii")


def _id(message_id: str) -> str:
    if len(message_id) > 64 or not _ID.fullmatch(message_id):
        raise _invalid("id", "has other signs than letters, digits, dots, - and _")
    return message_id


def _line(what: str, value: str, longest: int) -> str:
    try:
        return text.line(value, longest)
    except ValueError as error:
        raise _invalid(what, str(error)) from None


def _text(value: str) -> str:
    try:
        return text.block(value, _LONGEST_TEXT)
    except ValueError as error:
        raise _invalid("text", str(error)) from None


def _invalid(what: str, why: str) -> Fault:
    return Fault("LETTER_INVALID", Kind.INVALID, f"The letter's {what} {why}.")
