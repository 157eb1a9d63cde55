"""Time entries: what was worked is logged once, at the rate of its day, and corrected until billed.

Several come together or not at all, in as many statements as one. Whoever logs takes a turn,
because the hours of a day are a sum over what others may be writing at the same moment.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.engagements import queries, rules
from domain.engagements.rules import Rate, Status
from domain.engagements.setting import unknown
from domain.engagements.tables import Engagement, TimeEntry
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import outbox, turns
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM

MOST_AT_ONCE = 1_000
_TURN = "time entries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What somebody says was worked. `engagement` is an id or a code.

    `source_id` is the name another program has for it, `entry_id` an entry that it corrects.
    """

    engagement: str
    member: str
    worked_on: date
    hours_hundredths: int
    role: str
    phase: str | None = None
    task: str | None = None
    source_id: str | None = None
    entry_id: str | None = None


class Outcome(StrEnum):
    """What became of it."""

    NEW = "new"
    CORRECTED = "corrected"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Logged:
    """The entry as it is now, of which engagement, and what became of what was said."""

    entry: TimeEntry
    engagement: Engagement
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sums:
    """How many entries, and how many hundredths of hours they are."""

    entries: int
    hours_hundredths: int


@dataclass(frozen=True, slots=True)
class _Situation:
    """What is there: engagements by how they were called, their cards, entries, what is billed."""

    engagements: Mapping[str, Engagement]
    cards: Mapping[str, tuple[Rate, ...]]
    by_id: Mapping[str, TimeEntry]
    by_source: Mapping[tuple[str, str], TimeEntry]
    billed: frozenset[str]

    def entry_for(self, worked: Worked, engagement: Engagement) -> TimeEntry | None:
        """The entry that is meant; None for a new one."""
        if worked.entry_id is not None:
            return self.by_id.get(worked.entry_id)
        return self.by_source.get((engagement.id, worked.source_id or ""))


async def log(tx: Tx, reports: Sequence[Worked], *, recorded_by: str) -> list[Logged]:
    """Write down what was worked, all of it or nothing.

    An entry that is there already, by its id or its source id, stays as it is if it says the same
    and corrected otherwise; its rate stays while role and phase do.

    Raises the fault of what is wrong when one is; TIME_INVALID with all of them in
    `facts["problems"]` (the place of each from 1, code and words) when several were given:
    NOT_FOUND, ENGAGEMENT_NOT_ACTIVE, RATE_CARD_MISSING, ENTRY_BILLED, ENTRY_MISMATCH,
    SOURCE_REPEATED and HOURS_INVALID.
    """
    assert 0 < len(reports) <= MOST_AT_ONCE, "whoever takes them bounds their number"
    await hold(tx)
    there = await _situation(tx, reports)
    problems: dict[int, Fault] = {}
    for place, worked in enumerate(reports):
        if (problem := _problem(worked, there)) is not None:
            problems[place] = problem
    problems |= _repeated(reports, there, problems)
    if not problems:
        problems = await _too_long(tx, reports, there)
    if problems:
        raise _refusal(problems, len(reports))
    logged = [_write(tx, worked, there, recorded_by) for worked in reports]
    await tx.flush()
    for one in logged:
        if one.outcome is not Outcome.KNOWN:
            told = "logged" if one.outcome is Outcome.NEW else "corrected"
            outbox.emit(
                tx,
                f"time_entry.{told}",
                entry_id=one.entry.id,
                engagement_id=one.engagement.id,
            )
    return logged


def sums(logged: Sequence[Logged]) -> Mapping[Outcome, Sums]:
    """How much became of it, by what became of it."""
    hours: dict[Outcome, list[int]] = {outcome: [] for outcome in Outcome}
    for one in logged:
        hours[one.outcome].append(one.entry.hours_hundredths)
    return {outcome: Sums(len(each), sum(each)) for outcome, each in hours.items()}


async def hold(tx: Tx) -> None:
    """Let nobody log or correct time until the end: for who reads hours to bill them."""
    await turns.take(tx, _TURN)


async def _situation(tx: Tx, reports: Sequence[Worked]) -> _Situation:
    engagements = await queries.by_references(tx, sorted({one.engagement for one in reports}))
    cards = await queries.cards(tx, [row.id for row in engagements.values()])
    sources = {
        (engagements[one.engagement].id, one.source_id)
        for one in reports
        if one.source_id is not None and one.engagement in engagements
    }
    by_source = await queries.from_sources(tx, sources)
    by_id = await queries.entries_by_id(tx, [one.entry_id for one in reports if one.entry_id])
    known = {row.id for row in (*by_source.values(), *by_id.values())}
    return _Situation(engagements, cards, by_id, by_source, await queries.billed(tx, known))


def _problem(worked: Worked, there: _Situation) -> Fault | None:
    """What is wrong with one of them, beside the others."""
    engagement = there.engagements.get(worked.engagement)
    if engagement is None:
        return unknown()
    entry = there.entry_for(worked, engagement)
    if not 0 < worked.hours_hundredths <= rules.LONGEST_DAY:
        return rules.hours_invalid("Hours are above 0 and at most 24, with two decimals.")
    if worked.entry_id is not None and entry is None:
        return _no_entry()
    if entry is not None and _says(worked, entry, engagement):
        return None
    if entry is not None and entry.engagement_id != engagement.id:
        return _mismatch("The entry is of another engagement.", "Log the time there as a new one.")
    if entry is not None and worked.source_id not in (None, entry.source_id):
        return _mismatch("The entry has another source id.", "Leave source_id out.")
    if entry is not None and entry.id in there.billed:
        return Fault(
            "ENTRY_BILLED",
            Kind.CONFLICT,
            "This time stands on an invoice.",
            "Take it out of the draft first; what was sent is corrected by a credit note.",
            {"entry_id": entry.id},
        )
    if engagement.status != Status.ACTIVE:
        return Fault(
            "ENGAGEMENT_NOT_ACTIVE",
            Kind.CONFLICT,
            f"The engagement is {engagement.status}.",
            "People set it active with {set_engagement}.",
            {"status": engagement.status},
        )
    if _rate(worked, entry, engagement, there) is None:
        return _no_rate(there.cards.get(engagement.id, ()))
    return None


def _says(worked: Worked, entry: TimeEntry, engagement: Engagement) -> bool:
    """Whether an entry says the same already."""
    return worked.source_id in (None, entry.source_id) and (
        engagement.id,
        worked.member,
        worked.worked_on,
        worked.hours_hundredths,
        worked.role,
        worked.phase,
        worked.task,
    ) == (
        entry.engagement_id,
        entry.member,
        entry.worked_on,
        entry.hours_hundredths,
        entry.role,
        entry.phase,
        entry.task,
    )


def _rate(
    worked: Worked, entry: TimeEntry | None, engagement: Engagement, there: _Situation
) -> int | None:
    """The rate it was worked at: what the entry has, while it is the same work."""
    if entry is not None and (entry.role, entry.phase) == (worked.role, worked.phase):
        return entry.rate_minor
    return rules.rate_for(there.cards.get(engagement.id, ()), worked.role, worked.phase)


def _repeated(
    reports: Sequence[Worked], there: _Situation, problems: Mapping[int, Fault]
) -> dict[int, Fault]:
    """Those that are about the same entry as one before them."""
    seen: set[tuple[str, str]] = set()
    found: dict[int, Fault] = {}
    for place, worked in enumerate(reports):
        engagement = there.engagements.get(worked.engagement)
        if engagement is None or (worked.source_id is None and worked.entry_id is None):
            continue
        entry = there.entry_for(worked, engagement)
        about = ("", entry.id) if entry else (engagement.id, worked.source_id or "")
        if about in seen and place not in problems:
            found[place] = Fault(
                "SOURCE_REPEATED",
                Kind.INVALID,
                "The same entry is named before.",
                "Name each once, with what it says in the end.",
            )
        seen.add(about)
    return found


async def _too_long(tx: Tx, reports: Sequence[Worked], there: _Situation) -> dict[int, Fault]:
    """Those that make a member's day longer than 24 hours, over all engagements there are."""
    touched = [
        entry.id
        for one in reports
        if (entry := there.entry_for(one, there.engagements[one.engagement])) is not None
    ]
    days = {(one.member, one.worked_on) for one in reports}
    with tx.looking_as(SYSTEM):  # also what the viewer does not see was worked
        hours = Counter(await queries.hours_of_days(tx, days, but=touched))
    found: dict[int, Fault] = {}
    for place, one in enumerate(reports):
        hours[one.member, one.worked_on] += one.hours_hundredths
        if hours[one.member, one.worked_on] > rules.LONGEST_DAY:
            found[place] = rules.hours_invalid(
                f"On {one.worked_on.isoformat()} this member would have worked more than 24 hours."
            )
    return found


def _write(tx: Tx, worked: Worked, there: _Situation, recorded_by: str) -> Logged:
    engagement = there.engagements[worked.engagement]
    entry = there.entry_for(worked, engagement)
    if entry is not None and _says(worked, entry, engagement):
        return Logged(entry, engagement, Outcome.KNOWN)
    rate = _rate(worked, entry, engagement, there)
    assert rate is not None, "it was looked for"
    outcome = Outcome.CORRECTED
    if entry is None:
        outcome = Outcome.NEW
        entry = TimeEntry(
            id=new_id(),
            engagement_id=engagement.id,
            currency=engagement.currency,
            source_id=worked.source_id,
            recorded_at=tx.at,
        )
        tx.add(entry)
    entry.member, entry.worked_on = worked.member, worked.worked_on
    entry.hours_hundredths, entry.rate_minor = worked.hours_hundredths, rate
    entry.role, entry.phase, entry.task = worked.role, worked.phase, worked.task
    entry.recorded_by = recorded_by
    return Logged(entry, engagement, outcome)


def _refusal(problems: Mapping[int, Fault], of: int) -> Fault:
    """One fault for all of them; the fault itself when only one entry was given."""
    if of == 1:
        return problems[0]
    first = problems[min(problems)]
    return Fault(
        "TIME_INVALID",
        Kind.INVALID,
        f"{len(problems)} of {of} entries cannot be logged, so none is; the first is entry "
        f"{min(problems) + 1}: {first.message}",
        first.hint,
        {
            "problems": [
                {"entry": place + 1, "code": fault.code, "problem": fault.message}
                for place, fault in sorted(problems.items())
            ]
        },
    )


def _no_entry() -> Fault:
    return Fault(
        "NOT_FOUND",
        Kind.NOT_FOUND,
        "There is no such time entry.",
        "Look the id up with {time_entries}.",
    )


def _no_rate(card: Sequence[Rate]) -> Fault:
    return Fault(
        "RATE_CARD_MISSING",
        Kind.CONFLICT,
        "The engagement has no rate for this role.",
        "Use a role of its card, or ask people for a rate with {set_engagement}.",
        {"roles": [{"role": one.role, "phase": one.phase} for one in card]},
    )


def _mismatch(why: str, hint: str) -> Fault:
    return Fault("ENTRY_MISMATCH", Kind.CONFLICT, why, hint)
