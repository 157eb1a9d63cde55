"""Trial balance: what do the books say, and are they balanced?"""

from datetime import date

from pydantic import Field

from domain.ledger import service
from domain.ledger.entries import BOOK
from policies.gate.contract import Call, tool
from tools.shapes import Ask, Day, View


class AskBooks(Ask):
    """Up to which day."""

    as_of: Day | None = Field(default=None, description="The last day counted; today if left out.")


class AccountView(View):
    """An account: what was debited and credited, and what is left, above 0 on the debit side."""

    role: str
    code: str
    name_vi: str
    name_en: str
    debit_minor: int
    credit_minor: int
    balance_minor: int

    leads = ("code", "name_vi", "name_en")


class Books(View):
    """The sums of every account that has entries."""

    as_of: date
    currency: str
    chart: str
    codes_provisional: bool = Field(description="No accountant has confirmed the codes yet.")
    accounts: list[AccountView]
    total_debit_minor: int
    total_credit_minor: int
    difference_minor: int = Field(description="0, or the books are damaged.")


@tool("cyberos.ledger.trial_balance", title="Show the trial balance", answer=Books)
async def TOOL(call: Call, arguments: AskBooks) -> Books:
    """Show the trial balance of the company: debits and credits of every account up to a day.

    Use this to see what customers owe in all, what was earned, or whether the books are balanced.
    The sums are those of the whole company in dong, and name no customer and no document.
    Returns accounts by role with code, names and sums, and the totals, which are equal.
    """
    found = await service.trial_balance(call.tx, arguments.as_of or call.day)
    return Books(
        as_of=found.as_of,
        currency=BOOK,
        chart=found.chart.name,
        codes_provisional=found.chart.provisional,
        accounts=[_view(one) for one in found.sums],
        total_debit_minor=found.total_debit_minor,
        total_credit_minor=found.total_credit_minor,
        difference_minor=found.difference_minor,
    )


def _view(one: service.Sum) -> AccountView:
    return AccountView(
        role=one.account.role.value,
        code=one.account.code,
        name_vi=one.account.name_vi,
        name_en=one.account.name_en,
        debit_minor=one.debit_minor,
        credit_minor=one.credit_minor,
        balance_minor=one.balance_minor,
    )
