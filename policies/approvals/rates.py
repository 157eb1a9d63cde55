"""Age of exchange rates: how old may a rate be by which it is judged who has to sign?"""

import json
from datetime import timedelta

from domain.approvals import queries
from domain.store.tx import Tx
from policies.gate import activation
from policies.gate.floor import OLDEST_RATE_DAYS

_DAYS = 30  # of a policy from before there was such a line


async def longest_age(tx: Tx) -> timedelta:
    """What the policy in force says, and never more than the floor."""
    active = await queries.active_policy(tx)
    if active is not None and not await activation.counts(tx, active):
        return timedelta(0)
    try:
        days = json.loads(active.body).get("rate_max_age_days", _DAYS) if active else _DAYS
        return timedelta(days=max(0, min(int(days), OLDEST_RATE_DAYS)))
    except (AttributeError, TypeError, ValueError):
        return timedelta(0)  # a policy that cannot be read allows no rate at all
