"""Execution of what people approved: exactly the stored arguments, at most once.

A tool whose effects are all in the database runs inside the transaction that claims the action
and marks it succeeded, so a crash leaves it approved and untouched. A tool that reaches outside is
claimed first (with a lease), delivered with no transaction open, and settled afterwards; whatever
happens in between leads to `unknown`, never back to approved.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio
from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, queries, service
from domain.approvals.facts import Outcome, State
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.service import action_fact, load, move
from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store.chain import Actor, Event
from domain.store.engine import Database
from domain.store.tx import Tx, reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import reevaluation, resolving
from policies.approvals.backoff import Backoff
from policies.approvals.binding import check_well_formed
from policies.approvals.evidence import ApprovalContext, gather
from policies.gate.contract import Arguments, Call, Declined, Delivered, Order, Tool
from policies.gate.redaction import clean

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
ANSWER_WITHIN = timedelta(seconds=60)  # shorter than the lease: whoever delivers still holds it
EXECUTOR = Actor("system", "executor")
CORRUPT, BROKEN = "damaged", "broken"  # in a report: not states, for no state could be believed
_STUCK = frozenset({State.APPROVED.value, State.UNKNOWN.value, CORRUPT, BROKEN})


@dataclass(frozen=True, slots=True)
class ExecutionReport:
    """What became of one action."""

    action_id: str
    state: str
    result: dict[str, Any] | None = None
    fault: Fault | None = None


class Executor:
    """Carries actions out. `owner` names the process in leases."""

    def __init__(
        self, database: Database, clock: Clock, approval_context: ApprovalContext, *, owner: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._context = approval_context
        self._owner = owner
        self.backoff = Backoff()  # a worker puts its own here, which outlives a round

    async def run(self, tenant_id: str, action_id: str) -> ExecutionReport:
        """Carry out one approved action, or say why not."""
        try:
            report, order = await self._claim_again(tenant_id, action_id)
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

    async def run_due(self, tenant_id: str, *, limit: int = 20) -> list[ExecutionReport]:
        """Settle what is overdue or unknown, then carry out what is approved.

        One action that is damaged or breaks is reported and costs the others nothing; it is looked
        at again later and later. Raises only when the database is away, which is everybody's.
        """
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            overdue = self.backoff.due(await queries.overdue(tx, tx.at), tx.at)
        lapsed = [await self._alone(self._lapse_one, tenant_id, id) for id in overdue[:limit]]
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            lost = await queries.unknown(tx)
            resolved = await queries.resolved(tx, lost)
            # A resolution is weighed at once, however long the provider's backoff is.
            names = {f"{id} resolved" if id in resolved else id: id for id in lost}
            unknown = self.backoff.due(list(names), tx.at)
            due = self.backoff.due(await queries.to_execute(tx), tx.at)
        reports = [one for one in lapsed if one.fault is not None]
        for name in unknown:
            step = self._inquire if name == names[name] else self.settle_as_found
            reports.append(await self._alone(step, tenant_id, names[name], name))
        return reports + [await self._alone(self.run, tenant_id, id) for id in due[:limit]]

    async def _alone(
        self,
        step: Callable[[str, str], Awaitable[ExecutionReport]],
        tenant_id: str,
        action_id: str,
        name: str = "",
    ) -> ExecutionReport:
        """One step for one action, whatever that step runs into."""
        try:
            report = await step(tenant_id, action_id)
        except Fault as fault:
            if fault.kind is Kind.UNAVAILABLE:
                raise
            log.error("action %s backs off: %s", action_id, fault)
            report = ExecutionReport(action_id, CORRUPT, fault=fault)
        except Exception:
            log.exception("action %s backs off", action_id)
            report = ExecutionReport(action_id, BROKEN, fault=refusal("EFFECT_UNKNOWN"))
        if report.fault is not None and report.state in _STUCK:
            self.backoff.wait(name or action_id, self._clock.now())
        else:
            self.backoff.forget(name or action_id)
        return report

    async def _claim_again(
        self, tenant_id: str, action_id: str
    ) -> tuple[ExecutionReport, Order | None]:
        """Claim, and once more if somebody wrote the same at the same moment.

        What was done is thrown away with its transaction, and nothing has gone out; the second look
        sees what the other did. An action does not fail for having lost a race.
        """
        try:
            return await self._claim(tenant_id, action_id)
        except IntegrityError:
            log.info("action %s met a concurrent change and is claimed again", action_id)
        return await self._claim(tenant_id, action_id)

    async def _claim(self, tenant_id: str, action_id: str) -> tuple[ExecutionReport, Order | None]:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            await self._lapse(tx, row)
            here = await reevaluation.situation(tx, row, self._context, hold=True)
            gathered = await gather(tx, row, self._context)
            try:
                machine.check_claim(gathered.action, gathered.approvals, here.present)
            except Refusal as error:
                if error.target is not None:
                    await move(tx, row, error.target, EXECUTOR, code=error.code)
                return ExecutionReport(row.id, row.state, row.result, error), None
            tool = self._context.registry.get(row.tool)
            assert tool is not None and here.call is not None and here.arguments is not None
            await self._start(tx, row)
            if tool.deliver is not None:
                return ExecutionReport(row.id, row.state), _order(row)
            result = await self._effect(tx, row, tool, here.call, here.arguments, None)
            return ExecutionReport(row.id, row.state, result), None

    async def _start(self, tx: Tx, row: PendingAction) -> None:
        await move(
            tx, row, State.EXECUTING, EXECUTOR,
            lease_owner=self._owner, lease_until=tx.at + LEASE,
        )  # fmt: skip
        machine.check_start(action_fact(row), self._owner, tx.at)
        tx.add(ExecutionAttempt(action_id=row.id, n=row.attempt + 1, started_at=tx.at))
        await service.count_attempt(tx, row)

    async def _effect(
        self,
        tx: Tx,
        row: PendingAction,
        tool: Tool,
        call: Call,
        arguments: Arguments,
        reference: str | None,
        by: Actor = EXECUTOR,
    ) -> dict[str, Any]:
        """Do what is to be done in the database, and mark the action succeeded with it."""
        assert tool.execute is not None
        with tx.looking_as(call.principal.viewer):
            answer = await tool.execute(call, arguments)
        await tx.flush()
        result: dict[str, Any] = clean(answer.model_dump(mode="json", exclude_none=True))
        tx.record(_done(row, call, result))
        await service.end_attempt(tx, row.id, row.attempt, outcome="ok", provider_ref=reference)
        await move(tx, row, State.SUCCEEDED, by, result=result, provider_ref=reference)
        return result

    async def _deliver(self, order: Order) -> ExecutionReport:
        """Reach outside, once, holding no transaction; then write down what was learnt."""
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
        assert tool.deliver is not None
        learnt: Delivered | Declined | None = None
        try:
            with anyio.fail_after(ANSWER_WITHIN.total_seconds()):
                learnt = await tool.deliver(order)
        except Exception:
            log.exception("action %s: nobody knows whether it was delivered", order.action_id)
        return await self._settle(order.tenant_id, order.action_id, learnt, asked=False)

    async def _inquire(self, tenant_id: str, action_id: str) -> ExecutionReport:
        """Ask the provider about an action whose outcome is unknown. Asking never sends again."""
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id)
            await check_well_formed(tx, row)
            tool, order, fact = self._context.registry.get(row.tool), _order(row), action_fact(row)
        unknown = ExecutionReport(action_id, row.state, fault=refusal("EFFECT_UNKNOWN"))
        if fact.state is not State.UNKNOWN or tool is None or tool.inquire is None:
            return unknown
        try:
            with anyio.fail_after(ANSWER_WITHIN.total_seconds()):
                learnt = await tool.inquire(order)
        except Exception:
            log.exception("action %s: the provider could not be asked", action_id)
            return unknown
        if machine.after_outcome(fact, _outcome(learnt, True), self._clock.now()) is fact.state:
            return unknown  # no news, so there is no reason to keep others from writing
        return await self._settle(tenant_id, action_id, learnt, asked=True)

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
            await service.end_attempt(tx, row.id, row.attempt, outcome="failed", provider_ref=None)
            await move(tx, row, State.FAILED, actor, code="EFFECT_ABSENT")
            return ExecutionReport(row.id, row.state)

    async def _settle(
        self, tenant_id: str, action_id: str, learnt: Delivered | Declined | None, *, asked: bool
    ) -> ExecutionReport:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            if row.state == State.UNKNOWN and not asked and learnt is None:
                return ExecutionReport(row.id, row.state, fault=refusal("EFFECT_UNKNOWN"))
            try:
                target = machine.after_outcome(action_fact(row), _outcome(learnt, asked), tx.at)
            except Refusal as error:
                log.error("action %s is %s, and then: %s", row.id, row.state, learnt)
                return ExecutionReport(row.id, row.state, fault=error)
            if target.value == row.state:
                return ExecutionReport(row.id, row.state, fault=refusal("EFFECT_UNKNOWN"))
            if isinstance(learnt, Delivered) and target is State.SUCCEEDED:
                result = await self._record_delivery(tx, row, learnt)
                return ExecutionReport(row.id, row.state, result)
            code = learnt.code if isinstance(learnt, Declined) else "EFFECT_UNKNOWN"
            await service.end_attempt(
                tx, row.id, row.attempt, outcome=target.value, provider_ref=None
            )
            await move(tx, row, target, EXECUTOR, code=code)
            return ExecutionReport(row.id, row.state, fault=refusal("EFFECT_UNKNOWN"))

    async def _record_delivery(
        self, tx: Tx, row: PendingAction, learnt: Delivered, by: Actor = EXECUTOR
    ) -> dict[str, Any]:
        """The outside has it: the books must say so, whatever has changed here meanwhile."""
        await check_well_formed(tx, row)
        tool = self._context.registry.get(row.tool)
        assert tool is not None
        call = await reevaluation.requesting_call(tx, row)
        arguments = tool.arguments.model_validate_json(row.args_json)
        return await self._effect(tx, row, tool, call, arguments, learnt.reference or None, by)

    async def _lapse_one(self, tenant_id: str, action_id: str) -> ExecutionReport:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await load(tx, action_id, lock=True)
            await self._lapse(tx, row)
            return ExecutionReport(action_id, row.state)

    async def _lapse(self, tx: Tx, row: PendingAction) -> None:
        """Expire what waited too long; a lost lease makes the outcome unknown, never approved."""
        fact = action_fact(row)
        target = machine.after_time(fact, tx.at)
        if target is not fact.state:
            await move(tx, row, target, EXECUTOR)
            return
        target = machine.after_lease_lost(fact, tx.at)
        if target is not fact.state:
            # The settle window begins now and not when the lease ended: the clock may have jumped
            # over both while the letter was on its way, and "not found" must not come too early.
            await move(tx, row, target, EXECUTOR, lease_until=tx.at)

    async def _as_it_stands(self, tenant_id: str, action_id: str, fault: Fault) -> ExecutionReport:
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
            await self._start(tx, row)
            await service.end_attempt(tx, row.id, row.attempt, outcome="failed", provider_ref=None)
            await move(tx, row, State.FAILED, EXECUTOR, code=code)
            return ExecutionReport(action_id, row.state, fault=fault)


def _outcome(learnt: Delivered | Declined | None, asked: bool) -> Outcome:
    if isinstance(learnt, Delivered):
        return Outcome.OK
    if isinstance(learnt, Declined):
        return Outcome.DECLINED
    return Outcome.NOT_FOUND if asked else Outcome.TIMEOUT


def _order(row: PendingAction) -> Order:
    return Order(row.id, row.tenant_id, row.idem_key, json.loads(row.args_json))


def _done(row: PendingAction, call: Call, result: dict[str, Any]) -> Event:
    """The audit entry of the effect itself, in the name of whoever asked for it."""
    kind, _, id = row.requester.partition(":")
    return Event(
        event=row.tool,
        actor=Actor(kind, id, call.principal.person_id if kind == "agent" else ""),
        object=f"{row.entity_type}:{row.entity_id}",
        action=row.id,
        policy=f"{row.policy_version}:{row.policy_sha256}",
        data={"args_sha256": row.args_sha256},
        private={"arguments": json.loads(row.args_json), "result": result},
    )
