"""Policy table: which tool may do what? Read from TOML into frozen values."""

import hashlib
import tomllib
from datetime import timedelta
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from domain.identity.roles import ROLES
from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault, Kind
from policies.gate import shipped
from policies.gate.contract import TOOL_ID, wire_name


class Effect(StrEnum):
    """What a call leaves behind."""

    READ = "read"
    DRAFT = "draft"
    WRITE = "write"
    DESTRUCTIVE = "destructive"


class Confirm(StrEnum):
    """When people are asked."""

    NEVER = "never"
    ALWAYS = "always"
    PREDICATE = "predicate"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


DEFAULT: Final = "default"  # the set of tools that is listed unless others are asked for
# What one customer is asked for by one tool within a day, this request included.
CUSTOMER_SUM: Final = "customer_sum_24h_usd_minor"
# The same in the name of one person, for whichever customers: who asks, or whose agents do.
PERSON_SUM: Final = "person_sum_24h_usd_minor"
SUMS: Final = frozenset({CUSTOMER_SUM, PERSON_SUM})
LONGEST: Final = timedelta(days=7)  # that anything waits for people; triggers hold it too


class Slot(_Frozen):
    """A signature that is needed, and who may give it."""

    slot: str = Field(pattern=r"^[a-z][a-z0-9_]{0,20}$")
    roles: Annotated[tuple[str, ...], BeforeValidator(_tuple)] = Field(min_length=1)
    self: Literal["inherit", "never"] = "inherit"

    @model_validator(mode="after")
    def _known_roles(self) -> Self:
        # An agent is not a role: no spelling of one can appear in a slot.
        if unknown := set(self.roles) - ROLES:
            raise ValueError(f"unknown roles in a slot: {sorted(unknown)}")
        return self


class Predicate(_Frozen):
    """A comparison with a fact the tool declares; what is unknown holds (worst case)."""

    field: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    op: Literal[">", ">=", "==", "<", "<="]
    value: int


class Escalation(_Frozen):
    """Further signatures, once, when any of the predicates holds."""

    when: Annotated[tuple[Predicate, ...], BeforeValidator(_tuple)] = Field(min_length=1)
    slots: Annotated[tuple[Slot, ...], BeforeValidator(_tuple)] = Field(min_length=1)


class ToolPolicy(_Frozen):
    """One row: everything that is allowed about one tool."""

    id: str = Field(pattern=TOOL_ID)
    scope: str = Field(pattern=r"^[a-z]+\.[a-z_]+(\.[a-z_]+)?$")
    effect: Effect
    open_world: bool = False
    repeatable: bool = False
    confirm: Confirm = Confirm.NEVER
    ask: Annotated[tuple[Predicate, ...], BeforeValidator(_tuple)] = ()
    deny: Annotated[tuple[Predicate, ...], BeforeValidator(_tuple)] = ()
    slots: Annotated[tuple[Slot, ...], BeforeValidator(_tuple)] = ()
    self: Literal["never", "obo"] = "never"
    escalate: Annotated[tuple[Escalation, ...], BeforeValidator(_tuple)] = ()
    assurance: int = Field(default=0, ge=0, le=4)
    ttl_minutes: int = Field(default=1440, ge=1, le=LONGEST // timedelta(minutes=1))
    batch: bool = False
    toolset: str = DEFAULT

    @property
    def asked(self) -> frozenset[str]:
        """The facts that rules of this row compare with something."""
        rules = (*self.ask, *self.deny, *self._limits)
        return frozenset(rule.field for rule in rules)

    @property
    def _limits(self) -> tuple[Predicate, ...]:
        return tuple(rule for step in self.escalate for rule in step.when)

    def asks_about(self, field: str) -> bool:
        """Whether any rule of this row compares the fact."""
        return field in self.asked

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        if self.effect is Effect.DESTRUCTIVE and self.confirm is not Confirm.ALWAYS:
            raise ValueError(f"{self.id}: destructive needs people, always")
        if self.confirm is not Confirm.NEVER and not self.slots:
            raise ValueError(f"{self.id}: people are asked but no slot says whom")
        if self.confirm is Confirm.NEVER and (self.slots or self.escalate or self.ask):
            raise ValueError(f"{self.id}: slots without confirm would never be asked")
        if self.confirm is Confirm.PREDICATE and not self.ask:
            raise ValueError(f"{self.id}: confirm by predicate but no predicate")
        if self.confirm is not Confirm.NEVER and self.assurance < 2:
            raise ValueError(f"{self.id}: a person's yes needs assurance 2 or more")
        if self.effect is Effect.READ and self.confirm is not Confirm.NEVER:
            raise ValueError(f"{self.id}: reading asks nobody")
        elsewhere = (*self.ask, *self.deny)
        downwards = [rule for rule in self._limits if rule.op not in {">", ">="}]
        for rule in (*elsewhere, *downwards):
            if rule.field in SUMS:
                # Only what waited for people is added up, and a sum only ever becomes smaller.
                raise ValueError(f"{self.id}: {rule.field} is only for slots above a limit")
        names = [slot.slot for slot in (*self.slots, *(s for e in self.escalate for s in e.slots))]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.id}: two slots have one name")
        return self

    @property
    def name(self) -> str:
        """The tool's name on the wire."""
        return wire_name(self.id)

    @property
    def is_read(self) -> bool:
        return self.effect is Effect.READ

    def annotations(self) -> dict[str, bool]:
        """MCP's four hints, all explicit, so that what is shown cannot differ from what is done."""
        return {
            "readOnlyHint": self.effect is Effect.READ,
            "destructiveHint": self.effect is Effect.DESTRUCTIVE,
            "idempotentHint": self.effect is Effect.READ or self.repeatable,
            "openWorldHint": self.open_world,
        }


class Catalogue(_Frozen):
    """The whole table."""

    version: int = Field(ge=1)
    # How old the rate of a currency may be before nobody knows what an amount is worth.
    rate_max_age_days: int = Field(default=30, ge=1)
    tool: Annotated[tuple[ToolPolicy, ...], BeforeValidator(_tuple)]

    @cached_property
    def by_name(self) -> dict[str, ToolPolicy]:
        """Rows by wire name."""
        return {row.name: row for row in self.tool}

    @cached_property
    def by_id(self) -> dict[str, ToolPolicy]:
        """Rows by canonical id."""
        return {row.id: row for row in self.tool}

    @cached_property
    def body(self) -> str:
        """The canonical text of the table, which is what a version number stands for."""
        return canonical(self.model_dump(mode="json")).decode()

    @cached_property
    def sha256(self) -> str:
        """The digest of the canonical text."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @model_validator(mode="after")
    def _one_row_each(self) -> Self:
        names = [row.name for row in self.tool]
        if len(set(names)) != len(names):
            raise ValueError("two rows for one tool")
        return self


def load(path: Path | None = None) -> Catalogue:
    """Read and check the table; POLICY_UNAVAILABLE for anything that is not exactly a table.

    Without a path it is the shipped one. Whether a table is strong enough is the floor's question
    (policies/gate/floor.py).
    """
    try:
        if path is None:
            return _shipped()
        return Catalogue.model_validate(tomllib.loads(path.read_bytes().decode()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise unavailable() from error


@cache
def _shipped() -> Catalogue:
    return Catalogue.model_validate(shipped.read().table)


def unavailable() -> Fault:
    """The fault of a table that cannot be used."""
    return Fault(
        "POLICY_UNAVAILABLE",
        Kind.FORBIDDEN,
        "The policy table is missing, unreadable or contradicts itself.",
        "only reading is possible until an admin repairs it; `cyberos doctor` says what is wrong.",
    )
