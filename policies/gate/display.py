"""Display of an approval request: what are people shown before they sign, field by field?

What is signed is laid out in fields and not woven into a sentence, so that no name can end one of
ours and begin another. Each field has a label and, in this order, our words and those of others:
a figure always stands before a name. The outcome has words of ours alone; the amount is a column of
the action. A signature covers all of it (policies/approvals/binding.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from domain.kernel.money import Locale, Money
from domain.kernel.quoting import quoted

Both: TypeAlias = Mapping[Locale, str]
# A number, a code or a day is the same in both languages.
Ours: TypeAlias = Both | str

NOTHING: Both = {"vi": "không có", "en": "none"}
YES: Both = {"vi": "có", "en": "yes"}
NO: Both = {"vi": "không", "en": "no"}
_AMOUNT: Both = {"vi": "Số tiền", "en": "Amount"}
_OUTCOME: Both = {"vi": "Việc sẽ làm", "en": "Outcome"}


def in_both(say: Callable[[Locale], str]) -> Both:
    """The same said in each language: `in_both(amount.text)`."""
    return {"vi": say("vi"), "en": say("en")}


def read_in(locale: Locale, words: Ours) -> str:
    """Our words in one language."""
    return words if isinstance(words, str) else words[locale]


@dataclass(frozen=True, slots=True)
class DisplayField:
    """One line of what is signed: our words, then names and notes that others wrote, whole."""

    label: Both
    ours: Ours = ""
    theirs: tuple[Ours, ...] = ()

    def text(self, locale: Locale) -> str:
        """On one line, each name in quotation marks and clipped."""
        names = [quoted(read_in(locale, one)) for one in self.theirs]
        return " ".join(filter(None, [read_in(locale, self.ours), *names]))

    def as_json(self) -> dict[str, Any]:
        """As it is stored and signed."""
        theirs = [_as_json(one) for one in self.theirs]
        return {"label": dict(self.label), "ours": _as_json(self.ours), "theirs": theirs}

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """As it was stored."""
        return cls(stored["label"], stored["ours"], tuple(stored["theirs"]))


def _as_json(words: Ours) -> Any:
    return words if isinstance(words, str) else dict(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Everything people are shown of a request beside its amount, in the order they read it.

    `outcome` says what will be so afterwards and whether it can be undone; `counterparty` whom it
    is about. `notes` are sentences of ours about what follows and what to look at twice.
    """

    outcome: Both
    counterparty: DisplayField
    fields: Sequence[DisplayField] = ()
    notes: Sequence[Both] = ()

    def as_json(self) -> dict[str, Any]:
        """As it is stored and signed."""
        return {
            "outcome": dict(self.outcome),
            "counterparty": self.counterparty.as_json(),
            "fields": [field.as_json() for field in self.fields],
            "notes": [dict(note) for note in self.notes],
        }

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """As it was stored."""
        return cls(
            outcome=stored["outcome"],
            counterparty=DisplayField.of_json(stored["counterparty"]),
            fields=[DisplayField.of_json(one) for one in stored["fields"]],
            notes=stored["notes"],
        )

    def summary(self, language: str, amount_minor: int | None, currency: str | None) -> str:
        """The same on one line, for the agent that asked; English where it is not `vi`."""
        locale: Locale = "vi" if language == "vi" else "en"
        amount = ""
        if amount_minor is not None and currency is not None:
            amount = Money(amount_minor, currency).text(locale)
        return " ".join(f"{part}." for part in self._parts(locale, amount))

    def lines(self) -> list[DisplayField]:
        """Everything on it that can differ from another one, outcome first."""
        return [DisplayField(_OUTCOME, self.outcome), self.counterparty, *self.fields]

    def _parts(self, locale: Locale, amount: str) -> Iterator[str]:
        yield self.outcome[locale]
        if amount:
            yield f"{_AMOUNT[locale]}: {amount}"
        for field in (self.counterparty, *self.fields):
            if said := field.text(locale):
                yield f"{field.label[locale]}: {said}"
        for note in self.notes:
            yield note[locale].removesuffix(".")


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that stands otherwise on one display than on another; None where it stands not."""

    label: Both
    before: DisplayField | None
    now: DisplayField | None


# A display with the amount of its action, which has columns of its own, and the currency.
Shown: TypeAlias = tuple[Display, int | None, str | None]


def differences(before: Shown, now: Shown) -> Iterator[Difference]:
    """What stands otherwise now than before, amount first; labels say what belongs together."""
    old, new = _lines(before), _lines(now)
    for key in dict.fromkeys([*old, *new]):
        was, is_now = old.get(key), new.get(key)
        if was is None or is_now is None or was.as_json() != is_now.as_json():
            there = is_now or was
            assert there is not None
            yield Difference(there.label, was, is_now)


def _lines(shown: Shown) -> dict[str, DisplayField]:
    display, minor, currency = shown
    lines = display.lines()
    if minor is not None and currency is not None:
        amount = Money(minor, currency)
        lines.insert(0, DisplayField(_AMOUNT, in_both(amount.text)))
    return {one.label["en"]: one for one in lines}
