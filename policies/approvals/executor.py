"""Execution of what people approved: exactly the stored arguments, at most once.

A tool whose effects are all in the database runs inside the transaction that claims the action
and marks it succeeded, so a crash leaves it approved and untouched. A tool that reaches outside is
claimed first (with a lease, and with what it prepares), delivered with no transaction open, and
settled afterwards; whatever happens in between leads to `unknown`, never back to approved.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, queries, service
from domain.approvals.facts import ActionFact, Outcome, State
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.service import load, move
from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.kernel import backoff
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store.chain import Actor
from domain.store.engine import Database
from domain.store.tx import Tx, reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import effects, reaching, reevaluation, resolving
from policies.approvals.backoff import Backoff
from policies.approvals.binding import check_well_formed
from policies.approvals.evidence import ApprovalContext, gather
from policies.approvals.reaching import ABSENT, Learnt
from policies.approvals.side_by_side import Step, side_by_side
from policies.gate.contract import Declined, Delivered, HandedOver, Order, Outside, Ports, Tool

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)  # beside the time an answer is waited for: whoever asks holds it still
EXECUTOR = Actor("system", "executor")
CORRUPT, BROKEN = "damaged", "broken"  # in a report: not states, for no state could be believed
_SETTLED = frozenset({State.EXPIRED.value, State.STALE.value})
_STUCK = frozenset({State.APPROVED.value, State.UNKNOWN.value, CORRUPT, BROKEN})


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """What became of one action.

    `awaits_answer`: the other side has it and answers later, which is no failure.
    """

    action_id: str
    state: str
    result: dict[str, Any] | None = None
    fault: Fault | None = None
    awaits_answer: bool = False


class Executor:
    """Carries actions out. `owner` names the process in leases."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        approval_context: ApprovalContext,
        *,
        owner: str,
        ports: Ports | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._context = approval_context
        self._owner = owner
        self._outside = Outside(ports or Ports())
        self.backoff = Backoff()  # a worker puts its own here, which outlives a round

    # --- public ---

    async def run(self, tenant_id: str, action_id: str) -> ExecutionReport:
        """Carry out one approved action, or say why not."""
        try:
            port_error = await self._prefetch(tenant_id, action_id)
            report, order = await self._claim_again(tenant_id, action_id, port_error)
        except Fault as error:
            if error.code == "ACTION_DAMAGED":
                raise  # left as it is: it is evidence, and no step of it could be believed
            if isinstance(error, Refusal) or error.kind is Kind.UNAVAILABLE:
                return await self._as_it_stands(tenant_id, action_id, error)
            return await self._fail(tenant_id, action_id, error.code, error)
        except IntegrityError:
            log.exception("the database refused the effect of action %s", action_id)
            return await self._fail(tenant_id, action_id, "CONFLICT", None)
        except Exception:
            log.exception("action %s could not be carried out", action_id)
            return await self._fail(tenant_id, action_id, "INTERNAL_ERROR", None)
        if order is None:
            return report
        return await self._deliver(order)

    async def follow(self, tenant_id: str, action_id: str, seconds: int) -> ExecutionReport:
        """Ask about an action of unknown outcome, later and later, for so long at most."""
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id)
            tool = self._context.registry.get(row.tool)
        failures, report = 0, _unknown(row)
        askable = tool is not None and tool.inquire is not None
        with anyio.move_on_after(seconds):
            while askable and report.state == State.UNKNOWN:
                failures += 1
                await anyio.sleep(backoff.pause(failures).total_seconds())
                with anyio.CancelScope(shield=True):  # who has begun to ask hears the answer
                    report = await self._inquire(tenant_id, action_id)
        return report

    async def settle_as_found(self, tenant_id: str, action_id: str) -> ExecutionReport:
        """End an action of unknown outcome as a person found it, if their resolution counts now."""
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            await check_well_formed(tx, row)
            resolution = await resolving.weighed(tx, self._context, row)
            if resolution is None:
                return ExecutionReport(row.id, row.state, row.result, refusal("EFFECT_UNKNOWN"))
            actor = Actor("human", resolution.person_id)
            if resolution.outcome is Outcome.SEEN:
                result = await self._record_delivery(tx, row, Delivered(""), actor)
                return ExecutionReport(row.id, row.state, result)
            await effects.release(tx, row, self._context.registry, ABSENT)
            await service.end_attempt(tx, row.id, row.attempt, outcome="failed", provider_ref=None)
            await move(tx, row, State.FAILED, actor, code=ABSENT.code)
            return ExecutionReport(row.id, row.state)

    async def run_due(self, tenant_id: str, *, limit: int = 20) -> list[ExecutionReport]:
        """Settle what is overdue or unknown, and carry out what is approved.

        What waits for others waits side by side, so that a slow one costs the rest nothing. One
        action that is damaged or breaks is reported, and looked at again later and later. Raises
        only when the database is away, which is everybody's.
        """
        lapsed = await self.settle_overdue(tenant_id, limit=limit)
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            lost = await queries.unknown(tx)
            resolved = await queries.resolved(tx, lost)
            # A resolution is weighed at once, however long the provider's backoff is.
            names = {f"{id} resolved" if id in resolved else id: id for id in lost}
            unknown = self.backoff.due(list(names), tx.at)
            due = self.backoff.due(await queries.to_execute(tx), tx.at)[:limit]
            outside = await self._reaching_outside(tx, due)
        steps = []
        for name in unknown:
            asks = name == names[name]
            work = self._inquire if asks else self.settle_as_found
            alone = partial(self._alone, work, tenant_id, names[name], name)
            steps.append(Step(alone, reaches_outside=asks))
        for id in due:
            alone = partial(self._alone, self.run, tenant_id, id)
            steps.append(Step(alone, reaches_outside=id in outside))
        done = await side_by_side(steps)
        if done:  # it may have taken the ground from under what waits
            lapsed += await self.settle_overdue(tenant_id, limit=limit)
        told = [one for one in lapsed if one.fault is not None or one.state in _SETTLED]
        return told + done

    async def settle_overdue(self, tenant_id: str, *, limit: int = 20) -> list[ExecutionReport]:
        """Write down what has expired, is about something that moved on, or lost its lease."""
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            overdue = self.backoff.due(await queries.overdue(tx, tx.at), tx.at)
        return [await self._alone(self._lapse_one, tenant_id, id) for id in overdue[:limit]]

    async def _reaching_outside(self, tx: Tx, action_ids: Sequence[str]) -> set[str]:
        """Those of these actions that wait for somebody else while they are carried out."""
        found = set()
        for action_id, tool_id in (await queries.tools_of(tx, action_ids)).items():
            tool = self._context.registry.get(tool_id)
            if tool is not None and (tool.deliver is not None or tool.prefetch is not None):
                found.add(action_id)
        return found

    async def _alone(
        self,
        work: Callable[[str, str], Awaitable[ExecutionReport]],
        tenant_id: str,
        action_id: str,
        name: str = "",
    ) -> ExecutionReport:
        """One step for one action, whatever that step runs into; `name` is what backs off."""
        try:
            report = await work(tenant_id, action_id)
        except Fault as fault:
            if fault.kind is Kind.UNAVAILABLE:
                raise
            log.error("action %s backs off: %s", action_id, fault)
            report = ExecutionReport(action_id, CORRUPT, fault=fault)
        except Exception:
            log.exception("action %s backs off", action_id)
            report = ExecutionReport(action_id, BROKEN, fault=refusal("EFFECT_UNKNOWN"))
        waits = report.fault is not None or report.awaits_answer
        if waits and report.state in _STUCK:
            self.backoff.wait(name or action_id, self._clock.now())
        else:
            self.backoff.forget(name or action_id)
        return report

    # --- claiming ---

    async def _prefetch(self, tenant_id: str, action_id: str) -> Fault | None:
        """Ask outside once more what the tool had asked before it proposed, and keep the answer.

        Why nobody answered is for the tool to weigh (`Call.port_error`).
        """
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id)
            tool = self._context.registry.get(row.tool)
            if row.state != State.APPROVED or tool is None or tool.prefetch is None:
                return None
            question = await self._question(tx, row, tool)
        if question is None:
            return None
        try:
            learnt = await reaching.ask(tool.prefetch, self._outside.ports, question)
        except Fault as port_error:
            return port_error
        with suppress(IntegrityError):  # somebody kept the same answer at the same moment
            async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
                await tool.prefetch.keep(tx, learnt)
        return None

    async def _question(self, tx: Tx, row: PendingAction, tool: Tool) -> str | None:
        """What has to be asked; None where there is nothing, or where the claim will say why."""
        assert tool.prefetch is not None
        try:
            stored = await effects.stored_call(tx, row, self._context.registry)
            if not tool.prefetch.concerns(stored.arguments):
                return None
            with tx.looking_as(stored.call.principal.viewer):
                return await tool.prefetch.question(stored.call, stored.arguments)
        except (Fault, ValidationError) as error:
            if isinstance(error, Fault) and error.kind is Kind.UNAVAILABLE:
                raise
            return None

    async def _claim_again(
        self, tenant_id: str, action_id: str, port_error: Fault | None
    ) -> tuple[ExecutionReport, Order | None]:
        """Claim, and once more if somebody wrote the same at the same moment.

        What was done is thrown away with its transaction, and nothing has gone out; the second look
        sees what the other did. An action does not fail for having lost a race.
        """
        try:
            return await self._claim(tenant_id, action_id, port_error)
        except IntegrityError:
            log.info("action %s met a concurrent change and is claimed again", action_id)
        return await self._claim(tenant_id, action_id, port_error)

    async def _claim(
        self, tenant_id: str, action_id: str, port_error: Fault | None = None
    ) -> tuple[ExecutionReport, Order | None]:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            await self._lapse(tx, row)
            here = await reevaluation.situation(
                tx, row, self._context, hold=True, port_error=port_error
            )
            gathered = await gather(tx, row, self._context)
            try:
                machine.check_claim(gathered.action, gathered.approvals, here.present)
            except Refusal as error:
                if error.target is not None:
                    await move(tx, row, error.target, EXECUTOR, code=error.code)
                return ExecutionReport(row.id, row.state, row.result, error), None
            tool = self._context.registry.get(row.tool)
            assert tool is not None and here.call is not None and here.arguments is not None
            stored = effects.StoredCall(tool, replace(here.call, action_id=row.id), here.arguments)
            await self._start(tx, row, tool)
            await effects.prepare(tx, stored, self._outside)
            if tool.deliver is not None:
                return ExecutionReport(row.id, row.state), effects.order_of(row)
            result = await effects.execute(tx, row, stored, None, EXECUTOR)
            return ExecutionReport(row.id, row.state, result), None

    async def _start(self, tx: Tx, row: PendingAction, tool: Tool | None) -> None:
        waits = tool.answer_within if tool is not None else timedelta()
        await move(
            tx, row, State.EXECUTING, EXECUTOR,
            lease_owner=self._owner, lease_until=tx.at + max(LEASE, 2 * waits),
        )  # fmt: skip
        machine.check_start(service.action_fact(row), self._owner, tx.at)
        tx.add(ExecutionAttempt(action_id=row.id, n=row.attempt + 1, started_at=tx.at))
        await service.count_attempt(tx, row)

    # --- outside ---

    async def _deliver(self, order: Order) -> ExecutionReport:
        """Reach outside, once, holding no transaction; then write down what was learnt."""
        learnt: Learnt
        async with reading(self._database, order.tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, order.action_id)
            # A process that slept since it claimed may have been given up: its time is over.
            mine = row.lease_owner == self._owner and row.state == State.EXECUTING
            if not mine or row.lease_until is None or row.lease_until <= tx.at:
                return ExecutionReport(
                    row.id, row.state, fault=refusal("ACTION_CONFLICT", state=row.state)
                )
            tool = self._context.registry.get(row.tool)
            assert tool is not None
            unreadable: Declined | None = None
            try:
                stored = await effects.stored_call(tx, row, self._context.registry)
                order = await effects.complete(tx, row, stored)
            except Exception as error:
                if isinstance(error, Fault) and error.kind is Kind.UNAVAILABLE:
                    raise
                log.exception("action %s: what is to leave cannot be read", order.action_id)
                code = error.code if isinstance(error, Fault) else "INTERNAL_ERROR"
                unreadable = Declined(code)  # nothing has left, for certain
        learnt = unreadable or await reaching.deliver(tool, order, self._outside)
        return await self._settle(order.tenant_id, order.action_id, learnt, asked=False)

    async def _inquire(self, tenant_id: str, action_id: str) -> ExecutionReport:
        """Ask the provider about an action whose outcome is unknown. Asking never sends again."""
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id)
            await check_well_formed(tx, row)
            tool, fact = self._context.registry.get(row.tool), self._fact(row)
            unknown = _unknown(row)
            if fact.state is not State.UNKNOWN or tool is None or tool.inquire is None:
                return unknown
            stored = await effects.stored_call(tx, row, self._context.registry)
            order = await effects.complete(tx, row, stored)
        try:
            learnt = await reaching.inquire(tool, order, self._outside)
        except reaching.NoAnswer:
            return unknown
        if learnt is None and row.provider_ref is not None:
            return unknown  # they said that they have it, so that they do not know it is no news
        if isinstance(learnt, HandedOver):
            is_news = learnt.reference != row.provider_ref
        else:
            outcome = _outcome(learnt, True)
            is_news = machine.after_outcome(fact, outcome, self._clock.now()) is not fact.state
        if not is_news:
            return unknown  # so there is no reason to keep others from writing
        return await self._settle(tenant_id, action_id, learnt, asked=True)

    # --- settling ---

    async def _settle(
        self, tenant_id: str, action_id: str, learnt: Learnt, *, asked: bool
    ) -> ExecutionReport:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            if row.state == State.UNKNOWN and not asked and learnt is None:
                return _unknown(row)
            if isinstance(learnt, HandedOver):
                return await self._hand_over(tx, row, learnt)
            try:
                target = machine.after_outcome(self._fact(row), _outcome(learnt, asked), tx.at)
            except Refusal as error:
                log.error("action %s is %s, and then: %s", row.id, row.state, learnt)
                return ExecutionReport(row.id, row.state, fault=error)
            if target.value == row.state:
                return _unknown(row)
            if isinstance(learnt, Delivered) and target is State.SUCCEEDED:
                result = await self._record_delivery(tx, row, learnt)
                return ExecutionReport(row.id, row.state, result)
            fault: Fault = refusal("EFFECT_UNKNOWN")
            if target is State.FAILED:
                why = learnt if isinstance(learnt, Declined) else ABSENT
                await effects.release(tx, row, self._context.registry, why)
                fault = _not_taken(why)
            await service.end_attempt(
                tx, row.id, row.attempt, outcome=target.value, provider_ref=None
            )
            await move(tx, row, target, EXECUTOR, code=fault.code)
            return ExecutionReport(row.id, row.state, fault=fault)

    async def _hand_over(self, tx: Tx, row: PendingAction, learnt: HandedOver) -> ExecutionReport:
        """They have it and answer later: the outcome is unknown, and whom to ask is known."""
        if row.state == State.UNKNOWN:
            await service.hand_over(tx, row, learnt.reference, EXECUTOR)
            await effects.handed_over(tx, row, self._context.registry, learnt)
            return _unknown(row)
        try:
            machine.after_outcome(self._fact(row), Outcome.TIMEOUT, tx.at)
        except Refusal as error:
            log.error("action %s is %s, and then: %s", row.id, row.state, learnt)
            return ExecutionReport(row.id, row.state, fault=error)
        await service.end_attempt(
            tx, row.id, row.attempt, outcome=State.UNKNOWN.value, provider_ref=learnt.reference
        )
        await move(tx, row, State.UNKNOWN, EXECUTOR, provider_ref=learnt.reference)
        await effects.handed_over(tx, row, self._context.registry, learnt)
        return _unknown(row)

    async def _record_delivery(
        self, tx: Tx, row: PendingAction, learnt: Delivered, by: Actor = EXECUTOR
    ) -> dict[str, Any]:
        """The outside has it: the books must say so, whatever has changed here meanwhile."""
        stored = await effects.stored_call(tx, row, self._context.registry)
        return await effects.execute(tx, row, stored, learnt, by)

    async def _lapse_one(self, tenant_id: str, action_id: str) -> ExecutionReport:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            if not await service.settle(tx, row, EXECUTOR):
                await self._lapse(tx, row)
            return ExecutionReport(action_id, row.state)

    async def _lapse(self, tx: Tx, row: PendingAction) -> None:
        """Expire what waited too long; a lost lease makes the outcome unknown, never approved."""
        fact = self._fact(row)
        target = machine.after_time(fact, tx.at)
        if target is not fact.state:
            await move(tx, row, target, EXECUTOR)
            return
        target = machine.after_lease_lost(fact, tx.at)
        if target is not fact.state:
            # The settle window begins now and not when the lease ended: the clock may have jumped
            # over both while the letter was on its way, and "not found" must not come too early.
            await move(tx, row, target, EXECUTOR, lease_until=tx.at)

    async def _as_it_stands(
        self, tenant_id: str, action_id: str, fault: Fault | None
    ) -> ExecutionReport:
        """After a failure that may have come behind the commit, only the row knows its state."""
        try:
            async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
                row = await load(tx, action_id)
        except Fault:
            return ExecutionReport(
                action_id, State.APPROVED, fault=fault
            )  # as it was when last seen
        done = row.state == State.SUCCEEDED
        return ExecutionReport(row.id, row.state, row.result, None if done else fault)

    async def _fail(
        self, tenant_id: str, action_id: str, code: str, fault: Fault | None
    ) -> ExecutionReport:
        """The effect was refused or broke and its transaction thrown away: nothing happened."""
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            if row.state != State.APPROVED:
                return ExecutionReport(action_id, row.state, row.result, fault)
            await self._start(tx, row, None)
            await service.end_attempt(tx, row.id, row.attempt, outcome="failed", provider_ref=None)
            await move(tx, row, State.FAILED, EXECUTOR, code=code)
            return ExecutionReport(action_id, row.state, fault=fault)

    def _fact(self, row: PendingAction) -> ActionFact:
        """The row as the guards need it, with the settle window of its tool."""
        return resolving.fact_of(row, self._context)


def _unknown(row: PendingAction) -> ExecutionReport:
    """Nobody knows what became of it yet; that they have it and will answer is no failure."""
    if row.state == State.UNKNOWN and row.provider_ref is not None:
        return ExecutionReport(row.id, row.state, awaits_answer=True)
    return ExecutionReport(row.id, row.state, fault=refusal("EFFECT_UNKNOWN"))


def _not_taken(why: Declined) -> Fault:
    return Fault(
        why.code,
        Kind.CONFLICT,
        "The other side did not take it, and nothing has happened.",
        "mend the cause and propose it again, if it is still wanted.",
    )


def _outcome(learnt: Delivered | Declined | None, asked: bool) -> Outcome:
    if isinstance(learnt, Delivered):
        return Outcome.OK
    if isinstance(learnt, Declined):
        return Outcome.DECLINED
    return Outcome.NOT_FOUND if asked else Outcome.TIMEOUT
