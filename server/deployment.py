"""Deployment levels: what does this installation guarantee, and which gateways may it have?

docs/operating.md describes the levels. A sandbox is an address of this machine in a demo; every
other gateway is live, and effects that cannot be taken back need a level at which no agent can
reach the database or the secrets (D2 and above).
"""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from urllib.parse import urlsplit

from domain.kernel.faults import Fault, Kind, NotSent
from domain.store import condition
from domain.store.condition import Served
from domain.store.engine import Role, connect
from server import inspection
from server.gateways.addresses import is_local
from server.inspection import KeyFileReport
from server.settings import Settings

Admission = Callable[[], Awaitable[None]]


class Level(StrEnum):
    """From weak to strong; what each means says the table."""

    D0 = "D0"
    D1 = "D1"
    D2 = "D2"


def level_of(served: Served | None, keys: KeyFileReport) -> Level:
    """The honest guarantee: never more than can be seen. `served` is None for an embedded file."""
    if served is None:
        return Level.D0  # one account, one file
    if keys.open or keys.with_passphrase_beside:
        return Level.D0  # whoever is on this machine signs as whom they like
    one_login_does_all = served.is_superuser or served.bypasses_isolation or len(served.roles) != 1
    return Level.D1 if one_login_does_all else Level.D2


async def level(settings: Settings) -> Level:
    """The level of this process. Raises DATABASE_UNAVAILABLE and the like."""
    if settings.is_embedded:
        return Level.D0
    role = await condition.usable_role(settings.database_url) or Role.INBOX
    database = connect(settings.database_url, role=role, pool_size=1)
    try:
        served = await condition.served(database)
    finally:
        await database.close()
    return level_of(served, inspection.key_files(settings))


def is_sandbox(settings: Settings, url: str) -> bool:
    """Whether a gateway's address is this machine in a demo. All others are live."""
    return settings.is_demo and is_local(urlsplit(url).hostname or "")


def live_urls(settings: Settings) -> list[str]:
    """The variables that name live gateways."""
    named = {
        "CYBEROS_EINVOICE_URL": settings.einvoice_url,
        "CYBEROS_SMTP_URL": settings.smtp_url,
    }
    return [name for name, url in named.items() if url and not is_sandbox(settings, url)]


def admission(settings: Settings, url: str) -> Admission:
    """Whether this address may be used here, looked at before the first use and then believed.

    What is made raises LIVE_GATEWAY_REFUSED (a NotSent) for a live one below D2.
    """
    admitted = is_sandbox(settings, url)

    async def check() -> None:
        nonlocal admitted
        if not admitted:
            try:
                found = await level(settings)
            except Fault as away:  # a database that is away, while nothing has left yet
                raise NotSent(away.code, away.kind, away.message, away.hint) from None
            if found in (Level.D0, Level.D1):
                raise _refused(found)
            admitted = True

    return check


def _refused(found: Level) -> NotSent:
    return NotSent(
        "LIVE_GATEWAY_REFUSED",
        Kind.FORBIDDEN,
        f"This deployment is {found}, where a live gateway is refused, so nothing was sent.",
        "an operator has to bring executor and database out of the agents' reach (D2 in "
        "docs/operating.md); a demo may use a sandbox on this machine.",
        {"level": found.value},
    )
