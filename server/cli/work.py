"""Worker: what has to happen when nobody is looking? `cyberos work` carries approved actions out.

It also settles what has expired or lost its lease, hands the messages of the outbox to their
subscribers (domain/store/dispatcher.py), and does the nightly work of every company
(server/nightly.py). Every step is safe to repeat, so a worker may be killed at any moment and
several may run side by side.
"""

import logging
import os
import secrets
import signal
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import FrameType
from typing import Any

import anyio
import typer

from domain.approvals import queries as approvals
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store import directory, subscribers
from domain.store.dispatcher import Dispatcher
from domain.store.engine import Role
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from policies.approvals.backoff import Backoff
from policies.approvals.executor import BROKEN, CORRUPT, Executor
from server import wiring
from server.cli.context import CliContext, opened, perform
from server.cli.render import answer, say
from server.nightly import NightlyJobs

log = logging.getLogger("cyberos.work")

PAUSE_MILLISECONDS = (750, 1_250)  # jittered, so that several workers do not march in step


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(work)


def work(
    once: bool = typer.Option(False, "--once", help="One round, then stop: for cron and tests."),
    retry_dead: bool = typer.Option(
        False, "--retry-dead", help="First try once more what subscribers had failed at too often."
    ),
    as_json: bool = typer.Option(False, "--json", help="With --once: answer with one object."),
) -> None:
    """Carry out what people approved.

    Also expires what waited too long, hands the messages of the outbox to their subscribers, and
    once a night scores deals and writes down what was suggested.
    """
    if once:
        done = perform(lambda: _one_round(retry_dead=retry_dead))
        if as_json:
            answer(done)
        else:
            actions = counted(len(done["actions"]), "action")
            say(f"{actions}, {counted(done['messages'], 'message')}.")
            for one in done["left_alone"]:
                say(_backing_off(one), err=True)
            for one in done["dead_letters"]:
                say(_dead(one), err=True)
        return
    perform(lambda: _until_told_to_stop(retry_dead=retry_dead))


@dataclass(slots=True)
class _Round:
    actions: list[dict[str, str]] = field(default_factory=list)
    messages: int = 0
    left_alone: list[dict[str, str]] = field(default_factory=list)


class Worker:
    """One process that carries actions out for every tenant."""

    def __init__(self, context: CliContext) -> None:
        self._context = context
        self._nightly = NightlyJobs(context.database, context.clock)
        self._owner = f"work:{socket.gethostname()[:40]}:{os.getpid()}"
        self._backoff = Backoff()
        self._dispatcher = Dispatcher(context.database, context.clock)

    async def round(self) -> dict[str, Any]:
        """Once through all tenants; what was done, and what has to back off.

        What breaks in one tenant costs the others nothing. A database that is away is raised.
        """
        done = _Round()
        for tenant_id, code in await directory.tenants(self._context.database):
            try:
                await self._one_tenant(tenant_id, code, done)
            except Fault as fault:
                if fault.kind is Kind.UNAVAILABLE:
                    raise
                log.error("%s: %s", code, fault)
                done.left_alone.append({"tenant": code, "code": fault.code})
            except Exception:
                log.exception("%s: its round broke; the next one tries again", code)
                done.left_alone.append({"tenant": code, "code": "INTERNAL_ERROR"})
        return asdict(done)

    async def _one_tenant(self, tenant_id: str, code: str, done: "_Round") -> None:
        for job, rows in (await self._nightly.work(tenant_id)).items():
            log.info("%s: nightly %s wrote %d rows", code, job, rows)
        if not await self._is_idle(tenant_id):
            await self._carry_out(tenant_id, code, done)
        done.messages += await self._dispatcher.dispatch(tenant_id)

    async def _carry_out(self, tenant_id: str, code: str, done: "_Round") -> None:
        for report in await self._executor().run_due(tenant_id):
            log.info("%s: action %s is %s", code, report.action_id, report.state)
            named = {"tenant": code, "action_id": report.action_id}
            if report.state in (CORRUPT, BROKEN):
                fault = report.fault.code if report.fault else ""
                done.left_alone.append({**named, "code": fault})
            else:
                done.actions.append({**named, "state": report.state})

    async def retry_dead(self) -> int:
        """Try every dead letter of every company once more; how many are settled now."""
        tenants = await directory.tenants(self._context.database)
        return sum([await self._dispatcher.retry_dead(tenant_id) for tenant_id, _ in tenants])

    async def dead_letters(self) -> list[dict[str, str]]:
        """What subscribers have failed at too often, in every company; nothing of its content."""
        found = []
        for tenant_id, code in await directory.tenants(self._context.database):
            async with reading(
                self._context.database, tenant_id, self._context.clock, viewer=SYSTEM
            ) as tx:
                found += [
                    {"tenant": code, "subscriber": one.subscriber, "topic": one.topic,
                     "message_id": one.message_id, "code": one.code}
                    for one in await subscribers.dead_letters(tx)
                ]  # fmt: skip
        return found

    def _executor(self) -> Executor:
        """With the policy and the trusted roots of now: a tenant may be younger than we are."""
        made = wiring.executor(self._context.settings, self._context.database, owner=self._owner)
        made.backoff = self._backoff
        return made

    async def _is_idle(self, tenant_id: str) -> bool:
        """Look before asking for the one write lock of an embedded database."""
        async with reading(
            self._context.database, tenant_id, self._context.clock, viewer=SYSTEM
        ) as tx:
            return not (
                await approvals.overdue(tx, tx.at)
                or await approvals.unknown(tx)
                or await approvals.to_execute(tx)
            )


def _backing_off(one: Mapping[str, str]) -> str:
    what = f"action {one['action_id']}" if "action_id" in one else "its round"
    return f"{one['tenant']}: {what} backs off ({one['code']}); see `cyberos doctor`."


def _dead(one: Mapping[str, str]) -> str:
    what = f"{one['topic']} {one['message_id']} is a dead letter of {one['subscriber']}"
    return f"{one['tenant']}: {what} ({one['code']}); see `cyberos doctor`."


async def _one_round(*, retry_dead: bool) -> dict[str, Any]:
    async with opened(Role.EXECUTOR) as context:
        worker = Worker(context)
        settled = await worker.retry_dead() if retry_dead else 0
        done = await worker.round()
        done["messages"] += settled
        return {**done, "dead_letters": await worker.dead_letters()}


async def _until_told_to_stop(*, retry_dead: bool) -> None:
    async with opened(Role.EXECUTOR) as context:
        worker, stop = Worker(context), _stop_on_signals()
        if retry_dead:
            await worker.retry_dead()
        say(f"Working (process {os.getpid()}); Ctrl-C or SIGTERM stops after the present step.")
        while not stop.is_set():
            try:
                await worker.round()
            except Fault as fault:  # the database is away or busy: it will be back
                log.warning("%s", fault)
            except Exception:
                log.exception("a round broke; the next one tries again")
            await _pause(stop)
        say("Stopped.")


def _stop_on_signals() -> anyio.Event:
    """An event for the loop to see; a step that has begun is finished, never cut off.

    `signal.signal` and not the event loop's own way, which Windows does not have.
    """
    import asyncio

    loop, stop = asyncio.get_running_loop(), anyio.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    return stop


async def _pause(stop: anyio.Event) -> None:
    shortest, longest = PAUSE_MILLISECONDS
    milliseconds = shortest + secrets.randbelow(longest - shortest)
    with anyio.move_on_after(milliseconds / 1_000):
        await stop.wait()
