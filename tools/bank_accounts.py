"""Bank accounts in words: which account at which bank do people see beside their signature?

Always the name of the bank with its BIN, because nobody knows a bank by six digits, and the whole
number, because one digit moves the money.
"""

from collections.abc import Sequence

from domain.payments.tables import BankAccount
from domain.vn import account_numbers
from domain.vn.banks import by_bin
from policies.gate.display import Both, DisplayField

BANK: Both = {"vi": "Ngân hàng", "en": "Bank"}
NUMBER: Both = {"vi": "Số tài khoản", "en": "Account"}
CURRENCY: Both = {"vi": "Loại tiền", "en": "Currency"}
DEFAULT: Both = {"vi": "Là mặc định", "en": "Is the default"}
REPLACES: Both = {"vi": "Thay cho mặc định", "en": "Replaces default"}
NEXT_DEFAULT: Both = {"vi": "Mặc định sau đó", "en": "Default after"}
HOLDER: Both = {"vi": "Chủ tài khoản", "en": "Holder"}
_LETTERS: Both = {
    "vi": "CẢNH BÁO: số tài khoản có chữ cái; so từng ký tự với giấy tờ của ngân hàng.",
    "en": "WARNING: the account number has letters; compare each with the bank's papers.",
}


def bank_of(bin: str) -> str:
    """`Vietcombank (970436)`; the BIN alone of a bank that is no member any more."""
    bank = by_bin(bin)
    return f"{bank.short_name} ({bin})" if bank is not None else f"({bin})"


def named(bin: str, number: str) -> str:
    """An account on one line: the bank, its BIN, and the whole number."""
    return f"{bank_of(bin)} {number}"


def fields(bin: str, number: str, holder: str) -> tuple[DisplayField, ...]:
    """An account as it is signed, the holder as a quotation."""
    return (
        DisplayField(BANK, bank_of(bin)),
        DisplayField(NUMBER, number),
        DisplayField(HOLDER, theirs=(holder,)),
    )


def fields_of(account: BankAccount) -> tuple[DisplayField, ...]:
    """The same of one that is on the list."""
    return fields(account.bank_bin, account.account_number, account.account_name)


def notes(number: str) -> Sequence[Both]:
    """What to look at twice in a number."""
    return [_LETTERS] if account_numbers.has_letters(number) else []
