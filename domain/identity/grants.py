"""Grants: whose signature stands behind what decides who has to sign?

Roles, agents, rates and the like are rows, and whoever can write rows can invent them. So each
carries a signature over what it says: roles, keys and policies that of the root, which is pinned
outside the database; the rest also that of an operator key, which the root enrolled. Where a grant
is weighed it is checked anew, and a row without a genuine signature counts for nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, Protocol, Self

from sqlalchemy import select

from domain.identity import keys
from domain.identity.keys import PrivateKey
from domain.identity.role_changes import RoleChange
from domain.identity.tables import OperatorKey, PersonRole
from domain.kernel.canonical import canonical
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault, Kind
from domain.kernel.trust import Trust
from domain.store.audit_claims import content_of, data_of
from domain.store.chain import Actor, Event
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

PREFIX: Final = b"cyberos.grant.v1\x00"
_SIGNED: Final = ("signed_by", "signature")
_MOST_KNOWN: Final = 4_096
# Signatures of operators that counted once: what was signed in time stays so.
_known: set[tuple[bytes, str, bytes]] = set()


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whoever has a key in memory while one command runs, and signs with it for one place."""

    deploy: str
    key: PrivateKey

    @property
    def key_id(self) -> str:
        return self.key.key_id

    def sign(self, to_be_signed: bytes) -> bytes:
        """The signature of this key."""
        return keys.sign(self.key, to_be_signed)


@dataclass(frozen=True, slots=True)
class Signature:
    """Which key signed, and what came of it."""

    key_id: str
    value: bytes

    @property
    def told(self) -> Mapping[str, str]:
        """As entries hold it."""
        return dict(zip(_SIGNED, (self.key_id, self.value.hex()), strict=True))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry; one that fits nothing if it holds none."""
        key_id, value = (str(data_of(entry).get(name) or "") for name in _SIGNED)
        try:
            return cls(key_id, bytes.fromhex(value))
        except ValueError:
            return cls(key_id, b"")


class SignedFacts(Protocol):
    """What was read of a row that keeps the signature it counts with."""

    @property
    def signed_by(self) -> Any: ...
    @property
    def signature(self) -> Any: ...


class SignedRow(Protocol):
    """Such a row, to be written."""

    signed_by: Any
    signature: Any


@dataclass(frozen=True, slots=True)
class SignedGrant:
    """What decides who has to sign, as the chain tells it and as it is signed: an event.

    `told` is what a row says that matters. An entry holds it with the signature beside it.
    """

    EVENT: ClassVar[str]
    KIND: ClassVar[str]  # of what it is about, before the colon
    BY_ROOT: ClassVar[bool] = False  # whether no operator may sign it

    id: str
    told: Mapping[str, Any]

    @property
    def object(self) -> str:
        """What it is about, as entries name it."""
        return f"{self.KIND}:{self.id}"

    def statement(self, deploy: str, tenant: str, at: str) -> bytes:
        """The bytes that are signed."""
        return PREFIX + canonical(
            {
                "v": 1,
                "typ": self.EVENT,
                "deploy": deploy,
                "tenant": tenant,
                "object": self.object,
                "told": dict(self.told),
                "at": at,
            }
        )

    def sign(self, tx: Tx) -> Signature:
        """Sign it with the key of this transaction, for its instant."""
        by = signer(tx)
        statement = self.statement(by.deploy, tx.tenant_id, stamp(tx.at))
        return Signature(by.key_id, by.sign(statement))

    def sign_row(self, tx: Tx, row: SignedRow) -> None:
        """Let the row keep the signature."""
        signature = self.sign(tx)
        row.signed_by, row.signature = signature.key_id, signature.value

    def record(self, tx: Tx, actor: Actor, signature: Signature) -> None:
        """Chain it with the transaction."""
        data = {**self.told, **signature.told}
        tx.record(Event(self.EVENT, actor, object=self.object, data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        told = {name: value for name, value in data_of(entry).items() if name not in _SIGNED}
        return cls(str(entry.get("object")).partition(":")[2], told)

    async def counts(self, tx: Tx, at: datetime, row: SignedFacts) -> bool:
        """Whether root or an operator signed it. TRUST_UNREADABLE where no root is known."""
        if tx.trust is None:
            raise Fault(
                "TRUST_UNREADABLE",
                Kind.UNAVAILABLE,
                "Without the file of the trusted root keys no signature can be verified.",
                "an operator restores trust.json from the backup of the data directory.",
            )
        root = tx.trust.roots.get(tx.tenant_id)
        statement = self.statement(tx.trust.deploy, tx.tenant_id, stamp(at))
        if root is None:
            return False
        if row.signed_by == keys.key_id(root):
            return is_signed(root, row.signature, statement)
        if self.BY_ROOT:
            return False
        if (root, row.signed_by, row.signature + statement) in _known:
            return True
        operator = await tx.first(select(OperatorKey).where(OperatorKey.key_id == row.signed_by))
        if (
            operator is None
            or not is_operator(operator, tx.trust)
            or not is_signed(operator.public_key, row.signature, statement)
            or not await self._stands_before_the_end_of(tx, operator, row)
        ):
            return False
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known.add((root, row.signed_by, row.signature + statement))
        return True

    async def _stands_before_the_end_of(
        self, tx: Tx, operator: OperatorKey, row: SignedFacts
    ) -> bool:
        """Whether an entry before the one that ended the key told of this very signature.

        By the numbers of entries: whoever keeps a key that ended can name any instant with it, and
        sign anew what it once signed.
        """
        ended = OperatorRevoked.of(operator.key_id)
        ends = [seq for seq, _ in await _entries(tx, ended)]
        if operator.revoked_at is None and not ends:  # an end in the chain counts without its row
            return True
        mine = Signature(row.signed_by, row.signature)
        told = [seq for seq, entry in await _entries(tx, self) if Signature.read(entry) == mine]
        return bool(told and ends) and told[0] < ends[0]


@dataclass(frozen=True, slots=True)
class OperatorEnrolled(SignedGrant):
    """A key may sign what operators decide from now on. The root signs it."""

    EVENT: ClassVar = "operator.enrolled"
    KIND: ClassVar = "operator_key"
    BY_ROOT: ClassVar = True

    @classmethod
    def of(cls, key_id: str, public_key: bytes) -> Self:
        """What is to be told of a key."""
        return cls(key_id, {"public_key": public_key.hex()})


@dataclass(frozen=True, slots=True)
class OperatorRevoked(SignedGrant):
    """An operator key signs nothing any more. The root signs it."""

    EVENT: ClassVar = "operator.revoked"
    KIND: ClassVar = "operator_key"
    BY_ROOT: ClassVar = True

    @classmethod
    def of(cls, key_id: str) -> Self:
        """What is to be told of a key."""
        return cls(key_id, {})


async def _entries(tx: Tx, grant: SignedGrant) -> list[tuple[int, Mapping[str, Any]]]:
    """The entries that tell of a grant of this kind about the same thing, oldest first."""
    rows = await tx.rows(
        select(AuditEntry.seq, AuditEntry.body)
        .where(AuditEntry.event == grant.EVENT, AuditEntry.object == grant.object)
        .order_by(AuditEntry.seq)
    )
    return [(row.seq, content) for row in rows if (content := content_of(row.body)) is not None]


def is_operator(key: OperatorKey, trust: Trust) -> bool:
    """Whether the root enrolled this key, whether or not it ended since."""
    root = trust.roots.get(key.tenant_id)
    told = OperatorEnrolled.of(key.key_id, key.public_key)
    statement = told.statement(trust.deploy, key.tenant_id, stamp(key.enrolled_at))
    return (
        root is not None
        and keys.key_id(key.public_key) == key.key_id
        and is_signed(root, key.endorsement, statement)
    )


def signer(tx: Tx) -> KeyHolder:
    """Who signs in this transaction; GRANT_UNSIGNED if it was begun without anybody."""
    if not isinstance(tx.signer, KeyHolder):
        raise Fault(
            "GRANT_UNSIGNED",
            Kind.FORBIDDEN,
            "This decides who has to sign, so it counts with a signature alone.",
            "give the key that may sign it.",
        )
    return tx.signer


def role_change(tx: Tx, deploy: str, person_id: str, *, added: str, removed: str) -> RoleChange:
    """The change of somebody's roles that this transaction is about to make."""
    return RoleChange(
        deploy=deploy,
        tenant=tx.tenant_id,
        person=person_id,
        added=added,
        removed=removed,
        at=stamp(tx.at),
    )


def holds(row: PersonRole, trust: Trust | None) -> bool:
    """Whether the root gave this role: what the row says is what was signed."""
    root = trust.roots.get(row.tenant_id) if trust is not None else None
    if trust is None or root is None or row.role not in row.added.split(","):
        return False
    change = RoleChange(
        deploy=trust.deploy,
        tenant=row.tenant_id,
        person=row.person_id,
        added=row.added,
        removed=row.removed,
        at=stamp(row.granted_at),
    )
    return is_signed(root, row.signature, change.to_be_signed)


@lru_cache(maxsize=4_096)
def is_signed(public_key: bytes, signature: bytes, to_be_signed: bytes) -> bool:
    """As `keys.verify`, which is asked once for each row: the same bytes give the same answer."""
    return keys.verify(public_key, signature, to_be_signed)
