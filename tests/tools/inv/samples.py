"""Samples of the tools in tools/inv."""

from tests.tools.admin.samples import bank_account
from tests.tools.samples import Arguments, Sample, Things


async def _generate(things: Things) -> Arguments:
    number = await things.of(bank_account)
    return {"amount": 1_500_000, "bank": "Vietcombank", "account": number}


SAMPLES = {
    "inv_validate_mst": Sample({"mst_string": "9900000104"}, statements=(6, 2)),
    "inv_generate_vietqr": Sample(_generate, statements=(8, 4)),
}
