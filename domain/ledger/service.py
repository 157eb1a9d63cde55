"""Ledger service: `post` and `adjust` are the only doors into the books, and nothing goes out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError

from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.ledger import queries, rules
from domain.ledger.chart import Account, Chart, chart_on
from domain.ledger.entries import Delta, Line, Source
from domain.ledger.events import EntryPosted
from domain.ledger.settings import CHART
from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.chain import SYSTEM, Actor
from domain.store.settings import setting
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Sum:
    """What an account of the chart was debited and credited, in dong."""

    account: Account
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        """What is left on it: above zero on the debit side."""
        return self.debit_minor - self.credit_minor


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """The sums of all accounts up to a day, which are equal on both sides (số phát sinh)."""

    as_of: date
    chart: Chart
    sums: tuple[Sum, ...]

    @property
    def total_debit_minor(self) -> int:
        """Everything that was debited."""
        return sum(one.debit_minor for one in self.sums)

    @property
    def total_credit_minor(self) -> int:
        """Everything that was credited."""
        return sum(one.credit_minor for one in self.sums)

    @property
    def difference_minor(self) -> int:
        """Debits less credits: zero, or the books are damaged."""
        return self.total_debit_minor - self.total_credit_minor


async def post(
    tx: Tx,
    on: date,
    lines: Sequence[Line],
    source: Source,
    *,
    memo: str | None = None,
    fx_rate_id: str | None = None,
    actor: Actor = SYSTEM,
) -> JournalEntry:
    """Write the entry of a source into the books on a day. The same again is the same entry.

    `fx_rate_id` is the rate by which lines in foreign currency were booked. Raises
    LEDGER_UNBALANCED and LEDGER_AMOUNT (rules.check), LEDGER_CONFLICT when the source was posted
    with another day, rate or lines, and VERSION_CONFLICT when somebody posts it at the same time.
    """
    return await _written(tx, on, lines, source, "", memo, fx_rate_id, actor)


async def adjust(tx: Tx, source: Source, delta: Delta, *, actor: Actor = SYSTEM) -> JournalEntry:
    """Write what came later about a source that was posted, once for each cause.

    Raises LEDGER_NOT_POSTED for a source without an entry, and what `post` raises.
    """
    assert delta.cause, "an adjustment names what led to it"
    if await queries.posted(tx, source) is None:
        raise Fault(
            "LEDGER_NOT_POSTED",
            Kind.CONFLICT,
            "There is no entry of this source that could be adjusted.",
            "post it first.",
            {"source_kind": source.kind, "source_id": source.id},
        )
    return await _written(tx, delta.on, delta.lines, source, delta.cause, None, None, actor)


async def trial_balance(tx: Tx, as_of: date) -> TrialBalance:
    """The sums of the whole company, deals that are hidden from whoever asks included.

    Codes are those of the company's chart on that day.
    """
    chart = chart_on(await setting(tx, CHART), as_of)
    sums = (
        Sum(chart.accounts[one.role], one.debit_minor, one.credit_minor)
        for one in await queries.balances(tx, as_of)
    )
    return TrialBalance(as_of, chart, tuple(sums))


async def _written(
    tx: Tx,
    on: date,
    lines: Sequence[Line],
    source: Source,
    cause: str,
    memo: str | None,
    fx_rate_id: str | None,
    actor: Actor,
) -> JournalEntry:
    rules.check(lines)
    there = await queries.posted(tx, source, cause)
    if there is not None:
        before = there.on_date, there.fx_rate_id, await queries.lines_of(tx, there.id)
        if before != (on, fx_rate_id, tuple(lines)):
            raise _otherwise(source)
        return there
    entry = JournalEntry(
        id=new_id(),
        on_date=on,
        source_kind=source.kind,
        source_id=source.id,
        cause=cause,
        line_count=len(lines),
        memo=memo,
        fx_rate_id=fx_rate_id,
        posted_by=actor.id,
        posted_at=tx.at,
    )
    for position, line in enumerate(lines, 1):
        tx.add(_row(entry, position, line))
    await tx.flush()  # the lines first: the database adds them up when the head comes
    tx.add(entry)
    try:
        await tx.flush()
    except IntegrityError as error:
        raise Fault(
            "VERSION_CONFLICT",
            Kind.CONFLICT,
            "Somebody else posts the same source at the same time.",
            "repeat the call; what is posted then is found.",
        ) from error
    EntryPosted.of(entry).record(tx, actor)
    return entry


def _row(entry: JournalEntry, position: int, line: Line) -> JournalLine:
    return JournalLine(
        id=new_id(),
        entry_id=entry.id,
        position=position,
        line_count=entry.line_count,
        role=line.role,
        currency=line.currency,
        debit_minor=line.debit_minor,
        credit_minor=line.credit_minor,
        book_minor=line.book_minor,
        **asdict(line.about),
    )


def _otherwise(source: Source) -> Fault:
    return Fault(
        "LEDGER_CONFLICT",
        Kind.CONFLICT,
        "This source is in the books already, with another content.",
        "An entry stays as it was posted; adjust it for a cause of its own.",
        {"source_kind": source.kind, "source_id": source.id},
    )
