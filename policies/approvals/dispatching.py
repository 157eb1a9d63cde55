"""Dispatching: what follows an action outside is carried out, each thing after the one before it.

Leased first, done with no transaction open, and settled afterwards. What can be done twice is tried
again, later and later; what can be sent once only is `unknown` once it may have left, until a
person says what became of it.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import anyio

from domain.approvals.facts import Outcome
from domain.approvals.service import load as load_action
from domain.approvals.tables import PendingAction
from domain.dispatches import queries, service
from domain.dispatches.tables import Dispatch
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store.chain import Actor
from domain.store.engine import Database
from domain.store.tx import Tx, in_transaction, reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import dispatch_resolving
from policies.approvals.backoff import Backoff
from policies.approvals.binding import check_well_formed
from policies.approvals.evidence import ApprovalContext
from policies.approvals.executor import BROKEN, CORRUPT, EXECUTOR
from policies.approvals.reaching import ABSENT
from policies.approvals.side_by_side import Step, side_by_side
from policies.gate.contract import Declined, Delivered, Outside, Ports, is_definite_no, nothing_left
from policies.gate.dispatches import DispatchHandler, DispatchOrder
from policies.gate.registry import dispatch_handlers

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)

Handlers = Callable[[str], Mapping[str, DispatchHandler]]


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What became of one dispatch in this round."""

    dispatch_id: str
    action_id: str
    kind: str
    state: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Failed:
    """An attempt came to nothing; with `may_have_left`, to nobody knows what."""

    code: str
    may_have_left: bool


class Dispatching:
    """Carries out what follows actions. `owner` names the process in leases."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        approval_context: ApprovalContext,
        *,
        owner: str,
        ports: Ports | None = None,
        handlers: Handlers = dispatch_handlers,
    ) -> None:
        self._database = database
        self._clock = clock
        self._context = approval_context
        self._owner = owner
        self._outside = Outside(ports or Ports())
        self._handlers = handlers
        self.backoff = Backoff()  # of what is damaged; of everything else the row knows it

    async def run_due(
        self, tenant_id: str, *, action_id: str | None = None
    ) -> list[DispatchReport]:
        """Settle what was lost or resolved, then carry out what is due; of one action, or of all.

        What breaks is reported and costs the others nothing. Raises only when the database is away.
        """
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            lost = await queries.lapsed(tx, tx.at)
            resolved = await queries.resolved(tx)
        reports = await self._all(tenant_id, self._lapse, lost)
        reports += await self._all(tenant_id, self._settle_as_found, resolved)
        tried: set[str] = set()
        while due := await self._due(tenant_id, action_id, tried):
            tried |= {*due}
            reports += await self._all(tenant_id, self._carry_out, due)
        return reports

    async def retry_failed(self, tenant_id: str) -> int:
        """Have everything tried once more that had failed for good; how much that is."""
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            failed = await queries.in_state(tx, "failed")
            for row in failed:
                await service.retry(tx, row, EXECUTOR)
        return len(failed)

    async def is_idle(self, tenant_id: str) -> bool:
        """Whether there is nothing to do: asked before anybody asks for the write lock."""
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            return not (
                await queries.due(tx)
                or await queries.lapsed(tx, tx.at)
                or await queries.resolved(tx)
            )

    async def _due(self, tenant_id: str, action_id: str | None, tried: set[str]) -> list[str]:
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            due = await queries.due(tx, action_id=action_id)
            return self.backoff.due([id for id in due if id not in tried], tx.at)

    async def _all(
        self,
        tenant_id: str,
        work: Callable[[str, str], Awaitable[DispatchReport]],
        dispatch_ids: Any,
    ) -> list[DispatchReport]:
        due = self.backoff.due(list(dispatch_ids), self._clock.now())
        steps = [Step(partial(self._alone, work, tenant_id, id), True) for id in due]
        return await side_by_side(steps)

    async def _alone(
        self,
        work: Callable[[str, str], Awaitable[DispatchReport]],
        tenant_id: str,
        dispatch_id: str,
    ) -> DispatchReport:
        """One step for one dispatch, whatever that step runs into."""
        try:
            report = await work(tenant_id, dispatch_id)
        except Fault as fault:
            if fault.kind is Kind.UNAVAILABLE:
                raise
            log.error("dispatch %s backs off: %s", dispatch_id, fault)
            report = DispatchReport(dispatch_id, "", "", CORRUPT, fault.code)
        except Exception:
            log.exception("dispatch %s backs off", dispatch_id)
            report = DispatchReport(dispatch_id, "", "", BROKEN, "INTERNAL_ERROR")
        if report.state in (CORRUPT, BROKEN):
            self.backoff.wait(dispatch_id, self._clock.now())
        else:
            self.backoff.forget(dispatch_id)
        return report

    # --- carrying out ---

    async def _carry_out(self, tenant_id: str, dispatch_id: str) -> DispatchReport:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await service.load(tx, dispatch_id)
            if dispatch_id not in await queries.due(tx, action_id=row.action_id):
                return _report(row)  # another worker was faster
            await self._behind(tx, row)
            handler = self._handler(row)
            waits = handler.answer_within if handler is not None else timedelta()
            until = tx.at + max(LEASE, 2 * waits)
            await service.begin(tx, row, self._owner, until, EXECUTOR)
            order = _order(row)
        if handler is None:
            learnt: Delivered | Declined | _Failed = _Failed("DISPATCH_KIND_UNKNOWN", False)
        else:
            learnt = await self._reach(handler, order)
        return await self._settle(handler, order, learnt)

    async def _reach(
        self, handler: DispatchHandler, order: DispatchOrder
    ) -> Delivered | Declined | _Failed:
        """Read what is needed, and do it; everything that can go wrong is something learnt."""
        try:
            async with reading(self._database, order.tenant_id, self._clock, viewer=SYSTEM) as tx:
                loaded = await handler.load(tx, order)
        except Exception as error:
            return _failed(order, error, may_have_left=False)
        assert not in_transaction(), "no transaction waits for the network"
        try:
            with anyio.fail_after(handler.answer_within.total_seconds()):
                return await handler.carry(loaded, self._outside)
        except Fault as fault:
            if is_definite_no(fault):
                return Declined(fault.code)
            return _failed(order, fault, may_have_left=not nothing_left(fault))
        except Exception as error:
            return _failed(order, error, may_have_left=True)

    async def _settle(
        self,
        handler: DispatchHandler | None,
        order: DispatchOrder,
        learnt: Delivered | Declined | _Failed,
    ) -> DispatchReport:
        once = handler is None or handler.once
        if isinstance(learnt, Delivered):
            assert handler is not None
            try:
                return await self._finish(handler, order, learnt, EXECUTOR)
            except Exception as error:
                if isinstance(error, Fault) and error.kind is Kind.UNAVAILABLE:
                    raise  # the lease runs out, and then it counts as lost
                learnt = _failed(order, error, may_have_left=True)
        async with writing(self._database, order.tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await service.load(tx, order.id)
            if not self._is_mine(row, order):
                return _report(row)
            if isinstance(learnt, Declined):
                await service.decline(tx, row, learnt.code, EXECUTOR)
            elif row.state == "leased":
                await service.fail(
                    tx, row, learnt.code, EXECUTOR,
                    once=once and handler is not None, may_have_left=learnt.may_have_left,
                )  # fmt: skip
            return _report(row)

    async def _finish(
        self, handler: DispatchHandler, order: DispatchOrder, learnt: Delivered, by: Actor
    ) -> DispatchReport:
        async with writing(self._database, order.tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await service.load(tx, order.id)
            if not self._is_mine(row, order):
                log.warning("dispatch %s is %s, and then it was done", row.id, row.state)
                return _report(row)
            await handler.settle(tx, order, learnt)
            await tx.flush()
            await service.finish(tx, row, learnt.reference, by)
            return _report(row)

    def _is_mine(self, row: Dispatch, order: DispatchOrder) -> bool:
        """Whether nobody has tried again since; also when it was given up as lost meanwhile."""
        here = row.lease_owner == self._owner and row.attempts == order.attempt
        return here and row.state in ("leased", "unknown")

    # --- what was lost, and what people found ---

    async def _lapse(self, tenant_id: str, dispatch_id: str) -> DispatchReport:
        """A lease that is over: whoever held it may have sent it before it died."""
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await service.load(tx, dispatch_id)
            over = row.lease_until is not None and row.lease_until <= tx.at
            if row.state == "leased" and over:
                handler = self._handler(row)
                # A kind that nobody knows here may be one that is sent once.
                once = handler is None or handler.once
                await service.fail(tx, row, "LEASE_LOST", EXECUTOR, once=once, may_have_left=True)
            return _report(row)

    async def _settle_as_found(self, tenant_id: str, dispatch_id: str) -> DispatchReport:
        """End a dispatch of unknown outcome as a person found it, if their word counts now."""
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            row = await service.load(tx, dispatch_id)
            action = await self._behind(tx, row)
            found = await dispatch_resolving.weighed(tx, self._context, row, action)
            if row.state != "unknown" or found is None:
                return _report(row)
            by = Actor("human", found.person_id)
            if found.outcome is Outcome.SEEN:
                handler = self._handler(row)
                if handler is not None:
                    await handler.settle(tx, _order(row), Delivered(""))
                    await tx.flush()
                await service.finish(tx, row, "", by)
            else:
                await service.decline(tx, row, ABSENT.code, by)
            return _report(row)

    async def _behind(self, tx: Tx, row: Dispatch) -> PendingAction:
        """The action that this follows. Raises DISPATCH_DAMAGED unless it is as it was approved."""
        action = await load_action(tx, row.action_id)
        await check_well_formed(tx, action)
        mine = (row.tool, row.digest, row.entity_type, row.entity_id)
        theirs = (action.tool, action.entity_digest, action.entity_type, action.entity_id)
        if action.state != "succeeded" or mine != theirs:
            raise Fault(
                "DISPATCH_DAMAGED",
                Kind.CONFLICT,
                "The dispatch does not follow what people approved.",
                "tell an administrator; `cyberos audit verify` says what was changed.",
                {"dispatch_id": row.id},
            )
        return action

    def _handler(self, row: Dispatch) -> DispatchHandler | None:
        return self._handlers(row.tool).get(row.kind)


def _failed(order: DispatchOrder, error: Exception, *, may_have_left: bool) -> _Failed:
    """What an error is called; never what it says, which may be about what is in the payload."""
    match error:
        case Fault():
            code = error.code
        case TimeoutError():
            code = "NO_ANSWER"
        case _:
            code = "INTERNAL_ERROR"
    log.warning("%s %s failed: %s", order.kind, order.id, code, exc_info=code == "INTERNAL_ERROR")
    return _Failed(code, may_have_left)


def _order(row: Dispatch) -> DispatchOrder:
    return DispatchOrder(
        id=row.id,
        tenant_id=row.tenant_id,
        action_id=row.action_id,
        tool=row.tool,
        kind=row.kind,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        payload=row.payload,
        digest=row.digest,
        attempt=row.attempts,
    )


def _report(row: Dispatch) -> DispatchReport:
    return DispatchReport(row.id, row.action_id, row.kind, row.state, row.error_code or "")
