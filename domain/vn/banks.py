"""Banks: which one is meant? The members of NAPAS by BIN, code, name or SWIFT.

A bank is its BIN: codes differ between publishers and names change when banks are sold. The list
is a copy of a day (`data/banks.json` says which); it is data, not law, so it is renewed by hand.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold

_SWIFT_OF_HEAD_OFFICE = 8
_MOST_TYPED = 120
_NEAR = 5
# Words that nearly every bank has around its name, and that people leave out or add.
_FORM = re.compile(
    r"^(?:ngan hang |thuong mai |tm |tmcp |co phan |cp |tnhh |mtv |mot thanh vien |nh )+"
    r"|(?: (?:viet nam|vn))+$"
)
_BRACKETED = re.compile(r"\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Bank:
    """One member: what it is called and what transfers by VietQR it takes part in."""

    bin: str
    code: str
    short_name: str
    name: str
    also: tuple[str, ...]  # earlier and other names and codes
    swift: str | None
    pays_by_qr: bool  # its app can scan a VietQR and pay
    receives: bool  # money sent by account number reaches it
    lookup: bool  # its account holders can be looked up before a transfer


def all_banks() -> Sequence[Bank]:
    """Every bank, by short name."""
    return _loaded()[0]


def find_bank(typed: str) -> Bank:
    """The bank with this BIN, code, name or SWIFT, whatever the case, the marks and the spaces.

    Its legal form, "Ngân hàng" and "Việt Nam" may be there or not, and one of its names in
    brackets behind another. Raises Fault BANK_UNKNOWN, which names those that look alike.
    """
    known = _loaded()[1]
    typed = typed[:_MOST_TYPED]
    key = _key(typed)
    bank = known.get(key) or known.get(key[:_SWIFT_OF_HEAD_OFFICE] if _is_swift(key) else "")
    if bank is None and (either := _BRACKETED.search(typed)):
        named = {known.get(_core(_BRACKETED.sub(" ", typed))), known.get(_core(either[1]))} - {None}
        bank = named.pop() if len(named) == 1 else None
    bank = bank or known.get(_core(typed))
    if bank is None:
        raise unknown(typed)
    return bank


def unknown(typed: str) -> Fault:
    """BANK_UNKNOWN, with those that look alike."""
    key = _key(typed[:_MOST_TYPED])
    alike = [one for one in all_banks() if len(key) > 1 and _looks_like(one, key)][:_NEAR]
    return _unknown([f"{one.short_name} ({one.bin})" for one in alike])


def by_bin(bin: str) -> Bank | None:
    """The member with exactly this BIN."""
    return next((bank for bank in all_banks() if bank.bin == bin), None)


@lru_cache(maxsize=1)
def _loaded() -> tuple[Sequence[Bank], Mapping[str, Bank]]:
    content = json.loads(files("domain.vn").joinpath("data", "banks.json").read_bytes())
    banks = tuple(_bank(row) for row in content["banks"])
    known = {**_cores(banks), **{_key(name): bank for bank in banks for name in bank.also}}
    # What a bank is called now counts more than what another one was called once.
    known |= {_key(name): bank for bank in banks for name in _present_names(bank)}
    return banks, known


def _cores(banks: Sequence[Bank]) -> Mapping[str, Bank]:
    """Banks by their names without the form, as far as only one is called so."""
    found: dict[str, set[Bank]] = {}
    for bank in banks:
        for name in (*_present_names(bank), *bank.also):
            if core := _core(name):
                found.setdefault(core, set()).add(bank)
    return {core: named.pop() for core, named in found.items() if len(named) == 1}


def _core(name: str) -> str:
    """A name without its form, as a key."""
    return _FORM.sub("", fold(name)).replace(" ", "")


def _bank(row: Mapping[str, Any]) -> Bank:
    return Bank(**{**row, "also": tuple(row["also"])})


def _present_names(bank: Bank) -> list[str]:
    names = [bank.bin, bank.code, bank.short_name, bank.name]
    return [*names, bank.swift] if bank.swift else names


def _key(text: str) -> str:
    return fold(text).replace(" ", "")


def _is_swift(key: str) -> bool:
    """Eleven characters: eight of the bank and three of a branch."""
    return len(key) == _SWIFT_OF_HEAD_OFFICE + 3


def _looks_like(bank: Bank, key: str) -> bool:
    return any(key in _key(name) for name in (*_present_names(bank), *bank.also))


def _unknown(alike: Sequence[str]) -> Fault:
    hint = f"Did you mean {' or '.join(alike)}?" if alike else "{banks} lists all of them."
    return Fault("BANK_UNKNOWN", Kind.NOT_FOUND, "There is no such bank in Vietnam.", hint)
