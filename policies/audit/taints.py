"""Taints: was everything marked that an agent asked for after it had read words of others?

The mark on the agent is a column that any call of it writes; what it read is told in the chain.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from domain.approvals.tables import PendingAction
from domain.identity.events import UntrustedRead
from domain.kernel.clock import from_stamp
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.tx import Tx
from policies.gate.principals import TAINT_LASTS

# What was read at the same moment as something was asked for need not have been seen by it.
_SAME_MOMENT: Final = timedelta(minutes=1)


async def check(tx: Tx, report: Report, rows: Sequence[PendingAction]) -> None:
    """No request is unmarked within a day after its agent had read words of others."""
    unmarked = [row for row in rows if not row.taint]
    if not unmarked:
        return
    reads: dict[str, list[str]] = {}
    for _, entry in await audit_claims.entries_of(tx, UntrustedRead.EVENT):
        reads.setdefault(UntrustedRead.read(entry).agent_id, []).append(str(entry.get("at")))
    for row in unmarked:
        times = map(from_stamp, reads.get(row.requester.removeprefix("agent:"), ()))
        # A difference has room for any two instants; a forged one may stand before all days.
        if any(_SAME_MOMENT < row.created_at - at < TAINT_LASTS for at in times):
            report.found(
                f"action {row.id}", "is not marked, and its agent had read words of others"
            )
