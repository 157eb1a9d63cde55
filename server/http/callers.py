"""Who is asking, and may she ask again so soon? Every request shows its own token."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from domain.identity import tokens
from domain.identity.tokens import Token
from domain.kernel.faults import Fault
from policies.gate import Gate
from server.http.limits import Buckets, Limits, Remembered, neighbourhood
from server.http.refusals import rate_limited


@dataclass(frozen=True, slots=True)
class Caller:
    """One agent, as the token of this very request names it, and the gate it has to pass."""

    token: Token
    gate: Gate


class Gates:
    """The gate of a tenant: one that only reads until its policy was activated."""

    def __init__(
        self, gate: Gate, only_reads: Gate, is_active: Callable[[str], Awaitable[bool]]
    ) -> None:
        self._gate = gate
        self._only_reads = only_reads
        self._is_active = is_active
        self._active: set[str] = set()

    async def of(self, tenant_id: str) -> Gate:
        """The gate for this tenant, of whose agents one is known to ask."""
        if tenant_id not in self._active:
            if not await self._is_active(tenant_id):
                return self._only_reads
            self._active.add(tenant_id)
        return self._gate

    async def authenticate(self, token: Token) -> None:
        """TOKEN_INVALID unless the token is valid now."""
        await self._gate.principal(token)

    async def flush(self) -> None:
        """Write down what both have counted."""
        await self._gate.meter.flush()
        await self._only_reads.meter.flush()


class Callers:
    """Tokens in, callers out. Nothing is believed from one request to the next."""

    def __init__(self, gates: Gates, limits: Limits) -> None:
        self._gates = gates
        self._calls = Buckets(limits.calls_per_second, limits.calls_at_once)
        self._failures = Buckets(limits.bad_tokens_per_second, limits.bad_tokens_at_once)
        self._good = Remembered()

    async def caller(self, clear: str, address: str) -> Caller:
        """Who this is; TOKEN_INVALID, or RATE_LIMITED for who asks too often.

        An address that showed many wrong tokens is refused before the database is asked. A token
        that was right lately is looked up all the same, so that a stranger behind the same proxy
        cannot lock an agent out; to have been right opens nothing.
        """
        stranger = neighbourhood(address)
        wait = self._failures.wait(stranger)
        try:
            token = tokens.parse(clear)
            if wait and token.sha256 not in self._good:
                raise rate_limited(wait)
            await self._authenticate(token)
        except Fault as fault:
            if fault.code != "TOKEN_INVALID":
                raise
            self._failures.take(stranger)
            raise (rate_limited(wait) if wait else fault) from None
        self._take_turn(token)
        return Caller(token, await self._gates.of(token.tenant_id))

    async def _authenticate(self, token: Token) -> None:
        try:
            await self._gates.authenticate(token)
        except Fault:
            self._good.forget(token.sha256)
            raise
        self._good.add(token.sha256)

    def _take_turn(self, token: Token) -> None:
        agent = f"{token.tenant_id}:{token.agent_id}"
        if wait := self._calls.wait(agent):
            raise rate_limited(wait)
        self._calls.take(agent)
