"""Text checks: what may a person type, and what may we show of untrusted input?

Characters that cannot be seen can hide instructions from a reader and reach a model all the
same; characters that turn the direction of text can make an account number read backwards.
Incoming text with them is refused (`line`, `block`), foreign text is cleaned (`clean_outgoing`).
Source for the sets: Unicode 14 categories and Default_Ignorable_Code_Point, UTR 36, UTS 39.
"""

import re
import unicodedata
from enum import Enum
from functools import lru_cache

# Printable ASCII and line breaks, Latin letters with Vietnamese marks composed, dashes, quotes and
# the dong sign: nothing to look for, and nearly every text there is.
_ORDINARY = re.compile("[\t\n -~\u00a0-\u00ac\u00ae-\u02ff\u1e00-\u1eff\u2010-\u2027\u20ab]*")
# First bytes of U+00C0-01BF and, with a second byte, U+1E00-1EFF; and all continuation bytes.
_LATIN_BYTES = bytes([*range(0x20, 0x7F), *range(0x80, 0xC0), 0xC3, 0xC4, 0xC5, 0xC6, 0xE1])
_BEYOND_LATIN = re.compile(b"\xe1[^\xb8-\xbb]")  # what else begins like U+1E00-1EFF
_ESCAPES = (b"\\u", b"\\b", b"\\f", b"\\r")
_MOST_MARKS = 6  # on one letter; Vietnamese needs two, piles of them hide their neighbours
_MOST_DECOMPOSED = 4  # code points one composed letter may take before normalisation
_LINE_BREAKS = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_CARRIAGE_RETURNS = re.compile("\r\n?")
_EMOJI_SELECTORS = "\ufe0e\ufe0f"
_EMOJI_BASES = "0123456789#*\u203c\u2049\u2139\u3030"  # emoji that are not symbols by category
_BLANK_LETTERS = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc"
    "\U00013441\U00013442\U00016fe4\U0001d159"  # signs that are drawn as nothing
)
_PLANE_OF_TAGS = 0xE


class _Sort(Enum):
    """What a character is to this file; the value is the reason for refusing it."""

    PLAIN = ""
    MARK = "has more than 6 combining marks on one letter"
    SELECTOR = "has variation selectors where nothing varies"
    CONTROL = "has control characters"
    UNSEEN = "has invisible or direction-changing characters"
    NO_TEXT = "has code points that are not text"
    LOST = "has replacement characters (U+FFFD) where letters were lost"


def line(value: str, max_chars: int) -> str:
    """One line a person typed: NFC, stripped, 1 to `max_chars` characters.

    Raises ValueError with a short reason that reads on after the name of the field
    ("has control characters") and never repeats the input.
    """
    return _checked(value.strip(" \t\r\n"), max_chars, breaks=False)


def block(value: str, max_chars: int) -> str:
    """Text of several lines: as `line`, with line breaks (always LF) and tabs allowed."""
    return _checked(_CARRIAGE_RETURNS.sub("\n", value).strip(" \t\n"), max_chars, breaks=True)


def clean_outgoing(text: str) -> str:
    """What a customer, mail, memo or registry wrote, without the characters `block` refuses.

    Only the sign of a letter that is lost stays: without it a name would read like another one.
    Line breaks of every kind become LF, the rest of the text stays as it was (in NFC). Never
    raises, and cleaning twice changes nothing.
    """
    if _ORDINARY.fullmatch(text):
        return text
    cleaned = _stripped(_LINE_BREAKS.sub("\n", text))
    while (normal := unicodedata.normalize("NFC", cleaned)) != cleaned:
        cleaned = _stripped(normal)  # composing may leave a selector without its base
    return cleaned


def is_ordinary_json(encoded: bytes) -> bool:
    """Whether JSON in UTF-8 has nothing to look for: a quick yes; a no means one has to look.

    Yes only for printable ASCII and for Latin letters with their marks composed, told by the
    first bytes of their UTF-8 form, and without `\\u`, behind which a control character hides.
    """
    if encoded.translate(None, _LATIN_BYTES) or _BEYOND_LATIN.search(encoded):
        return False
    return b"\\" not in encoded or not any(sign in encoded for sign in _ESCAPES)


def _checked(value: str, max_chars: int, *, breaks: bool) -> str:
    if len(value) > max_chars * _MOST_DECOMPOSED:  # before any work on an unbounded text
        raise ValueError(f"is longer than {max_chars} characters")
    _refuse(value, breaks=breaks)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
        _refuse(value, breaks=breaks)
    value = value.strip()
    if not value:
        raise ValueError("is empty")
    if len(value) > max_chars:
        raise ValueError(f"is longer than {max_chars} characters")
    return value


def _refuse(value: str, *, breaks: bool) -> None:
    if not breaks and ("\n" in value or "\t" in value):
        raise ValueError("has line breaks or tabs")
    if found := _unwanted(value):
        raise ValueError(found[0][1].value)


def _stripped(text: str) -> str:
    unwanted = {place for place, sort in _unwanted(text) if sort is not _Sort.LOST}
    if not unwanted:
        return text
    return "".join(character for place, character in enumerate(text) if place not in unwanted)


def _unwanted(text: str) -> list[tuple[int, _Sort]]:
    """Where the characters stand that no text may have, and why."""
    found: list[tuple[int, _Sort]] = []
    if _ORDINARY.fullmatch(text):
        return found
    marks, before = 0, ""
    for place, character in enumerate(text):
        sort = _sort(character)
        if sort is _Sort.PLAIN:
            marks, before = 0, character
            continue
        if sort is _Sort.MARK:
            before = ""
            marks += 1
            if marks <= _MOST_MARKS:
                continue
        elif sort is _Sort.SELECTOR:
            base, before = before, ""
            if base and _varies(base, character):
                continue
        found.append((place, sort))
    return found


def _varies(base: str, selector: str) -> bool:
    """Whether the selector means something here: an emoji style, or a form of an ideograph."""
    if selector in _EMOJI_SELECTORS:
        return base in _EMOJI_BASES or unicodedata.category(base)[0] == "S"
    return ord(selector) >= 0xE0100 and unicodedata.category(base) == "Lo"


@lru_cache(maxsize=4_096)
def _sort(character: str) -> _Sort:
    if character in "\n\t":
        return _Sort.PLAIN
    if character in _BLANK_LETTERS:
        return _Sort.UNSEEN
    if character == "\ufffd":
        return _Sort.LOST
    code = ord(character)
    if 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return _Sort.SELECTOR
    if code >> 16 == _PLANE_OF_TAGS or 0xFFF0 <= code <= 0xFFF8 or 0x180B <= code <= 0x180F:
        return _Sort.UNSEEN
    match unicodedata.category(character):
        case "Cc":
            return _Sort.CONTROL
        case "Zl" | "Zp" | "Cf":
            return _Sort.UNSEEN
        case "Cs" | "Co":  # half a character; or one that means something else on each machine
            return _Sort.NO_TEXT
        case "Cn" if code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            return _Sort.NO_TEXT
        case "Cn" if code == 0x2065:
            return _Sort.UNSEEN
        case "Mn" | "Mc" | "Me":
            return _Sort.MARK
    return _Sort.PLAIN
