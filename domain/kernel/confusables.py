"""Confusables: do two names look like one to whoever reads them?

A name and its look-alikes have the same skeleton: `Intel Vietnam`, `INTEL Việt-Nam.`, `lntel
Vietnam` with a small L, and `Intеl Vietnam` with a Cyrillic letter. It is never shown; it only says
what should be looked at twice. Letters are those that Unicode Technical Standard 39 (confusables of
version 15.1) holds for a Latin letter or digit, with the small letters of the large ones.
"""

import unicodedata

from domain.kernel.folding import fold

_LOOK_LIKE = {
    "2": "\u01a7\u01a8\u03e8\u03e9\u14bf\ua644\ua645\ua6ef\ua75a\ua75b",
    "3": ("\u01b7\u021c\u021d\u025c\u0292\u0417\u0437\u04e0\u04e1\u2ccc\u2ccd\ua76a\ua76b\ua7ab"),
    "4": "\u13ce\uab9e",
    "5": "\u01bc",
    "6": "\u0431\u13ee\u2cd2\u2cd3\uabbe",
    "8": "\u0222\u0223\u09ea\u0a6a",
    "9": "\u09ed\u0a67\u0b68\u0d6d\u2cca\u2ccb\ua76e\ua76f",
    "a": "\u0251\u0391\u03b1\u0410\u0430\u13aa\u15c5\ua4ee\uab7a",
    "b": (
        "\u0184\u0185\u0392\u03b2\u0412\u042c\u0432\u044c\u13cf\u13f4\u13fc\u1472\u15af"
        "\u15f7\ua4d0\ua7b4\ua7b5\uab9f"
    ),
    "c": "\u0421\u0441\u13df\u1d04\u2ca4\u2ca5\ua4da\uabaf",
    "d": "\u0501\u13a0\u13e7\u146f\u15de\u15ea\ua4d2\ua4d3\uab70\uabb7",
    "e": "\u0395\u03b5\u0415\u0435\u04bd\u13ac\u2d39\ua4f0\uab32\uab7c",
    "f": "\u03dc\u03dd\u0584\u15b4\u1e9d\ua4dd\ua798\ua799\uab35",
    "g": "\u018d\u0261\u050c\u050d\u0581\u13c0\u13f3\u13fb\u1d83\ua4d6\uab90",
    "h": ("\u0397\u03b7\u041d\u043d\u04bb\u0570\u13bb\u13c2\u157c\u2c8e\u2c8f\ua4e7\uab8b\uab92"),
    "j": "\u029d\u037f\u03f3\u0408\u0458\u13ab\u148d\ua4d9\ua7b2\uab7b",
    "k": "\u039a\u03ba\u041a\u043a\u13e6\u16d5\u2c94\u2c95\ua4d7\uabb6",
    "l": (
        "\u0196\u01c0\u0269\u026a\u0399\u03b9\u0406\u0456\u04c0\u04cf\u06f1\u13a5\u13de"
        "\u14aa\u16c1\u2c92\u2c93\u2cd0\u2cd1\u2d4f\ua4e1\ua4f2\ua647\uab75\uabae"
    ),
    "m": "\u039c\u03bc\u03fa\u03fb\u041c\u043c\u13b7\u15f0\u16d6\u2c98\u2c99\ua4df\uab87",
    "n": "\u039d\u0578\u057c\u2c9a\u2c9b\ua4e0",
    "o": (
        "\u039f\u03bf\u03c3\u041e\u043e\u0555\u0585\u06f5\u0966\u09e6\u0a66\u0ae6\u0b20"
        "\u0b66\u0be6\u0c66\u0ce6\u0d20\u0d66\u0e50\u0ed0\u101d\u1040\u10ff\u12d0\u1d0f"
        "\u1d11\u2c9e\u2c9f\u2d54\u3007\ua4f3\uab3d"
    ),
    "p": "\u03a1\u03c1\u0420\u0440\u13e2\u146d\u2ca2\u2ca3\ua4d1\uabb2",
    "q": "\u051b\u0563\u0566\u2d55",
    "r": ("\u01a6\u0280\u0433\u13a1\u13d2\u1587\u1d26\u2c85\ua4e3\uab47\uab48\uab71\uab81\uaba2"),
    "s": "\u01bd\u0405\u0455\u054f\u057f\u13d5\u13da\ua4e2\ua731\uaba5\uabaa",
    "t": "\u03a4\u03c4\u0422\u0442\u13a2\u2ca6\u2ca7\ua4d4\uab72",
    "u": "\u028b\u03c5\u054d\u057d\u1200\u144c\u1d1c\ua4f4\ua79f\uab4e\uab52",
    "v": "\u03bd\u0474\u0475\u06f7\u13d9\u142f\u1d20\u2d38\ua4e6\ua6df\uaba9",
    "w": "\u026f\u0461\u051c\u051d\u0561\u13b3\u13d4\u1d21\ua4ea\uab83\uaba4",
    "x": "\u03a7\u03c7\u0425\u0445\u1541\u157d\u16b7\u2cac\u2cad\u2d5d\ua4eb\ua7b3\uab53",
    "y": (
        "\u0263\u028f\u03a5\u03b3\u0423\u0443\u04ae\u04af\u10e7\u13a9\u13bd\u1d8c\u1eff"
        "\u2ca8\u2ca9\ua4ec\uab5a\uab79\uab8d"
    ),
    "z": "\u0396\u03b6\u13c3\u1d22\ua4dc\uab93",
}
_LATIN = {ord(letter): latin for latin, letters in _LOOK_LIKE.items() for letter in letters}
_ONE_LOOK = str.maketrans({"i": "l", "1": "l", "0": "o"})
_PAIRS = (("rn", "m"), ("vv", "w"))


def skeleton(text: str) -> str:
    """What is left of a text that looks the same: Latin letters and digits without blanks, marks
    and punctuation where it has them, and letters of other scripts as they are.
    """
    plain = fold(unicodedata.normalize("NFKD", text).translate(_LATIN)).replace(" ", "")
    look = plain.translate(_ONE_LOOK)
    for pair, letter in _PAIRS:
        look = look.replace(pair, letter)
    return look
