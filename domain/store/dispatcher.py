"""Outbox dispatcher: messages to their subscribers, in order, each once, dead letters aside.

One transaction a message does the subscriber's work and moves its cursor: killed at any moment,
both have happened or neither. The cursor's row is held meanwhile, so of several workers one
serves a subscriber of a company at a time (docs/decisions/0026).
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault
from domain.store import outbox, subscribers
from domain.store.engine import Database
from domain.store.outbox import Message
from domain.store.subscribers import Subscription
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM

log = logging.getLogger("cyberos.outbox")


@dataclass(slots=True)
class _Turn:
    """One try: at which message, and how often that had failed before."""

    message: Message | None = None
    failures: int = 0


class Dispatcher:
    """Hands messages on to the subscribers that the modules declare."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        everybody: Sequence[Subscription] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._everybody = subscribers.subscriptions() if everybody is None else tuple(everybody)

    async def dispatch(self, tenant_id: str) -> int:
        """Everything that waits for a subscriber of a company; how many messages were taken.

        What a subscriber fails at is tried again later, its later messages after it, and costs the
        other subscribers nothing. Raises only when the database is away.
        """
        taken = 0
        for subscription in await self._waiting(tenant_id):
            while await self._one(tenant_id, subscription):
                taken += 1
        return taken

    async def retry_dead(self, tenant_id: str) -> int:
        """Try every dead letter of a company once more; how many are settled now.

        It comes after messages that it once stood before: a subscriber has to know what to do then.
        """
        known = {one.name: one for one in self._everybody}
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            dead = [(one.subscriber, one.seq) for one in await subscribers.dead_letters(tx)]
        settled = 0
        for name, seq in dead:
            if name in known:
                settled += await self._once_more(tenant_id, known[name], seq)
        return settled

    async def _waiting(self, tenant_id: str) -> list[Subscription]:
        """Look before asking for the one write lock of an embedded database."""
        if not self._everybody:
            return []
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            there = await subscribers.cursors(tx)
            found = [
                one
                for one in self._everybody
                if one.name in there
                and subscribers.is_due(there[one.name], tx)
                and await outbox.after(tx, there[one.name].seq, one.handlers)
            ]
        new = [one for one in self._everybody if one.name not in there]
        if new:
            await self._begin(tenant_id, new)
        return [*found, *new]

    async def _begin(self, tenant_id: str, new: Sequence[Subscription]) -> None:
        try:
            async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
                await subscribers.begin(tx, new)
        except IntegrityError:
            log.info("another worker was first to begin")

    async def _one(self, tenant_id: str, subscription: Subscription) -> bool:
        """Hand on the next message; False if there is none, or none that may be tried now."""
        turn = _Turn()
        try:
            return await self._hand_on(tenant_id, subscription, turn)
        except Exception as error:
            if turn.message is None:
                raise
            code = _code(error, subscription, turn.message)
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            name, message = subscription.name, turn.message
            is_dead = await subscribers.count_failure(tx, name, message, turn.failures, code)
        if is_dead:
            log.error("%s %s is a dead letter of %s", message.topic, message.id, name)
        return False

    async def _hand_on(self, tenant_id: str, subscription: Subscription, turn: _Turn) -> bool:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            cursor = await subscribers.hold(tx, subscription.name)
            if cursor is None or not subscribers.is_due(cursor, tx):
                return False
            message = await outbox.after(tx, cursor.seq, subscription.handlers)
            if message is None:
                return False
            turn.message, turn.failures = message, cursor.failures
            subscribers.move(cursor, message)
            await subscription.handlers[message.topic](tx, message)
        return True

    async def _once_more(self, tenant_id: str, subscription: Subscription, seq: int) -> bool:
        message: Message | None = None
        try:
            async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
                letter = await subscribers.hold_dead(tx, subscription.name, seq)
                message = await outbox.at(tx, seq)
                if letter is None or message is None or message.topic not in subscription.handlers:
                    return False
                letter.settled_at = tx.at
                await subscription.handlers[message.topic](tx, message)
            return True
        except Exception as error:
            if message is None:
                raise
            code = _code(error, subscription, message)
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            await subscribers.fail_again(tx, subscription.name, seq, code)
        return False


def _code(error: Exception, subscription: Subscription, message: Message) -> str:
    """What an error is called; never what it says, which may be about what is in the message."""
    name = error.code if isinstance(error, Fault) else "INTERNAL_ERROR"
    log.warning(
        "%s failed at %s %s: %s", subscription.name, message.topic, message.id, name,
        exc_info=not isinstance(error, Fault),
    )  # fmt: skip
    return name
