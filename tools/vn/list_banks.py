"""Banks: which banks are there in Vietnam?"""

from pydantic import Field

from domain.kernel.faults import Fault
from domain.kernel.folding import fold
from domain.vn.banks import Bank, all_banks, find_bank
from policies.gate.contract import Call, tool
from tools.shapes import Ask, QueryLine, View


class ListBanks(Ask):
    """Which banks."""

    query: QueryLine | None = Field(
        default=None, description="BIN, code, SWIFT or a part of the name; left out: all."
    )


class BankView(View):
    """A bank. `receives`: transfers reach it; `pays_by_qr`: its app scans VietQR."""

    bin: str
    code: str
    short_name: str
    name: str
    swift: str | None = None
    receives: bool
    pays_by_qr: bool

    leads = ("bin", "code", "short_name", "name")


class Banks(View):
    """Banks by short name."""

    banks: list[BankView]

    def text(self) -> str:
        """A line for each."""
        return "\n".join(one.text() for one in self.banks) or "No bank fits."


@tool("cyberos.vn.list_banks", title="List banks", answer=Banks)
async def TOOL(call: Call, arguments: ListBanks) -> Banks:
    """List the banks of Vietnam with BIN, code and SWIFT, or find one.

    Use this to get the BIN of a bank, or to learn whether transfers reach it.
    Returns banks by short name; an exact BIN, code, name or SWIFT gives that one alone.
    """
    return Banks(banks=[_view(bank) for bank in _fitting(arguments.query)])


def _fitting(query: str | None) -> list[Bank]:
    if query is None:
        return list(all_banks())
    try:
        return [find_bank(query)]
    except Fault:
        wanted = fold(query)
        return [bank for bank in all_banks() if wanted and wanted in _words(bank)]


def _words(bank: Bank) -> str:
    return fold(" ".join((bank.short_name, bank.name, *bank.also)))


def _view(bank: Bank) -> BankView:
    return BankView(
        bin=bank.bin,
        code=bank.code,
        short_name=bank.short_name,
        name=bank.name,
        swift=bank.swift,
        receives=bank.receives,
        pays_by_qr=bank.pays_by_qr,
    )
