"""Naive tasks: what would somebody answer who keeps all of them on one list, and looks each up?"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Naive:
    """A task as somebody remembers it; `due` is the instant from which on it is overdue."""

    id: str
    owner: str
    deal: str | None
    due: datetime
    status: str = "open"
    steps: list[str] = field(default_factory=lambda: ["created"])


@dataclass
class Book:
    """Every task of a company, and who sees which deal."""

    seen_by: dict[str, set[str]]
    tasks: dict[str, Naive] = field(default_factory=dict)

    def listed(
        self,
        person: str,
        *,
        owner: str | None = None,
        deal: str | None = None,
        status: str = "open",
        due_by: datetime | None = None,
    ) -> list[str]:
        """The ids of what this person is shown, due first."""
        fits = [
            one
            for one in self.tasks.values()
            if one.status == status
            and owner in (None, one.owner)
            and deal in (None, one.deal)
            and (due_by is None or one.due <= due_by)
            and (one.deal is None or person in self.seen_by[one.deal])
        ]
        return [one.id for one in sorted(fits, key=lambda one: (one.due, one.id))]

    def settled(self, id: str, outcome: str, due: datetime | None) -> bool | str:
        """Whether the task takes the step, or the code with which it is refused."""
        task = self.tasks[id]
        if task.status != "open":
            return False if task.status == outcome else "TASK_ENDED"
        if outcome != "put_off":
            task.status = outcome
        elif due == task.due:
            return False
        else:
            assert due is not None
            task.due = due
        task.steps.append(outcome)
        return True
