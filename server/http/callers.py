"""Callers: who is asking, and may they ask again so soon? Every request shows its own token."""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass

from domain.identity import tokens
from domain.identity.tokens import Token
from domain.kernel.faults import Fault
from policies.gate.gate import Gate
from policies.gate.turns import UNKNOWN_CALLERS, NoTurns, Turns
from server.http.limits import Buckets, InFlightLimit, Limits, Remembered, neighbourhood
from server.http.refusals import rate_limited, too_many_at_once

ACTIVE_FOR_SECONDS = 60  # what is believed of a policy before it is asked about again


@dataclass(frozen=True, slots=True)
class Caller:
    """One agent, as the token of this very request names it, and the gate it has to pass."""

    token: Token
    gate: Gate
    origin: str  # the address it comes from
    turns: Turns

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Its turn, for work that does not pass the gate."""
        return self.turns.of(self.token.tenant_id, self.token.agent_id)


class Gates:
    """The gate of a tenant: one that only reads unless its policy is the one activated.

    An operator may activate another one at any time; then this process, which still has the old
    table, stops writing for that tenant within a minute.
    """

    def __init__(
        self,
        gate: Gate,
        only_reads: Gate,
        is_active: Callable[[str], Awaitable[bool]],
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gate = gate
        self._only_reads = only_reads
        self._is_active = is_active
        self._now = now
        self._active_until: dict[str, float] = {}

    async def of(self, tenant_id: str) -> Gate:
        """The gate for this tenant, of whose agents one is known to ask."""
        now = self._now()
        if self._active_until.get(tenant_id, now) <= now:
            if not await self._is_active(tenant_id):
                return self._only_reads
            self._active_until[tenant_id] = now + ACTIVE_FOR_SECONDS
        return self._gate

    async def authenticate(self, token: Token) -> None:
        """TOKEN_INVALID unless the token is valid now."""
        await self._gate.principal(token)

    async def flush(self) -> None:
        """Write down what both have counted."""
        await self._gate.meter.flush()
        await self._only_reads.meter.flush()


class Callers:
    """Tokens in, callers out.

    Before anything is answered the database has been asked about the token: by the gate for a call
    of a tool, here for everything else. A token that was right when it was last asked about may
    send its body without being looked up twice, and that is all it may. Wrong tokens wait longer
    the more of them an address shows; a right one never waits for those of others.
    """

    def __init__(self, gates: Gates, limits: Limits, turns: Turns | None = None) -> None:
        self._gates = gates
        self._turns = turns or NoTurns()
        self._calls = Buckets(limits.calls_per_second, limits.calls_at_once)
        self._failures = Buckets(limits.bad_tokens_per_second, limits.bad_tokens_at_once)
        self._in_flight = InFlightLimit(limits.in_flight)
        self._right = Remembered()

    async def caller(self, clear: str, address: str) -> Caller:
        """Who this is; TOKEN_INVALID, or RATE_LIMITED for who asks too often.

        Every token is looked up first, which is one indexed read: only then is it known whether
        it is one of those that wait.
        """
        origin = neighbourhood(address)
        try:
            token = tokens.parse(clear)
        except Fault:
            raise self._wrong(origin) from None
        if token.sha256 not in self._right:
            async with self._turns.of(UNKNOWN_CALLERS, origin):
                await self._ask(token, origin)
        self._take_turn(token)
        return Caller(token, await self._gates.of(token.tenant_id), origin, self._turns)

    @contextmanager
    def answering(self, caller: Caller) -> Iterator[None]:
        """While this request is being answered; TOO_MANY_AT_ONCE if too many of its agent are."""
        agent = _agent(caller.token)
        if self._in_flight.is_full(agent):
            raise too_many_at_once()
        self._in_flight.begin(agent)
        try:
            yield
        finally:
            self._in_flight.end(agent)

    async def confirm(self, caller: Caller) -> None:
        """The same as `caller` about an invalid token, for what does not pass the gate."""
        async with caller.turn():
            await self._ask(caller.token, caller.origin)

    def refused(self, caller: Caller) -> Fault:
        """What is said when the gate found that the token is not valid any more."""
        self._right.forget(caller.token.sha256)
        return self._wrong(caller.origin)

    async def _ask(self, token: Token, origin: str) -> None:
        try:
            await self._gates.authenticate(token)
        except Fault as fault:
            self._right.forget(token.sha256)
            if fault.code != "TOKEN_INVALID":
                raise
            raise self._wrong(origin) from None
        self._right.add(token.sha256)

    def _wrong(self, origin: str) -> Fault:
        wait = self._failures.wait(origin)
        self._failures.take(origin)
        return rate_limited(wait) if wait else tokens.invalid_token()

    def _take_turn(self, token: Token) -> None:
        agent = _agent(token)
        if wait := self._calls.wait(agent):
            raise rate_limited(wait)
        self._calls.take(agent)


def _agent(token: Token) -> str:
    return f"{token.tenant_id}:{token.agent_id}"
