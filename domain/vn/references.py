"""Payment references: which deal, invoice or receipt does a payment belong to, whatever banks do?

A reference is `HD`, seven characters that mean nothing and a check character, all of Crockford's
base 32 (no I, L, O, U). Banks upper-case a memo, drop its punctuation, put words of their own
around it and cut it off, so a reference holds letters and digits alone and stands first in the
memos we make. The check character is a sum over the field of 32 elements with another weight for
each place: it catches every single wrong character and every two that changed places.

HD also opens hóa đơn and hợp đồng, and numbers follow: so a reference is never digits alone, and
digits alone are never read as one, nor is a part of a longer number.
"""

import re
import secrets

from domain.kernel.folding import fold

PREFIX = "HD"
LENGTH = 10
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_VALUES |= {"O": 0, "I": 1, "L": 1}  # what a person reads for 0 and 1
_BODY = 7
_MOST_READ = 1_000  # of a memo; no bank sends more
_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, primitive, so that the weights are all different


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left <<= 1
        if left & 0b100000:
            left ^= _POLYNOMIAL
        right >>= 1
    return product


def _weights() -> tuple[int, ...]:
    weights = [2]
    while len(weights) < _BODY:
        weights.append(_times(weights[-1], 2))
    return tuple(weights)


# What each value at each place adds to the check, worked out once.
_TERMS = tuple(tuple(_times(weight, value) for value in range(32)) for weight in _weights())


def new_reference() -> str:
    """A reference nobody can guess; that it is unique is for whoever stores it to see to.

    None begins another inside it, or with the `D` of a word behind it (`don hang`), and each has
    a letter, which the number of a contract has not.
    """
    while True:
        body = "".join(secrets.choice(_ALPHABET) for _ in range(_BODY))
        checked = f"{body}{_check(body)}"
        if PREFIX not in f"{checked}D" and not body.isdigit():
            return f"{PREFIX}{checked}"


def is_reference(text: str) -> bool:
    """Whether the text is a reference exactly as we write them."""
    body, check = text[len(PREFIX) : -1], text[-1:]
    return (
        len(text) == LENGTH
        and text.startswith(PREFIX)
        and all(character in _ALPHABET for character in body)
        and _check(body) == check
    )


def find_references(memo: str) -> tuple[str, ...]:
    """The references in a memo, each once, in the order they stand there.

    Case, marks, spaces and punctuation do not matter, O is read as 0 and I or L as 1. A memo that
    was cut through the reference has none: a part of a reference could be another customer's. HD
    and a number is that of an invoice or a contract, whatever words stand behind it.
    """
    joined = fold(memo[:_MOST_READ]).replace(" ", "").upper()
    found: dict[str, None] = {}
    for start in _starts(joined):
        body = "".join(_plain(character) for character in joined[start : start + _BODY + 1])
        if len(body) <= _BODY or "?" in body or PREFIX in body or body[:_BODY].isdigit():
            continue  # nothing that we would have drawn
        if _check(body[:-1]) == body[-1]:
            found[f"{PREFIX}{body}"] = None
    return tuple(found)


def _starts(joined: str) -> list[int]:
    return [match.end() for match in re.finditer(PREFIX, joined)]


def _plain(character: str) -> str:
    value = _VALUES.get(character)
    return "?" if value is None else _ALPHABET[value]


def _check(body: str) -> str:
    total = 0
    for terms, character in zip(_TERMS, body, strict=True):
        total ^= terms[_VALUES[character]]
    return _ALPHABET[total]
