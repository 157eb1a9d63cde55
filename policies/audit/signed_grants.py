"""Signed grants: did root or an operator sign each entry that decides who has to sign?

A part of the offline verifier. Whoever can append writes any entry; whether it was theirs to write
only a signature shows. Operator keys count from the entry that enrolled them to the one that ended
them, by its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from domain.company.events import SellerProfileRecorded
from domain.fx.events import RateRecorded
from domain.identity.events import AgentAdded, AgentRenewed, KeyRevoked, PersonLeft
from domain.identity.grants import (
    OperatorEnrolled,
    OperatorRevoked,
    Signature,
    SignedGrant,
    is_signed,
)
from domain.identity.keys import key_id
from domain.identity.tables import OperatorKey
from domain.kernel.clock import stamp
from domain.receipts.events import EndpointAdded
from domain.store import audit_claims
from domain.store.audit_report import Report
from domain.store.tx import Tx
from policies.approvals.trust import Trust
from policies.gate.events import PolicyActivated

_OF_OPERATORS: Final[tuple[type[SignedGrant], ...]] = (OperatorEnrolled, OperatorRevoked)
_SIGNED: Final[tuple[type[SignedGrant], ...]] = (
    AgentAdded,
    AgentRenewed,
    EndpointAdded,
    KeyRevoked,
    PersonLeft,
    PolicyActivated,
    RateRecorded,
    SellerProfileRecorded,
)
KINDS: Final = (*_OF_OPERATORS, *_SIGNED)


class Place(NamedTuple):
    """An entry: its number, by which things are before and after, and the instant it names."""

    seq: int
    at: str


class Signing(NamedTuple):
    """When somebody signed: the last entry they had seen, and the one that tells of it."""

    head: int
    entry: int


@dataclass(slots=True)
class Span:
    """How long a role or a key counted."""

    since: Place
    until: Place | None = None

    def covers(self, signing: Signing) -> bool:
        """Whether it had begun when somebody signed, and had not ended when that was written."""
        began = self.since.seq <= signing.head
        return began and (self.until is None or signing.entry < self.until.seq)


@dataclass(slots=True)
class Signatures:
    """The keys of operators, each with how long it counted, the root above them, and for whom each
    agent acts that one of them signed.
    """

    tenant_id: str
    trusted: Trust | None
    operators: dict[str, tuple[bytes, Span]] = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)

    def signed(self, content: Mapping[str, Any], kind: type[SignedGrant], seq: int) -> bool:
        """Whether an entry of this kind is signed by a key that could; without a root, believed."""
        if self.trusted is None:
            return True
        grant, signature = kind.read(content), Signature.read(content)
        if isinstance(grant, PolicyActivated) and grant.is_shipped:
            return True
        key = self._key(signature.key_id, seq, by_root=kind.BY_ROOT)
        statement = grant.statement(self.trusted.deploy, self.tenant_id, str(content.get("at")))
        return key is not None and is_signed(key, signature.value, statement)

    def learn(self, content: Mapping[str, Any], kind: type[SignedGrant], seq: int) -> bool:
        """Let the key of an operator begin or end with this entry; False if the root did not sign
        it. One that ended does not come back.
        """
        if not self.signed(content, kind, seq):
            return False
        grant, place = kind.read(content), Place(seq, str(content.get("at")))
        if kind is OperatorEnrolled:
            public_key = bytes.fromhex(str(grant.told.get("public_key")))
            self.operators.setdefault(grant.id, (public_key, Span(place)))
        elif grant.id in self.operators:
            _, span = self.operators[grant.id]
            span.until = span.until or place
        return True

    def _key(self, signed_by: str, seq: int, *, by_root: bool) -> bytes | None:
        assert self.trusted is not None
        root = self.trusted.roots.get(self.tenant_id)
        if root is not None and signed_by == key_id(root):
            return root
        public_key, span = self.operators.get(signed_by, (None, None))
        counts = span is not None and not by_root and span.covers(Signing(seq, seq))
        return public_key if counts else None


async def load_signatures(tx: Tx, report: Report, trusted: Trust | None) -> Signatures:
    """The keys of operators out of the chain, with a finding for each that the root did not sign,
    and one for each other entry that nobody signed who could.
    """
    history = Signatures(tx.tenant_id, trusted)
    entries = [
        (seq, kind, content)
        for kind in _OF_OPERATORS
        for seq, content in await audit_claims.entries_of(tx, kind.EVENT)
    ]
    for seq, kind, content in sorted(entries, key=lambda each: each[0]):
        if not history.learn(content, kind, seq):
            report.found(f"entry {seq}", f"its {kind.EVENT} is not signed by the root")
    for kind in _SIGNED:
        for seq, content in await audit_claims.entries_of(tx, kind.EVENT):
            if not history.signed(content, kind, seq):
                whom = "the root" if kind.BY_ROOT else "the root or an operator"
                report.found(f"entry {seq}", f"its {kind.EVENT} is not signed by {whom}")
            elif kind is AgentAdded:
                added = kind.read(content)
                history.agents.setdefault(added.id, str(added.told.get("person")))
    return history


async def verify_operators(tx: Tx, report: Report, history: Signatures) -> None:
    """Every operator key is there that was enrolled, and ended when its entry says."""
    there = dict(history.operators)
    for row in await tx.all(select(OperatorKey).order_by(OperatorKey.key_id)):
        place = f"operator key {row.key_id}"
        public_key, span = there.pop(row.key_id, (None, None))
        if public_key is None or public_key != row.public_key:
            report.found(place, "no entry says that it was enrolled")
        ended = stamp(row.revoked_at) if row.revoked_at else None
        if ended != (span.until.at if span and span.until else None):
            report.found(place, "did not end when the chain says")
    for gone in there:
        report.found(f"operator key {gone}", "was enrolled, and is gone")
