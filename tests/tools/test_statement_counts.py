"""Statement counts: how much does each tool ask of the database? What grows is written down."""

import pytest

from tests.tools.samples import agent_for, samples, valid_calls
from tests.traffic import traffic

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_call_asks_what_it_did_yesterday(shared):
    calls, sqlite = await valid_calls(shared), shared.agent_side.is_sqlite
    other = await shared.ok(
        "crm_create_account", agent="am_agent", name="Sông Hồng", account_type="llc"
    )
    await shared.ok("crm_get_account", id=other["id"])  # marks that it read words of others
    rows = sorted(shared.catalogue.tool, key=lambda row: row.id == "cyberos.approvals.cancel")
    complaints = []

    for row in rows:
        said = samples()[row.name].expected(sqlite=sqlite)
        async with shared.client(agent_for(row)) as client:
            with traffic(shared.agent_side) as seen:
                result = await client.call_tool(row.name, calls[row.name])
        assert not result.is_error, (row.name, result.content)
        counted = (len(seen.reads), len(seen.writes))
        if counted != said:
            complaints.append(
                f"{row.name}: reads and writes are {counted}, its sample in "
                f"tests/tools/{row.id.split('.')[-2]} says {said}"
            )

    assert not complaints, "\n".join(complaints)
