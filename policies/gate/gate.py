"""The one door. Every call of every tool goes through here, in this order:

principal -> is the tool there for this caller? -> shape -> what has to be learnt outside ->
(transaction) idempotency -> computed fields -> allow, deny or ask people -> run -> audit -> one
commit -> cleaned answer.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import anyio
from sqlalchemy.exc import IntegrityError

from domain.approvals import queries as approvals
from domain.identity import service as identity
from domain.identity.events import UntrustedRead
from domain.identity.tokens import Token
from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store import audit_queries as audit
from domain.store import idempotency
from domain.store.chain import Actor, Event
from domain.store.engine import Database
from domain.store.tx import Tx, reading, writing
from policies.approvals import aggregation, proposing
from policies.gate import authorship, principals
from policies.gate.catalogue import Catalogue, ToolPolicy
from policies.gate.contract import (
    AfterCommit,
    Answer,
    Arguments,
    Call,
    Ports,
    Principal,
    Registry,
    Run,
    Tool,
    wire_name,
)
from policies.gate.counting import REFUSALS, Meter
from policies.gate.decide import Verdict, admit, weigh
from policies.gate.parsing import parsed
from policies.gate.redaction import clean, has_untrusted
from policies.gate.refusals import short
from policies.gate.turns import NoTurns, Turns

log = logging.getLogger(__name__)

POLL_EVERY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What the caller gets: the structure, a few lines of text, and at times a picture (PNG).

    `waits`: people are asked, and the structure is a `PendingAnswer`.
    """

    structured: dict[str, Any]
    text: str
    picture: bytes | None = None
    waits: bool = False
    about: str = ""


def is_hidden(fault: Fault) -> bool:
    """Whether a tool is unknown or not for this caller, which must look alike from outside."""
    return fault.code in {"UNKNOWN_TOOL", "SCOPE_MISSING"}


class _DryRun(Exception):
    def __init__(
        self, principal: Principal, outcome: CallOutcome, foreign: tuple[str, ...]
    ) -> None:
        self.principal, self.outcome, self.foreign = principal, outcome, foreign


@dataclass(frozen=True, slots=True)
class _Request:
    """One call on its way through the gate."""

    token: Token
    row: ToolPolicy
    tool: Tool
    arguments: Arguments | None
    mistake: Fault | None
    request_id: str
    port_error: Fault | None = None


class Gate:
    """Policy enforcement for agents; one per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        registry: Registry,
        catalogue: Catalogue,
        *,
        read_only: bool = False,
        policy_fault: Fault | None = None,
        inbox_url: str | None = None,
        ports: Ports | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        turns: Turns | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry
        self._catalogue = catalogue
        self._read_only = read_only or policy_fault is not None
        self._policy_fault = policy_fault
        self._inbox_url = inbox_url
        self._ports = ports or Ports()
        self._sleep = sleep
        self._turns = turns or NoTurns()
        self.meter = Meter(database, clock)

    async def principal(self, token: Token) -> Principal:
        """Who this token is, right now; TOKEN_INVALID if nobody."""
        async with reading(self._database, token.tenant_id, self._clock) as tx:
            return await principals.agent(tx, token)

    async def end_of_chain(self, token: Token) -> int:
        """How many entries the tenant's chain has; every change of anything adds one.

        TOKEN_INVALID if the token is nobody's any more.
        """
        async with self._reading(token) as tx:
            await principals.agent(tx, token)
            return (await audit.head(tx)).seq

    def visible(self, principal: Principal) -> list[ToolPolicy]:
        """The tools this principal may call, in one fixed order. Others do not exist for it."""
        there = set(self._registry.names())
        rows = (
            row
            for row in self._catalogue.tool
            if row.name in there
            and admit(row, scopes=principal.scopes, read_only=self._read_only).verdict
            is Verdict.ALLOW
        )
        return sorted(rows, key=lambda row: row.name)

    def row(self, name: str) -> ToolPolicy | None:
        """The policy of a tool by its id or its name on the wire; who may call it is not asked."""
        return self._catalogue.by_id.get(name) or self._catalogue.by_name.get(name)

    async def call(
        self, token: Token, name: str, raw: Mapping[str, Any], *, request_id: str = ""
    ) -> CallOutcome:
        """One tool call. Raises a Fault for everything the caller should know about.

        UNKNOWN_TOOL stands for unknown, hidden and forbidden tools alike on the wire; inside, and
        in the audit, SCOPE_MISSING and READ_ONLY_MODE keep their names.
        """
        row = self.row(name)
        tool = self._registry.get(row.id) if row else None
        if row is None or tool is None:
            raise await self._unknown(token, name)
        arguments, mistake = parsed(tool, raw)
        request = _Request(token, row, tool, arguments, mistake, request_id)
        try:
            outcome = await self._dispatch(await self._prefetch(request))
        except Fault as error:
            await self._count_fault(request, error)
            raise short(error) from None
        self.meter.count(token.tenant_id, f"agent:{token.agent_id}", row.name, "ok")
        await self.meter.flush_if_due()
        if tool.picture is not None:
            outcome = replace(outcome, picture=tool.picture(outcome.structured))
        return outcome

    async def _dispatch(self, request: _Request) -> CallOutcome:
        if request.row.is_read or request.mistake is not None or self._read_only:
            return await self._read(request)
        try:
            return await self._write(request)
        except IntegrityError:
            # Somebody did the same at the same moment; what they did is there to be read now.
            log.info("%s met a concurrent change and is repeated", request.row.name)
        try:
            return await self._write(request)
        except IntegrityError as error:
            raise Fault(
                "CONFLICT",
                Kind.CONFLICT,
                "The database refused the change.",
                "read the row again; it may have changed or exist already.",
            ) from error

    async def _prefetch(self, request: _Request) -> _Request:
        """Learn outside what the tool needs to know, between two transactions and inside none.

        A dry run asks nobody, nor does a server that only reads, since to keep the answer is to
        write. That nobody there answers is for the tool to weigh.
        """
        prefetch, arguments = request.tool.prefetch, request.arguments
        if prefetch is None or arguments is None or not prefetch.concerns(arguments):
            return request
        if self._read_only or getattr(arguments, "dry_run", False):
            return request
        async with self._reading(request.token) as tx:
            principal = await self._admit(tx, request)
            question = await prefetch.question(Call(principal, tx), arguments)
        if question is None:
            return request
        try:
            learnt = await prefetch.ask(self._ports, question)
        except Fault as port_error:
            return replace(request, port_error=port_error)
        with suppress(IntegrityError):  # somebody kept the same answer at the same moment
            async with self._writing(request.token) as tx:
                await prefetch.keep(tx, learnt)
        return request

    async def _read(self, request: _Request) -> CallOutcome:
        backoff: float | None = None
        while True:
            async with self._reading(request.token) as tx:
                principal = await self._admit(tx, request)
                assert request.tool.run is not None and request.arguments is not None
                call = Call(principal, tx, port_error=request.port_error)
                answer = await request.tool.run(call, request.arguments)
                outcome = _outcome(answer)
                foreign = await _foreign(tx, principal, outcome)
            if backoff is None:
                backoff = request.tool.poll(answer, request.arguments) if request.tool.poll else 0
            elif request.tool.poll and request.tool.poll(answer, request.arguments) <= 0:
                backoff = 0
            if backoff <= 0:
                break
            await self._sleep(min(backoff, POLL_EVERY_SECONDS))
            backoff -= POLL_EVERY_SECONDS
        if foreign:
            await self._taint(principal, request, foreign)
        for work in () if self._read_only else call.works:
            await self._after_commit(principal, work)
        return outcome

    async def _write(self, request: _Request) -> CallOutcome:
        try:
            async with self._writing(request.token) as tx:
                principal = await self._admit(tx, request)
                outcome = await self._replay_or_run(tx, principal, request)
                foreign = await _foreign(tx, principal, outcome, new=outcome.about)
                if getattr(request.arguments, "dry_run", False):
                    raise _DryRun(principal, outcome, foreign)
                if foreign:
                    await _mark(tx, principal, request, foreign)
                return outcome
        except _DryRun as dry_run:
            if dry_run.foreign:
                await self._taint(dry_run.principal, request, dry_run.foreign)
            text = f"DRY RUN, nothing was written.\n{dry_run.outcome.text}"
            return CallOutcome({**dry_run.outcome.structured, "dry_run": True}, text)

    @asynccontextmanager
    async def _reading(self, token: Token) -> AsyncIterator[Tx]:
        """A reading transaction, in a turn of the agent."""
        async with (
            self._turns.of(token.tenant_id, token.agent_id),
            reading(self._database, token.tenant_id, self._clock) as tx,
        ):
            yield tx

    @asynccontextmanager
    async def _writing(self, token: Token) -> AsyncIterator[Tx]:
        async with (
            self._turns.of(token.tenant_id, token.agent_id),
            writing(self._database, token.tenant_id, self._clock) as tx,
        ):
            yield tx

    async def _admit(self, tx: Tx, request: _Request) -> Principal:
        """Principal, then tool and scope, then shape: what an unknown caller may
        learn comes last.
        """
        principal = await principals.agent(tx, request.token)
        decision = admit(request.row, scopes=principal.scopes, read_only=self._read_only)
        if decision.verdict is not Verdict.ALLOW:
            raise self._denial(decision.code)
        if request.mistake is not None:
            raise request.mistake
        return principal

    async def _replay_or_run(self, tx: Tx, principal: Principal, request: _Request) -> CallOutcome:
        """Answer from memory if this key was answered before; else do it and remember."""
        assert request.arguments is not None
        key = getattr(request.arguments, "idempotency_key", None)
        if key is None:
            return await self._decide_and_run(tx, principal, request)
        _, digest = proposing.bound_json(proposing.content(request.arguments))
        named = {
            "principal": principal.reference,
            "tool": request.row.id,
            "key": key,
            "args_sha256": digest,
        }
        before = await idempotency.recall(tx, **named)
        if before is not None:
            return CallOutcome(
                before["structured"], before["text"], waits=before.get("waits", False)
            )
        outcome = await self._decide_and_run(tx, principal, request)
        stored = {
            "structured": outcome.structured,
            "text": outcome.text,
            **({"waits": True} if outcome.waits else {}),
        }
        idempotency.remember(tx, **named, result=stored)
        return outcome

    async def _decide_and_run(self, tx: Tx, principal: Principal, request: _Request) -> CallOutcome:
        call, tool = Call(principal, tx, port_error=request.port_error), request.tool
        if tool.run is not None:
            return await self._run(call, tool.run, request)
        assert tool.propose is not None and request.arguments is not None
        proposal = await tool.propose(call, request.arguments)
        declared = {fact.name for fact in tool.facts}
        assert proposal.facts.keys() == declared, f"{tool.id}: its facts are not those it declares"
        facts = await aggregation.judged(tx, request.row, proposal, person_id=principal.person_id)
        decision = weigh(request.row, facts, tainted=principal.tainted)
        if decision.verdict is Verdict.DENY:
            raise self._denial(decision.code)
        if decision.verdict is Verdict.ALLOW:
            assert tool.execute is not None and tool.deliver is None, "outside goes the executor"
            return await self._run(call, tool.execute, request)
        action = await proposing.propose(
            tx,
            principal,
            tool,
            request.row,
            self._catalogue,
            decision,
            request.arguments,
            proposal,
            request_id=request.request_id,
        )
        decided = await approvals.approvals(tx, [action.id])
        filled = frozenset(row.slot for row in decided if row.decision == "approve")
        answer = proposing.pending_answer(action, filled=filled, inbox_url=self._inbox_url)
        return replace(_outcome(answer), waits=True)

    async def _run(self, call: Call, run: Run, request: _Request) -> CallOutcome:
        answer = await run(call, request.arguments)
        outcome = _outcome(answer)
        call.tx.record(self._event(request, call.principal, answer))
        return outcome

    def _event(self, request: _Request, principal: Principal, answer: Answer) -> Event:
        about = answer.about()
        assert about is not None, f"{request.row.id}: its answer needs about() for the audit chain"
        assert request.arguments is not None
        content = proposing.content(request.arguments)
        _, digest = proposing.bound_json(content)
        return Event(
            event=request.row.id,
            actor=principal.actor,
            object=about.id,
            policy=f"{self._catalogue.version}:{self._catalogue.sha256}",
            request=request.request_id,
            data={**answer.proof(), "args_sha256": digest},
            private={"arguments": content},
        )

    async def _taint(
        self, principal: Principal, request: _Request, foreign: tuple[str, ...]
    ) -> None:
        """From now on, for a day, what this agent proposes is tainted: it has read
        untrusted input.
        """
        async with writing(self._database, principal.tenant_id, self._clock) as tx:
            await _mark(tx, principal, request, foreign)

    async def _after_commit(self, principal: Principal, work: AfterCommit) -> None:
        """A note that a reading call leaves; whoever read has their answer whatever
        becomes of it.
        """
        try:
            async with writing(
                self._database, principal.tenant_id, self._clock, viewer=principal.viewer
            ) as tx:
                await work(tx)
        except IntegrityError:
            log.info("the same was noted at the same moment")
        except Fault:
            log.exception("a note could not be made")

    async def _unknown(self, token: Token, name: str) -> Fault:
        principal = await self.principal(token)
        fault = self._denial("UNKNOWN_TOOL")
        if self._policy_fault is not None and self._registry_knows(name):
            fault = self._policy_fault
        label = name if self._registry_knows(name) else "unknown"
        self.meter.count(token.tenant_id, principal.reference, label, fault.code)
        await self._chain_refusal(token.tenant_id, principal.actor, label, fault)
        await self.meter.flush_if_due()
        return fault

    def _registry_knows(self, name: str) -> bool:
        known = set(self._registry.names())
        return name in known or wire_name(name) in known

    async def _count_fault(self, request: _Request, fault: Fault) -> None:
        """Count every fault; chain what somebody tried and may not."""
        token = request.token
        self.meter.count(token.tenant_id, f"agent:{token.agent_id}", request.row.name, fault.code)
        if fault.code == "TOKEN_INVALID":
            return
        if fault.kind in REFUSALS:
            actor = Actor("agent", token.agent_id)
            await self._chain_refusal(token.tenant_id, actor, request.row.name, fault)
        await self.meter.flush_if_due()

    async def _chain_refusal(self, tenant_id: str, actor: Actor, label: str, fault: Fault) -> None:
        try:
            await self.meter.refuse(tenant_id, actor, label, fault)
        except Fault:
            log.exception("a refusal could not be chained")

    def _denial(self, code: str) -> Fault:
        match code:
            case "READ_ONLY_MODE" if self._policy_fault is not None:
                return self._policy_fault
            case "READ_ONLY_MODE":
                return Fault(
                    code,
                    Kind.FORBIDDEN,
                    "This server only reads.",
                    "ask an operator for a server without --read-only.",
                )
            case "POLICY_DENIED":
                return Fault(code, Kind.FORBIDDEN, "The policy does not allow this, for nobody.")
            case _:
                return Fault(code, Kind.FORBIDDEN, "There is no such tool.")


async def _foreign(
    tx: Tx, principal: Principal, outcome: CallOutcome, *, new: str = ""
) -> tuple[str, ...]:
    """What the caller now reads that others wrote, if that is not written down yet."""
    if principal.mark_is_fresh or not has_untrusted(outcome.structured):
        return ()
    return await authorship.foreign(tx, principal.id, outcome.structured, new=new)


async def _mark(tx: Tx, principal: Principal, request: _Request, foreign: tuple[str, ...]) -> None:
    """Taint the caller, and chain what it read and by which call."""
    await identity.mark_untrusted_read(tx, principal.id)
    what = UntrustedRead(principal.id, request.row.id, authorship.told(foreign))
    tx.events.insert(0, what.event(principal.actor))  # the last entry binds the rows of the call


def _outcome(answer: Answer) -> CallOutcome:
    structured = answer.model_dump(mode="json", exclude_none=True)
    about = answer.about()
    id = about.id if about is not None else ""
    return CallOutcome(clean(structured), clean(answer.text()), about=id)
