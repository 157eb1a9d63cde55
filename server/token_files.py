"""Token files: what is the token of an agent, whatever editor saved it?

An editor may put a byte-order mark before it, write UTF-16, or somebody quotation marks around
it. None of it is part of the token, and nobody sees it.
"""

import codecs
from pathlib import Path

from domain.kernel.faults import Fault, Kind

_LARGEST = 1_024
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_QUOTES = "\"'"


def read_token(file: Path) -> str:
    """The token in clear that a file holds; whether it opens anything is judged elsewhere.

    Raises Fault TOKEN_INVALID, which says whether the file is missing or no plain text.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise _invalid(
            "The file with the agent token is not there, or cannot be read.",
            "set CYBEROS_AGENT_TOKEN_FILE or --token-file to the file `cyberos agent add` wrote.",
        ) from error
    try:
        text = content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        text = "\x00"
    token = text.strip().strip(_QUOTES).strip()
    if len(content) > _LARGEST or not token.isascii() or not token.isprintable():
        raise _invalid(
            "The file with the agent token is no plain text with one token in it.",
            "save it as plain text (UTF-8), or make a new one with `cyberos agent add`.",
        )
    return token


def _invalid(message: str, hint: str) -> Fault:
    return Fault("TOKEN_INVALID", Kind.FORBIDDEN, message, hint)
