"""Audit events of insight: what the chain tells of nightly work."""

from dataclasses import dataclass
from datetime import date

from domain.store.chain import SYSTEM, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class NightDone:
    """A nightly job was done for a day, and wrote so many rows. The event ends with the job."""

    job: str
    day: date
    written: int

    def record(self, tx: Tx) -> None:
        """Chain it with the transaction."""
        data: dict[str, str | int] = {"day": self.day.isoformat(), "written": self.written}
        tx.record(Event(f"nightly.{self.job}", SYSTEM, data=data))
