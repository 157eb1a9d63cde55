"""Folding: what does a name look like to a search? Letters without marks, case or punctuation.

SQLite and PostgreSQL fold Vietnamese differently from each other (neither reaches every letter
without extensions), so both store what this file returns, and a query is folded the same way.
"""

import unicodedata

# Letters that look marked but have no canonical decomposition, so dropping marks misses them.
_STROKES = {
    "đ": "d",
    "ð": "d",  # Icelandic eth: how đ often arrives from old keyboards
    "ɖ": "d",  # the African Ɖ looks exactly like Đ
    "ø": "o",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
}
_PLAIN_STROKES = {
    ord(letter): plain
    for small, ascii in _STROKES.items()
    for letter, plain in ((small, ascii), (small.upper(), ascii.upper()))
    if len(letter) == 1
}
_ZERO_WIDTH_SPACE = "\u200b"  # a format character that nevertheless separates words
_APOSTROPHES = "\u02b9\u02bb\u02bc\u02bd"  # letters by category, apostrophes in names
_MOST_REMEMBERED = 8_192


def fold(text: str) -> str:
    """The searchable form: `Đặng Văn Ánh` is `dang van anh`.

    Case is folded, marks are dropped, đ and ð become d, full-width and other compatibility
    forms become plain ones, punctuation and every kind of space become one space. Folding twice
    changes nothing. Different names may fold alike (dương, đường): rank exact hits first.
    """
    if text.isascii():
        return " ".join(text.encode().translate(_ASCII).decode().split())
    return " ".join(text.translate(_TABLE).split())


def words(folded: str) -> tuple[str, ...]:
    """The words of a folded text, in order: what a search matches by prefix."""
    return tuple(folded.split())


def plain_letters(text: str) -> str:
    """The same words without marks, their case kept: `Đặng Văn Ánh` is `Dang Van Anh`.

    For people and banks that read ASCII; a search folds (`fold`), which also drops the case.
    """
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_PLAIN_STROKES))
    return "".join(letter for letter in decomposed if unicodedata.category(letter)[0] != "M")


class _Table(dict[int, int | str]):
    """Code point to folded text, learnt when first met: a lookup is cheaper than a rule."""

    def __missing__(self, code: int) -> int | str:
        text = _fold_character(chr(code))
        folded = ord(text) if len(text) == 1 else text  # `translate` is twice as fast with numbers
        if len(self) < _MOST_REMEMBERED:  # a text of a million different letters costs no memory
            self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.casefold()).casefold()
    return "".join(_part(part) for part in plain)


def _part(character: str) -> str:
    if character in _STROKES:
        return _STROKES[character]
    if character == _ZERO_WIDTH_SPACE or character in _APOSTROPHES:
        return " "
    match unicodedata.category(character)[0]:
        case "M":
            return ""
        case "L" | "N":
            return character
        case "C" if unicodedata.category(character) == "Cf":
            return ""  # joiners and direction marks do not separate words
        case _:
            return " "


_TABLE = _Table()
_ASCII = "".join(_fold_character(chr(code)) for code in range(128)).encode().ljust(256)
