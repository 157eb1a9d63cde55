"""VietQR: what does a code say? The NAPAS247 transfer code, written and read strictly.

The layout is that of EMVCo merchant-presented codes as NAPAS uses it (QR format v1.5.2): fields of
a two-digit tag, a two-digit length and a value; field 38 holds bank and account, 62.08 the memo,
63 a checksum over everything before its own value. A code that is read wrong sends money to
somebody else, so a reader refuses whatever is not exactly consumed; what carries no information
(the case of the checksum, the order of sub-fields, an empty memo) is no reason.
"""

import re
from binascii import crc_hqx
from dataclasses import dataclass

from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import plain_letters

ACCOUNT, CARD = "QRIBFTTA", "QRIBFTTC"
LONGEST_MEMO = 25  # longer ones are cut or refused by the apps of banks
LONGEST_ACCOUNT = 19
LARGEST_AMOUNT = 10**13 - 1
_NAPAS = "A000000727"
_DONG, _VIETNAM = "704", "VN"
_STATIC, _DYNAMIC = "11", "12"
_MEMO = "62"
_ON_TOP = ("55", "56", "57")  # a tip or a fee, fixed or in percent, besides the amount
_MOST_CHARACTERS = 512  # EMVCo, section 3.2
_CHECKSUM_FIELD = "6304"

_BIN = re.compile(r"[0-9]{6}")
_ACCOUNT_NUMBER = re.compile(r"[0-9A-Za-z]{1,19}")
_CARD_NUMBER = re.compile(r"[0-9]{12,19}")
_WHOLE_DONG = re.compile(r"0*([1-9][0-9]{0,12})(?:\.0{0,2})?")
_PRINTABLE = re.compile(r"[ -~]+")
_NOT_IN_MEMOS = re.compile(r"[^A-Za-z0-9 ._-]+")


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who is to be paid how much with which memo. No amount: the payer enters it."""

    bin: str
    account: str
    amount: int | None = None  # dong
    add_info: str | None = None
    service: str = ACCOUNT


def memo(text: str) -> str:
    """Text as every bank's app takes it in a memo: no marks, few signs, at most 25 characters."""
    kept = _NOT_IN_MEMOS.sub(" ", plain_letters(text))
    return " ".join(kept.split())[:LONGEST_MEMO].rstrip()


def encode(transfer: Transfer) -> str:
    """The payload of a code: static without an amount, dynamic with one.

    Raises Fault VIETQR_INVALID, which names everything that is wrong.
    """
    if problems := _problems(transfer):
        raise _impossible(transfer, problems)
    beneficiary = _field("00", transfer.bin) + _field("01", transfer.account)
    napas = _field("00", _NAPAS) + _field("01", beneficiary) + _field("02", transfer.service)
    payload = "".join(
        (
            "000201",
            _field("01", _STATIC if transfer.amount is None else _DYNAMIC),
            _field("38", napas),
            _field("53", _DONG),
            _field("54", str(transfer.amount)) if transfer.amount is not None else "",
            _field("58", _VIETNAM),
            _field(_MEMO, _field("08", text)) if (text := _memo_of(transfer)) else "",
            _CHECKSUM_FIELD,
        )
    )
    return payload + checksum(payload)


def decode(payload: str) -> Transfer:
    """Who is to be paid, read from a payload.

    An empty memo is none. Raises Fault VIETQR_UNREADABLE unless every field is consumed exactly,
    no tag is there twice, the checksum is right, in whichever case, and the code asks for dong to
    an account or a card in Vietnam, and for nothing besides.
    """
    if not 0 < len(payload) <= _MOST_CHARACTERS:
        raise _unreadable("it is empty or too long")
    fields = _read(payload, may_be_empty=frozenset([_MEMO]))
    tags = list(fields)
    if tags[0] != "00" or tags[-1] != "63" or fields["00"] != "01":
        raise _unreadable("it does not begin and end as such a code does")
    if fields["63"].upper() != checksum(payload[:-4]):
        raise _unreadable("its checksum is wrong")
    if "38" not in fields:
        raise _unreadable("it names no beneficiary")
    if fields.get("01", _STATIC) not in (_STATIC, _DYNAMIC):
        raise _unreadable("it is neither a code for one payment nor one for many")
    if any(tag in fields for tag in _ON_TOP):
        raise _unreadable("it asks for a tip or a fee besides the amount")
    if fields.get("53") != _DONG or fields.get("58") != _VIETNAM:
        raise _unreadable("it does not ask for dong in Vietnam")
    beneficiary, service = _beneficiary(fields["38"])
    additional = _read(fields.get(_MEMO, ""), may_be_empty=frozenset(["08"]))
    return Transfer(
        bin=beneficiary["00"],
        account=beneficiary["01"],
        amount=_amount(fields["54"]) if "54" in fields else None,
        add_info=additional.get("08") or None,
        service=service,
    )


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE of the UTF-8 bytes in four capital hexadecimal digits, zeros kept."""
    return f"{crc_hqx(text.encode(), 0xFFFF):04X}"


def _impossible(transfer: Transfer, problems: list[str]) -> Fault:
    """What is wrong, and a memo that fits when it is the memo."""
    hint, facts = "Correct all of it.", dict[str, object](problems=problems)
    text = _memo_of(transfer)
    if text and _memo_problems(text) and (fit := memo(text)):
        hint, facts["suggestion"] = f"Correct all of it; the memo could be: {fit}", fit
    return Fault(
        "VIETQR_INVALID",
        Kind.INVALID,
        f"No VietQR can be made: {'; '.join(problems)}.",
        hint,
        facts,
    )


def _problems(transfer: Transfer) -> list[str]:
    problems = []
    if not _BIN.fullmatch(transfer.bin):
        problems.append("bin has six digits")
    if transfer.service not in (ACCOUNT, CARD):
        problems.append(f"service is {ACCOUNT} or {CARD}")
    elif transfer.service == CARD and not _CARD_NUMBER.fullmatch(transfer.account):
        problems.append("account of a card has 12 to 19 digits")
    if not _ACCOUNT_NUMBER.fullmatch(transfer.account):
        problems.append(f"account has 1 to {LONGEST_ACCOUNT} letters and digits")
    amount = transfer.amount
    if amount is not None and (type(amount) is not int or not 0 < amount <= LARGEST_AMOUNT):
        problems.append("amount is whole dong from 1 to 13 digits")
    if text := _memo_of(transfer):
        problems += _memo_problems(text)
    return problems


def _memo_of(transfer: Transfer) -> str | None:
    """The memo as it was given; one that says nothing is none."""
    return transfer.add_info if transfer.add_info and transfer.add_info.strip(" ") else None


def _memo_problems(text: str) -> list[str]:
    if not _PRINTABLE.fullmatch(text):
        return ["add_info has characters beyond printable ASCII, or none"]
    return ["add_info has more than 25 characters"] if len(text) > LONGEST_MEMO else []


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"


def _read(text: str, *, may_be_empty: frozenset[str] = frozenset()) -> dict[str, str]:
    """The fields of a text, in order, when they fill it exactly."""
    fields: dict[str, str] = {}
    place = 0
    while place < len(text):
        head = text[place : place + 4]
        if len(head) < 4 or not (head.isascii() and head.isdigit()):
            raise _unreadable("a field has no tag and length")
        tag, end = head[:2], place + 4 + int(head[2:])
        if end > len(text) or (end == place + 4 and tag not in may_be_empty):
            raise _unreadable("a field is longer than what holds it, or empty")
        if tag in fields:
            raise _unreadable("a field is there twice")
        fields[tag] = text[place + 4 : end]
        place = end
    return fields


def _beneficiary(text: str) -> tuple[dict[str, str], str]:
    napas = _read(text)
    if sorted(napas) != ["00", "01", "02"] or napas["00"] != _NAPAS:
        raise _unreadable("it is no NAPAS transfer")
    if napas["02"] not in (ACCOUNT, CARD):
        raise _unreadable("it asks for something else than a transfer")
    beneficiary = _read(napas["01"])
    if sorted(beneficiary) != ["00", "01"]:
        raise _unreadable("bank and account are not two plain fields")
    if not _BIN.fullmatch(beneficiary["00"]) or not _ACCOUNT_NUMBER.fullmatch(beneficiary["01"]):
        raise _unreadable("bank or account has characters or a length it cannot have")
    return beneficiary, napas["02"]


def _amount(text: str) -> int:
    found = _WHOLE_DONG.fullmatch(text)
    if found is None or len(text) > 13:
        raise _unreadable("its amount is not whole dong")
    return int(found[1])


def _unreadable(why: str) -> Fault:
    return Fault(
        "VIETQR_UNREADABLE",
        Kind.INVALID,
        f"This is not a VietQR that can be trusted: {why}.",
        "Ask for the code again; never pay by one that was put right by hand.",
    )
