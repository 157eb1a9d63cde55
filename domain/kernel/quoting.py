"""Quotations of untrusted input: how can words of others stand among ours and be none of them?

A name may hold any mark of quotation, a blank of any width and piles of combining marks. Quoted it
is one line in which every blank is one space, no letter carries more than two marks, and nothing
looks like the quotation mark that ends it. Source for what looks like one: the confusables of
U+0022 and U+0027 in UTS 39, revision 26, and the Unicode property Quotation_Mark.
"""

import re
import unicodedata

from domain.kernel.text import clean_outgoing

MOST_MARKS = 2  # on one letter, as Vietnamese and Thai have them
UNKNOWN = "\N{REPLACEMENT CHARACTER}"

_QUOTE = "'"
_QUOTATION_MARKS = frozenset(
    "\"'`\u00ab\u00bb\u00b4\u02b9\u02ba\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u02dd\u02ee\u02f4"
    "\u02f5\u02f6\u0374\u0384\u055a\u055d\u05d9\u05f2\u05f3\u05f4\u07f4\u07f5\u1cd3\u1fbd\u1fbf"
    "\u1fef\u1ffd\u1ffe\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2032\u2033\u2034\u2035"
    "\u2036\u2037\u2039\u203a\u2057\u275b\u275c\u275d\u275e\u275f\u2760\u276e\u276f\u2e42\u3003"
    "\u300c\u300d\u300e\u300f\u301d\u301e\u301f\ua78b\ua78c\ufe41\ufe42\ufe43\ufe44\uff02\uff07"
    "\uff40\uff62\uff63\U0001f676\U0001f677\U0001f678"
)
_SEVERAL = re.compile(f"{_QUOTE}[{_QUOTE} ]*{_QUOTE}")  # two of them look like a double one


def is_quotation_mark(letter: str) -> bool:
    """Whether a character is a mark of quotation or looks like one."""
    return letter in _QUOTATION_MARKS or unicodedata.category(letter) in ("Pi", "Pf")


def plain_line(text: str) -> str:
    """Untrusted text on one line in which every quotation mark is a single apostrophe."""
    line = " ".join(clean_outgoing(text).split())
    if line.isascii():
        return _one_quote(line.replace('"', _QUOTE).replace("`", _QUOTE))
    return _one_quote(" ".join(_plain(line).split()))


def quoted(text: str, most: int = 80) -> str:
    """A name inside a sentence of ours: on one line, clipped to `most`, in quotation marks."""
    plain = plain_line(text)
    return f'"{plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"}"'


def _one_quote(line: str) -> str:
    return _SEVERAL.sub(_QUOTE, line)


def _plain(line: str) -> str:
    kept: list[str] = []
    marks, carries = 0, False
    for letter in line:
        category = unicodedata.category(letter)
        if category[0] == "M":
            marks += 1
            if carries and marks <= MOST_MARKS:
                kept.append(letter)
            continue
        is_mark = is_quotation_mark(letter)
        marks, carries = 0, category[0] in "LNS" and not is_mark
        if category == "Cn":
            letter = UNKNOWN  # no font has it, so nobody sees it or everybody another sign
        kept.append(_QUOTE if is_mark else letter)
    return "".join(kept)
