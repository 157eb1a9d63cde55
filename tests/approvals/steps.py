"""Steps of the model: which steps can the small world take
next, and which states does it reach at all?

Each step asks the production functions, does what they answer, and looks at once whether that was
right. The walk is breadth first and ends when there is nothing new, so a fault it finds comes with
a shortest way there.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache

from domain.approvals import machine
from domain.approvals.facts import (
    ActionFact,
    ActorKind,
    Canceller,
    Decision,
    Outcome,
    Seen,
    SelfRule,
    State,
)
from domain.approvals.machine import is_terminal
from domain.approvals.refusals import Refusal
from tests.approvals.universe import (
    CLOCK,
    EDGES,
    OVER,
    SENT,
    WAITING,
    Broken,
    Row,
    Universe,
    World,
    at,
    check_claim_was_right,
    check_vote_was_right,
    check_world,
    decisions,
    fact,
    present,
    resolvers,
    roles,
    voters,
)

Step = tuple[str, Callable[[], World | None]]

APPROVE, REJECT = Decision.APPROVE, Decision.REJECT
FORGERIES = (
    Row("bob", "am", APPROVE),
    Row("carol", "cfo", APPROVE),
    Row("bob", "cfo", APPROVE),  # a second slot for bob
    Row("ann", "am", APPROVE),  # the requester
    Row("erin", "am", APPROVE),
    Row("erin", "am", REJECT),
    Row("dan", "cfo", APPROVE),  # has no such role
    Row("gina", "cfo", APPROVE, "elsewhere"),
    Row("hugo", "cfo", APPROVE, "weak"),
)
MOST_FORGERIES = 3


def advance(u: Universe, w: World, target: State) -> World:
    """Move the row as the caller of a guard would, and notice a proposal that nobody may make."""
    if target is w.state:
        return w
    try:
        machine.check_move(fact(u, w), Seen(w.state, w.seq), target, guards=u.guards)
    except Refusal:
        raise Broken(f"I9 {w.state.value} was to become {target.value}") from None
    return w._replace(state=target, seq=w.seq + 1)


# --- people ---


def vote(u: Universe, w: World, name: str, slot: str, decision: Decision) -> World | None:
    voter = voters(w.lost)[name]
    known, now = decisions(u, w.rows, w.lost), present(w.tick, w.lost)
    try:
        machine.check_vote(fact(u, w), known, voter, slot, decision, now, guards=u.guards)
    except Refusal as refused:
        return advance(u, w, refused.target) if refused.target else None
    row = Row(voter.person, slot, decision)
    check_vote_was_right(u, w, name, row)
    w = w._replace(rows=w.rows | {row})
    known = decisions(u, w.rows, w.lost)
    w = advance(u, w, machine.after_vote(fact(u, w), known, guards=u.guards))
    if decision is REJECT and w.state is not State.REJECTED:
        raise Broken(f"I2 somebody said no, but the action is {w.state.value}")
    return w


def cancel(u: Universe, w: World, name: str) -> World | None:
    kind = ActorKind.AGENT if name.startswith("agent") else ActorKind.HUMAN
    who = Canceller(
        kind=kind,
        id=name.removeprefix("agent "),
        person="ann" if kind is ActorKind.AGENT else name,
        roles_now=frozenset() if kind is ActorKind.AGENT else roles(name, w.lost),
        active_now=f"{name} leaves" not in w.lost,
    )
    try:
        machine.check_cancel(fact(u, w), who, at(w.tick), guards=u.guards)
    except Refusal as refused:
        return advance(u, w, refused.target) if refused.target else None
    if w.state not in WAITING or w.tick >= OVER:
        raise Broken(f"I8 a {w.state.value} action was cancelled")
    if name in ("dan", "agent G2") or who.active_now is False:
        raise Broken(f"I2 {name} cancelled what is not theirs")
    return advance(u, w, State.CANCELLED)


def resolve(u: Universe, w: World) -> World | None:
    """Somebody who may says what they found, and it is so."""
    outcome = Outcome.SEEN if w.landed else Outcome.CLOSED
    voter, _ = resolvers()["ivy"]
    try:
        target = machine.check_resolve(fact(u, w), voter, outcome, at(w.tick), guards=u.guards)
    except Refusal:
        return None
    return advance(u, w, target)


# --- workers ---


def look(w: World, n: int) -> World | None:
    return placed(w, n, ("looked", w.seq)) if w.state is State.APPROVED else None


def claim(u: Universe, w: World, n: int) -> World | None:
    """Claim what the worker read before; the row may have moved on since."""
    seen = Seen(State.APPROVED, w.workers[n][1])
    then = fact(u, w._replace(state=seen.state, seq=seen.state_seq))
    known, now = decisions(u, w.rows, w.lost), present(w.tick, w.lost)
    idle = placed(w, n, ("idle", 0))
    try:
        machine.check_claim(then, known, now, guards=u.guards)
    except Refusal as refused:
        untouched = (w.state, w.seq) == (seen.state, seen.state_seq)
        return advance(u, idle, refused.target) if refused.target and untouched else idle
    try:
        machine.check_move(fact(u, w), seen, State.EXECUTING, guards=u.guards)
    except Refusal:
        return idle
    check_claim_was_right(u, w, w.state)
    taken = placed(w, n, ("holding", 0))._replace(claimed=w.tick, owner=n, attempt=0)
    # Nothing reads decisions and misfortunes any more: forget them, and the walk stays small.
    taken = taken._replace(rows=frozenset(), lost=frozenset())
    return taken._replace(state=State.EXECUTING, seq=w.seq + 1)


def start(u: Universe, w: World, n: int) -> World | None:
    try:
        machine.check_start(fact(u, w), f"w{n}", at(w.tick), guards=u.guards)
    except Refusal:
        return None
    if w.state is not State.EXECUTING or w.owner != n:
        raise Broken("I1 the effect was sent without a claim")
    sent = placed(w, n, ("sent", 0))
    return sent._replace(attempt=w.attempt + 1, flying=w.flying + 1)


def retry(u: Universe, w: World, same_key: bool) -> World | None:
    try:
        machine.check_retry(
            fact(u, w), at(w.tick), idempotent=u.idempotent, same_key=same_key, guards=u.guards
        )
    except Refusal:
        return None
    merged = same_key and u.idempotent and remembered(w)
    return w._replace(flying=max(w.flying, 1) if merged else w.flying + 1)


def placed(w: World, n: int, worker: tuple[str, int]) -> World:
    return w._replace(workers=(*w.workers[:n], worker, *w.workers[n + 1 :]))


# --- the provider ---


def remembered(w: World) -> bool:
    return w.tick < w.claimed + 2


def land(u: Universe, w: World) -> World:
    """A request arrives. An idempotent provider acts once for a key, while it remembers it."""
    twice = u.idempotent and w.landed > 0 and remembered(w) and w.flying == 1
    return w._replace(flying=w.flying - 1, landed=w.landed + (0 if twice else 1))


def learn(u: Universe, w: World, outcome: Outcome) -> World | None:
    try:
        target = machine.after_outcome(fact(u, w), outcome, at(w.tick), guards=u.guards)
    except Refusal:
        return None
    return advance(u, w, target)


def tick(w: World) -> World:
    """Time passes; what was under way at the end of the settle window never arrives."""
    w = w._replace(tick=w.tick + 1)
    return w._replace(flying=0) if w.claimed >= 0 and not remembered(w) else w


# --- all of it ---


def steps(u: Universe, w: World) -> Iterator[Step]:
    if w.tick < len(CLOCK) - 1 and (u.effects or w.tick < OVER):
        yield "time passes", lambda: tick(w)
    if w.claimed < 0:
        yield from waiting_steps(u, w)
    elif u.effects:
        yield from sent_steps(u, w)


def waiting_steps(u: Universe, w: World) -> Iterator[Step]:
    yield "the sweeper comes", lambda: advance(u, w, machine.after_time(fact(u, w), at(w.tick)))
    moved_on = "entity" in w.lost
    yield (
        "the sweeper sees what it is about",
        lambda: advance(u, w, machine.after_change(fact(u, w), moved_on=moved_on)),
    )
    if w.state in WAITING and not u.intruder:
        yield "it is asked for anew", lambda: advance(u, w, State.CANCELLED)
    for n in range(1 if u.intruder else 2):
        if w.workers[n][0] == "idle":
            yield f"worker {n} reads the action", lambda n=n: look(w, n)
        elif w.workers[n][0] == "looked":
            yield f"worker {n} claims", lambda n=n: claim(u, w, n)
    if w.state in WAITING:
        for misfortune in u.misfortunes:
            if misfortune not in w.lost:
                hit = w._replace(lost=w.lost | {misfortune})
                yield f"misfortune: {misfortune}", lambda hit=hit: hit
    if u.intruder:
        yield from forgeries(w)
        return
    # Once it is decided, it does not matter who comes too late: two people stand for all.
    for name in voters(w.lost) if w.state is State.PENDING else ("bob", "carol"):
        for slot in u.slots:
            for decision in Decision:
                what = f"{name}: {decision.value} as {slot.name}"
                yield what, lambda a=name, b=slot.name, c=decision: vote(u, w, a, b, c)
    for name in ("agent G1", "agent G2", "ann", "bob", "dan"):
        yield f"{name} cancels", lambda name=name: cancel(u, w, name)


def forgeries(w: World) -> Iterator[Step]:
    """Somebody writes into the database: genuine signatures in the wrong place, or a state."""
    if w.state is not State.PENDING:
        return
    if len(w.rows) < MOST_FORGERIES:
        for row in FORGERIES:
            if row not in w.rows:
                added = w._replace(rows=w.rows | {row})
                yield f"a row is slipped in: {' '.join(row)}", lambda added=added: added
    forced = w._replace(state=State.APPROVED, seq=w.seq + 1)
    yield "the state is forced to approved", lambda: forced


def sent_steps(u: Universe, w: World) -> Iterator[Step]:
    for n, (phase, _) in enumerate(w.workers):
        if phase == "looked":
            yield f"worker {n} claims", lambda n=n: claim(u, w, n)
        if phase in ("idle", "holding", "sent"):
            yield f"worker {n} sends", lambda n=n: start(u, w, n)
        if phase in ("holding", "sent"):
            yield f"worker {n} dies", lambda n=n: placed(w, n, ("gone", 0))
            if w.state is State.EXECUTING:
                yield f"worker {n} reports no answer", lambda: learn(u, w, Outcome.TIMEOUT)
    lapse = machine.after_lease_lost
    yield "the sweeper comes", lambda: advance(u, w, lapse(fact(u, w), at(w.tick), guards=u.guards))
    for same_key in (True, False):
        what = f"somebody sends again, {'same' if same_key else 'new'} key"
        yield what, lambda same_key=same_key: retry(u, w, same_key)
    if w.flying:
        yield "a request arrives", lambda: land(u, w)
        yield "a request is lost", lambda: w._replace(flying=w.flying - 1)
    if w.state in SENT:
        if w.landed:
            yield "the provider confirms", lambda: learn(u, w, Outcome.OK)
        else:
            yield "the provider finds nothing", lambda: learn(u, w, Outcome.NOT_FOUND)
        if w.flying == 1 and not w.landed:
            gone = w._replace(flying=0)
            yield "the provider declines", lambda: learn(u, gone, Outcome.DECLINED)
    yield "a person says what became of it", lambda: resolve(u, w)


def probe(u: Universe, w: World) -> None:
    """What is tried everywhere and must be refused."""
    probe_moves(u, w.state)
    probe_words(u, fact(u, w), w.tick, early=w.claimed >= 0 and remembered(w))
    if w.state is State.APPROVED:
        return
    try:
        machine.check_claim(
            fact(u, w), decisions(u, w.rows, w.lost), present(w.tick, w.lost), guards=u.guards
        )
    except Refusal:
        return
    raise Broken(f"I1 a {w.state.value} action can be claimed")


@cache
def probe_moves(u: Universe, state: State) -> None:
    here = fact(u, World(state=state))
    for target in State:
        try:
            machine.check_move(here, Seen(state, 1), target, guards=u.guards)
        except Refusal:
            continue
        if target.value not in EDGES.get(state.value, "").split():
            raise Broken(f"I9 {state.value} may become {target.value}")


@cache
def probe_words(u: Universe, here: ActionFact, tick: int, *, early: bool) -> None:
    """Who says what became of it, and when may they? Ann, who asked, may not under this rule."""
    here = replace(here, self_rule=SelfRule.NEVER)
    for name, (voter, may) in resolvers().items():
        for outcome in (Outcome.SEEN, Outcome.CLOSED):
            try:
                machine.check_resolve(here, voter, outcome, at(tick), guards=u.guards)
            except Refusal:
                continue
            if not may or here.state is not State.UNKNOWN:
                raise Broken(f"I10 {name} says what became of a {here.state.value} action")
            if early and outcome is Outcome.CLOSED:
                raise Broken("I10 closed while the effect could still come")


@dataclass
class Walk:
    """What a walk found: all states with the way there, and the first thing that broke."""

    came: dict[World, tuple[World, str] | None] = field(default_factory=dict)
    transitions: int = 0
    broken: str = ""
    path: list[str] = field(default_factory=list)
    back: dict[World, set[World]] = field(default_factory=dict)  # who leads here


def walk(u: Universe) -> Walk:
    """Breadth first to closure, or to the first state in which something is wrong."""
    first = World()
    found = Walk(came={first: None})
    queue = deque([first])
    while queue:
        w = queue.popleft()
        label = "everything that must be refused here is tried"
        try:
            probe(u, w)
            for label, step in steps(u, w):
                after = step()
                if after is None or after == w:
                    continue
                check_world(w, after)
                found.transitions += 1
                found.back.setdefault(after, set()).add(w)
                if after not in found.came:
                    found.came[after] = (w, label)
                    queue.append(after)
        except Broken as broken:
            found.broken = str(broken)
            found.path = [*way_to(found, w), label]
            return found
    return found


def dead_ends(found: Walk) -> set[World]:
    """The states from which no terminal state can be reached: an action that waits for ever."""
    ends = deque(w for w in found.came if is_terminal(w.state))
    lively = set(ends)
    while ends:
        fresh = found.back.get(ends.popleft(), set()) - lively
        lively |= fresh
        ends.extend(fresh)
    return set(found.came) - lively


def way_to(found: Walk, w: World) -> list[str]:
    labels = []
    while (step := found.came[w]) is not None:
        w, label = step
        labels.append(label)
    return labels[::-1]
