"""Amount in words: how is this amount written out in Vietnamese?"""

from typing import Annotated, Literal

from pydantic import Field

from domain.kernel.money import MAX_JSON_MINOR, currency_code
from domain.vn.words import Style, amount_in_words
from policies.gate.contract import Call, tool
from tools.shapes import Ask, Currency, View


class WriteAmount(Ask):
    """An amount and the spelling."""

    amount_minor: Annotated[int, Field(ge=-MAX_JSON_MINOR, le=MAX_JSON_MINOR)] = Field(
        description="Minor units: dong, cents."
    )
    currency: Currency = Field(default="VND", description="ISO code.")
    zero_tens: Literal["linh", "lẻ"] = Field(default="linh", description="North or South.")
    thousand: Literal["nghìn", "ngàn"] = Field(default="nghìn", description="North or South.")
    four: Literal["tư", "bốn"] = Field(default="tư", description="The four of 24.")
    exactly: bool = Field(default=False, description="Add chẵn when there are no cents.")


class AmountInWords(View):
    """The amount as a hóa đơn has it."""

    words: str

    def text(self) -> str:
        """The words."""
        return self.words


@tool("cyberos.vn.amount_in_words", title="Amount in words", answer=AmountInWords)
async def TOOL(call: Call, arguments: WriteAmount) -> AmountInWords:
    """Write an amount of money in Vietnamese words, as invoices and contracts need it.

    Use this instead of writing the words yourself: a word too few changes the amount.
    Returns one capitalised phrase with the name of the currency.
    """
    style = Style(arguments.zero_tens, arguments.thousand, arguments.four, arguments.exactly)
    currency = currency_code(arguments.currency)
    return AmountInWords(words=amount_in_words(arguments.amount_minor, currency, style))
