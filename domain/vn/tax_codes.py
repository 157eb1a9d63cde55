"""Tax codes: which was typed? Mã số thuế (MST) of a company, a branch or a person, in one form.

Ten digits are a taxpayer, three more one of its branches (Circular 105/2020/TT-BTC, article 5);
since 2025-07-01 the twelve digits of the personal number are the tax code of people, households
and household businesses (Circular 86/2024/TT-BTC). The check digit only advises: the registry
decides whether a code is valid.
"""

import re
import unicodedata
from enum import StrEnum
from operator import mul
from typing import NamedTuple

from domain.kernel.faults import Fault, Kind

MOST_TYPED = 40
_SEPARATORS = re.compile(r"[\s.\-\u2010-\u2015\u2212]")
_LOST_ZERO_OF_A_BRANCH = re.compile(r"\s*[1-9][0-9]{8}\s*[-\u2010-\u2015\u2212]\s*[0-9]{3}\s*")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_ASCII_ZERO = ord("0") * sum(_WEIGHTS)
_SHOWN_DIGITS = 3
_PERSONAL = 12


class TaxCodeKind(StrEnum):
    """Whose code it is, by its length."""

    COMPANY = "company"
    BRANCH = "branch"
    PERSON = "person"


class TaxCodeStatus(StrEnum):
    """What the taxpayer registry said about a tax code; only VALID counts as validated."""

    VALID = "valid"
    INVALID = "invalid"
    STALE = "stale"  # it was valid more than 7 days ago, and nobody could be asked since
    UNVERIFIED = "unverified"  # never asked, or never answered


_KINDS = {10: TaxCodeKind.COMPANY, 13: TaxCodeKind.BRANCH, _PERSONAL: TaxCodeKind.PERSON}


class TaxCode(NamedTuple):
    """A tax code in canonical form: `NNNNNNNNNN`, `NNNNNNNNNN-NNN` or twelve digits.

    `checksum_ok` is advice, None where a code has no check digit. A tuple, because a spreadsheet
    has a hundred thousand of them.
    """

    normalised: str
    kind: TaxCodeKind
    checksum_ok: bool | None


def read_tax_code(raw: str) -> TaxCode:
    """Spaces, dots and dashes are dropped, full-width digits become plain.

    Raises Fault VN_MST_INVALID; when a leading zero seems lost, its `suggestion` has it back.
    """
    digits = digits_of(raw)
    if digits is None:
        raise _invalid(None, None)
    length = len(digits)
    if length not in _KINDS:
        raise _invalid(length, f"0{digits}" if length in (9, 11) else None)
    if length == _PERSONAL and digits != raw and _LOST_ZERO_OF_A_BRANCH.fullmatch(raw):
        raise _invalid(length, canonical(f"0{digits}"))
    normalised = canonical(digits)
    return TaxCode(normalised, _KINDS[length], checksum_ok(normalised))


def digits_of(raw: str) -> str | None:
    """The digits of a typed code without what stands between them; None if it is no number."""
    if len(raw) > MOST_TYPED:
        return None
    if not (raw.isascii() and raw.isdigit()):
        raw = _SEPARATORS.sub("", unicodedata.normalize("NFKC", raw))
    return raw if raw.isascii() and raw.isdigit() else None


def canonical(digits: str) -> str:
    """Digits as they are written: a branch has a dash."""
    return f"{digits[:10]}-{digits[10:]}" if len(digits) == 13 else digits


def is_personal(tax_code: str) -> bool:
    """Whether a canonical code is the number of a person: an identity, not only a tax code."""
    return len(tax_code) == _PERSONAL


def masked(tax_code: str | None) -> str | None:
    """A canonical code as others may see it: most of a person's number is covered."""
    if tax_code is None or not is_personal(tax_code):
        return tax_code
    return "*" * (_PERSONAL - _SHOWN_DIGITS) + tax_code[-_SHOWN_DIGITS:]


def checksum_ok(tax_code: str) -> bool | None:
    """Whether a canonical tax code passes its own arithmetic; None where it has none.

    Weights 31, 29, 23, 19, 17, 13, 7, 5, 3 on the first nine digits, the tenth is 10 minus the
    sum modulo 11 (python-stdnum, stdnum.vn.mst; 256 of 260 published numbers pass). The serial
    0000000 and the branch 000 are never issued. Advice only: a failure is nearly always a typing
    mistake, and never a reason to refuse.
    """
    head, _, branch = tax_code.partition("-")
    if len(head) != len(_WEIGHTS) + 1:
        return None
    if head[2:9] == "0000000" or branch == "000":
        return False
    weighed: int = sum(map(mul, _WEIGHTS, head.encode())) - _ASCII_ZERO
    return 10 - weighed % 11 == int(head[9])


def _invalid(given: int | None, suggestion: str | None) -> Fault:
    hint = "Give the digits as the registration certificate shows them."
    facts: dict[str, object] = {"lengths": [10, 12, 13], "length_given": given}
    if suggestion is not None:
        hint = f"A leading zero seems lost, as in spreadsheets; did you mean {masked(suggestion)}?"
        facts["suggestion"] = masked(suggestion)
    return Fault(
        "VN_MST_INVALID",
        Kind.INVALID,
        "A tax code has 10 digits, 13 with a branch, or 12 of a person.",
        hint,
        facts,
    )
