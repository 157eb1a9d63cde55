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
_DASHES = r"\u2010-\u2015\u2212-"  # for the end of a character class
# What a spreadsheet makes of a code that it takes for a number.
_DECIMAL = re.compile(r"([0-9]{9,13})[.,]0+")
_SHORT_BRANCH = re.compile(
    rf"(?P<head>[0-9][0-9\s.{_DASHES}]*?)(?P<gap>[\s.{_DASHES}]+)(?P<end>[0-9]{{1,2}})"
)
_BRANCH_WITHOUT_ZERO = re.compile(rf"([1-9][0-9]{{8}})\s*[{_DASHES}]\s*([0-9]{{3}})")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_ASCII_ZERO = ord("0") * sum(_WEIGHTS)
_SHOWN_DIGITS = 3
PERSONAL_DIGITS = 12


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


AS_ON_THE_CERTIFICATE = "Give the digits as the registration certificate shows them."
_LOST_ZERO = "A leading zero seems lost, as in spreadsheets"
_MADE_A_NUMBER = "A spreadsheet made a number with decimals of it"
_SHORT = "A branch has three digits"

_KINDS = {10: TaxCodeKind.COMPANY, 13: TaxCodeKind.BRANCH, PERSONAL_DIGITS: TaxCodeKind.PERSON}


class TaxCode(NamedTuple):
    """A tax code in canonical form: `NNNNNNNNNN`, `NNNNNNNNNN-NNN` or twelve digits.

    `checksum_ok` is advice, None where a code has no check digit. A tuple, because a spreadsheet
    has a hundred thousand of them.
    """

    normalised: str
    kind: TaxCodeKind
    checksum_ok: bool | None


class Mistake(NamedTuple):
    """A code that was meant, in canonical form, and how one sees that it was."""

    meant: str
    why: str

    @property
    def is_written(self) -> bool:
        """Whether signs in the text show it, and not only how many digits there are."""
        return self.why != _LOST_ZERO

    @property
    def hint(self) -> str:
        """What to ask, in a sentence."""
        return f"{self.why}; did you mean {masked(self.meant)}?"


def read_tax_code(raw: str) -> TaxCode:
    """Spaces, dots and dashes are dropped, full-width digits become plain.

    Raises Fault VN_MST_INVALID; where it can be told which code was meant (`mistake_in`), its
    `suggestion` is that code.
    """
    digits = digits_of(raw)
    mistake = mistake_in(raw)
    if digits is None or mistake is not None or len(digits) not in _KINDS:
        raise _invalid(len(digits) if digits is not None else None, mistake)
    length = len(digits)
    normalised = canonical(digits)
    return TaxCode(normalised, _KINDS[length], checksum_ok(normalised))


def mistake_in(raw: str) -> Mistake | None:
    """What a spreadsheet or a hurry made of a code that is another one, as far as it shows.

    A branch has three digits behind a dash, a code no decimals, and the number of a person begins
    with a zero (its first three digits are a province, 001 to 096). What a point or a dash said
    must not be thrown away: the digits that stay are the form of somebody else's code.
    """
    if len(raw) > MOST_TYPED:
        return None
    typed = unicodedata.normalize("NFKC", raw).strip()
    if decimal := _DECIMAL.fullmatch(typed):
        return Mistake(canonical(_with_zero(decimal[1])), _MADE_A_NUMBER)
    if branch := _short_branch(typed):
        return Mistake(branch, _SHORT)
    digits = digits_of(typed)
    if digits is None or _BRANCH_WITHOUT_ZERO.fullmatch(typed):
        return Mistake(canonical(f"0{digits}"), _LOST_ZERO) if digits else None
    whole = _with_zero(digits)
    return Mistake(canonical(whole), _LOST_ZERO) if whole != digits else None


def _with_zero(digits: str) -> str:
    """Digits with the zero that a number does not begin with, where one seems lost."""
    is_branch = len(digits) == PERSONAL_DIGITS and checksum_ok(f"0{digits[:9]}")
    is_short = len(digits) in (9, 11) or is_branch
    return f"0{digits}" if is_short and digits[0] != "0" else digits


def _short_branch(typed: str) -> str | None:
    """The branch that is meant by ten digits and one or two more, set apart from them.

    A dash says so by itself. Blanks and points may part the number of a person too, so there the
    ten digits have to be in one piece and to pass their arithmetic.
    """
    found = _SHORT_BRANCH.fullmatch(typed)
    head = digits_of(found["head"]) if found else None
    if found is None or head is None or len(head) != 10:
        return None
    is_dashed = re.search(f"[{_DASHES}]", found["gap"]) is not None
    if not is_dashed and not (found["head"] == head and checksum_ok(head)):
        return None
    return canonical(head + found["end"].rjust(3, "0"))


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
    return len(tax_code) == PERSONAL_DIGITS


def masked(tax_code: str | None) -> str | None:
    """A canonical code as others may see it: most of a person's number is covered."""
    if tax_code is None or not is_personal(tax_code):
        return tax_code
    return "*" * (PERSONAL_DIGITS - _SHOWN_DIGITS) + tax_code[-_SHOWN_DIGITS:]


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


def _invalid(given: int | None, mistake: Mistake | None) -> Fault:
    facts: dict[str, object] = {"lengths": [10, 12, 13], "length_given": given}
    if mistake is not None:
        facts["suggestion"] = masked(mistake.meant)
    return Fault(
        "VN_MST_INVALID",
        Kind.INVALID,
        "A tax code has 10 digits, 13 with a branch, or 12 of a person.",
        mistake.hint if mistake is not None else AS_ON_THE_CERTIFICATE,
        facts,
    )
