"""Bring an account up to what the taxpayer registry says of its tax code."""

from pydantic import Field

from domain.accounts import queries, service
from domain.taxpayers import service as taxpayers
from policies.gate.contract import Call, Prefetch, tool
from tools.crm.create_account import CreatedAccountView, created
from tools.shapes import Ask, Id
from tools.tax_codes import ask


class ValidateAccount(Ask):
    """Which account."""

    id: Id = Field(description="From crm_search_accounts.")


async def _question(call: Call, arguments: ValidateAccount) -> str | None:
    account = await queries.get(call.tx, arguments.id)
    return await taxpayers.to_ask(call.tx, (account.vn_mst if account else None) or "")


@tool(
    "cyberos.crm.validate_account_mst",
    title="Validate an account's tax code",
    answer=CreatedAccountView,
    prefetch=Prefetch(_question, ask, taxpayers.keep),
)
async def TOOL(call: Call, arguments: ValidateAccount) -> CreatedAccountView:
    """Check the tax code of an account with the taxpayer registry and keep the result on it.

    Use this when vn_mst_status of an account is unverified or stale, or before an invoice.
    For a code that belongs to no account use crm_validate_mst. The name stays as typed; the
    registered one is legal_name.
    Returns the account with status, source and time, and warnings.
    """
    card = await service.check_again(call.tx, arguments.id)
    return await created(call, card)
