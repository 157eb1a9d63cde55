"""VietQR decoder: what does this VietQR ask for?"""

from pydantic import Field

from domain.kernel.money import Money
from domain.vn import banks, vietqr
from policies.gate.contract import Call, tool
from tools.shapes import Ask, LongLine, View


class Decode(Ask):
    """A code's content."""

    payload: LongLine = Field(description="What the QR says, beginning with 000201.")


class TransferView(View):
    """Who is to be paid. No amount: the payer enters it."""

    bin: str
    bank: str | None = None
    account: str
    amount: int | None = None
    add_info: str | None = None
    service: str
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A sentence, and the rest of what the code says."""
        amount = Money(self.amount, "VND").text() if self.amount is not None else "any amount"
        said = f"{amount} to account {self.account} at {self.bank or self.bin}"
        return self.telling(said, but=("amount", "account", "bank"))


@tool("cyberos.vn.decode_vietqr", title="Decode a VietQR", answer=TransferView)
async def TOOL(call: Call, arguments: Decode) -> TransferView:
    """Read a VietQR transfer code: bank, account, amount in dong, memo.

    Use this to check a code before anybody pays by it.
    A code with a wrong checksum, wrong lengths or anything doubled is refused, never repaired.
    Returns what the code says; that the account is ours is another question.
    """
    found = vietqr.decode(arguments.payload)
    known = {bank.bin: bank.short_name for bank in banks.all_banks()}
    return TransferView(
        bin=found.bin,
        bank=known.get(found.bin),
        account=found.account,
        amount=found.amount,
        add_info=found.add_info,
        service=found.service,
        untrusted_fields=["/add_info"] if found.add_info else [],
    )
