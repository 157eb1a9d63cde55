"""Tool contract: what do gate, executor and tools agree on? The terms every tool is written in."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from domain.approvals.facts import SETTLE_WINDOW
from domain.kernel.clock import VIETNAM
from domain.kernel.faults import Fault, Kind, NotSent
from domain.store.chain import Actor
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from policies.gate.answers import About as About
from policies.gate.answers import Answer as Answer
from policies.gate.answers import PendingAnswer
from policies.gate.display import Display

TOOL_ID: Final = r"^cyberos(\.[a-z][a-z0-9_]*){1,2}$"
# The fact that says what a request is worth, in US cents; those of one customer are added up.
WORTH: Final = "amount_usd_minor"
# How long an answer from outside is waited for, where a tool says nothing else.
ANSWER_WITHIN: Final = timedelta(seconds=30)
_Port = TypeVar("_Port")


class Arguments(BaseModel):
    """What a caller may send: strict types, and an unknown argument is a mistake to be told."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PrincipalKind(StrEnum):
    """Who is calling."""

    AGENT = "agent"
    PERSON = "human"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, for whom, and what for. Built from rows on every call, never from arguments."""

    kind: PrincipalKind
    id: str
    name: str
    tenant_id: str
    tenant_name: str
    person_id: str
    person_name: str
    scopes: frozenset[str]
    roles: frozenset[str]
    workspace_ids: tuple[str, ...]
    toolsets: frozenset[str] = frozenset()  # what it is shown of its tools; none: the default
    tainted: bool = False
    mark_is_fresh: bool = False  # that it has read untrusted text was written down lately
    locale: str = "vi"
    zone: ZoneInfo = VIETNAM

    @property
    def reference(self) -> str:
        """How rows and signed bytes name this principal: `agent:<id>` or `human:<id>`."""
        return f"{self.kind.value}:{self.id}"

    @property
    def viewer(self) -> Viewer:
        """What this principal may see: what the person may, for whom an agent acts."""
        return Viewer(self.person_id, self.workspace_ids)

    @property
    def actor(self) -> Actor:
        """The same, as the audit chain writes it."""
        person = self.person_id if self.kind is PrincipalKind.AGENT else ""
        return Actor(self.kind.value, self.id, person)


AfterCommit = Callable[[Tx], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The outside world took it; `reference` is its name for it, `reply` what it said, in bytes."""

    reference: str
    reply: bytes = b""


@dataclass(frozen=True, slots=True)
class Declined:
    """The outside world refused it for certain: nothing happened there.

    `code` is a name of ours for why; `reason` and `reply` are the words of the other side, kept
    by whoever wants them and shown to nobody as ours.
    """

    code: str
    reason: str = ""
    reply: bytes = b""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The outside world has it and answers later; `reference` is its name for it until then."""

    reference: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What is to be done once the action is settled: see `Call.dispatch`."""

    kind: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What a tool is given: who asks, the open transaction, and its one instant.

    `port_error` says why the outside could not be asked for this call (see `Prefetch`).
    When an approved action is carried out, `principal` is the person who asked or whose agent did,
    with their rights of now, `requester` and `asked_at` say who really asked and when, and `holds`
    that what is judged is held (locked) until the end, so that nobody changes it between judging
    and doing. `action_id` names the action, and `delivered` is what the outside answered; all are
    empty for a call that asks nobody.
    """

    principal: Principal
    tx: Tx
    port_error: Fault | None = None
    requester: str = ""
    asked_at: datetime | None = None
    holds: bool = False
    action_id: str = ""
    delivered: Delivered | None = None
    works: list[AfterCommit] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)

    def dispatch(self, kind: str, payload: Mapping[str, Any]) -> None:
        """Have something done outside after `execute`: archived, mailed.

        A row of its own with the settling transaction, bound to the action; `kind` names the
        handler in `tools/<namespace>/dispatches.py`. They are carried out in this order, each
        after the one before has been done.
        """
        assert self.action_id, "only what people approved is followed by something outside"
        self.follow_ups.append(FollowUp(kind, payload))

    def after_commit(self, work: AfterCommit) -> None:
        """What a reading call notes down once its own transaction is over.

        Notes are ours alone: about how we did, never about the business. The answer does not wait
        for them to succeed, and a server that only reads makes none.
        """
        self.works.append(work)

    @property
    def at(self) -> datetime:
        """The instant of this call."""
        return self.tx.at

    @property
    def day(self) -> date:
        """The calendar day of this call where the company works."""
        return self.tx.at.astimezone(self.principal.zone).date()

    @property
    def requested_by(self) -> str:
        """Whom history names: `agent:<id>` or `human:<id>`. Who signed stands in the approvals."""
        return self.requester or self.principal.reference


@dataclass(frozen=True, slots=True)
class Proposal:
    """A call that needs people, as they will see it: every word of ours made by the server.

    `shown` holds the fields of the entity that the display speaks of: when one of them is
    different at execution, the action goes stale. `facts` are the computed fields policy
    predicates may ask about; None means "could not be computed" and counts as the worst case.
    """

    entity_type: str
    entity_id: str
    entity_version: int
    shown: Mapping[str, Any]
    effects: Sequence[Mapping[str, Any]]
    display: Display
    amount_minor: int | None = None
    currency: str | None = None
    fx_rate_id: str | None = None
    facts: Mapping[str, int | str | bool | None] = field(default_factory=dict)

    def summary(self, locale: str) -> str:
        """What is displayed, on one line in the language of the company."""
        return self.display.summary(locale, self.amount_minor, self.currency)

    @property
    def amount_usd_minor(self) -> int | None:
        """The worth by which it is judged, if it could be computed."""
        worth = self.facts.get(WORTH)
        return worth if isinstance(worth, int) else None


class Ports:
    """Who can be asked beyond the program, by the type of the port: `ports[TaxRegistry]`.

    server/wiring.py says how each is made; it is made when somebody first asks for it.
    """

    def __init__(self, ports: Mapping[type, Callable[[], Any]] | None = None) -> None:
        self._ports = dict(ports or {})
        self._made: dict[type, Any] = {}

    def __getitem__(self, port: type[_Port]) -> _Port:
        """The implementation of a port. Raises PORT_MISSING when there is none."""
        if port not in self._made:
            if port not in self._ports:
                raise _port_missing(port)
            self._made[port] = self._ports[port]()
        made: _Port = self._made[port]
        return made


def _port_missing(port: type) -> Fault:
    return Fault(
        "PORT_MISSING",
        Kind.FORBIDDEN,
        f"Nobody is connected here who could be asked ({port.__name__}).",
        "tell an operator; what needs no answer from outside works all the same.",
        {"port": port.__name__},
    )


@dataclass(frozen=True, slots=True)
class Prefetch:
    """What a tool has to learn outside before its transaction opens.

    Three steps, so that no transaction waits for the network: `question` reads what has to be
    asked (None: nothing), `ask` asks it with no transaction open, `keep` writes the answer down in
    a transaction of its own. The tool then finds it in the database, or why not in
    `Call.port_error`. `concerns` says from the arguments alone whether there may be a question.
    """

    question: Callable[[Call, Any], Awaitable[str | None]]
    ask: Callable[[Ports, str], Awaitable[Any]]
    keep: Callable[[Tx, Any], Awaitable[None]]
    concerns: Callable[[Any], bool] = lambda arguments: True


@dataclass(frozen=True, slots=True)
class Fact:
    """A field a tool computes for every proposal, which the policy may ask about."""

    name: str
    means: str


Run = Callable[[Call, Any], Awaitable[Answer]]
Propose = Callable[[Call, Any], Awaitable[Proposal]]
Prepare = Callable[[Call, Any, "Outside"], Awaitable[None]]
Payload = Callable[[Call, Any], Awaitable[bytes]]
Deliver = Callable[["Order", "Outside"], Awaitable[Delivered | Declined | HandedOver]]
Inquire = Callable[["Order", "Outside"], Awaitable[Delivered | Declined | HandedOver | None]]
Release = Callable[[Call, Any, Declined], Awaitable[None]]
Hand = Callable[[Call, Any, HandedOver], Awaitable[None]]
Picture = Callable[[Mapping[str, Any]], bytes | None]


@dataclass(frozen=True, slots=True)
class Order:
    """One approved action on its way out: exactly the stored arguments and a key of its own.

    `payload` are the bytes that leave, as `Tool.payload` read them back; empty without one.
    """

    action_id: str
    tenant_id: str
    idempotency_key: str
    arguments: Mapping[str, Any]
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Outside:
    """Who can be reached while no transaction is open: `outside.ports[MailSender]`."""

    ports: Ports = field(default_factory=Ports)


def nothing_left(fault: Fault) -> bool:
    """Whether a gateway says for certain that nothing came of what it was given to send.

    A NotSent says so, and codes that end in `_NOT_SENT` (no byte of it was read there) or
    `_REFUSED` (a definite no). After any other error nobody knows, and it is asked about and never
    sent again.
    """
    return isinstance(fault, NotSent) or fault.code.endswith(("_NOT_SENT", "_REFUSED"))


def is_definite_no(fault: Fault) -> bool:
    """Whether it would be refused again: a no of the other side, not of our own installation."""
    return fault.code.endswith("_REFUSED") and fault.kind is not Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its words, its shapes, and what it does. What it may do stands in the policy.

    A tool that never needs people has `run`. A tool that may need them has `propose` and
    `execute`; a tool that has to ask somebody outside before it can decide has `prefetch`, which
    is asked again before an action is carried out. `picture` makes a PNG of an answer that people
    would rather look at. `opens` names the guards of the database (needs_action in
    domain/store/guards.py) that let pass what is written when it is carried out. `facts` are the
    fields its proposals carry, exactly.

    If it reaches outside it has also `deliver`, called with no transaction open and at most once
    per action, and where the provider can be asked `inquire`; both within `answer_within`. Before,
    `prepare` writes down what will leave, in the transaction that claims the action, and `payload`
    reads it back; it is given the ports too, and asks none that waits. `handed_over` notes down
    that the other side has it and answers later. After a definite no `release` undoes what
    `prepare` did, in the transaction that settles the action. `settle_window` is how long something
    that was sent can still arrive.
    """

    id: str
    title: str
    description: str
    arguments: type[Arguments]
    answer: type[Answer]
    run: Run | None = None
    propose: Propose | None = None
    execute: Run | None = None
    prepare: Prepare | None = None
    payload: Payload | None = None
    deliver: Deliver | None = None
    inquire: Inquire | None = None
    release: Release | None = None
    handed_over: Hand | None = None
    settle_window: timedelta = SETTLE_WINDOW
    answer_within: timedelta = ANSWER_WITHIN
    poll: Callable[[Any, Any], float] | None = None
    picture: Picture | None = None
    prefetch: Prefetch | None = None
    opens: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def name(self) -> str:
        """The name on the wire."""
        return wire_name(self.id)


def wire_name(tool_id: str) -> str:
    """`cyberos.crm.close_deal` is called `crm_close_deal`, which every client accepts."""
    return tool_id.removeprefix("cyberos.").replace(".", "_")


def tool(
    id: str,
    *,
    title: str,
    answer: type[Answer],
    poll: Callable[[Any, Any], float] | None = None,
    prefetch: Prefetch | None = None,
) -> Callable[[Run], Tool]:
    """Declare a tool that runs at once; its docstring is what the model reads."""

    def declare(run: Run) -> Tool:
        return Tool(
            id, title, _words(run), _arguments(run), answer, run=run, poll=poll, prefetch=prefetch
        )

    return declare


def people_tool(
    id: str,
    *,
    title: str,
    propose: Propose,
    execute: Run,
    answer: type[Answer] | None = None,
    prefetch: Prefetch | None = None,
    prepare: Prepare | None = None,
    payload: Payload | None = None,
    deliver: Deliver | None = None,
    inquire: Inquire | None = None,
    release: Release | None = None,
    handed_over: Hand | None = None,
    settle_window: timedelta = SETTLE_WINDOW,
    answer_within: timedelta = ANSWER_WITHIN,
    picture: Picture | None = None,
    opens: tuple[str, ...] = (),
    facts: tuple[Fact, ...] = (),
) -> Tool:
    """Declare a tool that waits for people; the docstring of `propose` is what the model reads.

    A tool that asks them only when the policy says so names the `answer` it gives otherwise too.
    """
    return Tool(
        id,
        title,
        _words(propose),
        _arguments(propose),
        answer or PendingAnswer,
        propose=propose,
        execute=execute,
        prefetch=prefetch,
        prepare=prepare,
        payload=payload,
        deliver=deliver,
        inquire=inquire,
        release=release,
        handed_over=handed_over,
        settle_window=settle_window,
        answer_within=answer_within,
        picture=picture,
        opens=opens,
        facts=facts,
    )


def _words(function: Callable[..., Any]) -> str:
    lines = (function.__doc__ or "").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def _arguments(function: Callable[..., Any]) -> type[Arguments]:
    shape: type[Arguments] = function.__annotations__["arguments"]
    assert issubclass(shape, Arguments)
    return shape


class Registry(Protocol):
    """The tools there are. Made in one place (server/wiring.py), handed to gate and executor."""

    def names(self) -> Iterable[str]:
        """Every wire name."""
        ...

    def get(self, tool_id: str) -> Tool | None:
        """The tool with this canonical id."""
        ...
