"""Worker: what has to happen when nobody is looking? `cyberos work` carries approved actions out.

It also settles what has expired or lost its lease, does what follows actions outside, works through
what modules declare that waits (domain/store/backlogs.py), hands the messages of the outbox to
their subscribers (domain/store/dispatcher.py), and does the nightly work of every company
(server/nightly.py). Every step is safe to repeat, so a worker may be killed at any moment and
several may run side by side.
"""

import logging
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import anyio
import typer
from anyio.abc import TaskGroup

from domain.approvals import queries as approvals
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store import backlogs, directory, subscribers
from domain.store.dispatcher import Dispatcher
from domain.store.engine import Role
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from policies.approvals.backoff import Backoff
from policies.approvals.dispatching import Dispatching
from policies.approvals.executor import BROKEN, CORRUPT, Executor
from server import wiring
from server.cli.context import CliContext, opened, perform
from server.cli.render import answer, say
from server.nightly import NightlyJobs
from server.standing import standing

log = logging.getLogger("cyberos.work")

PAUSE_MILLISECONDS = (750, 1_250)  # jittered, so that several workers do not march in step
FIGURES_SECONDS = 15
METRICS = typer.Option(
    None, "--metrics", help="Keep a file of figures for Prometheus's textfile collector."
)
TENANTS_AT_ONCE = 4  # a provider who is slow for fewer than that keeps no other waiting


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(work)


def work(
    once: bool = typer.Option(False, "--once", help="One round, then stop: for cron and tests."),
    retry_dead: bool = typer.Option(
        False, "--retry-dead", help="First try once more what had failed too often."
    ),
    as_json: bool = typer.Option(False, "--json", help="With --once: answer with one object."),
    metrics: Path | None = METRICS,
) -> None:
    """Carry out what people approved.

    Also expires what waited too long, hands the messages of the outbox to their subscribers, and
    once a night scores deals and writes down what was suggested.
    """
    if once:
        done = perform(lambda: _one_round(metrics, retry_dead=retry_dead))
        if as_json:
            answer(done)
        else:
            for one in (*done["actions"], *done["dispatches"]):
                say(_done(one))
            actions = counted(len(done["actions"]), "action")
            following = counted(len(done["dispatches"]), "dispatch", "dispatches")
            also = f", {following}" if done["dispatches"] else ""
            also += f", {done['received']} received" if done["received"] else ""
            say(f"{actions}{also}, {counted(done['messages'], 'message')}.")
            for one in done["left_alone"]:
                say(_backing_off(one), err=True)
            for one in done["dead_letters"]:
                say(_dead(one), err=True)
        return
    perform(lambda: _until_told_to_stop(metrics, retry_dead=retry_dead))


@dataclass(slots=True)
class _Round:
    actions: list[dict[str, str]] = field(default_factory=list)
    dispatches: list[dict[str, str]] = field(default_factory=list)
    received: int = 0
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
        self._damaged_dispatches = Backoff()
        self._backlogs = backlogs.backlogs()
        self._at_once = anyio.CapacityLimiter(TENANTS_AT_ONCE)
        self._turns: set[str] = set()
        self.stops = False  # then those who wait for a turn get none

    async def round(self) -> dict[str, Any]:
        """Once through all tenants; what was done, and what has to back off.

        What breaks in one tenant costs the others nothing. A database that is away is raised.
        """
        done, away = _Round(), list[Fault]()
        async with anyio.create_task_group() as group:
            await self.begin(group, done, away.append)
        if away:
            raise away[0]
        return asdict(done)

    async def begin(
        self, group: TaskGroup, done: "_Round", away: Callable[[Fault], object]
    ) -> None:
        """Give every tenant a turn whose last one is over; `away` hears of a database that is."""
        for tenant_id, code in await directory.tenants(self._context.database):
            if tenant_id not in self._turns:
                self._turns.add(tenant_id)
                group.start_soon(self._turn, tenant_id, code, done, away)

    async def _turn(
        self, tenant_id: str, code: str, done: "_Round", away: Callable[[Fault], object]
    ) -> None:
        try:
            async with self._at_once:
                if not self.stops:
                    await self._one_tenant(tenant_id, code, done)
        except Fault as fault:
            if fault.kind is Kind.UNAVAILABLE:
                away(fault)
            else:
                log.error("%s: %s", code, fault)
                done.left_alone.append({"tenant": code, "code": fault.code})
        except Exception:
            log.exception("%s: its round broke; the next one tries again", code)
            done.left_alone.append({"tenant": code, "code": "INTERNAL_ERROR"})
        finally:
            self._turns.discard(tenant_id)

    async def _one_tenant(self, tenant_id: str, code: str, done: "_Round") -> None:
        for job, rows in (await self._nightly.work(tenant_id)).items():
            log.info("%s: nightly %s wrote %d rows", code, job, rows)
        if not await self._is_idle(tenant_id):
            await self._carry_out(tenant_id, code, done)
        await self._follow_up(tenant_id, code, done)
        await self._work_through(tenant_id, code, done)
        done.messages += await self._dispatcher.dispatch(tenant_id)

    async def _work_through(self, tenant_id: str, code: str, done: "_Round") -> None:
        database, clock = self._context.database, self._context.clock
        taken = await backlogs.work_through(database, tenant_id, clock, self._backlogs)
        for backlog, count in taken.items():
            log.info("%s: %s took %d in hand", code, backlog, count)
        done.received += sum(taken.values())

    async def _carry_out(self, tenant_id: str, code: str, done: "_Round") -> None:
        for report in await self._executor().run_due(tenant_id):
            log.info("%s: action %s is %s", code, report.action_id, report.state)
            named = {"tenant": code, "action_id": report.action_id}
            if report.state in (CORRUPT, BROKEN):
                fault = report.fault.code if report.fault else ""
                done.left_alone.append({**named, "code": fault})
            else:
                done.actions.append({**named, "state": report.state})

    async def _follow_up(self, tenant_id: str, code: str, done: "_Round") -> None:
        following = self._dispatching()
        if await following.is_idle(tenant_id):
            return
        for report in await following.run_due(tenant_id):
            log.info("%s: %s %s is %s", code, report.kind, report.dispatch_id, report.state)
            named = {"tenant": code, "dispatch_id": report.dispatch_id}
            if report.state in (CORRUPT, BROKEN):
                done.left_alone.append({**named, "code": report.code})
            else:
                more = {"action_id": report.action_id, "kind": report.kind, "state": report.state}
                done.dispatches.append({**named, **more})

    async def retry_dead(self) -> int:
        """Try every dead letter of every company once more; how many are settled now.

        What follows actions and had failed for good is due again too.
        """
        tenants = await directory.tenants(self._context.database)
        for tenant_id, _ in tenants:
            await self._dispatching().retry_failed(tenant_id)
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

    def _dispatching(self) -> Dispatching:
        made = wiring.dispatching(self._context.settings, self._context.database, owner=self._owner)
        made.backoff = self._damaged_dispatches
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


def _done(one: Mapping[str, str]) -> str:
    what = f"action {one['action_id']}"
    if "dispatch_id" in one:
        what = f"{one['kind']} of {what}"
    return f"{one['tenant']}: {what} is {one['state']}."


def _backing_off(one: Mapping[str, str]) -> str:
    what = "its round"
    if "dispatch_id" in one:
        what = f"dispatch {one['dispatch_id']}"
    elif "action_id" in one:
        what = f"action {one['action_id']}"
    return f"{one['tenant']}: {what} backs off ({one['code']}); see `cyberos doctor`."


def _dead(one: Mapping[str, str]) -> str:
    what = f"{one['topic']} {one['message_id']} is a dead letter of {one['subscriber']}"
    return f"{one['tenant']}: {what} ({one['code']}); see `cyberos doctor`."


async def _one_round(metrics: Path | None, *, retry_dead: bool) -> dict[str, Any]:
    async with opened(Role.EXECUTOR) as context:
        worker = Worker(context)
        settled = await worker.retry_dead() if retry_dead else 0
        done = await worker.round()
        done["messages"] += settled
        if metrics is not None:
            await _write_figures(context, metrics)
        return {**done, "dead_letters": await worker.dead_letters()}


async def _until_told_to_stop(metrics: Path | None, *, retry_dead: bool) -> None:
    async with opened(Role.EXECUTOR) as context:
        worker, stop = Worker(context), _stop_on_signals()
        if retry_dead:
            await worker.retry_dead()
        say(f"Working (process {os.getpid()}); Ctrl-C or SIGTERM stops after the present step.")
        async with anyio.create_task_group() as group:
            if metrics is not None:
                group.start_soon(_keep_figures, context, metrics, stop)
            while not stop.is_set():
                try:
                    await worker.begin(group, _Round(), _warn)
                except Fault as fault:
                    _warn(fault)
                except Exception:
                    log.exception("a round broke; the next one tries again")
                await _pause(stop)
            worker.stops = True
        say("Stopped.")


async def _keep_figures(context: CliContext, file: Path, stop: anyio.Event) -> None:
    """Write what monitoring is told, every so often, until it is told to stop."""
    while not stop.is_set():
        try:
            await _write_figures(context, file)
        except OSError:
            log.exception("the figures could not be written")
        with anyio.move_on_after(FIGURES_SECONDS):
            await stop.wait()


async def _write_figures(context: CliContext, file: Path) -> None:
    """Whoever reads the file meanwhile finds the old ones or the new, and never half of them."""
    from server.http.metrics import Metrics

    metrics = Metrics(standing(context.database, context.settings, context.clock))
    await metrics.look()
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(metrics.text())
    os.replace(draft, file)


def _warn(away: Fault) -> None:
    log.warning("%s", away)  # the database is away or busy: it will be back


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
