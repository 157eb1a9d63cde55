"""Declarations: the shapes of what a module says of itself in its descriptor.

They stand below every module, so that whoever loops over the descriptors and whoever fills them in
need not know each other.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Locale, Money
from domain.store.outbox import Message
from domain.store.tx import Tx

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class CustomerRows:
    """Rows that belong to a customer each, for limits on what is asked for within a day.

    Given the id of one, `customer` is a SELECT of the id of its customer, `of_customer` of the ids
    and versions of the others of that customer, and `others` of id, version and `customer_id` of
    all others, whoever may see them. `names` are those of customers by their ids.
    """

    customer: Callable[[str], Any]
    of_customer: Callable[[str], Any]
    others: Callable[[str], Any]
    names: Callable[[Tx, Iterable[str]], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a module belongs to an account, as far as a viewer may know.

    `of` is given the transaction, the id of the account and the viewer, and gives a number for
    each of the `names`. No two modules use the same name; in answers it is called so.
    """

    names: tuple[str, ...]
    of: Callable[[Tx, str, Any], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True, slots=True)
class About:
    """Whose timeline it is, and who looks: an account with all its deals, or one deal alone."""

    viewer: Any
    account_id: str | None
    deal_id: str | None


class Place(NamedTuple):
    """Where an entry stands among those of its source; no two stand in one place."""

    at: datetime
    id: str
    sub: int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSource:
    """One kind of entry of timelines.

    `number` stands in cursors and never changes; of one instant, the greater number is the newer
    entry. `before` gives rows latest first from behind a place (`first` is the least `sub`), at
    most so many, and only what the viewer may see. `place` says where a row stands. `shown` turns
    the rows of a page into facts by the names of the answer: `kind`, `by` (`agent:<id>` or
    `human:<id>`), `deal_id`, `subject`, `reason`, `tool` and so on; a `body` comes with
    `body_from`, which says where those words came from.
    """

    number: int
    before: Callable[[Tx, About, Place | None, int], Awaitable[Sequence[Any]]]
    place: Callable[[Any], Place]
    shown: Callable[[Tx, Sequence[Any]], Awaitable[Sequence[Mapping[str, Any]]]]
    first: int | str = 0


class Done(StrEnum):
    """How far a side effect got; PENDING is published in a message that is kept."""

    DONE = "done"
    PENDING = "pending"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One thing that an action may entail; `detail` is a code, or what was made.

    `made` is the id of a row that came of it.
    """

    kind: str
    state: Done
    detail: str
    made: str | None = None


@dataclass(frozen=True, slots=True)
class WonDeal:
    """What a consequence is given of a deal that is won, or would be; then nobody knows the day."""

    id: str
    account_id: str
    name: str
    worth: Money
    closed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of it: the effect as people are shown it, and a sentence by locale.

    Days are left out of both: the action may be carried out tomorrow.
    """

    effect: Mapping[str, Any] | None = None
    says: Mapping[Locale, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What follows in a module when a deal is won, in the transaction that closes the deal.

    `rank` is its place among all when they are foreseen and done, `line` its place among the lines
    of the answer: callers have known that order for longer. `foresee` changes nothing; `do` is
    also given who asked, as `agent:<id>` or `human:<id>`.
    """

    kind: str
    rank: int
    line: int
    foresee: Callable[[Tx, WonDeal], Awaitable[Foreseen]]
    do: Callable[[Tx, WonDeal, str], Awaitable[SideEffect]]


def skipped(kind: str, why: str) -> SideEffect:
    """A side effect that was left out, and the code of the reason."""
    return SideEffect(kind, Done.SKIPPED, why)


# Does the work for one message, in the transaction that also moves the subscriber's cursor.
Handler = Callable[[Tx, Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who takes the messages of a topic: each once, in the order in which they were committed.

    Under the same name a subscriber may take several topics, in one order. `since` is where one
    begins that is new to a company: at the oldest message that is kept, or at the next one.
    """

    name: str
    handle: Handler
    since: Literal["beginning", "now"] = "beginning"


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of nightly work in a transaction of its own; it says how many rows it wrote.

    It is given the day that the night begins, and the tenant's time zone.
    """

    name: str
    work: Callable[[Tx, date, ZoneInfo], Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What waits to be worked through: the worker looks every round (domain/store/backlogs.py).

    For what comes in where no message can be told; a message has a `Subscriber`. `waits` gives the
    ids of what may be done now, at most a batch. `work` does these in one transaction, and leaves
    alone what another worker has taken or done. When a batch breaks each is tried alone, and of
    one that breaks again `fail` remembers that.
    """

    name: str
    waits: Callable[[Tx], Awaitable[Sequence[str]]]
    work: Callable[[Tx, Sequence[str]], Awaitable[None]]
    fail: Callable[[Tx, str], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[Value]):
    """Something a module lets each company decide, by its operator: any value JSON can say.

    The name begins with the module (`accounts.custom_fields`). `check` raises a Fault for what the
    value may not be; it is asked before a value is kept and never when one is read.
    """

    name: str
    default: Value
    check: Callable[[Value], None]


def yes_or_no(value: bool) -> None:
    """The check of a setting that is on or off. Raises SETTING_INVALID."""
    if value is not True and value is not False:
        raise Fault("SETTING_INVALID", Kind.INVALID, "The setting is true or false.")


class Mark(StrEnum):
    """How serious it is what a check found."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


# What `cyberos doctor` asks of a company: what was found there, each in a sentence for operators.
Check = Callable[[Tx], Awaitable[Iterable[tuple[Mark, str]]]]
