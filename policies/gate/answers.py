"""Answers: what does a caller get, at once or while people think?

Half of the clients show a model the text alone, half the structure alone: each says everything
(docs/decisions/0052).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field


class About(NamedTuple):
    """The one row a call was about: the name of its table and its id."""

    kind: str
    id: str


class Answer(BaseModel):
    """What a caller gets, as structure and as text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def text(self) -> str:
        """The same in a few lines that a person or a model can act on."""
        return ""

    def about(self) -> About | None:
        """What the call was about, for the audit chain. Whatever changes something says it."""
        return None

    def proof(self) -> Mapping[str, str | int]:
        """What the audit entry of the call tells of it, for good: no names and no private words."""
        return {}


class SlotView(Answer):
    """One signature that is needed; `people` who may give it now, by name."""

    slot: str
    roles: list[str]
    filled: bool = False
    people: list[str] | None = None

    def text(self) -> str:
        """The roles, and who has them; that somebody signed."""
        roles = " or ".join(self.roles)
        named = f" ({' or '.join(self.people)})" if self.people else ""
        label = "" if self.slot == roles else f"{self.slot}: "
        return f"{label}{roles}{named}{', signed' if self.filled else ''}"


NOT_YET: Final = "Nothing has happened yet and calling again changes nothing"


class PendingAnswer(Answer):
    """The call waits for people: a normal answer, and the same one when asked again."""

    status: str
    action_id: str
    summary: str
    slots: list[SlotView]
    expires_at: datetime
    how_to_approve: str
    inbox_url: str | None = None
    next: str = f"{NOT_YET}; follow it with approvals_get."
    untrusted_fields: list[str] = Field(default_factory=lambda: ["/summary"])

    def text(self) -> str:
        """What waits, for whom, until when, how to follow it, and how people sign."""
        waits = self.status == "pending_approval"
        slots = "; ".join(slot.text() for slot in self.slots)
        until = self.expires_at.isoformat(timespec="seconds")
        state = "Waiting for people" if waits else f"Already {self.status}"
        where = f" or {self.inbox_url}" if self.inbox_url else ""
        return (
            f"{state} ({slots}) until {until}: {self.summary}\n"
            f"Action {self.action_id}. {self.next}\n"
            f"Status {self.status}; people sign with: {self.how_to_approve}{where}"
        )
