"""Requesters as whoever signs sees them: can that agent still ask, and its person?"""

from datetime import timedelta
from pathlib import Path

import pytest

from domain.identity import keys
from domain.identity import service as identity
from domain.identity.grants import KeyHolder
from domain.kernel.clock import HandClock
from domain.provisioning import service as provisioning
from domain.store.engine import Role
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from server.cli.context import opened, perform, the_company
from server.cli.missing_answers import from_file
from tests.cli.console import Place, environ
from tests.sqlite import by_hand


def let_expire(place: Place, name: str) -> None:
    """Let the token of an agent be one of yesterday, which an operator signed the day before."""
    secret = from_file(Path(place.demo["operator_passphrase_file"]))
    operator = keys.load(Path(place.demo["operator_key"]), secret)

    async def renewing() -> None:
        async with opened(Role.OWNER) as context:
            company, trusted = await the_company(context, "sao-bien"), context.database.trust
            signer = KeyHolder(trusted.deploy, operator)
            clock = HandClock(context.clock.now() - timedelta(days=2))
            async with writing(
                context.database, company.id, clock, viewer=SYSTEM, signer=signer
            ) as tx:
                agent = await identity.known_agent(tx, name)
                await provisioning.renew_agent(tx, agent, tx.at + timedelta(days=1))

    with environ(place.env):
        perform(renewing)


ENDED = {
    "revoked": "update agent set revoked_at = created_at where name = 'cro_agent'",
    "expired": "",
    "left": "update person set active = 0 where id = (select person_id from agent"
    " where name = 'cro_agent')",
}


@pytest.mark.parametrize("standing", ENDED)
def test_the_view_says_when_nobody_could_ask_so_any_more(copied, standing):
    action_id = copied.proposed()
    before = copied.run("show", action_id, "--lang", "en").out
    if standing == "expired":
        let_expire(copied, "cro_agent")
    else:
        with by_hand(copied.data_dir / "cyberos.db") as database:
            database.execute(ENDED[standing])

    after = copied.run("show", action_id, "--lang", "en").out
    inbox = copied.run("inbox", "--lang", "en").out

    word = {"revoked": "been revoked", "expired": "has expired", "left": "has left"}[standing]
    assert word not in before
    assert f"{word} since" in after
    assert f"{word} since" in inbox
    assert copied.ok("show", action_id)["action"]["requester"]["standing"] == standing
