"""Action text: how does an action stand in a terminal, before and after people sign it?

Fields first: outcome, amount and counterparty, each on a line of its own, then names in a column,
what to look at twice, what happens in which order, who asked and who signs. The exact call and the
agent's own words come last. server/cli/layout.py keeps untrusted input from beginning a line.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.approvals.facts import ApprovalFact, Decision
from domain.approvals.tables import Approval, PendingAction
from domain.fx.service import FxRate
from domain.kernel.clock import instant
from domain.kernel.lookalikes import doubts
from domain.kernel.money import Locale
from domain.kernel.quoting import quoted
from policies.gate.contract import wire_name
from policies.gate.display import (
    NOTHING,
    Difference,
    Display,
    DisplayField,
    Shown,
    differences,
    read_in,
)
from server.cli.action_view import ActionView, Requester, counts
from server.cli.layout import Layout, width
from server.cli.render import Words, bold, money, one_line, warning

_LONGEST_REASON = 500
_UNDER = "    > "


def as_text(view: ActionView, words: Words) -> str:
    """The action for a person, in the order in which it should be read."""
    layout = layout_of(view, words)
    return "\n".join(
        [
            *fields(view, words, layout),
            "",
            *map(bold, layout.say(f"{words['effects']}:")),
            *_effects(view, layout),
            "",
            *_facts(view, words, layout),
            "",
            *layout.say(f"{words['signatures']}:"),
            *_signatures(view, words, layout),
            *_following(view, words, layout),
            "",
            *layout.say(f"{words['call']}:"),
            *layout.say(view.row.tool, "  ", "  "),
            *layout.exact(view.row.args_json),
            *claim(view, words, layout),
        ]
    )


def as_lines(view: ActionView, words: Words, slot: str | None) -> str:
    """The action in a list: what, how long still, whose signature is missing."""
    row = view.row
    if view.state == "pending":
        missing = ", ".join(slot.name for slot in view.open_slots())
        where = f"{words['waits_for']}: {missing}"
        if slot is not None:
            where += f"; {words['your_slot']}: {slot}"
        until = f"{words['expires']} {instant(row.expires_at, view.company.zone)}"
        place = f"{until}; {where}"
    else:
        place = standing(view, words)
    layout = layout_of(view, words, margin="    ")
    title = Layout(layout.width).say(f"{row.id}  {view.company.code}")
    shown = [*_first_three(view, words, layout), *layout.say(place, following="  ")]
    marks = [line for one in warnings(view, words) for line in _warned(one, layout)]
    return "\n".join([*map(bold, title), *shown, *marks])


def standing(view: ActionView, words: Words) -> str:
    """Where the action stands, as people read it."""
    return f"{words['handed_over']} (unknown)" if view.handed_over else words.state(view.state)


def ended_text(view: ActionView, words: Words) -> str:
    """Where it stands now, and what follows it."""
    layout = Layout(width())
    stands = layout.say(f"{words['state']}: {standing(view, words)}", following="  ")
    return "\n".join([*stands, *_following(view, words, layout)])


def result_lines(result: Mapping[str, Any]) -> list[str]:
    """What a tool answered when it was carried out: the outline, not every field of it."""
    layout, lines = Layout(width()), []
    for key, value in result.items():
        if key == "untrusted_fields" or value is None:
            continue
        if isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            lines += [line for item in value for line in layout.entry("  -", item)]
        else:
            inner = {"id": value.get("id")} if isinstance(value, Mapping) else value
            lines += layout.entry(" ", {key: inner})
    return lines


def fields(view: ActionView, words: Words, layout: Layout) -> list[str]:
    """What is signed, in fields; then what to look at twice, and whole what was cut."""
    display, lines = Display.of_json(view.row.display), _first_three(view, words, layout)
    for one in display.fields:
        lines += _row(one, words, layout)
    for note in display.notes:
        lines += layout.say(note[words.locale], "- ", "  ")
    found = [*_doubted(display, view.row, words), *warnings(view, words)]
    marks = [line for one in found for line in _warned(one, layout)]
    return [*lines, *(["", *marks] if marks else []), *layout.whole(f"{words['whole']}:")]


def claim(view: ActionView, words: Words, layout: Layout) -> list[str]:
    """Last, labelled and behind a margin: nothing an agent writes looks like our words."""
    if not view.row.claim:
        return []
    return ["", *layout.say(f"{words['claim']}:"), *layout.quote(view.row.claim)]


def warnings(view: ActionView, words: Words) -> list[str]:
    """What should make whoever signs look twice: at who asks, and at what has changed."""
    standing = view.requester.standing
    read = [
        f"{instant(at, view.company.zone)} {wire_name(one.tool)}: {one.fields}"
        for at, one in view.read
    ]
    warned = [" ".join([words["tainted"], *read])] if view.row.taint else []
    if standing != "good":
        warned.append(words[f"asker_{standing}"])
    return [*warned, *changes(view, words)]


def changes(view: ActionView, words: Words) -> Iterator[str]:
    """What is otherwise than when it was asked, and than in what was asked before and besides."""
    row, zone = view.row, view.company.zone
    if view.since.refused is not None:
        yield f"{words['no_longer']}: {view.since.refused.code}"
    for one in view.since.differences:
        yield f"{words['changed_since']}: {_differs(one, words)}"
    for other in view.replaced:
        found = differences(_shown(other), _shown(row))
        said = "; ".join(_differs(one, words) for one in found) or words["as_before"]
        when = instant(other.created_at, zone)
        yield f"{words['instead_of']} {other.id} ({when}): {said}"
    for other in view.others:
        display = Display.of_json(other.display)
        outcome = filter(None, [display.outcome[words.locale], amount_of(other, words)])
        yield f"{words['also_waits']} {other.id}: {', '.join(outcome)}"


def _shown(row: PendingAction) -> Shown:
    return Display.of_json(row.display), row.amount_minor, row.currency


def _differs(one: Difference, words: Words) -> str:
    locale = words.locale
    before, now = (
        NOTHING[locale] if field is None else field.text(locale) or NOTHING[locale]
        for field in (one.before, one.now)
    )
    return f"{one.label[locale]}: {before} → {now}"


def layout_of(view: ActionView, words: Words, margin: str = "") -> Layout:
    display = Display.of_json(view.row.display)
    labels = [one.label[words.locale] for one in (display.counterparty, *display.fields)]
    return Layout.of(width(), [words["outcome"], words["amount"], *labels], margin)


def _first_three(view: ActionView, words: Words, layout: Layout) -> list[str]:
    """Outcome, amount, counterparty: always there, always in this order."""
    display = Display.of_json(view.row.display)
    outcome = layout.row(words["outcome"], display.outcome[words.locale])
    amount = layout.row(words["amount"], amount_of(view.row, words) or NOTHING[words.locale])
    return [*map(bold, [*outcome, *amount]), *_row(display.counterparty, words, layout)]


def _row(one: DisplayField, words: Words, layout: Layout) -> list[str]:
    locale = words.locale
    names = [read_in(locale, name) for name in one.theirs]
    ours = read_in(locale, one.ours) or ("" if names else NOTHING[locale])
    return layout.row(one.label[locale], ours, names)


def _warned(text: str, layout: Layout) -> list[str]:
    return [warning(line) for line in layout.say(text, following="  ")]


def _doubted(display: Display, row: PendingAction, words: Words) -> Iterator[str]:
    """Names that may be others than they look, by where they stand; each text is judged once."""
    judged: set[str] = set()
    for label, text in (*_names(display, words.locale), *_texts(row.effects)):
        if text in judged:
            continue
        judged.add(text)
        for doubt in doubts(text):
            yield f"{words['warning']}: {label}: {words[doubt.value]}"


def _names(display: Display, locale: Locale) -> Iterator[tuple[str, str]]:
    for one in (display.counterparty, *display.fields):
        for name in one.theirs:
            yield one.label[locale], read_in(locale, name)


def _texts(effects: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """What others wrote in the effects: the lines of an invoice stand nowhere else."""
    for number, one in enumerate(effects, start=1):
        for key, value in one.items():
            if isinstance(value, str) and not value.isascii():
                yield f"{number}. {key}", value


def _effects(view: ActionView, layout: Layout) -> list[str]:
    listed = enumerate(view.row.effects, start=1)
    return [line for n, one in listed for line in layout.entry(f"  {n}.", one)]


def _facts(view: ActionView, words: Words, layout: Layout) -> list[str]:
    row, zone = view.row, view.company.zone
    rows = [
        (words["company"], f"{one_line(view.company.name)} ({view.company.code})", True),
        (words["about"], f"{row.entity_type} {row.entity_id}, {_version(row, words)}", False),
        *_rates(view, words),
        *_together(view, words),
        (words["asked_by"], _asked_by(view.requester, words), True),
        (words["asked_at"], instant(row.created_at, zone), False),
        (words["expires"], instant(row.expires_at, zone), False),
        (words["state"], standing(view, words), False),
        (words["error"], row.error_code or "", False),
        (words["policy"], f"{row.policy_version}:{row.policy_sha256[:12]}", False),
    ]
    there = [one for one in rows if one[1]]
    table = Layout.of(layout.width, [label for label, _, _ in there])
    lines = [table.line(label, said, is_untrusted=theirs) for label, said, theirs in there]
    return [line for one in lines for line in one]


def _following(view: ActionView, words: Words, layout: Layout) -> list[str]:
    """What follows outside, in its order, each with how far it is."""
    if not view.following:
        return []
    lines = ["", *layout.say(f"{words['following']}:")]
    for one in view.following:
        why = f", {one.error_code}" if one.error_code and one.state != "done" else ""
        said = f"{one.kind}: {words[f'dispatch_{one.state}']} ({one.state}{why})"
        lines += layout.say(said, f"  {one.n}. ", "     ")
    return lines


def _version(row: PendingAction, words: Words) -> str:
    return f"{words['version']} {row.entity_version}"


def amount_of(row: PendingAction, words: Words) -> str:
    """The amount and what it is worth in dollars; empty when the action has none."""
    if row.amount_minor is None or row.currency is None:
        return ""
    shown = money(row.amount_minor, row.currency, words.language)
    if row.amount_usd_minor is None:
        shown += f" ({words['usd_unknown']})"
    elif row.currency != "USD":
        shown += f" (≈ {money(row.amount_usd_minor, 'USD', words.language)})"
    return shown


def _together(view: ActionView, words: Words) -> list[tuple[str, str, bool]]:
    """Why more people sign than this amount alone would need, and who else may be the customer."""
    own = view.row.amount_usd_minor
    if view.worth is None or own is None:
        return []
    sums = (("together", view.worth.customer), ("together_person", view.worth.person))
    added_up = [
        (
            words[label],
            words["usd_unknown"] if worth is None else f"{_usd(worth, words)} {words['with_this']}",
            False,
        )
        for label, worth in sums
        if worth != own
    ]
    alike = [
        (words["similar"], f"{_usd(one.usd_minor, words)}, {quoted(one.name)}", True)
        for one in view.similar
    ]
    return added_up + alike


def _rates(view: ActionView, words: Words) -> list[tuple[str, str, bool]]:
    """By which rates the amount is worth what it says in dollars: whose, and of which day."""
    return [(words["rate"], _rate(one), True) for one in view.rates]


def _rate(one: FxRate) -> str:
    said = f"1 {one.base} = {one.value} {one.quote}, {one.as_of.isoformat()}"
    return f"{said}, {quoted(one.source)} ({one.column})"


def _usd(minor: int | None, words: Words) -> str:
    return words["no_rate"] if minor is None else f"≈ {money(minor, 'USD', words.language)}"


def _asked_by(requester: Requester, words: Words) -> str:
    person = f"{one_line(requester.person.display_name)} <{one_line(requester.person.email)}>"
    if requester.kind == "agent":
        return f"{words['agent']} {one_line(requester.name)}, {words['for']} {person}"
    return f"{words['person']} {person}"


def _signatures(view: ActionView, words: Words, layout: Layout) -> list[str]:
    missing = {slot.name for slot in view.open_slots()}
    lines = []
    for slot in view.evidence.action.slots:
        label = f"  {slot.name} ({'|'.join(sorted(slot.roles))}): "
        if slot.name in missing:
            lines += layout.say(words["open"], label, _UNDER)
        for one, fact in zip(view.evidence.rows, view.evidence.approvals, strict=True):
            if one.slot == slot.name:
                lines += layout.say(_decision(view, one, fact, words), label, _UNDER)
    return lines


def _decision(view: ActionView, one: Approval, fact: ApprovalFact, words: Words) -> str:
    person = view.evidence.people[one.person_id]
    verb = words["signed_by" if fact.decision is Decision.APPROVE else "rejected_by"]
    shown = (
        f"{verb} {one_line(person.display_name)} <{one_line(person.email)}>"
        f" {instant(one.at, view.company.zone)}"
    )
    if not counts(view.evidence.action, fact):
        shown += f" [{words['does_not_count']}]"
    return f"{shown}: {quoted(one.reason, _LONGEST_REASON)}" if one.reason else shown
