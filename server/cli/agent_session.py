"""Agent sessions of the command line: as which agent does a command work, through which gate?

The commands hold no rights of their own: they show the token of an agent, as `cyberos serve` does,
and every call passes the same gate, in this process.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from domain.identity import tokens
from domain.identity.tokens import Token
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import audit_queries as audit
from domain.store.chain import Sealed
from domain.store.engine import Role
from domain.store.tx import reading
from policies.gate import activation
from policies.gate.contract import Principal
from policies.gate.gate import CallOutcome, Gate, is_hidden
from server import wiring
from server.cli.connect import find_token
from server.cli.context import CliContext, opened, perform, read_settings
from server.settings import Settings
from server.token_files import read_token

Answer = TypeVar("Answer")

_LATEST = 200  # where the entry of a call that has just been answered is looked for


@dataclass(frozen=True, slots=True)
class Identity:
    """The flags that say which agent's token to show; none: what the environment says."""

    token_file: Path | None = None
    agent: str | None = None
    tenant: str | None = None


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What a tool answered, and the entry of the audit chain it left; None if nothing was new."""

    answer: dict[str, Any]
    sealed: Sealed | None


@dataclass(frozen=True, slots=True)
class Session:
    """An agent at the gate."""

    context: CliContext
    gate: Gate
    token: Token
    principal: Principal

    async def outcome(self, tool: str, arguments: Mapping[str, Any]) -> CallOutcome:
        """Everything a tool gives to exactly these arguments, its text too; the gate's faults."""
        return await self.gate.call(self.token, tool, arguments, request_id=new_id())

    async def ask(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a tool answers to the arguments that were given.

        COMMAND_UNAVAILABLE for a tool that this agent does not have, or nobody has here.
        """
        return (await self._call(tool, arguments, new_id())).structured

    async def change(self, tool: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        """The same for a tool that changes something, with the entry that proves it."""
        request_id = new_id()
        outcome = await self._call(tool, arguments, request_id)
        return ToolAnswer(outcome.structured, await self._entry_of(request_id))

    async def pages(self, tool: str, key: str, arguments: Mapping[str, Any]) -> list[Any]:
        """Everything a list answers under its key, page by page."""
        rows: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.ask(tool, {**arguments, "limit": 200, "cursor": cursor})
            rows += page[key]
            cursor = page.get("next_cursor")
            if cursor is None:
                return rows

    async def entry_of_action(self, action_id: str, event: str) -> Sealed | None:
        """The entry of the audit chain that an action left when it was carried out."""
        async with reading(self.context.database, self.token.tenant_id, self.context.clock) as tx:
            return await audit.effect_of(tx, action_id, event)

    async def _call(self, tool: str, arguments: Mapping[str, Any], request_id: str) -> CallOutcome:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return await self.gate.call(self.token, tool, given, request_id=request_id)
        except Fault as fault:
            if is_hidden(fault):
                raise _unavailable(tool) from None
            raise

    async def _entry_of(self, request_id: str) -> Sealed | None:
        async with reading(self.context.database, self.token.tenant_id, self.context.clock) as tx:
            end = await audit.head(tx)
            latest = await audit.entries(tx, after=max(0, end.seq - _LATEST), limit=_LATEST)
        asked = f'"request":"{request_id}"'
        found = (Sealed(one.seq, one.hash) for one in reversed(latest) if asked in one.body)
        return next(found, None)


def run(identity: Identity, work: Callable[[Session], Awaitable[Answer]]) -> Answer:
    """Do some work as an agent; TOKEN_INVALID if it is nobody's token."""
    settings = read_settings()
    token = tokens.parse(_clear_token(settings, identity))

    async def working() -> Answer:
        async with _session(settings, token) as session:
            return await work(session)

    return perform(working)


@asynccontextmanager
async def _session(settings: Settings, token: Token) -> AsyncIterator[Session]:
    async with opened(Role.AGENT, settings) as context:
        catalogue, fault = wiring.policy(settings)
        if fault is None and not await activation.is_active(
            context.database, token.tenant_id, context.clock, catalogue
        ):
            fault = wiring.not_activated()
        gate = wiring.gate(settings, context.database, catalogue, fault)
        yield Session(context, gate, token, await gate.principal(token))
        await gate.meter.flush()


def _clear_token(settings: Settings, identity: Identity) -> str:
    """The token of the flags, else of the environment, else the only one on this machine."""
    file = identity.token_file
    if file is None and identity.agent is None and identity.tenant is None:
        if settings.agent_token is not None:
            return settings.agent_token
        file = settings.agent_token_file
    if file is None:
        file = find_token(settings, identity.agent, identity.tenant)
    return read_token(file)


def _unavailable(tool: str) -> Fault:
    return Fault(
        "COMMAND_UNAVAILABLE",
        Kind.FORBIDDEN,
        f"This agent has no tool {tool} here.",
        "`cyberos doctor` shows the agents; ask an operator for one that has its scope, or for a "
        "server that has the tool.",
    )
