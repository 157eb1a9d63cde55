"""Checks of approvals: which actions are damaged, and which hang?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from domain.approvals import queries
from domain.approvals.tables import PendingAction
from domain.kernel.counting import counted
from domain.store.declarations import Mark
from domain.store.tx import Tx

EXECUTED_WITHIN = timedelta(minutes=10)
ANSWERED_WITHIN = timedelta(days=1)  # what was handed over; longer is no answer to come
MOST_ACTIONS = 1_000


async def actions(tx: Tx) -> list[tuple[Mark, str]]:
    """Everything that has not ended, as far as one look can take it in."""
    waiting = await queries.actions(tx, states=queries.LIVE, limit=MOST_ACTIONS)
    approved = [one.id for one in waiting.rows if one.state == "approved"]
    votes, undecided = await queries.decisions(tx, approved)
    found = [
        (Mark.FAIL, f"Action {id} is damaged and not carried out; run `cyberos audit verify`.")
        for id in [*waiting.damaged, *undecided]
    ]
    found += hanging(waiting.rows, {vote.action_id: vote.at for vote in votes}, tx.at)
    return found


def hanging(
    live: Sequence[PendingAction], decided: Mapping[str, datetime], at: datetime
) -> Iterator[tuple[Mark, str]]:
    """What hangs. `decided` is when the last signature of an approved action was given."""
    unknown = [one for one in live if one.state == "unknown"]
    lost = [
        one
        for one in live
        if one.state == "executing" and (one.lease_until is None or one.lease_until <= at)
    ]
    approved = [one for one in live if one.state == "approved"]
    due = [one for one in approved if at - decided.get(one.id, at) > EXECUTED_WITHIN]
    waiting = [one for one in live if one.state == "pending"]
    for one in unknown:
        if one.provider_ref is not None and at - (one.lease_until or at) <= ANSWERED_WITHIN:
            yield Mark.OK, f"Action {one.id} was handed over, and its answer is asked for."
            continue
        sentence = f"Nobody knows what became of action {one.id}; find out, and say it with"
        yield Mark.WARN, f"{sentence} `cyberos resolve {one.id}`."
    if lost:
        actions = counted(len(lost), "action was", "actions were")
        them = "it" if len(lost) == 1 else "them"
        sentence = f"{actions} begun and not ended; `cyberos work` settles {them}."
        yield Mark.WARN, sentence
    if due:
        actions = counted(len(due), "approved action waits", "approved actions wait")
        yield Mark.WARN, f"{actions} to be carried out; is `cyberos work` running?"
    yield Mark.OK, f"{counted(len(waiting), 'action waits', 'actions wait')} for people."
