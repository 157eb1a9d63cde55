"""Account rules: which types are there, and which tax code fits which on a given day?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.kernel.faults import Fault, Kind
from domain.vn import tax_codes


class AccountType(StrEnum):
    """What an account is in Vietnamese company law, as far as tax codes depend on it."""

    SOLE_PROPRIETOR = "sole_proprietor"
    LLC = "llc"
    JSC = "jsc"
    FDI = "fdi"
    INDIVIDUAL = "individual"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AccountKind:
    """One account type for people: its names, and the invoice template it starts from.

    `template_code` is a key of the template registry, not a form by itself: which form is
    lawful depends on the seller's VAT method (Decree 123/2020, article 8).
    """

    type: AccountType
    name_vi: str
    name_en: str
    template_code: str


ACCOUNT_KINDS: Mapping[AccountType, AccountKind] = {
    kind.type: kind
    for kind in (
        AccountKind(AccountType.SOLE_PROPRIETOR, "Hộ kinh doanh", "Sole proprietor", "06GTKT"),
        AccountKind(AccountType.LLC, "Công ty TNHH", "LLC", "01GTKT"),
        AccountKind(AccountType.JSC, "Công ty cổ phần", "JSC", "01GTKT"),
        AccountKind(AccountType.FDI, "FDI", "Foreign-invested", "01GTKT"),
        AccountKind(AccountType.INDIVIDUAL, "Cá nhân", "Individual", "06GTKT"),
        AccountKind(AccountType.OTHER, "Khác", "Other", "manual"),
    )
}


@dataclass(frozen=True, slots=True)
class TaxCodeLengths:
    """Which lengths (digits) a tax code of an account type may have, from when on."""

    account_type: AccountType
    lengths: tuple[int, ...]  # empty: no rule, any number of digits
    since: date
    source: str


_ALWAYS = date(1900, 1, 1)
_LAW_OF_2024 = "Circular 86/2024/TT-BTC: the personal number is the tax code from 2025-07-01"

# A row holds until the next row of the same type. Ten digits are a taxpayer, three more one of
# its branches, twelve a person (Circular 105/2020/TT-BTC, article 5; then Circular 86/2024).
TAX_CODE_LENGTHS: Sequence[TaxCodeLengths] = (
    TaxCodeLengths(AccountType.SOLE_PROPRIETOR, (10,), _ALWAYS, "Circular 105/2020/TT-BTC"),
    TaxCodeLengths(AccountType.SOLE_PROPRIETOR, (10, 12), date(2025, 7, 1), _LAW_OF_2024),
    TaxCodeLengths(AccountType.LLC, (10, 13), _ALWAYS, "Circular 105/2020/TT-BTC"),
    TaxCodeLengths(AccountType.JSC, (10, 13), _ALWAYS, "Circular 105/2020/TT-BTC"),
    TaxCodeLengths(AccountType.FDI, (10, 13), _ALWAYS, "Circular 105/2020/TT-BTC"),
    TaxCodeLengths(AccountType.INDIVIDUAL, (10,), _ALWAYS, "Circular 105/2020/TT-BTC"),
    TaxCodeLengths(AccountType.INDIVIDUAL, (10, 12), date(2025, 7, 1), _LAW_OF_2024),
    TaxCodeLengths(AccountType.OTHER, (), _ALWAYS, "no rule: the account is of no known type"),
)

_MOST_DIGITS = 20


def tax_code_lengths(account_type: AccountType, on: date) -> tuple[int, ...]:
    """The lengths in digits allowed on a day, ascending; empty when any length is."""
    rows = [row for row in TAX_CODE_LENGTHS if row.account_type == account_type and row.since <= on]
    return max(rows, key=lambda row: row.since).lengths


def check_tax_code(account_type: AccountType, raw: str, on: date) -> str:
    """A typed tax code (mã số thuế, MST) in its canonical form for that day.

    Spaces, dots and dashes are dropped, full-width digits become plain. The canonical form is
    `NNNNNNNNNN`, `NNNNNNNNNN-NNN` or twelve digits. The check digit is not looked at: it only
    advises (`vn.tax_codes.checksum_ok`), the registry decides.

    Raises Fault VN_MST_INVALID, which names the lengths allowed, and the code that was meant
    where that can be told.
    """
    lengths = tax_code_lengths(account_type, on)
    digits = tax_codes.digits_of(raw)
    given = len(digits) if digits is not None else None
    fits = given in lengths if lengths else given is not None and given <= _MOST_DIGITS
    mistake = _mistake(raw, lengths, given)
    if digits is None or not fits or mistake is not None:
        raise _tax_code_invalid(account_type, lengths, given, mistake)
    return tax_codes.canonical(digits)


def _mistake(raw: str, lengths: tuple[int, ...], given: int | None) -> tax_codes.Mistake | None:
    """The code that was meant; a code from abroad may lack a zero and be right."""
    found = tax_codes.mistake_in(raw)
    if found is None or found.is_written:
        return found
    return found if {len(found.meant.replace("-", "")), given} & {*lengths} else None


def _tax_code_invalid(
    account_type: AccountType,
    lengths: tuple[int, ...],
    given: int | None,
    mistake: tax_codes.Mistake | None,
) -> Fault:
    wanted = " or ".join(str(length) for length in lengths) or f"1 to {_MOST_DIGITS}"
    facts = {"lengths": list(lengths), "length_given": given, "account_type": account_type.value}
    if mistake is not None:
        facts["suggestion"] = tax_codes.masked(mistake.meant)
    return Fault(
        "VN_MST_INVALID",
        Kind.INVALID,
        f"A tax code of an account of type {account_type.value} has {wanted} digits.",
        mistake.hint if mistake is not None else tax_codes.AS_ON_THE_CERTIFICATE,
        facts,
    )
