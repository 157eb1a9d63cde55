"""Audit report: what did the offline verifier find about one tenant, and where?"""

from dataclasses import dataclass, field
from typing import Final

from domain.store.chain import GENESIS, Sealed

BEGINNING: Final = Sealed(0, GENESIS.hex())
MOST_FINDINGS: Final = 1_000  # a chain that somebody rewrote has one finding in every entry
FOREIGN: Final = "is not a row this program writes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written, and where."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(slots=True)
class Report:
    """What one verification of one tenant saw. `notes` are limits of it, not findings; neither is
    what the owner has `sealed`, with `cyberos audit repair`.
    """

    tenant_id: str
    end: Sealed = field(default_factory=lambda: BEGINNING)
    entries: int = 0
    rows: int = 0
    private: int = 0
    erased: int = 0
    checkpoints: int = 0
    torn: int = 0
    actions: int = 0
    approvals: int = 0
    findings: list[Finding] = field(default_factory=list)
    sealed: list[Finding] = field(default_factory=list)
    omitted: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def found(self, place: str, what: str) -> None:
        """Keep a finding, or only count it when there are far too many already."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(place, what))
        else:
            self.omitted += 1
