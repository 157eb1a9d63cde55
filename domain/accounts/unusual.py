"""Unusual tax codes: is one likely mistyped?"""

from datetime import date

from domain.accounts import queries
from domain.accounts.rules import AccountType, check_tax_code
from domain.kernel.faults import Fault
from domain.kernel.unusual import Doubt, settle
from domain.store.tx import Tx
from domain.taxpayers import service as taxpayers
from domain.vn.tax_codes import TaxCodeStatus, checksum_ok


async def look_at(
    tx: Tx,
    typed: str | None,
    account_type: AccountType | None,
    *,
    account_id: str | None = None,
    on: date,
    confirmed: bool,
) -> list[str]:
    """What to say of a tax code with a wrong check digit that was written all the same.

    A registry that knows it as active is right against the arithmetic, and what the account has
    already is nothing new. Raises UNUSUAL; a code that cannot be written at all is for others to
    refuse. Without a type the account keeps its own.
    """
    if typed is None:
        return []
    if account_type is None and account_id is not None:
        account = await queries.get(tx, account_id)
        account_type = AccountType(account.account_type) if account is not None else None
    try:
        code = check_tax_code(account_type or AccountType.OTHER, typed, on)
    except Fault:
        return []
    if checksum_ok(code) is not False or await queries.with_tax_code(tx, code) is not None:
        return []
    if (await taxpayers.standing(tx, code)).status is TaxCodeStatus.VALID:
        return []
    doubt = Doubt(
        "vn_mst",
        "has a wrong check digit and no registry knows it as active",
        "the digits against the certificate or an invoice",
    )
    return settle([doubt], confirmed=confirmed)
