"""Account numbers: digits, and letters only where a bank gives virtual accounts or aliases.

An account proper has 6 to 19 digits; a VietQR may carry letters too, because payment service
providers and some banks number virtual accounts with a prefix of letters. So letters are no error,
but letters that only pass for digits are: a number of digits, O, I and L is none that a bank gives.
Source: VietQR specification 1.5.2, tag 38.01.01 (up to 19 letters and digits); ADR 43.
"""

_LIKE_DIGITS = frozenset("OIL")  # 0, 1, and l as it is written large


def has_letters(number: str) -> bool:
    """Whether it is one to be compared letter by letter: a virtual account, or a mistake."""
    return any(sign.isalpha() for sign in number)


def passes_for_digits(number: str) -> bool:
    """Whether all its letters are such as a hasty reader takes for digits."""
    letters = {sign for sign in number.upper() if sign.isalpha()}
    return bool(letters) and letters <= _LIKE_DIGITS
