"""Checks of identity: which agents cannot work, or soon will not?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from domain.identity import queries
from domain.identity.queries import PersonIdentity
from domain.identity.tables import Agent
from domain.kernel.counting import counted
from domain.store.declarations import Mark
from domain.store.tx import Tx

EXPIRES_SOON = timedelta(days=14)


async def agents(tx: Tx) -> list[tuple[Mark, str]]:
    """Tokens that end, and agents that act for somebody who is not there."""
    return list(_agents(await queries.agents(tx), await queries.people(tx), tx.at))


def _agents(
    agents: Sequence[Agent], people: Mapping[str, PersonIdentity], at: datetime
) -> Iterator[tuple[Mark, str]]:
    live = [one for one in agents if one.revoked_at is None]
    for one in live:
        person = people.get(one.person_id)
        if one.expires_at <= at:
            yield Mark.WARN, f"The token of {one.name} has expired; revoke it and add another."
        elif one.expires_at - at <= EXPIRES_SOON:
            yield Mark.WARN, f"The token of {one.name} expires on {one.expires_at.date()}."
        if person is None or not person.active:
            yield Mark.WARN, f"{one.name} acts for somebody who is not active, so it cannot work."
    revoked = len(agents) - len(live)
    yield Mark.OK, f"{counted(len(live), 'agent')}, {revoked} revoked."
