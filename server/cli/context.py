"""Command context: where does it work? Settings, the database in one role, the companies in it."""

import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

import anyio

from domain.approvals import queries as approvals
from domain.identity import queries as identity
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store import directory
from domain.store.engine import Database, Role
from domain.store.tx import Tx, reading
from domain.store.visibility import SYSTEM
from server import settings as environment
from server import wiring
from server.settings import Settings

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class CliContext:
    """What a command has at hand while it works."""

    settings: Settings
    database: Database
    clock: Clock


@dataclass(frozen=True, slots=True)
class Company:
    """A tenant as people call it, with its language and time zone."""

    id: str
    code: str
    name: str
    locale: str
    zone: ZoneInfo


def perform(work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Run the asynchronous part of a command. Nobody is asked anything inside.

    While an event loop runs, the first Ctrl-C only asks its task to stop, so a prompt in there
    would swallow it.
    """
    return anyio.run(work)


def read_settings() -> Settings:
    """The environment of this command, with its log going to standard error."""
    settings = environment.read()
    if settings.log_level not in logging.getLevelNamesMapping():
        raise Fault(
            "SETTING_INVALID",
            Kind.INVALID,
            "CYBEROS_LOG_LEVEL is not a level.",
            "use DEBUG, INFO, WARNING or ERROR.",
        )
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    return settings


@asynccontextmanager
async def opened(
    role: Role, settings: Settings | None = None, *, any_schema: bool = False
) -> AsyncIterator[CliContext]:
    """The database of the settings, in one role, for the length of a command."""
    chosen = settings or read_settings()
    database = await wiring.database(chosen, role, any_schema=any_schema)
    try:
        yield CliContext(chosen, database, wiring.clock())
    finally:
        await database.close()


async def companies(context: CliContext, code: str | None = None) -> list[Company]:
    """Every tenant, oldest first, or the one with this code; TENANT_UNKNOWN if there is none."""
    listed = await directory.tenants(context.database)
    wanted = [one for one in listed if code is None or one[1] == code.strip().lower()]
    if not wanted:
        raise Fault(
            "TENANT_UNKNOWN",
            Kind.NOT_FOUND,
            "There is no tenant with this code." if code else "There is no tenant yet.",
            "`cyberos init` makes one." if not listed else _codes(listed),
        )
    return [await _company(context, tenant_id, tenant_code) for tenant_id, tenant_code in wanted]


async def the_company(context: CliContext, code: str | None) -> Company:
    """The tenant with this code, or the only one there is; TENANT_REQUIRED if that is open."""
    found = await companies(context, code)
    if len(found) > 1:
        raise Fault(
            "TENANT_REQUIRED",
            Kind.INVALID,
            "There are several tenants here.",
            f"say which with --tenant. {_codes([(one.id, one.code) for one in found])}",
        )
    return found[0]


async def locate(
    context: CliContext, action_id: str, *, code: str | None = None, email: str | None = None
) -> Company:
    """The tenant an action belongs to, among those in which this person is known.

    ACTION_NOT_FOUND for an invented id, and just so for an action of a company that they do not
    work for: whoever guesses ids learns nothing.
    """
    unknown_here: Fault | None = None
    known = email is None
    for company in await companies(context, code):
        async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
            try:
                if email is not None:
                    await identity.person_by_email(tx, email)
            except Fault as fault:
                unknown_here = fault
                continue
            known = True
            if await approvals.action(tx, action_id) is not None:
                return company
    if unknown_here is not None and not known:
        raise unknown_here
    raise Fault(
        "ACTION_NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such action.",
        "`cyberos inbox` lists what waits.",
    )


@asynccontextmanager
async def looking(context: CliContext, company: Company) -> AsyncIterator[Tx]:
    """A transaction that reads one company."""
    async with reading(context.database, company.id, context.clock, viewer=SYSTEM) as tx:
        yield tx


async def _company(context: CliContext, tenant_id: str, code: str) -> Company:
    async with reading(context.database, tenant_id, context.clock, viewer=SYSTEM) as tx:
        row = await identity.tenant(tx)
    return Company(tenant_id, code, row.name, row.locale, ZoneInfo(row.time_zone))


def _codes(listed: list[tuple[str, str]]) -> str:
    return f"The codes are {', '.join(code for _, code in listed)}."
