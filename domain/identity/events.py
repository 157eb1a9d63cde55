"""Audit events of people, keys and agents, for who writes them and who verifies them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from domain.identity.grants import SignedGrant
from domain.identity.role_changes import SignedRoles
from domain.identity.tables import Agent, Person
from domain.kernel.clock import stamp
from domain.store.audit_claims import data_of
from domain.store.chain import Actor, Event
from domain.store.tx import Tx

Entry = Mapping[str, Any]


class AgentFacts(Protocol):
    """What is signed of an agent."""

    @property
    def id(self) -> Any: ...
    @property
    def name(self) -> Any: ...
    @property
    def person_id(self) -> Any: ...
    @property
    def scopes(self) -> Any: ...
    @property
    def toolsets(self) -> Any: ...
    @property
    def token_sha256(self) -> Any: ...
    @property
    def expires_at(self) -> Any: ...
    @property
    def created_at(self) -> Any: ...
    @property
    def signed_at(self) -> Any: ...


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
    def of(cls, signed: SignedRoles) -> Self:
        """What is to be told of a change."""
        return cls(
            signed.person_id,
            signed.added,
            signed.removed,
            signed.root_key,
            signed.signature.hex(),
        )

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, object=f"person:{self.person_id}", data=self._told))

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        names = ("added", "removed", "root_key", "signature")
        return cls(_id(entry), *(str(data_of(entry).get(name) or "") for name in names))

    @property
    def _told(self) -> Mapping[str, str]:
        return {
            "added": self.added,
            "removed": self.removed,
            "root_key": self.root_key,
            "signature": self.signature,
        }

    @property
    def given(self) -> tuple[str, ...]:
        """The roles that began."""
        return _listed(self.added)

    @property
    def taken(self) -> tuple[str, ...]:
        """The roles that ended."""
        return _listed(self.removed)


@dataclass(frozen=True, slots=True)
class PersonAdded(RolesChanged):
    """Somebody came, with the roles that were added, signed as later changes of them are."""

    EVENT: ClassVar = "person.added"

    def record_person(self, tx: Tx, person: Person, actor: Actor) -> None:
        """Chain it with the transaction, and commit to who it is."""
        private = {"email": person.email, "display_name": person.display_name}
        object_ = f"person:{self.person_id}"
        tx.record(Event(self.EVENT, actor, object=object_, data=self._told, private=private))


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
class PersonLeft(SignedGrant):
    """Somebody left, and with them ended these roles and the keys with these ids."""

    EVENT: ClassVar = "person.left"
    KIND: ClassVar = "person"

    @classmethod
    def of(cls, person_id: str, roles: Iterable[str], keys: Iterable[str]) -> Self:
        """What is to be told of it."""
        return cls(person_id, {"roles": ",".join(roles), "keys": ",".join(keys)})

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that ended."""
        return _listed(self.told.get("roles"))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that ended."""
        return _listed(self.told.get("keys"))


@dataclass(frozen=True, slots=True)
class KeyRevoked(SignedGrant):
    """A key of somebody who stays counts for nothing any more."""

    EVENT: ClassVar = "key.revoked"
    KIND: ClassVar = "approver_key"

    @classmethod
    def of(cls, key_id: str, person_id: str) -> Self:
        """What is to be told of it."""
        return cls(key_id, {"person": person_id})


@dataclass(frozen=True, slots=True)
class AgentAdded(SignedGrant):
    """An agent came: `told` are its name, its person, scopes, toolsets, the end of its token, and
    the digest of that.
    """

    EVENT: ClassVar = "agent.added"
    KIND: ClassVar = "agent"

    @classmethod
    def of(cls, agent: AgentFacts) -> Self:
        """What is to be told of a row, or of what was read of one."""
        told = {
            "name": agent.name,
            "person": agent.person_id,
            "scopes": ",".join(sorted(agent.scopes)),
            "toolsets": ",".join(sorted(agent.toolsets)),
            "token_sha256": agent.token_sha256,
            "expires_at": stamp(agent.expires_at),
        }
        return cls(agent.id, told)


@dataclass(frozen=True, slots=True)
class AgentRenewed(AgentAdded):
    """An agent of the same name and scopes has another token, or is shown other tools; what it had
    before opens nothing any more, and one that was revoked works again.
    """

    EVENT: ClassVar = "agent.renewed"


def agent_terms(agent: AgentFacts) -> AgentAdded:
    """What the last signature under a row of an agent says, or under what was read of one."""
    kind = AgentAdded if agent.signed_at == agent.created_at else AgentRenewed
    return kind.of(agent)


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


@dataclass(frozen=True, slots=True)
class UntrustedRead:
    """An agent read words that others wrote: by which tool, and which words of which rows.

    Told once an hour at most: what it proposes within a day is marked for whoever signs.
    """

    EVENT: ClassVar = "agent.read_untrusted"

    agent_id: str
    tool: str
    what: str

    @property
    def fields(self) -> str:
        """The fields alone, each once, for people: the rows stand in the entry."""
        named = (one.partition(" of ")[0] for one in self.what.split("; "))
        return ", ".join(dict.fromkeys(named))

    def event(self, actor: Actor) -> Event:
        """The entry of it."""
        told = {"tool": self.tool, "what": self.what}
        return Event(self.EVENT, actor, object=f"agent:{self.agent_id}", data=told)

    @classmethod
    def read(cls, entry: Entry) -> Self:
        """The same out of an entry."""
        told = data_of(entry)
        return cls(_id(entry), str(told.get("tool", "")), str(told.get("what", "")))


def _id(entry: Entry) -> str:
    return str(entry.get("object")).partition(":")[2]


def _listed(text: object) -> tuple[str, ...]:
    return tuple(filter(None, str(text or "").split(",")))
