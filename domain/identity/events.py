"""Audit events of people, keys and agents, for who writes them and who verifies them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.identity.keys import PrivateKey as SigningKey
from domain.identity.keys import sign
from domain.identity.role_changes import RoleChange
from domain.identity.tables import Agent, Person
from domain.kernel.clock import stamp
from domain.store.audit_claims import data_of
from domain.store.chain import Actor, Event
from domain.store.tx import Tx

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PersonAdded:
    """Somebody came, with these roles; nothing else says which they began with."""

    EVENT: ClassVar = "person.added"

    person_id: str
    roles: tuple[str, ...]

    @classmethod
    def record(cls, tx: Tx, person: Person, roles: Iterable[str], actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(
            Event(
                cls.EVENT,
                actor,
                object=f"person:{person.id}",
                data={"roles": ",".join(sorted(set(roles)))},
                private={"email": person.email, "display_name": person.display_name},
            )
        )

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        return cls(_id(entry), _listed(data_of(entry).get("roles")))


@dataclass(frozen=True, slots=True)
class RolesChanged:
    """Somebody who stays got roles and lost others. It counts with the root key's signature alone.

    Lists are joined by commas, as they were signed; `signature` is hexadecimal.
    """

    EVENT: ClassVar = "person.roles_changed"

    person_id: str
    added: str
    removed: str
    root_key: str
    signature: str

    @classmethod
    def signed(cls, change: RoleChange, root: SigningKey) -> Self:
        """What is to be told of a change, signed over exactly that."""
        signature = sign(root, change.to_be_signed).hex()
        return cls(change.person, change.added, change.removed, root.key_id, signature)

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {
            "added": self.added,
            "removed": self.removed,
            "root_key": self.root_key,
            "signature": self.signature,
        }
        tx.record(Event(self.EVENT, actor, object=f"person:{self.person_id}", data=data))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        names = ("added", "removed", "root_key", "signature")
        return cls(_id(entry), *(str(data_of(entry).get(name) or "") for name in names))

    @property
    def given(self) -> tuple[str, ...]:
        """The roles that began."""
        return _listed(self.added)

    @property
    def taken(self) -> tuple[str, ...]:
        """The roles that ended."""
        return _listed(self.removed)


@dataclass(frozen=True, slots=True)
class KeyEnrolled:
    """A key is a person's from now on, and the key with this id vouches for it."""

    EVENT: ClassVar = "key.enrolled"

    key_id: str
    person_id: str
    endorsed_by: str

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {"person": self.person_id, "endorsed_by": self.endorsed_by}
        tx.record(Event(self.EVENT, actor, object=f"approver_key:{self.key_id}", data=data))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        data = data_of(entry)
        return cls(_id(entry), str(data.get("person")), str(data.get("endorsed_by")))


@dataclass(frozen=True, slots=True)
class PersonLeft:
    """Somebody left, and with them ended these roles and the keys with these ids."""

    EVENT: ClassVar = "person.left"

    person_id: str
    roles: tuple[str, ...]
    keys: tuple[str, ...]

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {"roles": ",".join(self.roles), "keys": ",".join(self.keys)}
        tx.record(Event(self.EVENT, actor, object=f"person:{self.person_id}", data=data))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        data = data_of(entry)
        return cls(_id(entry), _listed(data.get("roles")), _listed(data.get("keys")))


@dataclass(frozen=True, slots=True)
class AgentAdded:
    """An agent came: `told` are its name, its person, scopes, toolsets and the end of its token."""

    EVENT: ClassVar = "agent.added"

    agent_id: str
    told: Mapping[str, Any]

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """What is to be told of a row."""
        told = {
            "name": agent.name,
            "person": agent.person_id,
            "scopes": ",".join(agent.scopes),
            "toolsets": ",".join(agent.toolsets),
            "expires_at": stamp(agent.expires_at),
        }
        return cls(agent.id, told)

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, object=f"agent:{self.agent_id}", data=self.told))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")).removeprefix("agent:"), data_of(entry))


@dataclass(frozen=True, slots=True)
class AgentRevoked:
    """The token of an agent opens nothing any more."""

    EVENT: ClassVar = "agent.revoked"

    agent_id: str

    @classmethod
    def record(cls, tx: Tx, agent: Agent, actor: Actor) -> None:
        """Chain it with the transaction."""
        told = {"name": agent.name}
        tx.record(Event(cls.EVENT, actor, object=f"agent:{agent.id}", data=told))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")).removeprefix("agent:"))


def _id(entry: Entry) -> str:
    return str(entry.get("object")).partition(":")[2]


def _listed(text: object) -> tuple[str, ...]:
    return tuple(filter(None, str(text or "").split(",")))
