"""Turns: who is worked for next? Whoever has used least of the last seconds.

Cost is what counts, not the number of calls: a turn costs the time it was held. Alone, an agent
may use everything. Beside others it has its share: with n companies at work in the last ten
seconds each has a bucket that fills with 1/n of the time that passes, and so has each agent within
its company. Who has emptied it waits until it fills again, also when nobody else asks at that
moment: whoever asks next shall find the way free.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import anyio

AT_WORK_SECONDS = 10.0
BURST_SECONDS = 0.25  # what may be used at once beside others
UNKNOWN_CALLERS = ""  # the company of those whose token nobody has looked up yet
_SHARE_OF_UNKNOWN = 0.1  # and never more: they take nothing from those who are known
_LONGEST_WAIT = 1.0  # others may have left by then


class Turns(Protocol):
    """Whoever wants something done takes a turn for it, and none within it."""

    def of(self, tenant_id: str, who: str) -> AbstractAsyncContextManager[None]:
        """The turn of one of a company's callers, for the length of a block."""
        ...


class NoTurns:
    """For a process with one client, who is beside nobody."""

    @asynccontextmanager
    async def of(self, tenant_id: str, who: str) -> AsyncIterator[None]:
        """At once."""
        yield


@dataclass(slots=True)
class _Bucket:
    """What is left to a company or an agent, and since when it has been at work."""

    left: float
    filled_at: float
    worked_at: float
    running: int = 0
    waiting: int = 0

    def fill(self, at: float, share: float) -> None:
        self.left = min(BURST_SECONDS, self.left + (at - self.filled_at) * share)
        self.filled_at = at

    def is_over(self, at: float) -> bool:
        return not self.running and not self.waiting and at - self.worked_at > AT_WORK_SECONDS


@dataclass(slots=True)
class _Company(_Bucket):
    agents: dict[str, _Bucket] = field(default_factory=dict)


@dataclass(slots=True)
class _Waiting:
    tenant_id: str
    company: _Company
    agent: _Bucket
    free: anyio.Event

    @property
    def buckets(self) -> tuple[_Bucket, _Bucket]:
        return self.company, self.agent


class FairTurns:
    """At most so many turns at once; the next is that of whoever has most left."""

    def __init__(self, at_once: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._now = now
        self._companies: dict[str, _Company] = {}
        self._waiting: list[_Waiting] = []
        self._running = 0
        self._swept_at = now()

    @asynccontextmanager
    async def of(self, tenant_id: str, who: str) -> AsyncIterator[None]:
        """Wait for it, hold it, and pay what it cost."""
        mine = self._arrive(tenant_id, who)
        try:
            while not mine.free.is_set():
                wait = self._let_in(mine)
                with anyio.move_on_after(wait):
                    await mine.free.wait()
        except BaseException:
            self._leave(mine, 0.0)
            raise
        begun = self._now()
        try:
            yield
        finally:
            self._leave(mine, self._now() - begun)

    def _arrive(self, tenant_id: str, who: str) -> _Waiting:
        at = self._now()
        self._sweep(at)
        company = self._companies.setdefault(tenant_id, _Company(BURST_SECONDS, at, at))
        agent = company.agents.setdefault(who, _Bucket(BURST_SECONDS, at, at))
        mine = _Waiting(tenant_id, company, agent, anyio.Event())
        for one in mine.buckets:
            one.worked_at, one.waiting = at, one.waiting + 1
        self._waiting.append(mine)
        return mine

    def _let_in(self, mine: _Waiting | None = None) -> float:
        """Give free turns away; how long the one who asks waits unless somebody wakes it."""
        at = self._now()
        for one in self._waiting:
            self._fill(one, at)
        while self._running < self._at_once:
            ready = [one for one in self._waiting if self._is_ready(one)]
            if not ready:
                break
            first = max(ready, key=lambda one: (one.company.left, one.agent.left))
            self._waiting.remove(first)
            self._running += 1
            for bucket in first.buckets:
                bucket.waiting, bucket.running = bucket.waiting - 1, bucket.running + 1
            first.free.set()
        if mine is None or mine.free.is_set():
            return 0.0
        debts = zip(mine.buckets, self._shares(mine), strict=True)
        return min(_LONGEST_WAIT, max(0.001, *(-one.left / share for one, share in debts)))

    def _is_ready(self, one: _Waiting) -> bool:
        """Alone always; beside others with something left, and an agent with one at a time."""
        of_company, of_agent = self._shares(one)
        if of_company < 1 and one.company.left <= 0:
            return False
        return of_agent == 1 or (one.agent.left > 0 and not one.agent.running)

    def _leave(self, mine: _Waiting, cost: float) -> None:
        at, has_begun = self._now(), mine.free.is_set()
        if has_begun:
            self._running -= 1
            self._fill(mine, at)
        else:
            self._waiting.remove(mine)
        for one in mine.buckets:
            one.worked_at = at
            if has_begun:
                one.running -= 1
                # What it used while nobody was beside it is nobody's loss: one turn is owed.
                one.left = max(one.left - cost, -cost)
            else:
                one.waiting -= 1
        self._let_in()

    def _fill(self, one: _Waiting, at: float) -> None:
        for bucket, share in zip(one.buckets, self._shares(one), strict=True):
            bucket.fill(at, share)

    def _shares(self, one: _Waiting) -> tuple[float, float]:
        """Of a company among those at work, and of an agent in all."""
        known = len(self._companies) - (UNKNOWN_CALLERS in self._companies)
        share = _SHARE_OF_UNKNOWN if one.tenant_id == UNKNOWN_CALLERS else 1 / known
        return share, share / len(one.company.agents)

    def _sweep(self, at: float) -> None:
        """Forget once a second who has not been at work for ten."""
        if at - self._swept_at < 1:
            return
        self._swept_at = at
        for tenant_id, company in list(self._companies.items()):
            for who, agent in list(company.agents.items()):
                if agent.is_over(at):
                    del company.agents[who]
            if company.is_over(at):
                del self._companies[tenant_id]
